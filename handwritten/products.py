"""Matrix products: in one call of BLAS or, where that is quicker, a few rows at a time.

BLAS copies the operands of a product into an order of its own before it multiplies. Some libraries spare a
product of few multiplications the copy: OpenBLAS on processors with AVX-512 does so up to 10^6
(`small_product`). A larger product is then quicker in blocks of rows, each small enough: C = A B is

    C[i : i + r] = A[i : i + r] B,   i = 0, r, 2 r, ...

`docs/speed.md` has the gain, and what it costs with a library that has no such kernels.
"""

from collections.abc import Callable

import numpy as np

from handwritten.arrays import Array

Product = Callable[[Array, Array, Array], object]
"""Writes the product of the first two matrices to the third."""

dot: Product = np.ndarray.dot
"""One call of BLAS. The function `np.dot` does the same after a detour through NumPy's dispatcher."""

MANY_ROWS, FEW_ROWS = 16, 4
"""Blocks are multiples of 16 rows, a cache line of float32, because A may be a transpose; else of 4 rows."""
A_SMALL_BATCH = 64
"""Rows up to which blocks of less than 16 rows pay: B, which every block reads, is read too often beyond."""


def product(n: int, inner: int, k: int, small_product: int) -> Product:
    """Return how to multiply an (n, inner) by an (inner, k) matrix: `dot`, or in blocks of rows.

    Args:
        n, inner, k: the shapes.
        small_product: multiplications up to which BLAS has a quicker way; 0 if there is none.
    """
    most = small_product // (inner * k)
    multiple = MANY_ROWS if most >= MANY_ROWS else FEW_ROWS
    rows = most - most % multiple
    if n <= most or rows == 0 or (multiple == FEW_ROWS and n > A_SMALL_BATCH):
        return dot
    return RowBlocks(rows)


class RowBlocks:
    """A product in blocks of so many rows; what is left over at the end is a product of its own."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __call__(self, A: Array, B: Array, C: Array) -> None:
        """Write A B (n, k) to C; A has the shape (n, inner), B (inner, k)."""
        r, whole = self.rows, len(A) - len(A) % self.rows
        np.matmul(A[:whole].reshape(-1, r, A.shape[1]), B, C[:whole].reshape(-1, r, C.shape[1]))
        if whole < len(A):
            np.matmul(A[whole:], B, C[whole:])  # `np.dot` would copy rows of a transpose
