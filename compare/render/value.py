"""What stands in a cell of a table, before it becomes a line of a terminal, Markdown or LaTeX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compare.analysis.digits import interval_texts
from compare.cell_names import varying
from compare.render.text import Columns

NOTHING = "-"
"""What a cell shows where there is nothing to show."""
NO_BOUND = "∞"
"""The upper bound of an interval that has none."""


@dataclass(frozen=True)
class Value:
    """A text, or a number rounded to the digits its interval supports.

    Args:
        point: the text or the number.
        low, high: the bounds of its 95% interval; None where there is none.
        mark: what stands behind it, such as the sign for "no difference was shown".
    """

    point: str
    low: str | None = None
    high: str | None = None
    mark: str = ""

    @property
    def text(self) -> str:
        """The value with its interval in square brackets: "0.43 [0.41, 0.46] ~"."""
        return " ".join(filter(None, [self.point, self.bounds, self.mark]))

    @property
    def bounds(self) -> str:
        """The interval, "[0.41, 0.46]" or "[0.41, ∞)"; "" where there is none."""
        return "" if self.low is None else f"[{self.low}, {self.high}{self.closing}"

    @property
    def closing(self) -> str:
        """The bracket at the end of the interval."""
        return ")" if self.high == NO_BOUND else "]"

    def without_bounds(self) -> Value:
        """Return the number alone, to the same digits."""
        return replace(self, low=None, high=None)


Table = dict[str, list[Value]]
"""Header, with its unit -> a value for each row."""


def plain(value: object) -> Value:
    """Return a value of the document as it is; "-" for None."""
    return Value(NOTHING if value is None else str(value))


def measured(
    point: float, low: float | None, high: float | None, *, landmark: float | None = None, mark: str = ""
) -> Value:
    """Return a number with its interval, to the digits that the interval supports."""
    shown, *bounds = interval_texts(point, low, high, landmark=landmark)
    return Value(shown, bounds[0], bounds[1], mark) if bounds else Value(shown, mark=mark)


def varying_columns(rows: Sequence[Mapping[str, Any]], keys: Iterable[str]) -> Table:
    """Return a column for each of the keys that not all rows share."""
    return {key: [plain(row.get(key)) for row in rows] for key in varying(rows, keys)}


def as_text(table: Table) -> Columns:
    """Return the table's cells as text, intervals in square brackets."""
    return {header: [value.text for value in values] for header, values in table.items()}


def transposed(rows: Iterable[dict[str, Value]]) -> Table:
    """Return rows of the same headers as a table."""
    table: Table = {}
    for row in rows:
        for header, value in row.items():
            table.setdefault(header, []).append(value)
    return table
