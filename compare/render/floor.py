"""What the floor says, in sentences: updates beside their matrix products, and library beside library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import decimals, joined, with_decimals
from compare.cell_names import CONTEXT
from compare.render.places import at_settings

Row = Mapping[str, Any]
LIBRARIES = {"numpy": "NumPy"}
"""Libraries whose names are written otherwise than their keys."""


def floor_sentences(rows: Sequence[Row], floor: Sequence[Row]) -> Iterable[str]:
    """Yield, for every group of cells with a floor, how far above it they are and how its libraries differ.

    Args:
        rows: the summary.
        floor: the floor of the document.
    """
    for settings in dict.fromkeys(_settings(row) for row in floor):
        libraries = [row for row in floor if _settings(row) == settings]
        ours = [row for row in rows if _settings(row) == settings and row.get("floor_ratio") is not None]
        at = at_settings(libraries[0], rows)
        yield from (f"{at}, {told}." for told in _multiples(ours))
        base = next((row for row in libraries if _is_floor(row)), None)
        others = [row for row in libraries if row["floor_ratio"] is not None and row is not base]
        yield from (f"{at}, {_libraries(row, base)}." for row in others if base is not None)


def _settings(row: Row) -> tuple[Any, ...]:
    return tuple(row[key] for key in ("batch_size", *CONTEXT))


def _is_floor(row: Row) -> bool:
    return bool(row["floor_ratio"] == 1 and row["floor_ratio_low"] is None)


def _multiples(rows: Sequence[Row]) -> Iterable[str]:
    """How many times as long as the floor updates take: what was shown together, the rest one by one."""
    products = "the matrix products of a step alone"
    shown: list[str] = []
    for row in rows:
        update, (ratio, bounds) = f"{row['implementation']}'s update", _figures(row)
        if not bounds:
            yield f"{update} took {ratio} times as long as {products} in one process: that gives no interval"
        elif not row["floor_differs"]:
            yield f"no difference between {update} and {products} was shown (ratio {ratio}, {bounds})"
        else:
            begun = f"{row['implementation']}'s" if shown else f"{update} takes"
            as_long = f"times as long as {products}" if not shown else "times as long"
            shown.append(f"{begun} {ratio} {as_long} ({bounds})")
    if shown:
        yield joined(shown)


def _libraries(row: Row, base: Row) -> str:
    """How a library compares with the faster one."""
    this, that = (LIBRARIES.get(each["library"], each["library"]) for each in (row, base))
    ratio, bounds = _figures(row)
    if not bounds:
        once = "in one process: that gives no interval"
        return f"the same products took {ratio} times as long through {this} as through {that} {once}"
    if not row["floor_differs"]:
        told = f"no difference between the same products through {this} and through {that} was shown"
        return f"{told} (ratio {ratio}, {bounds})"
    return f"the same products take {ratio} times as long through {this} as through {that} ({bounds})"


def _figures(row: Row) -> tuple[str, str]:
    """The ratio and its interval as said in a sentence; no interval is an empty text."""
    figures = [row[f"floor_ratio{end}"] for end in ("", "_low", "_high")]
    places = decimals(*figures, landmark=1.0)
    if None in figures:
        return with_decimals(figures[0], places), ""
    ratio, low, high = (with_decimals(figure, places) for figure in figures)
    return ratio, f"95% interval {low} to {high}"
