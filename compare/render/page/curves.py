"""Learning curves for the page's charts: per contestant the mean over seeds, and the least and greatest."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from math import isnan, nan
from statistics import fmean, median
from typing import Any

from compare.cell_names import key_of
from compare.render.page.names import SETTINGS, contestant_names
from compare.rows import by_cell

Row = Mapping[str, Any]
AXES = {"epochs": "epoch", "updates": "updates", "seconds": "seconds"}
QUANTITIES = ("train_loss", "test_loss", "test_accuracy")
MOST_CONTESTANTS = 40
MOST_POINTS = 120
"""Points of a curve; of more, so many are taken at equal distances, the first and the last among them."""
DIGITS = 6


def contestants(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the name of every row of the summary, with the places of its implementation and its settings.

    `family` and `kind` count implementations and settings in the order in which they are first seen; they
    choose colour, dash and marker.
    """
    families = list(dict.fromkeys(row["implementation"] for row in rows))
    kinds = list(dict.fromkeys(tuple(row.get(key) for key in SETTINGS) for row in rows))
    if len(families) == 1:  # nothing for the colour to tell but the settings
        places = [(kinds.index(key_of(row)[1:]),) * 2 for row in rows]
    else:
        places = [(families.index(row["implementation"]), kinds.index(key_of(row)[1:])) for row in rows]
    names = contestant_names(rows)
    return [
        {"name": name, "family": family, "kind": kind}
        for name, (family, kind) in zip(names, places, strict=True)
    ]


def curves(rows: Sequence[Row], runs: Collection[Row]) -> list[dict[str, Any]]:
    """Return the curves of the first `MOST_CONTESTANTS` rows of the summary that have any.

    A curve has `contestant` (the row's place), `seeds`, the axes `epochs`, `updates` and `seconds` (medians
    over runs), and for each quantity `mean`, `low` and `high` over the runs that ended well, as far as the
    shortest of them goes. An accuracy that no run has is left out.
    """
    found = {key: _curve(run for run in of_cell if is_drawn(run)) for key, of_cell in by_cell(runs)}
    places = ((place, found.get(key_of(row))) for place, row in enumerate(rows))
    return [{"contestant": place} | curve for place, curve in places if curve][:MOST_CONTESTANTS]


def is_drawn(run: Row) -> bool:
    """Whether a run ended well and has points to draw a line between."""
    return run["status"] == "ok" and len(run["curve"]) > 1


def _curve(runs: Iterable[Row]) -> dict[str, Any]:
    """The curve of a cell's runs, of which the numbers alone are held; empty where there is no run."""
    seeds, numbers = set(), []
    for run in runs:
        seeds.add(run["seed"])
        numbers.append({key: array("d", _column(run, key)) for key in (*AXES.values(), *QUANTITIES)})
    if not numbers:
        return {}
    places = kept(min(len(of_run["epoch"]) for of_run in numbers), MOST_POINTS)
    curve: dict[str, Any] = {"seeds": len(seeds)}
    for axis, key in AXES.items():
        curve[axis] = [short(median(of_run[key][at] for of_run in numbers)) for at in places]
    for quantity in QUANTITIES:
        values = [
            [of_run[quantity][at] for of_run in numbers if not isnan(of_run[quantity][at])] for at in places
        ]
        if any(values):
            curve[quantity] = {
                name: [short(pick(found)) if found else None for found in values]
                for name, pick in (("mean", fmean), ("low", min), ("high", max))
            }
    return curve


def _column(run: Row, key: str) -> Iterator[float]:
    return (nan if point[key] is None else point[key] for point in run["curve"])


def kept(count: int, most: int) -> list[int]:
    """Return which of so many points to keep: all, or `most` at equal distances with both ends."""
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})


def short(value: float) -> float:
    """Return the value with the digits a chart can show."""
    return float(f"{value:.{DIGITS}g}")
