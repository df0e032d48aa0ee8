"""Which rows of a table are the best ones, as far as the intervals show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
SETTING = ("batch_size", "objective", "optimizer", "dtype", "threads")


def best_times(rows: Sequence[Row]) -> set[int]:
    """Return the places of the rows that are fastest at their setting; a setting that is undecided has none.

    The fastest is the one of the smallest time ratio, and with it stand those it was not shown to differ
    from: against the reference that is what `time_differs` says, against the others whether the intervals of
    their ratios overlap.
    """
    settings: dict[tuple[object, ...], list[int]] = {}
    for at, row in enumerate(rows):
        if row["time_ratio"] is not None and "library" not in row:  # the floor is no contestant
            settings.setdefault(tuple(row[key] for key in SETTING), []).append(at)
    best: set[int] = set()
    for places in settings.values():
        first = min(places, key=lambda at: rows[at]["time_ratio"])
        alike = {at for at in places if not _slower(rows[at], rows[first])}
        best |= alike if len(alike) < len(places) else set()
    return best


def best_accuracies(rows: Sequence[Row]) -> set[int]:
    """Return the places of the rows whose accuracy no other's is shown to exceed; none where all are alike.

    A difference is shown where the intervals do not overlap.
    """
    places = [at for at, row in enumerate(rows) if row["test_accuracy"] is not None]
    if not places:
        return set()
    first = max(places, key=lambda at: rows[at]["test_accuracy"])
    alike = {at for at in places if not _below(rows[at], rows[first])}
    return alike if len(alike) < len(places) else set()


def _slower(row: Row, best: Row) -> bool:
    """Whether the row was shown to take longer than the fastest."""
    if row is best:
        return False
    if best["time_ratio_low"] is None:  # the reference, whose ratio is 1
        return row["time_differs"] is True
    if row["time_ratio_low"] is None:
        return best["time_differs"] is True
    return best["time_ratio_high"] is not None and bool(row["time_ratio_low"] > best["time_ratio_high"])


def _below(row: Row, best: Row) -> bool:
    """Whether the row was shown to be less accurate than the best."""
    high, low = row["test_accuracy_high"], best["test_accuracy_low"]
    return row is not best and high is not None and low is not None and bool(high < low)
