"""Learning curves for the page's charts: per contestant the mean over seeds, and the least and greatest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from compare.cell_names import Key, key_of
from compare.render.page.names import SETTINGS, contestant_names

Row = Mapping[str, Any]
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


def curves(rows: Sequence[Row], runs: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the curves of the first `MOST_CONTESTANTS` rows of the summary that have any.

    A curve has `contestant` (the row's place), `seeds`, the axes `epochs`, `updates` and `seconds` (medians
    over runs), and for each quantity `mean`, `low` and `high` over the runs that ended well, as far as the
    shortest of them goes. An accuracy that no run has is left out.
    """
    groups: dict[Key, list[Row]] = {}
    for run in runs:
        if run["status"] == "ok" and len(run["curve"]) > 1:
            groups.setdefault(key_of(run), []).append(run)
    found = ((place, groups.get(key_of(row))) for place, row in enumerate(rows))
    return [_curve(place, of_row) for place, of_row in found if of_row][:MOST_CONTESTANTS]


def _curve(contestant: int, runs: Sequence[Row]) -> dict[str, Any]:
    length = min(len(run["curve"]) for run in runs)
    points = [[run["curve"][at] for run in runs] for at in kept(length, MOST_POINTS)]
    curve: dict[str, Any] = {"contestant": contestant, "seeds": len({run["seed"] for run in runs})}
    for axis, key in (("epochs", "epoch"), ("updates", "updates"), ("seconds", "seconds")):
        curve[axis] = [short(median(point[key] for point in of_runs)) for of_runs in points]
    for quantity in QUANTITIES:
        values = [list(_known(of_runs, quantity)) for of_runs in points]
        if any(values):
            curve[quantity] = {
                name: [short(pick(found)) if found else None for found in values]
                for name, pick in (("mean", fmean), ("low", min), ("high", max))
            }
    return curve


def _known(points: Sequence[Row], quantity: str) -> Iterator[float]:
    return (point[quantity] for point in points if point[quantity] is not None)


def kept(count: int, most: int) -> list[int]:
    """Return which of so many points to keep: all, or `most` at equal distances with both ends."""
    if count <= most:
        return list(range(count))
    return sorted({round(at * (count - 1) / (most - 1)) for at in range(most)})


def short(value: float) -> float:
    """Return the value with the digits a chart can show."""
    return float(f"{value:.{DIGITS}g}")
