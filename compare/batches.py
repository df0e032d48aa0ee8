"""The batches of an epoch: one order per seed and epoch, the same for every implementation."""

import itertools
from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

BatchSize = int | Literal["full"]
Rows = NDArray[np.intp]


def epoch_batches(n: int, batch_size: BatchSize, seed: int, epoch: int) -> Iterator[Rows | None]:
    """Yield the row numbers of each batch of an epoch; None stands for all rows in their own order.

    Mini-batches follow one permutation drawn from (seed, epoch) alone; the last one keeps what is left
    over, however few rows that is. A full batch is not shuffled: its mean does not depend on the order.

    Args:
        n: rows of the training set.
        batch_size: rows a batch, or "full".
        seed: seed of the run.
        epoch: 0 for the first.
    """
    if batch_size == "full":
        yield None
        return
    order = np.random.default_rng([seed, 1, epoch]).permutation(n)
    for start in range(0, n, batch_size):
        yield order[start : start + batch_size]


def first_batches(
    n: int, batch_size: BatchSize, seed: int, count: int, then_full: bool = False
) -> list[Rows | None]:
    """Return the first `count` batches of as many epochs as that takes.

    `then_full` puts a full batch at the end of every epoch.
    """
    more = [None] * then_full
    epochs = ([*epoch_batches(n, batch_size, seed, epoch), *more] for epoch in itertools.count())
    return list(itertools.islice(itertools.chain.from_iterable(epochs), count))


def batches_per_epoch(n: int, batch_size: BatchSize) -> int:
    """Return the number of batches, the last partial one included."""
    return 1 if batch_size == "full" else -(-n // batch_size)
