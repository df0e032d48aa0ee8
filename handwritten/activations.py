"""Activation functions, each with its derivative beneath it.

`forward` writes A = σ(Z). `backward` writes dZ = dA ⊙ σ'(Z) [B1], the derivative taken from A where that
is cheaper than from Z. Every argument has the shape (n, k); `A` and `dZ` are written, the others are read,
and nothing is allocated.
"""

from typing import Protocol

import numpy as np

from handwritten.arrays import ONE, ZERO, Array, Buffer
from handwritten.products import dot


class Activation(Protocol):
    """A function of the pre-activation Z and the product of an error with its derivative."""

    def forward(self, Z: Array, A: Array) -> None:
        """Write A = σ(Z)."""

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        """Write dZ = dA ⊙ σ'(Z)."""


class Sigmoid:
    """σ(z) = 1 / (1 + e^-z). Where e^-z overflows to infinity, σ is 0, its limit."""

    def forward(self, Z: Array, A: Array) -> None:
        np.negative(Z, out=A)
        np.exp(A, out=A)
        A += ONE[A.dtype]
        np.divide(ONE[A.dtype], A, out=A)  # a = 1 / (1 + e^-z)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.subtract(ONE[A.dtype], A, out=dZ)
        dZ *= A  # σ'(z) = a (1 - a)  [D1]
        dZ *= dA  # dZ = dA ⊙ σ'(Z)  (n, k)  [B1]


class Tanh:
    """tanh(z)."""

    def forward(self, Z: Array, A: Array) -> None:
        np.tanh(Z, out=A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.multiply(A, A, out=dZ)
        np.subtract(ONE[A.dtype], dZ, out=dZ)  # tanh'(z) = 1 - a²  [D2]
        dZ *= dA  # dZ = dA ⊙ σ'(Z)  (n, k)  [B1]


class Relu:
    """max(z, 0), with relu'(0) = 0."""

    def forward(self, Z: Array, A: Array) -> None:
        np.maximum(Z, ZERO[Z.dtype], out=A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.sign(A, out=dZ)  # relu'(z) = 1 where z > 0, else 0  [D3]
        dZ *= dA  # dZ = dA ⊙ σ'(Z)  (n, k)  [B1]


class Identity:
    """z itself."""

    def forward(self, Z: Array, A: Array) -> None:
        np.copyto(A, Z)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.copyto(dZ, dA)  # identity'(z) = 1  [D4]


class Softmax:
    """softmax(z)_i = e^z_i / Σ_j e^z_j; shifting a row by its largest z first changes nothing [S1]."""

    REPEATED = 32
    """Outputs up to which the sum of a row is written once for each; with more it does not pay."""

    def __init__(self) -> None:
        self._largest, self._sums = Buffer(), Buffer()
        self._ones: Array = np.ones((0, 1))

    def forward(self, Z: Array, A: Array) -> None:
        if moderate(Z):
            np.exp(Z, out=A)
        else:
            largest = self._largest.like(Z, columns=1)
            np.maximum.reduce(Z, axis=1, keepdims=True, out=largest)
            np.subtract(Z, largest, out=A)  # z - max z ≤ 0  [S1]
            np.exp(A, out=A)
        A /= self._row_sums(A)

    def _row_sums(self, A: Array) -> Array:
        """Return the sums of the rows of A (n, k) by a product with ones, as k equal columns or as one.

        For short rows that is faster than `np.add.reduce`, and equal shapes divide faster than unequal ones.
        """
        k = A.shape[1]
        if len(self._ones) != k or self._ones.dtype != A.dtype:
            self._ones = np.ones((k, k if k <= self.REPEATED else 1), A.dtype)
        sums = self._sums.like(A, columns=self._ones.shape[1])
        dot(A, self._ones, sums)
        return sums

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        np.multiply(dA, A, out=dZ)
        np.subtract(dA, self._row_sums(dZ), out=dZ)
        dZ *= A  # dZ = a ⊙ (dA - Σ_j dA_j a_j)  [D5]


def moderate(Z: Array) -> bool:
    """Whether every |z| <= 64, so that no e^z overflows or underflows, nor the sum of a row of them.

    One look at all z takes less time than the largest of every row.
    """
    return bool(Z.item(Z.argmax()) <= 64 and Z.item(Z.argmin()) >= -64)


ACTIVATIONS: dict[str, type[Activation]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "identity": Identity,
}
"""The activations a hidden layer may have, by name."""

OUTPUT_ACTIVATIONS: dict[str, type[Activation]] = {**ACTIVATIONS, "softmax": Softmax}
"""The activations the output layer may have, by name."""
