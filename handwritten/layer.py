"""One fully connected layer: its two forward equations and the four of its backward pass."""

from typing import Self

import numpy as np

from handwritten.activations import Activation
from handwritten.arrays import Array, Matrices
from handwritten.products import Product, RowSum, dot, pays_by_columns, product


class Layer:
    """Z = A_in Wᵀ + 1 b [F1] and A = σ(Z) [F2], with m inputs and k outputs, over a batch of n rows.

    Args:
        W: weights, (k, m); dW: their gradient. Both are views into the network's flat buffers, which hold
            them transposed, (m, k): `docs/speed.md` tells where that is faster.
        b: bias, (k,), or None; db: its gradient.
        activation: σ, applied element by element (softmax: row by row).
        small_product: see `handwritten.products`.
        below: the layer whose A is A_in; None for the first.
        hidden: whether another layer follows. The values of the last lie by rows, as the targets do; those
            of a hidden layer lie by columns where that is quicker.

    The buffers Z, A, dA and dZ, all (n, k), are made by `reserve` and reused by every batch that fits.
    """

    Z: Array
    A: Array
    dA: Array
    dZ: Array
    A_in: Array
    ones: Array
    times_W_T: Product
    A_in_T_times: Product
    times_W: Product
    sum_rows: Product

    def __init__(
        self,
        W: Array,
        b: Array | None,
        dW: Array,
        db: Array | None,
        activation: Activation,
        small_product: int = 0,
        below: Self | None = None,
        hidden: bool = False,
    ) -> None:
        self.W, self.b, self.dW, self.db = W, b, dW, db
        self.W_T, self.dW_T = W.T, dW.T
        # (1, k), so that a batch of one row needs no broadcast
        self.b_row = np.empty((1, 0)) if b is None else b[np.newaxis]
        self._sum_of_many_rows = RowSum()
        self.activation = activation
        self.small_product = small_product
        self.below, self.hidden, self.by_columns = below, hidden, False
        self._values = Matrices(4, len(W), W.dtype)

    def reserve(self, ones: Array) -> None:
        """Make room for as many rows as `ones`, a vector of ones shared by all layers, has entries."""
        n, (k, m), small = len(ones), self.W.shape, self.small_product
        self.by_columns = self.hidden and pays_by_columns(n, m, k, small)
        A_in_by_columns = self.below is not None and self.below.by_columns
        self.Z, self.A, self.dA, self.dZ = self._values.of(n, self.by_columns)
        self.ones = ones
        self.times_W_T = product(n, m, k, small, A_in_by_columns, self.by_columns)
        self.A_in_T_times = product(m, n, k, small, not A_in_by_columns)
        self.times_W = product(n, k, m, small, self.by_columns, A_in_by_columns)
        self.sum_rows = dot if self.by_columns or n <= RowSum.FEW else self._sum_of_many_rows

    def forward(self, A_in: Array) -> Array:
        """Return A (n, k) for the input A_in (n, m)."""
        self.A_in = A_in
        self.times_W_T(A_in, self.W_T, self.Z)  # Z = A_in Wᵀ  (n, k)  [F1]
        if self.b is not None:
            self.Z += self.b_row  # + 1 b
        self.activation.forward(self.Z, self.A)  # A = σ(Z)  (n, k)  [F2]
        return self.A

    def error(self) -> None:
        """From dA to dZ."""
        self.activation.backward(self.dA, self.Z, self.A, self.dZ)  # dZ = dA ⊙ σ'(Z)  (n, k)  [B1]

    def gradients(self) -> None:
        """From dZ to the gradients of the weights and the bias."""
        self.A_in_T_times(self.A_in.T, self.dZ, self.dW_T)  # dWᵀ = A_inᵀ dZ, so dW = dZᵀ A_in  (k, m)  [B2]
        if self.db is not None:
            self.sum_rows(self.ones, self.dZ, self.db)  # db = dZᵀ 1  (k,)  [B3]

    def error_below(self, dA_in: Array) -> None:
        """From dZ to the error of the layer's input, written to dA_in (n, m)."""
        self.times_W(self.dZ, self.W, dA_in)  # dA_in = dZ W  (n, m)  [B4]
