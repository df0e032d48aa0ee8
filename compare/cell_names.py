"""What the cells of a grid are called where they stand beside each other: only what varies is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.plural import counted

FACTORS = ("implementation", "batch_size", "objective", "optimizer", "dtype", "threads")
CONTEXT = FACTORS[2:]
"""The factors besides the two that are mostly compared, the implementation and the batch size."""

Key = tuple[Any, ...]
"""The level of every factor, in the order of `FACTORS`."""


def key_of(row: Mapping[str, Any]) -> Key:
    """Return the cell that a row, run or timing of a results document belongs to."""
    return tuple(row.get(factor) for factor in FACTORS)


def varying(rows: Sequence[Mapping[str, Any]], keys: Iterable[str]) -> list[str]:
    """Return the keys that have more than one value among the rows."""
    return [key for key in keys if any(row.get(key) != rows[0].get(key) for row in rows)]


def names_of(keys: Iterable[Key], without: Sequence[str] = ()) -> dict[Key, str]:
    """Return each cell's name: its implementation and, of the other factors, the levels that vary."""
    cells = list(dict.fromkeys(keys))
    varying = [
        at
        for at, factor in enumerate(FACTORS)
        if factor not in without and (at == 0 or any(cell[at] != cells[0][at] for cell in cells))
    ]
    return {cell: ", ".join(level_text(FACTORS[at], cell[at]) for at in varying) for cell in cells}


def level_text(factor: str, level: Any) -> str:
    """Return a level as it is said beside others: "full batch", "batch 32", "2 threads", "adam"."""
    if factor == "batch_size":
        return "full batch" if level == "full" else f"batch {level}"
    if factor == "threads":
        return counted(level, "thread")
    return str(level)
