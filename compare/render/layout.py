"""Which columns the main table has, in which order its rows stand, and how they are grouped."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from compare.names import suggest
from compare.render.columns import COLUMNS

Row = Mapping[str, Any]
Intervals = Literal["brackets", "pm"]


@dataclass(frozen=True)
class Layout:
    """What was asked of the main table; nothing asked leaves the choice to the table.

    Args:
        columns: keys of the summary, in order; () for those that tell something.
        sort: keys to sort by, the first one first; "-" in front turns the order round.
        group_by: the key whose values stand together under a heading of their own.
        intervals: how table.tex writes an interval: in brackets, or with plus and minus.

    Raises: ValueError, one line with the nearest name, for a key that there is not.
    """

    columns: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    group_by: str | None = None
    intervals: Intervals = "brackets"

    def __post_init__(self) -> None:
        sorted_by = [key.removeprefix("-") for key in self.sort]
        grouped_by = [] if self.group_by is None else [self.group_by]
        asked = {"--columns": self.columns, "--sort": sorted_by, "--group-by": grouped_by}
        for flag, keys in asked.items():
            for key in keys:
                if key not in COLUMNS:
                    raise ValueError(f"{flag}: {key[:60]!r} is not a column; {suggest(key, COLUMNS)}")
            if len(set(keys)) < len(keys):
                twice = next(key for at, key in enumerate(keys) if key in keys[:at])
                raise ValueError(f"{flag}: {twice} is named twice; name it once")

    def groups(self, rows: Sequence[Row]) -> list[tuple[object, list[Row]]]:
        """Return the rows in order, by the value of `group_by`; one group of value None without it."""
        ordered = self.ordered(rows)
        if self.group_by is None:
            return [(None, ordered)]
        found: dict[object, list[Row]] = {}
        for row in ordered:
            found.setdefault(row.get(self.group_by), []).append(row)
        return list(found.items())

    def ordered(self, rows: Sequence[Row]) -> list[Row]:
        """Return the rows sorted as asked; rows without a value come last in either direction."""
        ordered = list(rows)
        for key in reversed(self.sort):
            name = key.removeprefix("-")
            known = [row for row in ordered if row.get(name) is not None]
            known.sort(key=lambda row: _rank(row[name]), reverse=key.startswith("-"))
            ordered = known + [row for row in ordered if row.get(name) is None]
        return ordered


def _rank(value: Any) -> tuple[float, str]:
    """Numbers by size, "full" as the largest batch, texts behind them by the alphabet."""
    return (value, "") if isinstance(value, (int, float)) else (math.inf, "" if value == "full" else value)


DEFAULT = Layout()
"""The table as it is where nothing is asked."""
