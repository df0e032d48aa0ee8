"""Matrix products through NumPy: the floor's calls."""

import itertools
from functools import partial
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.implementations.blas import blas, small_product
from handwritten.products import FEW_ROWS, MANY_ROWS, Product, RowBlocks

PART = 256
"""Terms of each sum that are taken at once where a product is tried in parts."""


class NumpyProducts:
    """Matrices and products of NumPy, in one dtype.

    A product is asked of `np.dot` and, where that may be quicker, in blocks of rows (`handwritten.products`),
    those of a long sum also in parts of it. `np.matmul` calls the same BLAS with more ado, and not at all
    where the inner dimension is 1.

    Args:
        dtype: float32 or float64.
        in_blocks: whether blocks and parts are tried, too.
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
        """Return the calls that multiply the two into the result, which is stored row by row.

        Blocks also write it column by column, into the same memory.
        """
        n, inner = left.shape
        k = right.shape[1]
        ways: list[Product] = [*self._blocks(n, inner, k)]
        if inner > PART:
            ways += [InParts(way) for way in self._blocks(n, PART, k)]
        orders = result, result.reshape(k, n).T
        at_once = partial(np.dot, left, right, result)
        return [at_once, *(partial(way, left, right, C) for way, C in itertools.product(ways, orders))]

    def _blocks(self, n: int, inner: int, k: int) -> list[RowBlocks]:
        most = self._small_product // (inner * k)
        blocks = {most - most % multiple for multiple in (FEW_ROWS, MANY_ROWS)}
        return [RowBlocks(rows) for rows in sorted(blocks) if 0 < rows < n]


class InParts:
    """A product as several, each of a part of its sums, in blocks; they are not added up.

    Adding takes passes over the result that a library may spare itself, as BLAS can add to what is there.
    """

    def __init__(self, way: Product) -> None:
        self.way = way

    def __call__(self, A: Array, B: Array, C: Array) -> None:
        """Write the products of the parts to C, one over the other."""
        for start in range(0, len(B), PART):
            here = slice(start, start + PART)
            self.way(A[:, here], B[here], C)
