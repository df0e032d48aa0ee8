"""What an implementation need not write itself: the optional methods of the contract, and their defaults."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compare.implementation import Array, Implementation, Trace, Trainable

OPTIONAL = (("trace",), ("load", "train"), ("evaluate",))
"""Methods with a default; those of one line go together."""


def completed(implementation: Implementation) -> Trainable:
    """Return the implementation itself if it has every optional method, else one that fills them in."""
    own: Any = implementation
    if all(hasattr(own, name) for names in OPTIONAL for name in names):
        trainable: Trainable = own
        return trainable
    return Completed(implementation)


class Completed:
    """An implementation with defaults: what it has itself is used, and only the rest is filled in."""

    def __init__(self, implementation: Implementation) -> None:
        self._own: Any = implementation
        self.compile: Callable[[Sequence[int | None]], None] | None = getattr(self._own, "compile", None)

    @property
    def trains_itself(self) -> bool:
        """Whether it goes through the batches by a loop of its own."""
        return hasattr(self._own, "train")

    def trace(self, X: Array, Y: Array) -> Trace:
        """Return its own trace, or loss and gradients without the values in between."""
        if hasattr(self._own, "trace"):
            trace: Trace = self._own.trace(X, Y)
            return trace
        loss, gradients = self._own.loss_and_gradients(X, Y)
        return Trace(loss, {}, gradients)

    def load(self, X: Array, Y: Array) -> None:
        """Keep the training set."""
        if hasattr(self._own, "load"):
            self._own.load(X, Y)
        self._X, self._Y = X, Y

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        """Let it train itself, or copy the rows of each batch out with NumPy and call `step`."""
        if hasattr(self._own, "train"):
            self._own.train(batches)
            return
        step, X, Y = self._own.step, self._X, self._Y
        for rows in batches:
            if rows is None:
                step(X, Y)
            else:
                step(X.take(rows, 0), Y.take(rows, 0))

    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        """Return its own evaluation, or the loss that comes with the gradients, and the prediction."""
        if hasattr(self._own, "evaluate"):
            evaluation: tuple[float, Array] = self._own.evaluate(X, Y)
            return evaluation
        return float(self._own.loss_and_gradients(X, Y)[0]), self._own.predict(X)

    def parameters(self) -> dict[str, Array]:
        """Return copies of its parameters."""
        parameters: dict[str, Array] = self._own.parameters()
        return parameters
