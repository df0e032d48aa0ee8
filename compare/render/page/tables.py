"""The page's tables, each from its part of a results document; None where the document lacks the part."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compare.analysis.attribution import CALLED
from compare.render.page.cells import (
    MISSING,
    Cell,
    Column,
    Table,
    accuracies,
    errors,
    interval_cell,
    levels,
    measured,
    rounded,
    unit_of,
    words,
)
from compare.render.page.names import FACTORS, settings_of, varying
from compare.render.parity_table import worst_tensor
from compare.render.text import counted
from compare.render.timing_notes import NO_DIFFERENCE

Row = Mapping[str, Any]
CALLED_SHORT = {"batch_size": "batch"}
ENDS = ("", "_low", "_high")
COUNTS = ("seeds", "epochs", "updates")
MOST_TENSORS = 2000
"""Rows of the table of every tensor; results.json has all."""


def main_table(rows: Sequence[Row], reference: str) -> Table | None:
    """Return a row a contestant: what varies, what was measured; the rest is told above the table."""
    if not rows:
        return None
    columns = [*_factors(rows, always=("implementation",)), *_counts(rows), *_times(rows, reference)]
    columns += [rounded("train loss", [row["train_loss"] for row in rows])]
    if all(row["test_accuracy"] is None for row in rows):
        columns += [rounded("test loss", [row["test_loss"] for row in rows])]
    else:
        columns += [accuracies("test accuracy", rows)]
    if any(row["target_reached"] for row in rows):
        columns += [Column("time to target", tuple(map(_to_target, rows)), "s", numeric=True)]
    if any(row["status"] != "ok" for row in rows):
        cells = (Cell(row["status"], mark="" if row["status"] == "ok" else "bad") for row in rows)
        columns += [Column("status", tuple(cells))]
    if any(row["flags"] for row in rows):
        columns += [words("flags", [row["flags"] for row in rows])]
    return Table("results-table", "Results, a row a contestant", tuple(columns), _shared(rows))


def _times(rows: Sequence[Row], reference: str) -> Iterator[Column]:
    unit, scale = unit_of(row["seconds_per_epoch"] for row in rows)
    yield measured("time an epoch", unit, rows, "seconds_per_epoch", scale)
    yield Column("time ratio", tuple(map(_ratio, rows)), f"to {reference}", numeric=True)
    if any(row.get("floor_ratio") is not None for row in rows):
        yield measured("time ratio", "to its matrix products", rows, "floor_ratio", landmark=1.0)
    if any(row.get("compile_seconds") is not None for row in rows):
        yield rounded("to compile", [row.get("compile_seconds") for row in rows], "s")


def _ratio(row: Row) -> Cell:
    cell = interval_cell(row, "time_ratio", landmark=1.0)
    if row["time_ratio"] == 1 and row["time_ratio_low"] is None:
        return Cell("1", value=1.0)
    mark = f" {NO_DIFFERENCE}" if row["time_differs"] is False else ""
    return Cell(cell.text, cell.interval + mark, cell.value)


def _to_target(row: Row) -> Cell:
    seconds, reached = row["seconds_to_target"], row["target_reached"]
    if seconds is None:
        return Cell(MISSING, f"{reached} reached it" if reached else "")
    count, _, of = reached.partition(" of ")
    return Cell(f"{seconds:.2g}", "" if count == of else f"({reached})", seconds)


def parity_tables(parity: Row) -> Iterator[Table]:
    """Yield the worst tensor of each group, the trajectories, and every tensor."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in parity["tensors"]:
        groups.setdefault((row["implementation"], row["objective"], row["dtype"]), []).append(row)
    if groups:
        worst = [worst_tensor(group) for group in groups.values()]
        columns = [*_named(worst, "implementation", "objective", "dtype", "against")]
        columns += [levels("tensors", [len(group) for group in groups.values()])]
        columns += [*_named(worst, "tensor"), *_errors(worst)]
        yield Table("parity-table", "Loss, activations and gradients: the worst tensor", tuple(columns))
    steps = parity["trajectory"]
    if steps:
        columns = [*_named(steps, "implementation", "objective", "optimizer", "dtype")]
        columns += [levels("steps", [row["steps"] for row in steps]), *_errors(steps)]
        if any(row.get("first_step") is not None for row in steps):
            columns += [levels("parts at step", [row.get("first_step") for row in steps])]
            columns += [words("first tensor", [row.get("first_tensor") for row in steps])]
        yield Table("trajectory-table", "Parameters after optimizer steps", tuple(columns))


