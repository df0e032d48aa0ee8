"""Matrix products through NumPy: the floor's calls."""

from functools import partial
from typing import Any

import numpy as np

from compare.implementation import Array


class NumpyProducts:
    """Matrices and products of NumPy, in one dtype.

    `np.dot` alone is asked: `np.matmul` calls the same BLAS with more ado, and not at all where the inner
    dimension is 1.
    """

    def __init__(self, dtype: str) -> None:
        self._dtype: Any = np.dtype(dtype)
        self._rng = np.random.default_rng(0)

    def matrix(self, rows: int, columns: int, by_rows: bool) -> Array:
        """Return a random matrix (rows, columns), stored row by row or column by column."""
        if by_rows:
            return self._rng.random((rows, columns), dtype=self._dtype)
        return self._rng.random((columns, rows), dtype=self._dtype).T

    def calls(self, left: Array, right: Array, result: Array) -> list[partial[object]]:
        """Return the calls that multiply the two into the result, which is stored row by row."""
        return [partial(np.dot, left, right, result)]
