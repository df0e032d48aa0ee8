"""The fairness lint as text: what differs between the contestants besides who computes."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from compare.render.text import markdown_cell, printable

Row = Mapping[str, Any]

NOTHING = (
    "Fairness: no difference was found in initial weights, dtype, batches and their order, the mean of the "
    "loss, evaluation, threads and libraries."
)
WIDEST = 112


def fairness_notes(rows: Iterable[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line a difference, those found by trying first; or that there is none."""
    ordered = sorted(rows, key=lambda row: not row["detected"])
    if not ordered:
        return NOTHING if format == "github" else "\n".join(textwrap.wrap(NOTHING, WIDEST))
    if format == "github":
        return "\n".join(f"- {markdown_cell(sentence(row))}" for row in ordered)
    head = "Fairness: what differs besides who computes"
    lines = [
        textwrap.fill(printable(sentence(row)), WIDEST, initial_indent="  ", subsequent_indent="    ")
        for row in ordered
    ]
    return "\n".join([head, *lines])


def sentence(row: Row) -> str:
    """Return a difference in a line: who, in what, how, and whether it was found or declared."""
    who = row["implementation"] or "all"
    return f"{who}, {row['subject']}: {row['difference']} ({'found' if row['detected'] else 'declared'})."
