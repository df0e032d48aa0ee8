"""Where in the grid of an experiment a sentence holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.render.text import counted, setting

Row = Mapping[str, Any]
CONTEXT = ("objective", "optimizer", "dtype", "threads")


def at_settings(row: Row, rows: Sequence[Row]) -> str:
    """Return "At batch 32, float64": the batch size, and the settings of a row that not all rows share."""
    return "At " + ", ".join([setting(row["batch_size"]), *context(row, rows)])


def context(row: Row, rows: Sequence[Row]) -> list[str]:
    """Return the settings of a row, besides the batch size, that not all rows share."""
    varying = [key for key in CONTEXT if any(other[key] != row[key] for other in rows)]
    return [counted(row[key], "thread") if key == "threads" else str(row[key]) for key in varying]
