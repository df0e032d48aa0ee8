"""One fully connected layer: its two forward equations and the four of its backward pass."""

import numpy as np

from handwritten.activations import Activation
from handwritten.arrays import Array, Workspace
from handwritten.products import Product, RowSum, column_major_pays, dot, product


class Layer:
    """Z = A_in Wᵀ + 1 bᵀ [F1] and A = σ(Z) [F2], with m inputs and k outputs, over a batch of n rows.

    Args:
        W: weights, (k, m); dW: their gradient. Both are views into the network's flat buffers, which hold
            them transposed, (m, k): `docs/speed.md` tells where that is faster.
        b: bias, (k,), or None; db: its gradient.
        activation: σ, applied element by element (softmax: row by row).
        small_product: see `handwritten.products`.
        hidden: whether another layer follows. What the last one puts out is row-major, as the targets are;
            the buffers of a hidden layer are column-major where that is quicker.

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
        hidden: bool = False,
    ) -> None:
        self.W, self.b, self.dW, self.db = W, b, dW, db
        self.W_T, self.dW_T = W.T, dW.T
        # (1, k), so that a batch of one row needs no broadcast
        self.b_row = None if b is None else b[np.newaxis]
        self._sum_of_many_rows = RowSum()
        self.activation = activation
        self.small_product = small_product
        self.hidden = hidden
        self._workspace = Workspace(4, len(W), W.dtype)

    def reserve(self, A_in: Array, ones: Array) -> None:
        """Make room for a batch as large as A_in (n, m); `ones` is a vector of n ones."""
        n, small = len(A_in), self.small_product
        column_major = self.hidden and column_major_pays(A_in, len(self.W), small)
        self.Z, self.A, self.dA, self.dZ = self._workspace.of(n, column_major)
        self.ones = ones
        self.times_W_T = product(A_in, self.W_T, self.Z, small)  # [F1]
        self.A_in_T_times = product(A_in.T, self.dZ, self.dW_T, small)  # [B2]
        self.times_W = product(self.dZ, self.W, A_in, small)  # [B4]; dA_in has the order of A_in
        # down a column, BLAS adds in several running sums
        self.sum_rows = dot if column_major or n <= RowSum.AT_ONCE else self._sum_of_many_rows

    def forward(self, A_in: Array) -> Array:
        """Return A (n, k) for the input A_in (n, m)."""
        self.A_in = A_in
        self.times_W_T(A_in, self.W_T, self.Z)  # Z = A_in Wᵀ  (n, k)  [F1]
        if self.b_row is not None:
            self.Z += self.b_row  # Z = A_in Wᵀ + 1 bᵀ  (n, k)  [F1]
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
