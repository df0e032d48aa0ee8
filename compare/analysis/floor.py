"""The floor: how long the matrix products of the same steps take alone, through each library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from compare.analysis.noise import flags_of
from compare.analysis.null_test import differs
from compare.analysis.statistics import Interval
from compare.analysis.times import Times, with_bounds
from compare.results import Cell
from compare.timings import Entrant


def floor_rows(times: Times, reference: str, null: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return a row for each library and each group of cells that differ in nothing but the implementation.

    `seconds_per_epoch` is of the products of an epoch's steps, `time_ratio` to the `reference`'s updates in
    the same rounds, and `floor_ratio` to the group's floor, which is the faster library: its own is 1.
    `time_differs` and `floor_differs` say whether a ratio is a difference, given the `null` test.
    """
    return [_row(entrant, times, reference, null) for entrant in times.floors]


def _row(entrant: Entrant, times: Times, reference: str, null: Mapping[str, Any] | None) -> dict[str, Any]:
    cell = asdict(entrant.cell)
    to_reference = times.ratio(entrant, Entrant(replace(entrant.cell, implementation=reference)))
    to_floor = floor_ratio(times, entrant)
    return {
        "library": cell.pop("implementation"),
        **cell,
        **with_bounds("seconds_per_epoch", times.seconds_per_epoch(entrant)),
        **with_bounds("time_ratio", to_reference),
        "time_differs": differs(to_reference, null),
        **with_bounds("floor_ratio", to_floor),
        "floor_differs": differs(to_floor, null),
        "flags": ", ".join(flags_of(times.of(entrant))) or None,
    }


def floor_ratio(times: Times, entrant: Entrant) -> Interval | None:
    """Return an entrant's seconds an update over its floor's; None where one of the two is missing."""
    lowest = floor_of(times, entrant.cell)
    if lowest == entrant:
        return Interval(1.0, None, None)
    return None if lowest is None else times.ratio(entrant, lowest)


def floor_of(times: Times, cell: Cell) -> Entrant | None:
    """Return who took least time for the products of a cell's steps; None where none was timed."""
    beside = [
        entrant
        for entrant in times.floors
        if replace(entrant.cell, implementation=cell.implementation) == cell
    ]
    seconds = {entrant: times.seconds_per_epoch(entrant) for entrant in beside}
    told = {entrant: interval.point for entrant, interval in seconds.items() if interval is not None}
    return min(told, key=told.__getitem__, default=None)
