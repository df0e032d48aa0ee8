"""Activation functions, each with its derivative beneath it.

`forward` writes A = σ(Z). `backward` writes dZ = dA ⊙ σ'(Z) [B1], the derivative taken from A where that
is cheaper than from Z. Every argument has the shape (n, k); `A` and `dZ` are written, the others are read,
and nothing is allocated.
"""

from typing import Protocol

import numpy as np

from handwritten.arrays import Array, Buffer


class Activation(Protocol):
    """A function of the pre-activation Z and the product of an error with its derivative."""

    def forward(self, Z: Array, A: Array) -> None:
        """Write A = σ(Z)."""

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:
        """Write dZ = dA ⊙ σ'(Z)."""


class Sigmoid:
    """σ(z) = 1 / (1 + e^-z). Where e^-z overflows to infinity, σ is 0, its limit."""

    def forward(self, Z: Array, A: Array) -> None:  # noqa: D102
        np.negative(Z, out=A)
        np.exp(A, out=A)
        A += 1.0
        np.reciprocal(A, out=A)  # a = 1 / (1 + e^-z)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:  # noqa: D102
        np.subtract(1.0, A, out=dZ)
        dZ *= A  # σ'(z) = a (1 - a)  [D1]
        dZ *= dA


class Tanh:
    """tanh(z)."""

    def forward(self, Z: Array, A: Array) -> None:  # noqa: D102
        np.tanh(Z, out=A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:  # noqa: D102
        np.multiply(A, A, out=dZ)
        np.subtract(1.0, dZ, out=dZ)  # tanh'(z) = 1 - a²  [D2]
        dZ *= dA


class Relu:
    """max(z, 0), with relu'(0) = 0."""

    def forward(self, Z: Array, A: Array) -> None:  # noqa: D102
        np.maximum(Z, 0.0, out=A)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:  # noqa: D102
        np.sign(A, out=dZ)  # relu'(z) = 1 where z > 0, else 0  [D3]
        dZ *= dA


class Identity:
    """z itself."""

    def forward(self, Z: Array, A: Array) -> None:  # noqa: D102
        np.copyto(A, Z)

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:  # noqa: D102
        np.copyto(dZ, dA)  # identity'(z) = 1  [D4]


class Softmax:
    """softmax(z)_i = e^z_i / Σ_j e^z_j; shifting a row by its largest z first changes nothing [S1]."""

    def __init__(self) -> None:
        self._column = Buffer()

    def forward(self, Z: Array, A: Array) -> None:  # noqa: D102
        column = self._column.like(Z, columns=1)
        np.maximum.reduce(Z, axis=1, keepdims=True, out=column)
        np.subtract(Z, column, out=A)  # z - max z ≤ 0  [S1]
        np.exp(A, out=A)
        np.add.reduce(A, axis=1, keepdims=True, out=column)
        A /= column

    def backward(self, dA: Array, Z: Array, A: Array, dZ: Array) -> None:  # noqa: D102
        column = self._column.like(Z, columns=1)
        np.multiply(dA, A, out=dZ)
        np.add.reduce(dZ, axis=1, keepdims=True, out=column)
        np.subtract(dA, column, out=dZ)
        dZ *= A  # dZ = a ⊙ (dA - Σ_j dA_j a_j)  [D5]


ACTIVATIONS: dict[str, type[Activation]] = {
    "sigmoid": Sigmoid,
    "tanh": Tanh,
    "relu": Relu,
    "identity": Identity,
}
"""The activations a hidden layer may have, by name."""

OUTPUT_ACTIVATIONS: dict[str, type[Activation]] = {**ACTIVATIONS, "softmax": Softmax}
"""The activations the output layer may have, by name."""
