"""What makes a network: the check that sizes, activations, output and dtype describe one."""

from collections.abc import Sequence

import torch

from torch_impl.activations import HIDDEN_ACTIVATIONS
from torch_impl.errors import TorchImplError


def check_architecture(
    sizes: Sequence[int], activations: Sequence[str], output: str, dtype: torch.dtype
) -> None:
    """Refuse what is no network, in one line.

    Raises:
        TorchImplError: if widths, number or names of activations, softmax's outputs or dtype are impossible.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise TorchImplError(
            f"sizes {tuple(sizes)}: give at least an input and an output width, each 1 or more"
        )
    if len(activations) != len(sizes) - 2:
        raise TorchImplError(
            f"{len(activations)} activations for {len(sizes) - 2} hidden layers: give one for each"
        )
    for name in activations:
        if name not in HIDDEN_ACTIVATIONS:
            raise TorchImplError(
                f"unknown hidden activation {name!r}: choose {', '.join(HIDDEN_ACTIVATIONS)}"
            )
    if output == "softmax" and sizes[-1] < 2:
        raise TorchImplError("softmax needs at least 2 outputs: with one it is always 1")
    if dtype not in (torch.float32, torch.float64):
        raise TorchImplError(f"unknown dtype {dtype}: choose torch.float32 or torch.float64")
