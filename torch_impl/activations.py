"""Activations by name: those of a hidden layer, and those of the output layer."""

from collections.abc import Callable

import torch
from torch import Tensor

Activation = Callable[[Tensor], Tensor]


def identity(Z: Tensor) -> Tensor:
    """Return `Z` itself."""
    return Z


def softmax(Z: Tensor) -> Tensor:
    """Return the softmax of each row of `Z` (n, outputs)."""
    return torch.softmax(Z, dim=1)


HIDDEN_ACTIVATIONS: dict[str, Activation] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "identity": identity,
}
OUTPUT_ACTIVATIONS: dict[str, Activation] = {**HIDDEN_ACTIVATIONS, "softmax": softmax}
