"""Matrix products: one call of BLAS, blocks of rows where they are quicker, two levels where rounding counts.

BLAS packs (copies and reorders) its operands before it multiplies. OpenBLAS's kernels for small matrices,
which it has for processors with AVX-512, skip that up to 10^6 multiplications, n * inner * k
(`small_product`). A larger product is then quicker in blocks of rows, each small enough: C = A B is

    C[i : i + r] = A[i : i + r] B,   i = 0, r, 2 r, ...

and some are quicker still where a matrix is column-major (`column_major_pays`). Not so the product of a
row-major A with a column-major B: OpenBLAS packs all but its smallest. `docs/speed.md` has the gain, and what
blocks cost with a library that has no such kernels.
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
"""Blocks are multiples of 16 rows, a cache line of float32; of 4 where A is row-major and 16 are too many."""
READ_AGAIN = 3 * 2**18
"""Bytes of B up to which blocks of few rows pay: each reads B, which has to stay in a cache of 1 MiB."""

ROWS_FOR_COLUMNS = range(129, 513)
"""Numbers of rows with which column-major buffers were measured to pay. Below, columns are too short; above,
nothing is gained, and the gradient of the bias, a single sum down each column, would lose digits."""


def column_major_pays(A_in: Array, k: int, small_product: int) -> bool:
    """Whether a layer with the input A_in (n, m) is quicker where its buffers (n, k) are column-major.

    That is where `product` takes the gradient of the weights [B2] in blocks of 16 rows or more. Where A_in is
    column-major itself, the buffers had better not be: A_inᵀ dZ would be the product that is always packed.
    """
    n, m = A_in.shape
    return (
        A_in.flags.c_contiguous and n in ROWS_FOR_COLUMNS and MANY_ROWS * n * k <= small_product < n * m * k
    )


def product(A: Array, B: Array, C: Array, small_product: int) -> Product:
    """Return how to compute C = A B for matrices of these shapes and layouts: at once, or in blocks of rows.

    Args:
        A, B, C: matrices (n, inner), (inner, k) and (n, k); their values do not matter.
        small_product: multiplications up to which BLAS does a product without packing; 0 if it never does.
    """
    n, inner = A.shape
    most = small_product // (inner * B.shape[1])
    few = most < MANY_ROWS and A.flags.c_contiguous and B.nbytes <= READ_AGAIN
    multiple = FEW_ROWS if few else MANY_ROWS
    rows = most - most % multiple
    packs_always = A.flags.c_contiguous and not B.flags.c_contiguous
    if n <= most or rows == 0 or packs_always:
        return dot if C.flags.c_contiguous else np.matmul  # `dot` writes to row-major results alone
    return RowBlocks(rows)


class RowBlocks:
    """A product in blocks of so many rows; what is left over at the end is a product of its own."""

    def __init__(self, rows: int) -> None:
        self.rows = rows

    def __call__(self, A: Array, B: Array, C: Array) -> None:
        """Write A B (n, k) to C; A has the shape (n, inner), B (inner, k)."""
        r, whole = self.rows, len(A) - len(A) % self.rows
        # views: the first axis alone is split
        np.matmul(A[:whole].reshape(-1, r, A.shape[1]), B, C[:whole].reshape(-1, r, C.shape[1]))
        if whole < len(A):
            np.matmul(A[whole:], B, C[whole:])  # `np.dot` would copy rows of a transpose


class RowSum:
    """The sum over the rows of a matrix in two levels of about √n terms each, by products with ones.

    A single product adds one row after the other, and its rounding error grows with their number, by up to
    0.1 n u for like terms (u: unit roundoff). In two levels it stays at a few u, for hardly more time.
    """

    AT_ONCE = 256
    """Rows that a single product sums: with more its rounding error passes some 25 u."""

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
