"""Batch sizes on the way to the target: a table, and sentences that tell no difference that was not shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from compare.analysis.digits import joined
from compare.cell_names import CONTEXT
from compare.render.columns import seconds_unit
from compare.render.places import with_settings
from compare.render.settings import target_of
from compare.render.text import capital, grid, setting
from compare.render.value import NO_BOUND, NOTHING, Table, Value, as_text, measured, plain, varying_columns

Row = Mapping[str, Any]
ENOUGH_SIZES = 3
"""Batch sizes from which on a table of their own is worth its place."""


def is_sweep(rows: Sequence[Row]) -> bool:
    """Whether the rows are of enough batch sizes."""
    return len({row["batch_size"] for row in rows}) >= ENOUGH_SIZES


def sweep_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per batch size; of the other factors, those that vary; "" for fewer than three sizes."""
    return grid(as_text(sweep_columns(rows)), format) if is_sweep(rows) else ""


def sweep_columns(rows: Sequence[Row]) -> Table:
    """Return the same as header -> values; {} for fewer than three sizes."""
    if not is_sweep(rows):
        return {}
    columns = varying_columns(rows, ("implementation", *CONTEXT))
    columns["batch"] = [plain(row["batch_size"]) for row in rows]
    unit, scale = seconds_unit([row["seconds_per_epoch"] for row in rows])
    columns[f"{unit}/epoch"] = [amount(row, "seconds_per_epoch", scale) for row in rows]
    columns["updates to target"] = [amount(row, "updates_to_target") for row in rows]
    unit, scale = seconds_unit([row["seconds_to_target"] for row in rows])
    columns[f"{unit} to target"] = [amount(row, "seconds_to_target", scale) for row in rows]
    columns["reached"] = [plain(row["target_reached"]) for row in rows]
    return columns


def amount(row: Row, key: str, scale: float = 1.0) -> Value:
    """Return 120 [110, 140]; 120 [110, ∞) where the upper bound is a run that never got there."""
    point, low, high = (None if row[name] is None else scale * row[name] for name in _triple(key))
    if point is None:
        return Value(NOTHING)
    if low is not None and high is not None and high - low <= 1e-9 * point:
        return Value(f"{point:.4g}")
    if low is not None and high is None:
        return replace(measured(point, low, 2 * point - low), high=NO_BOUND)
    return measured(point, low, high)


def sweep_sentences(document: Row) -> Iterable[str]:
    """Yield which batch size needs the fewest updates, and which each implementation the least time."""
    rows, reference = document.get("sweep", ()), document["reference"]
    if not is_sweep(rows):
        return
    goal = target_of(document)
    for group in _groups(rows, CONTEXT):
        where = with_settings(group[0], rows)
        names = list(dict.fromkeys(row["implementation"] for row in group))
        ours = [
            row for row in group if row["implementation"] == (reference if reference in names else names[0])
        ]
        yield from _best(ours, "updates_to_target", f"{where}the fewest updates to {goal} are", "need more")
        for name in names:
            of_name = [row for row in group if row["implementation"] == name]
            told = f"{where}the least time to {goal} with {name} is"
            yield from _best(of_name, "seconds_to_target", told, "take longer")
        yield from _censored(ours, where, goal)


def _best(rows: Sequence[Row], key: str, told: str, more: str) -> Iterable[str]:
    there = [row for row in rows if row[key] is not None]
    if len(there) < 2:
        return
    best = min(there, key=lambda row: float(row[key]))
    unit = " s" if key.startswith("seconds") else ""
    found = f"{capital(told)} at {setting(best['batch_size'])}: {amount(best, key).text}{unit}"
    if None in _bounds(best, key):
        yield f"{found}, in runs too few for an interval."
        return
    others = [row for row in there if row is not best]
    close = [setting(row["batch_size"]) for row in others if not _is_more(row, best, key)]
    if not close:
        yield f"{found}; every other batch size was shown to {more}."
    else:
        yield f"{found}; {joined(close)} {'was' if len(close) == 1 else 'were'} not shown to {more}."


def _is_more(row: Row, best: Row, key: str) -> bool:
    """Whether a row lies above the best also if it arrived just after the evaluation before."""
    low, _ = _bounds(row, key)
    _, high = _bounds(best, key)
    if low is None or high is None:
        return False
    late = min(1.0, (row["updates_between"] or 0) / (row["updates_to_target"] or math.inf))
    return low * (1 - late) > high


def _bounds(row: Row, key: str) -> tuple[float | None, float | None]:
    _, low, high = _triple(key)
    return row[low], row[high]


def _triple(key: str) -> tuple[str, str, str]:
    return key, f"{key}_low", f"{key}_high"


def _censored(rows: Sequence[Row], where: str, goal: str) -> Iterable[str]:
    absent = [
        f"{setting(row['batch_size'])} ({row['target_reached']})"
        for row in rows
        if row["updates_to_target"] is None
    ]
    if absent:
        told = capital(f"{where}half of the runs or more ended without reaching {goal}")
        yield f"{told} at {joined(absent)}; how much longer they would take is not known."


def _groups(rows: Sequence[Row], keys: Sequence[str]) -> list[list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[key] for key in keys), []).append(row)
    return list(found.values())
