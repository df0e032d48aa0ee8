"""Where in the grid of an experiment a sentence holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.cell_names import CONTEXT, level_text, varying
from compare.render.text import setting

Row = Mapping[str, Any]


def at_settings(row: Row, rows: Sequence[Row]) -> str:
    """Return "At batch 32, float64": the batch size, and the settings of a row that not all rows share."""
    return "At " + ", ".join([setting(row["batch_size"]), *context(row, rows)])


def with_settings(row: Row, rows: Sequence[Row]) -> str:
    """Return "With adam, float64, ", the start of a sentence; "" where all rows share their settings."""
    told = context(row, rows)
    return f"With {', '.join(told)}, " if told else ""


def context(row: Row, rows: Sequence[Row]) -> list[str]:
    """Return the settings that a row has, besides the batch size, and that not all rows share."""
    return [level_text(key, row[key]) for key in varying(rows, CONTEXT) if row.get(key) is not None]
