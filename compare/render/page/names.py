"""What contestants are called on the page: the implementation, and of the settings those that vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.cell_names import FACTORS, level_text, varying
from compare.render.text import printable

Row = Mapping[str, Any]
SETTINGS = FACTORS[1:]


def settings_of(row: Row, keys: Sequence[str]) -> str:
    """Return the row's levels of the factors, such as "batch 32, sgd"; "" without keys."""
    return ", ".join(printable(level_text(key, row[key])) for key in keys if row.get(key) is not None)


def contestant_names(rows: Sequence[Row]) -> list[str]:
    """Return a name for each row that tells it from the others."""
    keys = varying(rows, SETTINGS)
    names = ([str(row["implementation"]), settings_of(row, keys)] for row in rows)
    return [printable(", ".join(filter(None, name))) for name in names]
