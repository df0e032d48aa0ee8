"""Training on several cores: every thread takes the gradient of some rows, then updates some parameters.

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
from handwritten.optimizers import SGD, Optimizer
from handwritten.training import BatchGradient, Rows, some

SHARED_BATCH = 2**21
"""Rows times parameters from which on a batch is shared; below, waking a thread costs more than it brings."""
SHARED_UPDATE = 2**16
"""Parameters from which on the update is shared."""
ALIGNED = 16
"""Each thread's parameters begin at a multiple of so many, a cache line of float32."""


class Crew:
    """This thread and some more that do the same work at the same time; a context manager.

    Args:
        size: the number of threads, this one included.
    """

    def __init__(self, size: int) -> None:
        self._tasks = [queue.SimpleQueue[Callable[[int], None] | None]() for _ in range(size - 1)]
        self._ends = queue.SimpleQueue[BaseException | None]()

    def __enter__(self) -> Self:
        for number, tasks in enumerate(self._tasks, start=1):
            threading.Thread(target=self._work, args=(number, tasks), daemon=True).start()
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

    def _work(self, number: int, tasks: queue.SimpleQueue[Callable[[int], None] | None]) -> None:
        while (work := tasks.get()) is not None:
            try:
                work(number)
            except BaseException as error:
                self._ends.put(error)
            else:
                self._ends.put(None)


class ThreadedTrainer:
    """A network, its optimizer and a training set, on several threads.

    Args:
        networks: one a thread, all on the parameters of the first (`MLP(..., shares=first)`).
        optimizers: one for each part (`cut`) of the first network's flat vectors.
        X: training inputs (n, features) of the network's dtype; Y: targets (n, outputs).
    """

    def __init__(self, networks: Sequence[MLP], optimizers: Sequence[Optimizer], X: Array, Y: Array) -> None:
        self._parts = cut(len(networks[0].flat_parameters), len(optimizers))
        self._gradients = [BatchGradient(network, X, Y) for network in networks]
        self._weight: Array = np.empty((), networks[0].dtype)
        self._plain = [each for each in optimizers if isinstance(each, SGD) and each.is_plain]
        self._updates = [each.step_of_scaled for each in self._plain] or [each.step for each in optimizers]

    @quiet
    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        """Take one optimizer step a batch; a batch is a vector of row numbers, or None for all rows."""
        gradient, weight, plain = self._gradients[0], self._weight, self._plain
        threads, all_rows, parameters = len(self._gradients), len(gradient.X), self._parts[-1].stop
        scale, n = 1.0, 0
        with Crew(threads) as crew:
            for rows in batches:
                size = all_rows if rows is None else len(rows)
                rate = plain[0].lr if plain else 1.0
                if size != n or rate != scale:
                    n, scale = size, rate
                    weight.fill(scale / n)
                batch: Rows = slice(0, n) if rows is None else rows
                if n * parameters >= SHARED_BATCH and n >= threads:
                    crew(partial(self._differentiate_shard, batch, n))
                    if len(self._parts) > 1:
                        crew(self._add_up_and_update)
                    else:
                        self._add_up_and_update(0)
                else:
                    gradient.fill(batch, n, weight)
                    if len(self._parts) > 1 and not plain:
                        crew(self._update)
                    else:
                        for update in self._updates:
                            update()

    @quiet
    def _differentiate_shard(self, batch: Rows, n: int, number: int) -> None:
        """Fill the gradients of a thread's own network with those of its rows."""
        start, stop = (share * n // len(self._gradients) for share in (number, number + 1))
        self._gradients[number].fill(some(batch, start, stop), stop - start, self._weight)

    @quiet
    def _add_up_and_update(self, number: int) -> None:
        """Add the other networks' gradients of a thread's parameters to the first's, and update."""
        part = self._parts[number]
        first, *others = (gradient.network.flat_gradients[part] for gradient in self._gradients)
        for other in others:
            first += other  # ∇L = Σ_s ∇L_s
        self._updates[number]()

    @quiet
    def _update(self, number: int) -> None:
        self._updates[number]()


def cut(parameters: int, threads: int) -> list[slice]:
    """Return the parts of a flat vector that the threads update; a short vector is one part."""
    count = threads if parameters >= SHARED_UPDATE else 1
    starts = [part * parameters // count // ALIGNED * ALIGNED for part in range(count)]
    return [slice(start, stop) for start, stop in zip(starts, [*starts[1:], parameters], strict=True)]
