"""Runs that were made beside others: their seconds are replaced by what their updates take on their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from compare.analysis.times import Times
from compare.results import cell_of
from compare.rows import Row


def with_timed_seconds(rows: Iterable[Row], times: Times) -> Iterator[Row]:
    """Yield the runs (as JSON objects); of those made beside others, all seconds are made from the timing.

    Seconds are then updates times the timed seconds of an update of the cell; where the cell was not timed
    they are 0, which stands for "not known", and nothing is said of its seconds.
    """
    seconds_per_update = cache(times.seconds_per_update)
    for row in rows:
        if row["alone"]:
            yield row
        else:
            yield _retimed(row, seconds_per_update(cell_of(row)) or 0.0)


def _retimed(row: Row, each: float) -> Row:
    target = row["seconds_to_target"]
    reached = next(
        (point for point in row["curve"] if target is not None and point["seconds"] >= target), None
    )
    return {
        **row,
        "seconds": row["updates"] * each,
        "seconds_to_target": reached["updates"] * each if reached and each else None,
        "curve": [{**point, "seconds": point["updates"] * each} for point in row["curve"]],
    }
