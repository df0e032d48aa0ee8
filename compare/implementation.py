"""What a contestant must be able to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compare.network import Network

Array = NDArray[Any]


@dataclass(frozen=True)
class UpdateRule:
    """An optimizer by name (sgd, rmsprop, adam, adamw) and the options that differ from its defaults."""

    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True)
class Trace:
    """One forward and backward pass, opened up.

    Args:
        loss: of the batch.
        values: pre-activations and activations Z1, A1, Z2, ... (n, width); empty where they cannot be had.
        gradients: of the parameters, by name, and of the input as "X" (n, features) where it can be had.
    """

    loss: float
    values: dict[str, Array]
    gradients: dict[str, Array]


class Implementation(Protocol):
    """One contestant: a network built from given parameters, with a loss and an update rule.

    Arrays that come in are NumPy arrays of the cell's dtype and must not be changed.
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None: ...

    def trace(self, X: Array, Y: Array) -> Trace:
        """Return loss, intermediate values and gradients for a batch; change nothing."""

    def load(self, X: Array, Y: Array) -> None:
        """Take the training set, X (n, features) and Y (n, outputs); called once, outside the clock."""

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        """Take one step a batch of row numbers (None: all rows). This, and nothing else, is timed."""

    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        """Return the loss and the outputs Y_hat (n, outputs) as a NumPy array; outside the clock."""

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters: W1 (outputs, inputs), b1 (outputs,), ..."""
