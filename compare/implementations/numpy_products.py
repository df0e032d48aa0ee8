"""Matrix products through NumPy: the floor's calls."""

from functools import partial
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.implementations.blas import blas, small_product
from handwritten.products import FEW_ROWS, MANY_ROWS, Product, RowBlocks


class NumpyProducts:
    """Matrices and products of NumPy, in one dtype.

    A product is asked of `np.dot`, and in blocks of rows where that may be quicker (`handwritten.products`).
    `np.matmul` calls the same BLAS with more ado, and not at all where the inner dimension is 1.

    Args:
        dtype: float32 or float64.
        in_blocks: whether blocks of rows are tried, too.
    """

    def __init__(self, dtype: str, in_blocks: bool = True) -> None:
        self._dtype: Any = np.dtype(dtype)
        self._rng = np.random.default_rng(0)
        self._small_product = small_product(blas()) if in_blocks else 0

    def matrix(self, rows: int, columns: int, by_rows: bool) -> Array:
        """Return a random matrix (rows, columns), stored row by row or column by column."""
        if by_rows:
            return self._rng.random((rows, columns), dtype=self._dtype)
        return self._rng.random((columns, rows), dtype=self._dtype).T

    def calls(self, left: Array, right: Array, result: Array) -> list[partial[object]]:
        """Return the calls that multiply the two into the result, which is stored row by row."""
        most = self._small_product // right.size
        blocks = {most - most % multiple for multiple in (FEW_ROWS, MANY_ROWS)}
        ways: list[Product] = [np.dot, *(RowBlocks(rows) for rows in sorted(blocks) if 0 < rows < len(left))]
        return [partial(way, left, right, result) for way in ways]
