"""The null test: the reference against itself, which measures how much of a ratio is noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from typing import Any

from compare.analysis.statistics import (
    Interval,
    geometric_median,
    geometric_ratio_interval,
    nested_interval,
)
from compare.analysis.times import Series, Times
from compare.timings import Entrant, Timing

PERCENTILE = 0.95


def null_test(timings: Iterable[Timing], reference: str) -> dict[str, Any] | None:
    """Return what the reference's two contestants say of the noise; None where it was timed once only.

    `ratio` is the median of all per-round ratios of all cells. Its interval is over processes, each with the
    mean over the cells of the logarithms of its medians: the cells of one process share its luck.
    `log_ratio_95` is the 95th percentile of |log ratio| over all pairs of a cell and a process, the ratio
    being the median over the process's rounds; up to 19 pairs that is the largest. `ratio_95` is its
    exponential. `contains_1` is None where one process gives no interval.
    """
    times = Times(timings)
    found = {cell: times.round_ratios(Entrant(cell, again=True), Entrant(cell)) for cell in times.cells}
    found = {cell: series for cell, series in found.items() if series}
    if not found:
        return None
    interval = pooled_interval(list(found.values()))
    spread = percentile([abs(log) for series in found.values() for log in process_logs(series).values()])
    of_cells = {cell: nested_interval(list(series.values())) for cell, series in found.items()}
    return {
        "implementation": reference,
        "cells": len(found),
        "processes": len({process for series in found.values() for process in series}),
        "rounds": max(len(ratios) for series in found.values() for ratios in series.values()),
        **told(interval),
        "log_ratio_95": spread,
        "ratio_95": math.exp(spread),
        "by_cell": [{**asdict(cell), **told(of_cell)} for cell, of_cell in of_cells.items()],
    }


def told(interval: Interval) -> dict[str, Any]:
    """Return a ratio with its interval as the results have it."""
    bounds = {"ratio": interval.point, "ratio_low": interval.low, "ratio_high": interval.high}
    return {**bounds, "contains_1": interval.contains(1.0)}


def process_logs(series: Series) -> dict[int, float]:
    """Return the logarithm of each process's median ratio."""
    return {process: math.log(geometric_median(ratios)) for process, ratios in series.items()}


def pooled_interval(cells: Sequence[Series]) -> Interval:
    """Return the ratio over all cells, with its interval over processes."""
    logs: dict[int, list[float]] = {}
    for series in cells:
        for process, log in process_logs(series).items():
            logs.setdefault(process, []).append(log)
    everything = [ratio for series in cells for ratios in series.values() for ratio in ratios]
    return geometric_ratio_interval(
        [math.exp(fmean(of_process)) for of_process in logs.values()], geometric_median(everything)
    )


def percentile(values: Sequence[float]) -> float:
    """Return the smallest value that at least 95% of the values do not exceed."""
    return sorted(values)[math.ceil(PERCENTILE * len(values)) - 1]


def differs(ratio: Interval | None, null: Mapping[str, Any] | None) -> bool | None:
    """Whether a ratio is a difference: its interval excludes 1, and it is larger than the null test's noise.

    None where there is no interval to judge by.
    """
    if ratio is None or ratio.low is None:
        return None
    noise = 0.0 if null is None else null["log_ratio_95"]
    return not ratio.contains(1.0) and abs(math.log(ratio.point)) > noise
