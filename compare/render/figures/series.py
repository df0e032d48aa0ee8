"""The rows of a document by the cell they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compare.cell_names import FACTORS, Key, key_of

Row = Mapping[str, Any]


def grouped(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """Return the rows by cell, in the order in which the cells are first seen."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return groups


def level(key: Key, factor: str) -> Any:
    """Return the level of one factor."""
    return key[FACTORS.index(factor)]
