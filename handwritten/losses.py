"""Loss functions of the output Y_hat and the target Y, each with its derivative beneath it.

The loss of a batch is the mean over samples of the sum over outputs [L]; the 1/n of that mean is part of
every derivative here. All arrays have the shape (n, outputs); A is Y_hat, and `gradient` writes dA.
"""

from typing import Protocol

import numpy as np

from handwritten.arrays import Array, Buffer, Weight


class Loss(Protocol):
    """A batch loss and its derivative with respect to the output activation."""

    def value(self, A: Array, Y: Array) -> float:
        """Return the loss of the batch."""

    def gradient(self, A: Array, Y: Array, dA: Array, weight: Weight) -> None:
        """Write dA = ∂L/∂Y_hat; `weight` stands for 1/n."""


class SquaredError:
    """½ Σ (y_hat - y)²  [L1]."""

    def value(self, A: Array, Y: Array) -> float:
        return float(0.5 * np.sum((A - Y) ** 2) / len(Y))

    def gradient(self, A: Array, Y: Array, dA: Array, weight: Weight) -> None:
        np.subtract(A, Y, out=dA)
        dA *= weight  # (y_hat - y) / n  [L1']


class BinaryCrossEntropy:
    """-Σ [y log y_hat + (1 - y) log(1 - y_hat)]  [L2]."""

    def __init__(self) -> None:
        self._complement, self._quotient, self._scratch = Buffer(), Buffer(), Buffer()

    def value(self, A: Array, Y: Array) -> float:
        return float(-np.sum(Y * floored_log(A) + (1 - Y) * floored_log(1 - A)) / len(Y))

    def gradient(self, A: Array, Y: Array, dA: Array, weight: Weight) -> None:
        complement, quotient, scratch = (
            buffer.like(A) for buffer in (self._complement, self._quotient, self._scratch)
        )
        np.subtract(1.0, A, out=complement)
        np.subtract(1.0, Y, out=quotient)
        floored_quotient(quotient, complement, dA, scratch)  # (1 - y) / (1 - y_hat)
        floored_quotient(Y, A, quotient, scratch)  # y / y_hat
        dA -= quotient
        dA *= weight  # [(1 - y) / (1 - y_hat) - y / y_hat] / n  [L2']


class CrossEntropy:
    """-Σ y log y_hat  [L3]."""

    def __init__(self) -> None:
        self._scratch = Buffer()

    def value(self, A: Array, Y: Array) -> float:
        return float(-np.sum(Y * floored_log(A)) / len(Y))

    def gradient(self, A: Array, Y: Array, dA: Array, weight: Weight) -> None:
        floored_quotient(Y, A, dA, self._scratch.like(A))
        dA *= -weight  # -y / (n y_hat)  [L3']


LOSSES: dict[str, type[Loss]] = {
    "squared_error": SquaredError,
    "binary_cross_entropy": BinaryCrossEntropy,
    "cross_entropy": CrossEntropy,
}
"""The losses by name."""


def floored_log(p: Array) -> Array:
    """Return log max(p, tiny), tiny being the smallest normal number of the dtype: large, but finite [S3]."""
    logarithm: Array = np.log(np.maximum(p, np.finfo(p.dtype).tiny))
    return logarithm


def floored_quotient(y: Array, p: Array, quotient: Array, scratch: Array) -> None:
    """Write y / p, the derivative of y log p; 0 where the floor of the logarithm acts [S3]."""
    tiny = np.finfo(p.dtype).tiny
    np.maximum(p, tiny, out=scratch)
    np.divide(y, scratch, out=quotient)
    np.subtract(p, tiny, out=scratch)
    np.heaviside(scratch, 1.0, out=scratch)  # 1 where p >= tiny, else 0
    quotient *= scratch
