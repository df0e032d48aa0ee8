"""The training loop: gather a batch, forward, backward, update."""

from collections.abc import Iterable

import numpy as np

from handwritten.arrays import Array
from handwritten.mlp import MLP, quiet
from handwritten.optimizers import Optimizer


class Trainer:
    """A network, its optimizer and a training set.

    Args:
        network: the network; its parameters are changed in place.
        optimizer: an update rule on the network's flat parameters and gradients.
        X: training inputs (n, features) of the network's dtype; Y: targets (n, outputs).
    """

    def __init__(self, network: MLP, optimizer: Optimizer, X: Array, Y: Array) -> None:
        self.network, self.optimizer = network, optimizer
        self.X = np.ascontiguousarray(X, network.dtype)
        self.Y = np.ascontiguousarray(Y, network.dtype)
        self._X_batch, self._Y_batch = self.X[:0], self.Y[:0]

    @quiet
    def train(self, batches: Iterable[Array | None]) -> None:
        """Take one optimizer step a batch; a batch is a vector of row numbers, or None for all rows."""
        network, optimizer = self.network, self.optimizer
        for rows in batches:
            X, Y = (self.X, self.Y) if rows is None else self._gather(rows)
            network.propagate(X)
            network.propagate_back(Y)
            optimizer.step()

    def _gather(self, rows: Array) -> tuple[Array, Array]:
        """Copy the rows into buffers that are reused; mode="clip" spares `take` a buffer of its own."""
        n = len(rows)
        if n > len(self._X_batch):
            self._X_batch = np.empty((n, self.X.shape[1]), self.X.dtype)
            self._Y_batch = np.empty((n, self.Y.shape[1]), self.Y.dtype)
        X, Y = self._X_batch[:n], self._Y_batch[:n]
        np.take(self.X, rows, axis=0, out=X, mode="clip")
        np.take(self.Y, rows, axis=0, out=Y, mode="clip")
        return X, Y
