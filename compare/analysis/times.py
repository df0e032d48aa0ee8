"""From timing blocks to seconds an epoch and to ratios, with intervals over processes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from statistics import median

from compare.analysis.statistics import Interval, geometric_median, nested_interval
from compare.results import Cell
from compare.timings import Timing

Series = dict[int, list[float]]
"""By number of the process: a value for each round."""


class Times:
    """The timings that went well, by what they timed."""

    def __init__(self, timings: Iterable[Timing] = ()) -> None:
        self._found: dict[tuple[Cell, bool], dict[int, Timing]] = {}
        for timing in timings:
            if timing.status == "ok" and timing.blocks:
                self._found.setdefault((timing.cell, timing.again), {})[timing.process] = timing

    def __bool__(self) -> bool:
        return bool(self._found)

    @property
    def cells(self) -> list[Cell]:
        """The cells that were timed, the null test's second contestant left out."""
        return [cell for cell, again in self._found if not again]

    def of(self, cell: Cell, again: bool = False) -> list[Timing]:
        """Return a contestant's timings, a process each."""
        return list(self._found.get((cell, again), {}).values())

    def seconds_per_epoch(self, cell: Cell) -> Interval | None:
        """Return the median over all blocks, with an interval over processes; None for an untimed cell."""
        series = self._seconds_per_epoch(cell)
        return nested_interval(list(series.values())) if series else None

    def seconds_per_update(self, cell: Cell) -> float | None:
        """Return the median over all blocks; None for an untimed cell."""
        found = [block.seconds_per_update for timing in self.of(cell) for block in timing.blocks]
        return median(found) if found else None

    def log_seconds_per_epoch(self, cell: Cell) -> dict[int, float]:
        """Return the logarithm of each process's median."""
        series = self._seconds_per_epoch(cell)
        return {process: math.log(geometric_median(values)) for process, values in series.items()}

    def ratio(self, cell: Cell, reference: str) -> Interval | None:
        """Return the median of the per-round ratios to the reference, with an interval over processes."""
        series = self.round_ratios(cell, replace(cell, implementation=reference))
        return nested_interval(list(series.values())) if series else None

    def round_ratios(self, cell: Cell, reference: Cell, again: bool = False) -> Series:
        """Return the ratio of the seconds an update in every round of every process that timed both.

        Processes on different machines are not compared.
        """
        ours, theirs = self._found.get((cell, again), {}), self._found.get((reference, False), {})
        return {
            process: [
                own.seconds_per_update / other.seconds_per_update
                for own, other in zip(timing.blocks, theirs[process].blocks, strict=False)
            ]
            for process, timing in sorted(ours.items())
            if process in theirs and timing.host == theirs[process].host
        }

    def _seconds_per_epoch(self, cell: Cell) -> Series:
        return {
            timing.process: [block.seconds_per_update * timing.updates_per_epoch for block in timing.blocks]
            for timing in self.of(cell)
        }
