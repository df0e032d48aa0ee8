"""Which contestants and settings a figure has, and what they are called: only what varies is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.render.text import counted, setting

Row = Mapping[str, Any]
Key = tuple[Any, ...]

FACTORS = ("implementation", "batch_size", "objective", "optimizer", "dtype", "threads")


def key_of(row: Row) -> Key:
    """Return the level of every factor that a row of the document belongs to."""
    return tuple(row.get(factor) for factor in FACTORS)


def grouped(rows: Iterable[Row]) -> dict[Key, list[Row]]:
    """Return the rows by cell, in the order in which the cells are first seen."""
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return groups


def names_of(keys: Sequence[Key], without: Sequence[str] = ()) -> dict[Key, str]:
    """Return what each cell is called: its implementation and, of the other factors, those that vary."""
    varying = [
        at
        for at, factor in enumerate(FACTORS)
        if factor not in without and (at == 0 or any(key[at] != keys[0][at] for key in keys))
    ]
    return {key: ", ".join(_level(FACTORS[at], key[at]) for at in varying) for key in keys}


def level(key: Key, factor: str) -> Any:
    """Return the level of one factor."""
    return key[FACTORS.index(factor)]


def _level(factor: str, value: Any) -> str:
    if factor == "batch_size":
        return setting(value)
    return counted(value, "thread") if factor == "threads" else str(value)
