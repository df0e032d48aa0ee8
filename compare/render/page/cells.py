"""Tables as the page shows them: cells with the number they are sorted by, headers with their units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from compare.render.text import printable, scientific
from compare.render.value import NOTHING, Value

Row = Mapping[str, Any]
Mark = Literal["", "bad", "good"]
MISSING = "–"
FULL = 1e18
NO_NUMBER = (NOTHING, "", scientific(None))
"""What may stand in a column of numbers without being one."""
MARKS: dict[str, Mark] = {"yes": "good", "NO": "bad", "failed": "bad", "diverged": "bad"}


@dataclass(frozen=True)
class Cell:
    """What stands in a cell.

    Args:
        text: the point or the words.
        interval: "[0.41, 0.46]" and what else stands behind the point, in small print.
        value: the number to sort by; None in a column of numbers stands last, whichever way it is sorted.
        mark: "bad", "good" or "".
    """

    text: str
    interval: str = ""
    value: float | None = None
    mark: Mark = ""


@dataclass(frozen=True)
class Column:
    """A header, the unit of its numbers ("" for words), and the cells below it."""

    header: str
    cells: tuple[Cell, ...]
    unit: str = ""
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """Columns of equal length under a caption; `shared` tells what all rows have in common."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    shared: str = ""

    @property
    def rows(self) -> Iterable[tuple[tuple[Column, Cell], ...]]:
        """The cells of each row, each with its column."""
        per_column = ([(column, cell) for cell in column.cells] for column in self.columns)
        return zip(*per_column, strict=True)


def words(header: str, values: Iterable[object]) -> Column:
    """Return a column of words."""
    return Column(header, tuple(Cell(_plain(value)) for value in values))


def valued(header: str, values: Sequence[Value]) -> Column:
    """Return a column of the report's tables; of numbers, where every value that there is begins with one."""
    there = [value.point for value in values if value.point not in NO_NUMBER and not _reached(value)]
    numeric = bool(there) and all(_parsed(point) is not None for point in there) and set(there) != {"full"}
    return Column(header, tuple(_cell(value, numeric) for value in values), numeric=numeric)


def _cell(value: Value, numeric: bool) -> Cell:
    text = MISSING if value.point in (NOTHING, "") else printable(value.point)
    small = printable(" ".join(filter(None, [value.bounds, value.mark])))
    if numeric and _reached(value):
        return Cell(MISSING, f"{value.point} reached it")
    return Cell(text, small, _parsed(value.point) if numeric else None, MARKS.get(value.point, ""))


def _reached(value: Value) -> bool:
    """Whether it says how many runs reached a target that the half of them did not."""
    return re.fullmatch(r"\d+ of \d+", value.point) is not None


def _parsed(point: str) -> float | None:
    """The number a value begins with; a full batch is larger than every other."""
    found = re.match(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?(?=$| \()", point)
    return float(found[0]) if found else FULL if point == "full" else None


def errors(header: str, values: Iterable[float | None], missing: str = "") -> Column:
    """Return a column of errors or tolerances; one that is None is no number, or `missing`."""
    told = (Cell(missing or scientific(None)) if v is None else Cell(scientific(v), value=v) for v in values)
    return Column(header, tuple(told), numeric=True)


def _plain(value: object) -> str:
    return MISSING if value is None or value == "" else printable(str(value))
