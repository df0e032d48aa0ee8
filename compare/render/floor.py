"""What the floor says, in sentences: updates beside their matrix products, and library beside library."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import decimals, joined, with_decimals
from compare.cell_names import CONTEXT
from compare.render.places import at_settings
from compare.render.ranges import ONE_PROCESS, judged, places, share, spread

Row = Mapping[str, Any]
MOST_SETTINGS = 2
"""Settings that are told one by one."""
LIBRARIES = {"numpy": "NumPy"}
"""Libraries whose names are written otherwise than their keys."""


def floor_sentences(rows: Sequence[Row], floor: Sequence[Row]) -> Iterable[str]:
    """Yield, for every group of cells with a floor, how far above it they are and how its libraries differ.

    Of many groups the least and the greatest are told.

    Args:
        rows: the summary.
        floor: the floor of the document.
    """
    groups = list(dict.fromkeys(_settings(row) for row in floor))
    if len(groups) > MOST_SETTINGS:
        yield from _together(rows, floor)
        return
    for settings in groups:
        libraries = [row for row in floor if _settings(row) == settings]
        ours = [row for row in rows if _settings(row) == settings and row.get("floor_ratio") is not None]
        at = at_settings(libraries[0], rows)
        yield from (f"{at}, {told}." for told in _multiples(ours))
        for row, base in _beside(libraries):
            yield f"{at}, {_libraries(row, base)}."


def _beside(floor: Sequence[Row]) -> Iterable[tuple[Row, Row]]:
    """Every library that is not the floor itself, with the one that is, of the same settings."""
    bases = {_settings(row): row for row in floor if _is_floor(row)}
    for row in floor:
        base = bases.get(_settings(row))
        if base is not None and row is not base and row["floor_ratio"] is not None:
            yield row, base


def _together(rows: Sequence[Row], floor: Sequence[Row]) -> Iterable[str]:
    """A sentence an implementation, and one for each library beside another."""
    updates: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("floor_ratio") is not None:
            updates.setdefault(row["implementation"], []).append(row)
    for name, found in updates.items():
        yield _range(f"{name}'s update", "takes", "the matrix products of a step alone", found, rows)
    libraries: dict[tuple[str, str], list[Row]] = {}
    for row, base in _beside(floor):
        libraries.setdefault((row["library"], base["library"]), []).append(row)
    for (library, other), found in libraries.items():
        this, that = (LIBRARIES.get(name, name) for name in (library, other))
        yield _range(f"The same products through {this}", "take", f"through {that}", found, rows)


def _range(what: str, takes: str, than: str, found: Sequence[Row], rows: Sequence[Row]) -> str:
    """How many times as long it takes at many settings, and where no difference was shown."""
    shown, unclear, once = judged(found, "floor")
    told = []
    if shown:
        times = spread(shown, "floor_ratio", rows)
        told.append(f"{what} {takes} {times} times as long as {than} {share(shown, len(found))}")
    if unclear:
        no = "no difference" if shown else f"No difference between {what[:1].lower()}{what[1:]} and {than}"
        told.append(f"{no} was shown {places(unclear, rows)}")
    if once:
        times, where = spread(once, "floor_ratio", rows), share(once, len(found))
        told.append(f"{what} took {times} times as long as {than} {where} {ONE_PROCESS}")
    return "; ".join(told) + "."


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
            yield f"{update} took {ratio} times as long as {products} {ONE_PROCESS}"
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
        return f"the same products took {ratio} times as long through {this} as through {that} {ONE_PROCESS}"
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
