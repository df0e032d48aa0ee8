"""What made the difference: the effect of each factor, as a table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from compare.analysis.attribution import ROUNDING, is_shown
from compare.analysis.digits import decimals, points_texts, signed, signed_points, with_decimals
from compare.plural import counted
from compare.render.attribution_sentences import NOT_SHOWN, factor_name
from compare.render.text import grid
from compare.render.value import Table, Value, as_text, measured, plain, transposed

Row = Mapping[str, Any]
NOTHING_TO_ATTRIBUTE = (
    "Nothing to attribute: that takes two or more factors that vary, and every combination run."
)
OUTCOMES = {"seconds_per_epoch": "seconds/epoch, times", "test_accuracy": "test accuracy, points"}
"""What is split, and the unit of the effects: times multiply, points add up."""


def attribution_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line a factor and one for the whole of each outcome, or a sentence on what it lacks."""
    return grid(as_text(attribution_columns(rows)), format) if rows else NOTHING_TO_ATTRIBUTE


def attribution_columns(rows: Sequence[Row]) -> Table:
    """Return outcome, factor, its two levels and its effect; the whole difference stands last."""
    lines: list[dict[str, Value]] = []
    for outcome in dict.fromkeys(row["outcome"] for row in rows):
        parts = [row for row in rows if row["outcome"] == outcome]
        for row in parts:
            ends = (_level(row, row["from"]), _level(row, row["to"]))
            lines.append(_line(row, factor_name(row), ends, _effect(row)))
        whole = _total(parts[0])
        lines.append(_line(parts[0], "all together", (Value(""), Value("")), whole))
    return transposed(lines)


def _line(row: Row, factor: str, ends: tuple[Value, Value], effect: Value) -> dict[str, Value]:
    return {
        "outcome, unit": plain(OUTCOMES[row["outcome"]]),
        "factor": plain(factor),
        "from": ends[0],
        "to": ends[1],
        "effect": effect,
        "split within": plain(counted(row["seeds"], row["paired_by"])),
    }


def _level(row: Row, level: object) -> Value:
    words = {"batch_size": "batch", "threads": "threads"}
    text = "full batch" if row["factor"] == "batch_size" and level == "full" else None
    return plain(text or f"{words.get(row['factor'], '')} {level}".strip())


def _effect(row: Row) -> Value:
    values = [
        round(value, ROUNDING)
        for value in (row["contribution"], row["low"], row["high"])
        if value is not None
    ]
    mark = NOT_SHOWN if is_shown(row) is False else ""
    if row["outcome"] == "seconds_per_epoch":
        point, low, high = _three([math.exp(value) for value in values])
        return measured(point, low, high, landmark=1.0, mark=mark)
    point, low, high = _three([100 * value for value in values])
    if point == low == high == 0:
        return Value("0")
    return replace(Value(*map(signed, points_texts(point, low, high, landmark=0.0))), mark=mark)


def _three(values: Sequence[float]) -> tuple[float, float | None, float | None]:
    return (values[0], values[1], values[2]) if len(values) == 3 else (values[0], None, None)


def _total(row: Row) -> Value:
    if row["outcome"] == "seconds_per_epoch":
        ratio = math.exp(row["total"])
        return Value(with_decimals(ratio, decimals(ratio, None, None)))
    return Value(signed_points(100 * row["total"]))
