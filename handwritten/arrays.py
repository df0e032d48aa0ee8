"""The one array type of the room, and buffers that outlive a call."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""An array of float32 or float64; which of the two, the network's `dtype` says."""


class Buffer:
    """Room for intermediate values, kept between calls so that a training step allocates nothing."""

    def __init__(self) -> None:
        self._room: Array = np.empty((0, 0))

    def like(self, values: Array, columns: int | None = None) -> Array:
        """Return an uninitialised (n, k) array of the values' type; k is theirs unless `columns` is given."""
        n, k = len(values), columns or values.shape[1]
        if n > len(self._room) or k != self._room.shape[1] or values.dtype != self._room.dtype:
            self._room = np.empty((n, k), values.dtype)
        return self._room[:n]