def tensor_table(parity: Row) -> Table | None:
    """Return a row for every tensor, the first `MOST_TENSORS`."""
    rows = parity["tensors"][:MOST_TENSORS]
    if not rows:
        return None
    columns = [*_named(rows, "implementation", "objective", "dtype", "tensor", "against"), *_errors(rows)]
    columns.insert(
        6, errors("by complex step", [row.get("complex_step_error") for row in rows], missing=MISSING)
    )
    left = len(parity["tensors"]) - len(rows)
    more = f"{counted(left, 'more row')} in results.json." if left else ""
    return Table("tensor-table", "Every tensor", tuple(columns), more)


def _errors(rows: Sequence[Row]) -> Iterator[Column]:
    yield errors("relative error", [row["relative_error"] for row in rows])
    yield errors("tolerance", [row["tolerance"] for row in rows])
    yield Column(
        "equal", tuple(Cell("yes", mark="good") if row["passed"] else Cell("no", mark="bad") for row in rows)
    )


def budgets_table(rows: Sequence[Row]) -> Table | None:
    """Return a row a budget and contestant: batch sizes at equal epochs, updates and seconds."""
    if not rows:
        return None
    amounts = [f"{row['budget']:.3g}" if row["held"] == "seconds" else f"{row['budget']:g}" for row in rows]
    columns = [words("held equal", [row["held"] for row in rows])]
    columns += [
        Column(
            "budget",
            tuple(Cell(text, value=row["budget"]) for text, row in zip(amounts, rows, strict=True)),
            numeric=True,
        )
    ]
    columns += [*_factors(rows, always=("batch_size",))]
    columns += [rounded("train loss", [row["train_loss"] for row in rows])]
    if any(row["test_accuracy"] is not None for row in rows):
        columns += [accuracies("test accuracy", rows)]
        columns += [Column("difference", tuple(map(_difference, rows)), "points", numeric=True)]
    return Table("budgets-table", "Batch sizes, by what is held equal", tuple(columns))


def _difference(row: Row) -> Cell:
    return _points({end: row[f"accuracy_difference{end}"] for end in ENDS})


def attribution_table(rows: Sequence[Row]) -> Table | None:
    """Return a row an outcome and factor: its share of the difference from one corner to the other."""
    if not rows:
        return None
    columns = [
        words("outcome", [OUTCOMES.get(row["outcome"], row["outcome"]) for row in rows]),
        words("factor", [CALLED.get(row["factor"], row["factor"]) for row in rows]),
        words("from", [row["from"] for row in rows]),
        words("to", [row["to"] for row in rows]),
        Column("effect", tuple(map(_effect, rows)), "times, or points", numeric=True),
        words("within each of", [_pairs(row) for row in rows]),
    ]
    return Table("attribution-table", "What each factor contributes", tuple(columns))


OUTCOMES = {"seconds_per_epoch": "time an epoch", "test_accuracy": "test accuracy"}


def _effect(row: Row) -> Cell:
    bounds = dict(zip(ENDS, (row["contribution"], row["low"], row["high"]), strict=True))
    if row["outcome"] != "seconds_per_epoch":
        return _points(bounds)
    times = {end: None if value is None else math.exp(value) for end, value in bounds.items()}
    cell = interval_cell(times, "", landmark=1.0)
    return Cell(f"×{cell.text}", cell.interval, row["contribution"])


def _points(bounds: Mapping[str, float | None]) -> Cell:
    """A difference of accuracies in points, never finer than a hundredth."""
    points = {end: None if value is None else round(100 * value, 2) for end, value in bounds.items()}
    cell = interval_cell(points, "", landmark=0.0)
    return Cell(("+" if (cell.value or 0) > 0 else "") + cell.text, cell.interval, cell.value)


def _pairs(row: Row) -> str:
    plural = {"process": "processes"}.get(row["paired_by"], f"{row['paired_by']}s")
    return f"{row['seeds']} {row['paired_by'] if row['seeds'] == 1 else plural}"


def _factors(rows: Sequence[Row], always: Sequence[str] = ()) -> Iterator[Column]:
    """The factors that vary, and those wanted always, a column each."""
    for factor in FACTORS:
        if factor in always or varying(rows, [factor]):
            yield levels(CALLED_SHORT.get(factor, factor), [row[factor] for row in rows])


def _counts(rows: Sequence[Row]) -> Iterator[Column]:
    for key in varying(rows, COUNTS):
        yield levels(key, [row[key] for row in rows])


def _shared(rows: Sequence[Row]) -> str:
    """What all rows have in common, in a line."""
    differ = varying(rows, (*FACTORS, *COUNTS))
    told = [settings_of(rows[0], [key for key in FACTORS[1:] if key not in differ])]
    told += [
        counted(rows[0][key], key[:-1]) for key in COUNTS if key not in differ and rows[0][key] is not None
    ]
    facts = ", ".join(filter(None, told))
    return f"{'All rows' if len(rows) > 1 else 'The one row'}: {facts}." if facts else ""


def _named(rows: Sequence[Row], *keys: str) -> Iterator[Column]:
    for key in keys:
        yield words(key, [row.get(key) for row in rows])
