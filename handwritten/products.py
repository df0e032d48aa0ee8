"""Matrix products: one call of BLAS, blocks of rows where they are quicker, two levels where rounding counts.

BLAS copies the operands of a product into an order of its own before it multiplies. Some libraries spare a
product of few multiplications the copy: OpenBLAS on processors with AVX-512 does so up to 10^6
(`small_product`). A larger product is then quicker in blocks of rows, each small enough: C = A B is

    C[i : i + r] = A[i : i + r] B,   i = 0, r, 2 r, ...

and quicker still where some of the matrices lie column by column (`pays_by_columns`). `docs/speed.md` has the
gain, and what it costs with a library that has no such kernels.
"""

import math
from collections.abc import Callable

import numpy as np

from handwritten.arrays import Array, zeros

Product = Callable[[Array, Array, Array], object]
"""Writes the product of the first two, a matrix or a vector and a matrix, to the third."""

dot: Product = np.ndarray.dot
"""One call of BLAS. The function `np.dot` does the same after a detour through NumPy's dispatcher."""

MANY_ROWS, FEW_ROWS = 16, 4
"""Blocks are multiples of 16 rows, a cache line of float32; of 4 where A lies by rows and 16 are too many."""

BY_COLUMNS = range(129, 513)
"""Sizes of batches whose values may lie by columns; with fewer rows columns are short, with more they gain
nothing, and BLAS adds a column's numbers in a few running sums only."""


def pays_by_columns(n: int, m: int, k: int, small_product: int) -> bool:
    """Whether a layer of m inputs and k outputs is quicker where its values (n, k) lie column by column.

    That is where the gradient of its weights is taken in blocks of at least 16 rows.
    """
    return n in BY_COLUMNS and MANY_ROWS * n * k <= small_product < n * m * k


def product(
    n: int, inner: int, k: int, small_product: int, A_by_columns: bool = False, C_by_columns: bool = False
) -> Product:
    """Return how to multiply an (n, inner) matrix A by an (inner, k) matrix B into C: at once, or in blocks.

    Args:
        n, inner, k: the shapes.
        small_product: multiplications up to which BLAS has a quicker way; 0 if there is none.
        A_by_columns, C_by_columns: whether the columns of A or C, and not its rows, are contiguous.
    """
    most = small_product // (inner * k)
    multiple = MANY_ROWS if A_by_columns or most >= MANY_ROWS else FEW_ROWS
    rows = most - most % multiple
    if n <= most or rows == 0:
        return np.matmul if C_by_columns else dot
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


class RowSum:
    """The sum over the rows of a matrix in two levels of about √n terms each, by products with ones.

    A single product adds one row after the other, and its rounding error grows with their number, by up to
    0.1 n u for like terms (u: unit roundoff). In two levels it stays at a few u, for hardly more time.
    """

    FEW = 256
    """Rows up to which a single product will do."""

    def __init__(self) -> None:
        self._room: Array = np.empty(0)

    def __call__(self, ones: Array, values: Array, total: Array) -> None:
        """Write the sum of the n rows of `values` (n, k) to `total` (k,); `ones` is a vector of n ones."""
        n, k = values.shape
        parts = math.isqrt(n)
        each = n // parts
        even = each * parts
        if self._room.size < (parts + 1) * k or self._room.dtype != values.dtype:
            self._room = zeros(((parts + 1) * k,), values.dtype)
        partial, rest = self._room[: parts * k], self._room[-k:]
        ones[:each].dot(values[:even].reshape(each, parts * k), out=partial)
        ones[:parts].dot(partial.reshape(parts, k), out=total)
        if even < n:
            ones[even:].dot(values[even:], out=rest)
            total += rest
