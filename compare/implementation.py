"""What a contestant must be able to do, and what it may do besides."""

from collections.abc import Iterable, Mapping, Sequence
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
    """The contract: a network built from given parameters, with a loss and an update rule.

    Arrays that come in are NumPy arrays of the cell's dtype and must not be changed; those that go out are
    copies. The loss is the mean over the rows of the sum over the outputs. What it cannot do it refuses with
    `NotImplementedError` when it is built, and the message goes into the table.

    A class may have more; `compare.implementations.defaults` says what is done where it has not:

    - `trace(X, Y) -> Trace`: also the values Z1, A1, ... and the input's gradient.
    - `load(X, Y)` and `train(batches)`, together: take the training set once, then a step a batch.
    - `evaluate(X, Y) -> (loss, Y_hat)`: both from one forward pass.
    - `compile(sizes)`: make ready for batches of these numbers of rows, outside the clock; see `Compiling`.
    - `deviations`, a mapping from a subject to a sentence: where it differs by design. A failed comparison is
      excused by "gradients" or by the name of the update rule; the contestant is then timed, and marked.
      Any other subject is only told.
    - `devices`, a tuple of names: where it can compute; it is then built with a fifth argument, `device`.
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None: ...

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        """Return loss and gradients, named and shaped as the parameters, of a batch; change nothing."""

    def step(self, X: Array, Y: Array) -> None:
        """Update the parameters once from a batch, X (n, features) and Y (n, outputs)."""

    def predict(self, X: Array) -> Array:
        """Return the outputs Y_hat (n, outputs)."""

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters: W1 (outputs, inputs), b1 (outputs,), ..."""


class Trainable(Protocol):
    """What is trained and timed: an implementation with every ability but compiling, its own or a default."""

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


class Compiling(Protocol):
    """An implementation that compiles its step; the seconds that takes stand in a column of their own."""

    def compile(self, sizes: Sequence[int | None]) -> None:
        """Compile for batches of these numbers of rows (None: all rows) after `load`; train nothing."""
