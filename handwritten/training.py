"""The training loop: gather a batch, forward, backward, update."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from handwritten.arrays import Array, Workspace, zeros_like
from handwritten.mlp import MLP, quiet
from handwritten.optimizers import SGD, Optimizer
from handwritten.products import MANY_ROWS

Rows = NDArray[np.intp] | slice
"""Row numbers, or a range of rows. Row numbers must lie in 0..n-1: they are not checked."""

VALUES_AT_ONCE = 450_000
"""Numbers (of X, and Z, A, dA, dZ of every layer) that a pass handles at once; a larger batch is taken in
parts. Found by timing 784-200-10 and 784-30-10: the products of a part are then small enough for blocks of 16
rows and column-major buffers, and its numbers stay in a cache between the operations on them."""
PARTS_IN_ONE_SUM = 16
"""Gradients of parts are added up in two levels, for the reason given at `products.RowSum`."""
WHOLE_BATCH = 256
"""Rows up to which a batch is never divided: every part reads all weights and adds up all gradients again."""


class BatchGradient:
    """The gradients of a network on batches of a training set.

    Args:
        network: the network whose gradients are filled.
        X: training inputs (n, features); Y: targets (n, outputs). They are used where they lie if they are
            row-major and of the network's dtype, else copied.

    Raises:
        ValueError: X or Y has another width or no rows, or they differ in number.
    """

    def __init__(self, network: MLP, X: Array, Y: Array) -> None:
        self.network = network
        self.X = network.batch(X, "X", network.sizes[0])
        self.Y = network.batch(Y, "Y", network.sizes[-1])
        if len(self.X) != len(self.Y):
            raise ValueError(f"X has {len(self.X)} rows and Y has {len(self.Y)}")
        self._X_space, self._Y_space = (Workspace(1, A.shape[1], A.dtype) for A in (self.X, self.Y))
        self._X_batch, self._Y_batch = self.X[:0], self.Y[:0]
        of_a_row = network.sizes[0] + 4 * sum(network.sizes[1:])  # A_0, and Z, A, dA and dZ of every layer
        self._rows_at_once = max(WHOLE_BATCH, VALUES_AT_ONCE // of_a_row // MANY_ROWS * MANY_ROWS)
        self._total, self._partial = (zeros_like(network.flat_gradients) for _ in range(2))

    def fill(self, rows: Rows, n: int, weight: Array) -> None:
        """Fill the network's gradients with those of a batch.

        Args:
            rows: the batch.
            n: its number of rows.
            weight: the factor of each row's loss, 1/n for the mean.

        Raises:
            ValueError: the batch is a mask, not a vector of row numbers.
        """
        if n <= self._rows_at_once:
            self._differentiate(rows, weight)
            return
        gradients, total, partial = self.network.flat_gradients, self._total, self._partial
        total.fill(0.0)
        partial.fill(0.0)
        count = math.ceil(n / self._rows_at_once)
        each = math.ceil(n / count / MANY_ROWS) * MANY_ROWS  # the last part may be short
        for number, start in enumerate(range(0, n, each), start=1):
            self._differentiate(part_of(rows, start, min(start + each, n)), weight)
            partial += gradients
            if number % PARTS_IN_ONE_SUM == 0:
                total += partial
                partial.fill(0.0)
        np.add(total, partial, out=gradients)

    def _differentiate(self, rows: Rows, weight: Array) -> None:
        X, Y = (self.X[rows], self.Y[rows]) if isinstance(rows, slice) else self._gathered(rows)
        self.network.propagate(X)
        self.network.propagate_back(Y, weight)

    def _gathered(self, rows: NDArray[np.intp]) -> tuple[Array, Array]:
        """Copy rows into buffers that are reused; mode "clip" spares `take` a buffer of its own.

        The method `take` has less to do in a call than the function `np.take`.
        """
        X, Y = self._X_batch, self._Y_batch
        if rows.dtype.kind not in "iu":  # `take` would read a mask as the rows 0 and 1
            raise ValueError(f"a batch is a vector of row numbers; got one of {rows.dtype}")
        if len(rows) != len(X):
            X, Y = self._reserve(len(rows))
        self.X.take(rows, 0, X, "clip")
        self.Y.take(rows, 0, Y, "clip")
        return X, Y

    def _reserve(self, n: int) -> tuple[Array, Array]:
        (self._X_batch,), (self._Y_batch,) = self._X_space.of(n), self._Y_space.of(n)
        return self._X_batch, self._Y_batch


def part_of(rows: Rows, start: int, stop: int) -> Rows:
    """Return the rows of a batch from place `start` to `stop`."""
    if isinstance(rows, slice):
        return slice(rows.start + start, rows.start + stop)
    return rows[start:stop]


class Trainer:
    """A network, its optimizer and a training set.

    Args:
        network: the network; its parameters are changed in place.
        optimizer: an update rule on the network's flat parameters and gradients.
        X: training inputs (n, features); Y: targets (n, outputs); see `BatchGradient`.

    Raises:
        ValueError: X or Y has another width or no rows, or they differ in number.
    """

    def __init__(self, network: MLP, optimizer: Optimizer, X: Array, Y: Array) -> None:
        self.network, self.optimizer = network, optimizer
        self._gradient = BatchGradient(network, X, Y)
        self._fill = self._gradient.fill
        self.X, self.Y = self._gradient.X, self._gradient.Y
        self._weight: Array = np.empty((), network.dtype)

    @quiet
    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        """Take one optimizer step a batch; a batch is a vector of row numbers, or None for all rows.

        Plain gradient descent takes the gradient of η L instead of η times that of L: η then meets the n
        errors of the outputs, in one factor with the mean's 1/n, and not every parameter.

        Raises:
            ValueError: a batch is a mask, not a vector of row numbers.
        """
        optimizer, weight, scale, n = self.optimizer, self._weight, 1.0, 0
        plain = optimizer if isinstance(optimizer, SGD) and optimizer.is_plain else None
        update = optimizer.step if plain is None else plain.step_of_scaled
        for rows in batches:
            size = len(self.X) if rows is None else len(rows)
            rate = 1.0 if plain is None else plain.lr
            if size != n or rate != scale:
                n, scale = size, rate
                weight.fill(scale / n)
            self._fill(slice(0, n) if rows is None else rows, n, weight)
            update()
