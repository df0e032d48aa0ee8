"""Batch sizes at equal epochs, equal updates and equal seconds, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from compare.analysis.digits import points_texts, signed_points
from compare.cell_names import CONTEXT
from compare.plural import number_of
from compare.render.columns import loss, percent
from compare.render.text import grid
from compare.render.value import NOTHING, Table, Value, as_text, plain, varying_columns

Row = Mapping[str, Any]


def budgets_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per budget and batch size; of the other factors, those that vary; "" without rows."""
    return grid(as_text(budgets_columns(rows)), format) if rows else ""


def budgets_columns(rows: Sequence[Row]) -> Table:
    """Return the same as header -> values; {} without rows."""
    if not rows:
        return {}
    columns: Table = {"held equal": [_budget(row) for row in rows]}
    columns |= varying_columns(rows, ("implementation", *CONTEXT))
    columns["batch"] = [plain(row["batch_size"]) for row in rows]
    columns["train loss"] = [loss(row["train_loss"]) for row in rows]
    if any(row["test_accuracy"] is not None for row in rows):
        columns["test accuracy %"] = [percent(row) for row in rows]
        columns["difference, points"] = [_difference(row) for row in rows]
    return columns


def _budget(row: Row) -> Value:
    amount = f"{row['budget']:.3g}" if row["held"] == "seconds" else f"{row['budget']:g}"
    return Value(number_of(amount, row["held"].removesuffix("s")))


def _difference(row: Row) -> Value:
    triple = (row[f"accuracy_difference{end}"] for end in ("", "_low", "_high"))
    return points(*(None if value is None else 100 * value for value in triple))


def points(point: float | None, low: float | None, high: float | None) -> Value:
    """Return a difference in points of accuracy with its sign, +24.3 [19, 30]."""
    if point is None:
        return Value(NOTHING)
    point = round(point, 2)
    if low is None or high is None or round(low, 2) == round(high, 2):
        return Value(signed_points(point))
    shown, *bounds = points_texts(point, low, high, landmark=0.0)
    return Value(f"+{shown}" if point > 0 else shown, *bounds)
