"""The one array type of the room, constants of it, where arrays lie, and buffers."""

import math
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]
"""An array of float32 or float64; which of the two, the network's `dtype` says."""

Weight = Array | float
"""A sample's share in the loss of the batch: 1/n for the mean."""

ZERO, ONE = ({np.dtype(t): np.array(x, t) for t in (np.float32, np.float64)} for x in (0, 1))
"""Constants by dtype. A Python number would be converted anew by every call, which takes as long as adding
some hundred numbers."""

CACHE_LINE = 64
"""Bytes that a processor's cache holds as one."""


def zeros(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Return an array of zeros that begins with a cache line.

    NumPy's own begin at any multiple of 16 bytes; then every wide read and write may touch two lines.
    """
    size = math.prod(shape)
    room: Array = np.zeros(size + CACHE_LINE, dtype)
    start = -room.ctypes.data % CACHE_LINE // room.itemsize
    return room[start : start + size].reshape(shape)


def zeros_like(values: Array) -> Array:
    """Return zeros of the values' shape and type that begin with a cache line."""
    return zeros(values.shape, values.dtype)


class Workspace:
    """Memory for `count` matrices of one shape (n, k), allocated anew only when n outgrows it.

    Args:
        count: the number of matrices.
        k: their columns.
        dtype: of all.
    """

    def __init__(self, count: int, k: int, dtype: DTypeLike) -> None:
        self._count, self._k = count, k
        self._room: Array = np.empty(0, dtype)

    def of(self, n: int, column_major: bool = False) -> list[Array]:
        """Return the matrices (n, k), uninitialised, row-major or column-major; each begins a cache line."""
        k, line = self._k, CACHE_LINE // self._room.itemsize
        each = math.ceil(n * k / line) * line
        if self._count * each > len(self._room):
            self._room = zeros((self._count * each,), self._room.dtype)
        parts = (self._room[i * each :][: n * k] for i in range(self._count))
        return [part.reshape(k, n).T if column_major else part.reshape(n, k) for part in parts]


class Buffer:
    """Room for intermediate values, kept between calls so that a training step allocates nothing."""

    def __init__(self) -> None:
        self._room: Array = np.empty((0, 0))
        self._view = self._room

    def like(self, values: Array, columns: int | None = None) -> Array:
        """Return an uninitialised (n, k) array of the values' type; k is theirs unless `columns` is given."""
        n, k = values.shape
        shape = n, columns or k
        if self._view.shape != shape or self._view.dtype != values.dtype:
            if n > len(self._room) or shape[1] != self._room.shape[1] or values.dtype != self._room.dtype:
                self._room = zeros(shape, values.dtype)
            self._view = self._room[:n]
        return self._view
