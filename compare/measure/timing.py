"""Blocks of training under the clock, inside a contestant's process: time alone, no evaluation between."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import Generic, TypeVar

from compare.batches import BatchSize, Rows, epoch_batches
from compare.timings import Block

if sys.platform != "win32":
    import resource

MOST_WARM_UP_BLOCKS = 12
SETTLED_WITHIN = 0.1
"""How far apart, relatively, the last two blocks of a warm-up that has settled may lie."""
STAT = Path("/proc/stat")
TICKS_PER_SECOND = 100
END = object()

Batch = TypeVar("Batch")


class UntakenBatchesError(Exception):
    """A contestant that did not train on all it was given; one line."""


@dataclass(frozen=True)
class WarmUp:
    """What came of a warm-up.

    Args:
        updates: how many fill a block; updates_per_epoch: batches of an epoch.
        settled: whether the last two blocks took the same time, to a tenth.
        warm_up: the blocks, the first of a single update.
    """

    updates: int
    updates_per_epoch: int
    settled: bool
    warm_up: tuple[Block, ...]


class Stopwatch(Generic[Batch]):
    """A contestant that is trained on and on in blocks of equal numbers of updates.

    Args:
        train: takes an update for each batch it is given; this is timed.
        batches: of epoch after epoch, without end; per_epoch: how many an epoch has.
    """

    def __init__(
        self, train: Callable[[Iterator[Batch]], None], batches: Iterator[Batch], per_epoch: int
    ) -> None:
        self._train, self._batches, self._per_epoch = train, batches, per_epoch

    def warm_up(self, at_least: float) -> WarmUp:
        """Train until a block lasts long enough and caches, threads and clock frequency have settled.

        The number of updates grows until two blocks in a row last `at_least` seconds and agree: one that was
        slow by accident, such as the very first call, must not decide how long a block is.
        """
        updates, settled = 1, False
        series = [self.block(1)]
        while not settled and len(series) < MOST_WARM_UP_BLOCKS:
            series.append(self.block(updates))
            before, last = series[-2:]
            if last.seconds < at_least:
                updates = self._enough(last, at_least)
            else:
                settled = before.updates == last.updates and (
                    abs(last.seconds - before.seconds) <= SETTLED_WITHIN * before.seconds
                )
        return WarmUp(updates, self._per_epoch, settled, tuple(series))

    def _enough(self, block: Block, at_least: float) -> int:
        """How many updates to try next; whole epochs where it is more than one, so that blocks are alike."""
        growth = min(1.2 * at_least / block.seconds, 100)
        updates = max(block.updates + 1, int(block.updates * growth))
        return (
            updates if updates < self._per_epoch else math.ceil(updates / self._per_epoch) * self._per_epoch
        )

    def block(self, updates: int) -> Block:
        """Train for a number of updates; shuffling and gathering are part of the time.

        Raises:
            UntakenBatchesError: the contestant left batches untaken.
        """
        others, switches = processor_seconds(), involuntary_switches()
        cpu, wall = time.process_time(), time.perf_counter()
        batches = islice(self._batches, updates)
        self._train(batches)
        seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
        taken, switched = (
            difference(processor_seconds(), others),
            difference(involuntary_switches(), switches),
        )
        if next(batches, END) is not END:
            raise UntakenBatchesError("train() returned before it had taken all its batches")
        return Block(
            updates,
            seconds,
            cpu_seconds,
            None if switched is None else int(switched),
            None if taken is None else max(0.0, taken - cpu_seconds),
        )


def endless_batches(n: int, batch_size: BatchSize, seed: int) -> Iterator[Rows | None]:
    """Yield the batches of epoch after epoch."""
    for epoch in count():
        yield from epoch_batches(n, batch_size, seed, epoch)


def difference(after: float | None, before: float | None) -> float | None:
    """Return after - before where both are known."""
    return None if after is None or before is None else after - before


def involuntary_switches() -> int | None:
    """Return how often the system took the processor away from this process; None where it does not say."""
    if sys.platform == "win32":
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw


def processor_seconds() -> float | None:
    """Return the CPU time all processors have spent on anything since the machine started; None off Linux.

    Linux tells it in hundredths of a second.
    """
    try:
        fields = STAT.read_text().split("\n", 1)[0].split()[1:]
        user, nice, system, _, _, interrupts, softirqs, stolen = (int(field) for field in fields[:8])
    except (OSError, ValueError):
        return None
    return (user + nice + system + interrupts + softirqs + stolen) / TICKS_PER_SECOND
