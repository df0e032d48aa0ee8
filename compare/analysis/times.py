"""From timing blocks to seconds an epoch and to ratios, with intervals over processes."""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import median

from compare.analysis.statistics import Interval, geometric_median, nested_interval
from compare.batches import batches_per_epoch
from compare.results import Cell, Run
from compare.timings import Entrant, Timing

Series = dict[int, list[float]]
"""By number of the process: a value for each round."""


class Times:
    """The timings that went well, by who was timed."""

    def __init__(self, timings: Iterable[Timing] = ()) -> None:
        self._found: dict[Entrant, dict[int, Timing]] = {}
        for timing in timings:
            if timing.status == "ok" and timing.blocks:
                self._found.setdefault(timing.entrant, {})[timing.process] = timing

    def __bool__(self) -> bool:
        return bool(self.cells)

    @property
    def cells(self) -> list[Cell]:
        """The cells that were timed; the null test's second contestant and the floor are left out."""
        return [entrant.cell for entrant in self._found if not entrant.again and not entrant.floor]

    @property
    def floors(self) -> list[Entrant]:
        """Those that computed the matrix products of the steps alone."""
        return [entrant for entrant in self._found if entrant.floor]

    def of(self, entrant: Entrant) -> list[Timing]:
        """Return an entrant's timings, a process each."""
        return list(self._found.get(entrant, {}).values())

    def seconds_per_epoch(self, entrant: Entrant) -> Interval | None:
        """Return the median over all blocks, with an interval over processes; None for who was not timed."""
        series = self._seconds_per_epoch(entrant)
        return nested_interval(list(series.values())) if series else None

    def seconds_per_update(self, cell: Cell) -> float | None:
        """Return the median over all blocks; None for an untimed cell."""
        found = [block.seconds_per_update for timing in self.of(Entrant(cell)) for block in timing.blocks]
        return median(found) if found else None

    def log_seconds_per_epoch(self, cell: Cell) -> dict[int, float]:
        """Return the logarithm of each process's median."""
        series = self._seconds_per_epoch(Entrant(cell))
        return {process: math.log(geometric_median(values)) for process, values in series.items()}

    def ratio(self, entrant: Entrant, reference: Entrant) -> Interval | None:
        """Return the median of the per-round ratios to the reference, with an interval over processes."""
        series = self.round_ratios(entrant, reference)
        return nested_interval(list(series.values())) if series else None

    def round_ratios(self, entrant: Entrant, reference: Entrant) -> Series:
        """Return the ratio of the seconds an update in every round of every process that timed both.

        Processes on different machines are not compared.
        """
        ours, theirs = self._found.get(entrant, {}), self._found.get(reference, {})
        return {
            process: [
                own.seconds_per_update / other.seconds_per_update
                for own, other in zip(timing.blocks, theirs[process].blocks, strict=False)
            ]
            for process, timing in sorted(ours.items())
            if process in theirs and timing.host == theirs[process].host
        }

    def process_ratios(self, entrant: Entrant, other: Entrant) -> dict[int, float]:
        """Return the ratio of the medians of two that were not timed in the same rounds, process by process.

        Processes on different machines are not compared.
        """
        ours, theirs = self._found.get(entrant, {}), self._found.get(other, {})
        return {
            process: _median(timing) / _median(theirs[process])
            for process, timing in sorted(ours.items())
            if process in theirs and timing.host == theirs[process].host
        }

    def _seconds_per_epoch(self, entrant: Entrant) -> Series:
        return {
            timing.process: [block.seconds_per_update * timing.updates_per_epoch for block in timing.blocks]
            for timing in self.of(entrant)
        }


def _median(timing: Timing) -> float:
    """Seconds an update: the median of the blocks of a process."""
    return geometric_median([block.seconds_per_update for block in timing.blocks])


def run_seconds_per_epoch(run: Run, training_rows: int | None) -> float | None:
    """Return the seconds an epoch of a run: those of an update, times the updates of an epoch.

    Without the number of training rows they are divided by the run's epochs, of which the last may be a
    partial one. None for a run that took no step or did not end well.
    """
    if run.status != "ok" or not run.seconds:
        return None
    if training_rows is not None and run.updates:
        return run.seconds / run.updates * batches_per_epoch(training_rows, run.cell.batch_size)
    return run.seconds / run.epochs if run.epochs else None


def with_bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    """Return the keys of a figure and its interval as the results have them; None where there is none."""
    interval = interval or Interval(math.nan, None, None)
    point = None if math.isnan(interval.point) else interval.point
    return {name: point, f"{name}_low": interval.low, f"{name}_high": interval.high}
