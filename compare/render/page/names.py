"""What contestants are called on the page: the implementation, and of the settings those that vary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.render.text import counted, printable, setting

Row = Mapping[str, Any]
FACTORS = ("implementation", "batch_size", "objective", "optimizer", "dtype", "threads")
SETTINGS = FACTORS[1:]


def key_of(row: Row) -> tuple[Any, ...]:
    """Return the level of every factor: what makes rows of a document speak of the same contestant."""
    return tuple(row.get(factor) for factor in FACTORS)


def varying(rows: Sequence[Row], keys: Sequence[str]) -> list[str]:
    """Return the keys that have more than one value among the rows."""
    return [key for key in keys if any(row.get(key) != rows[0].get(key) for row in rows)]


def settings_of(row: Row, keys: Sequence[str]) -> str:
    """Return the row's levels of the factors, such as "batch 32, sgd"; "" without keys."""
    return ", ".join(printable(_level(key, row[key])) for key in keys if row.get(key) is not None)


def _level(key: str, value: Any) -> str:
    if key == "batch_size":
        return setting(value)
    return counted(value, "thread") if key == "threads" else str(value)


def contestant_names(rows: Sequence[Row]) -> list[str]:
    """Return a name for each row that tells it from the others."""
    keys = varying(rows, SETTINGS)
    names = ([str(row["implementation"]), settings_of(row, keys)] for row in rows)
    return [printable(", ".join(filter(None, name))) for name in names]
