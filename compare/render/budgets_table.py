"""Batch sizes at equal epochs, equal updates and equal seconds, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from compare.analysis.digits import with_interval
from compare.render.tables import percent
from compare.render.text import Columns, grid

Row = Mapping[str, Any]
FACTORS = ("implementation", "objective", "optimizer", "dtype", "threads")


def budgets_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per budget and batch size; of the other factors, those that vary; "" without rows."""
    if not rows:
        return ""
    columns: Columns = {"held equal": [_budget(row) for row in rows]}
    for factor in FACTORS:
        if any(row[factor] != rows[0][factor] for row in rows):
            columns[factor] = [str(row[factor]) for row in rows]
    columns["batch"] = [str(row["batch_size"]) for row in rows]
    columns["train loss"] = ["-" if row["train_loss"] is None else f"{row['train_loss']:.3g}" for row in rows]
    if any(row["test_accuracy"] is not None for row in rows):
        columns["test accuracy %"] = [percent(row) for row in rows]
        columns["difference, points"] = [_difference(row) for row in rows]
    return grid(columns, format)


def _budget(row: Row) -> str:
    amount = f"{row['budget']:.3g}" if row["held"] == "seconds" else f"{row['budget']:g}"
    return f"{amount} {row['held']}"


def _difference(row: Row) -> str:
    triple = (row[f"accuracy_difference{end}"] for end in ("", "_low", "_high"))
    point, low, high = (None if value is None else round(100 * value, 2) for value in triple)
    if point is None:
        return "-"
    if low is None or low == high:
        return f"{point:+.1f}"
    text = with_interval(point, low, high, landmark=0.0)
    return f"+{text}" if point > 0 else text
