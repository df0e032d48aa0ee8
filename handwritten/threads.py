"""Training on several cores: every thread takes the gradient of some rows of the batch.

The sums over rows in [B2] and [B3] may be taken in two steps, so the gradient of a batch is the sum of those
of its shards where each row keeps the weight 1/n of the whole batch. NumPy and BLAS let go of Python's lock
while they compute: the threads do run at the same time. BLAS itself has to be kept to one thread.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from handwritten.arrays import Array
from handwritten.mlp import MLP, quiet
from handwritten.optimizers import Optimizer
from handwritten.training import BatchGradient, Rows, Trainer, part_of

SHARED_BATCH = 11_000_000
"""Rows times parameters from which on a batch is shared; below, waking a thread costs more than it brings.
Found by timing on two virtual cores: `docs/speed.md` has the table."""


class Crew:
    """This thread and some more that do the same work at the same time; a context manager.

    Args:
        size: the number of threads, this one included.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def __enter__(self) -> Self:
        self._tasks = [queue.SimpleQueue[Callable[[int], None] | None]() for _ in range(self.size - 1)]
        self._ends = queue.SimpleQueue[BaseException | None]()
        for number, tasks in enumerate(self._tasks, start=1):
            threading.Thread(target=self._work, args=(number, tasks, self._ends), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for tasks in self._tasks:
            tasks.put(None)

    def __call__(self, work: Callable[[int], None]) -> None:
        """Do the work with the numbers 0, 1, ... at the same time; return when all have ended."""
        for tasks in self._tasks:
            tasks.put(work)
        try:
            work(0)
        finally:
            errors = [self._ends.get() for _ in self._tasks]
        for error in errors:
            if error is not None:
                raise error

    @staticmethod
    def _work(
        number: int,
        tasks: queue.SimpleQueue[Callable[[int], None] | None],
        ends: queue.SimpleQueue[BaseException | None],
    ) -> None:
        while (work := tasks.get()) is not None:
            try:
                work(number)
            except BaseException as error:
                ends.put(error)
            else:
                ends.put(None)


class SharedGradient:
    """The gradients of a network on batches of a training set, each batch shared among threads.

    Args:
        networks: one a thread, all on the parameters of the first (`MLP(..., shares=first)`), whose gradients
            are filled.
        X: training inputs (n, features); Y: targets (n, outputs); see `BatchGradient`.
        shared_from: rows times parameters from which on a batch is shared.

    Raises:
        ValueError: a network has parameters of its own, or X and Y are none for these networks.
    """

    def __init__(self, networks: Sequence[MLP], X: Array, Y: Array, shared_from: int) -> None:
        if any(network.flat_parameters is not networks[0].flat_parameters for network in networks):
            raise ValueError("all networks must share the parameters of the first: MLP(..., shares=first)")
        self._shards = [BatchGradient(network, X, Y) for network in networks]
        self._flat = [network.flat_gradients for network in networks]
        self.crew = Crew(len(networks))
        self._shared_from = shared_from

    def fill(self, rows: Rows, n: int, weight: Array) -> None:
        """Fill the gradients with those of a batch; arguments as those of `BatchGradient.fill`."""
        total, *others = self._flat
        if n < self.crew.size or n * len(total) < self._shared_from:
            self._shards[0].fill(rows, n, weight)
            return
        self.crew(partial(self._fill_shard, rows, n, weight))
        for gradients in others:
            total += gradients  # ∇L = Σ_s ∇L_s

    @quiet
    def _fill_shard(self, rows: Rows, n: int, weight: Array, thread: int) -> None:
        """Fill the gradients of a thread's own network with those of its rows."""
        start, stop = (share * n // self.crew.size for share in (thread, thread + 1))
        self._shards[thread].fill(part_of(rows, start, stop), stop - start, weight)


class ThreadedTrainer(Trainer):
    """A network, its optimizer and a training set, on several threads.

    Args:
        networks: one a thread, all on the parameters of the first (`MLP(..., shares=first)`).
        optimizer: an update rule on the first network's flat parameters and gradients.
        X: training inputs (n, features); Y: targets (n, outputs); see `BatchGradient`.
        shared_from: rows times parameters from which on a batch is shared; smaller ones take one thread.

    Raises:
        ValueError: a network has parameters of its own, or X and Y are none for these networks.
    """

    def __init__(
        self,
        networks: Sequence[MLP],
        optimizer: Optimizer,
        X: Array,
        Y: Array,
        shared_from: int = SHARED_BATCH,
    ) -> None:
        super().__init__(networks[0], optimizer, X, Y)
        self._shared = SharedGradient(networks, self.X, self.Y, shared_from)
        self._fill = self._shared.fill

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        """Take one optimizer step a batch; a batch is a vector of row numbers, or None for all rows."""
        with self._shared.crew:
            super().train(batches)
