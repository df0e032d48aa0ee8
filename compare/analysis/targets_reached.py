"""The way to a target: a median over runs of which some never got there, told as such, and its interval.

A run that ended before the target is censored: its value is larger than that of every run that arrived, and
nobody knows by how much. Leaving it out would make the slow look fast.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from compare.analysis.statistics import CONFIDENCE, Interval, geometric_ratio_interval
from compare.results import Run


@dataclass(frozen=True)
class Reached:
    """Where a run first stood at or above the target.

    Args:
        updates, seconds: of training, at the evaluation that showed it.
        updates_before: at the evaluation before, when the target was not reached yet.
    """

    updates: int
    seconds: float
    updates_before: int


def reached(run: Run, target: float) -> Reached | None:
    """Return the first point of a run's curve whose test accuracy is at least the target; None if none is."""
    before = 0
    for point in run.curve:
        if point.test_accuracy is not None and point.test_accuracy >= target:
            return Reached(point.updates, point.seconds, before)
        before = point.updates
    return None


def counted_runs(runs: Iterable[Run]) -> list[Run]:
    """Return the runs that say something of a target: all but the failed; a diverged one never got there."""
    return [run for run in runs if run.status != "failed"]


def told_of(values: Sequence[float | None]) -> str:
    """Return how many got there, such as "3 of 5"."""
    return f"{sum(value is not None for value in values)} of {len(values)}"


def censored_median(values: Sequence[float | None]) -> float | None:
    """Return the median in which None counts as later than all others; None where half or more are that."""
    there = [value for value in values if value is not None]
    if 2 * len(there) <= len(values):
        return None
    return median([*there, *[math.inf] * (len(values) - len(there))])


def censored_interval(values: Sequence[float | None]) -> Interval | None:
    """Return the median with a 95% interval; None where half or more of the values are censored.

    Without a censored value: Student's t on the logarithms, as for all durations. With one, nothing is known
    of the tail, so the bounds are order statistics, the k-th smallest and the k-th largest value, with the
    largest k for which 1 - 2 P(Binomial(n, 1/2) < k) is 95% or more (the sign test, turned round). That takes
    six values; of fewer there is no such interval. An upper bound that falls on a censored value is None.
    """
    point = censored_median(values)
    if point is None:
        return None
    there = sorted(value for value in values if value is not None)
    if len(there) == len(values) and there[0] > 0:
        return geometric_ratio_interval(there, point)
    depth, n = _depth(len(values)), len(values)
    if not depth:
        return Interval(point, None, None)
    return Interval(point, there[depth - 1], there[n - depth] if n - depth < len(there) else None)


def _depth(n: int) -> int:
    """Return the largest k whose order statistics hold the median with 95%; 0 where there is none."""
    depth, outside = 0, 0.0
    while True:
        outside += 2 * math.comb(n, depth) / 2**n
        if outside > 1 - CONFIDENCE:
            return depth
        depth += 1
