"""The fairness lint as text: what differs between the contestants besides who computes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from compare.render.screen import WIDEST, wrapped
from compare.render.text import markdown_cell

Row = Mapping[str, Any]

NOTHING = (
    "Fairness: no difference was found in initial weights, dtype, batches and their order, the mean of the "
    "loss, evaluation, threads and libraries."
)


def fairness_notes(
    rows: Iterable[Row], format: Literal["terminal", "github"] = "terminal", columns: int = WIDEST
) -> str:
    """Return a line a difference, those found by trying first; or that there is none."""
    ordered = sorted(rows, key=lambda row: not row["detected"])
    if not ordered:
        return NOTHING if format == "github" else wrapped(NOTHING, columns)
    if format == "github":
        return "\n".join(f"- {markdown_cell(sentence(row))}" for row in ordered)
    head = "Fairness: what differs besides who computes"
    lines = [wrapped(sentence(row), columns, "  ", "    ") for row in ordered]
    return "\n".join([head, *lines])


def sentence(row: Row) -> str:
    """Return a difference in a line: who, in what, how, and whether it was found or declared."""
    who = row["implementation"] or "all"
    return f"{who}, {row['subject']}: {row['difference']} ({'found' if row['detected'] else 'declared'})."
