"""Runs that were made beside others: their seconds are replaced by what their updates take on their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from compare.analysis.times import Times
from compare.results import Run


def with_timed_seconds(runs: Iterable[Run], times: Times) -> list[Run]:
    """Return the runs; of those made beside others, every number of seconds is made from the timing.

    Seconds are then updates times the timed seconds of an update of the cell; where the cell was not timed
    they are 0, which stands for "not known", and nothing is said of its seconds.
    """
    return [run if run.alone else _retimed(run, times.seconds_per_update(run.cell) or 0.0) for run in runs]


def _retimed(run: Run, seconds_per_update: float) -> Run:
    target = run.seconds_to_target
    reached = next((point for point in run.curve if target is not None and point.seconds >= target), None)
    return replace(
        run,
        seconds=run.updates * seconds_per_update,
        curve=tuple(replace(point, seconds=point.updates * seconds_per_update) for point in run.curve),
        seconds_to_target=reached.updates * seconds_per_update if reached and seconds_per_update else None,
    )
