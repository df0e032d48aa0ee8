"""Batch sizes against one another at equal epochs, equal updates and equal seconds, from one set of curves.

Which batch size is better depends on what is held equal, so it is told for all three. The budget is the
largest that every run of the comparison has reached; between two evaluations a curve is taken as a straight
line.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from compare.analysis.statistics import mean_interval
from compare.analysis.times import with_bounds
from compare.results import Cell, CurvePoint, Run, cell_of
from compare.rows import Row

BUDGETS = {"epochs": "epoch", "updates": "updates", "seconds": "seconds"}
"""What may be held equal, and what a point of a curve calls it."""
VALUES = ("train_loss", "test_accuracy")


def budgets(runs: Collection[Run], rows: Iterable[Row] | None = None) -> list[dict[str, Any]]:
    """Return a row for each budget and cell of every group of cells that differ only in the batch size.

    A row has `held` ("epochs", "updates" or "seconds"), `budget`, the cell's keys, `seeds`, and at that
    budget `train_loss` and `test_accuracy`, means over seeds with 95% intervals (`_low`, `_high`), and
    `accuracy_difference`, to the group's first batch size, paired by seed. Runs that did not end well are
    left out; groups of one batch size have no rows.

    Args:
        runs: in brief, which tells how far they went (`in_brief`).
        rows: the same as JSON objects with whole curves, gone through once; None where `runs` have them.
    """
    groups: dict[Cell, dict[Cell, list[CurvePoint]]] = {}
    for run in runs:
        if run.status == "ok" and run.curve:
            groups.setdefault(_group(run.cell), {}).setdefault(run.cell, []).append(run.curve[-1])
    wanted = {
        group: {
            held: min(getattr(end, key) for ends in cells.values() for end in ends)
            for held, key in BUDGETS.items()
        }
        for group, cells in groups.items()
        if len(cells) > 1
    }
    whole = (run.to_json() for run in runs) if rows is None else rows
    found = _found(whole, wanted) if wanted else {}
    return [
        row
        for group, of_held in wanted.items()
        for held, budget in of_held.items()
        if budget
        for row in _rows(held, budget, {cell: found[cell, held] for cell in groups[group]})
    ]


class _Reached:
    """What the runs of a cell had reached at a budget, a number each; NaN for one that had nothing finite."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.values = {name: array("d") for name in VALUES}

    def by_seed(self, name: str) -> dict[int, float]:
        """Seed -> value, averaged over rounds; seeds without a finite value are left out."""
        found: dict[int, list[float]] = {}
        for seed, value in zip(self.seeds, self.values[name], strict=True):
            if math.isfinite(value):
                found.setdefault(seed, []).append(value)
        return {seed: math.fsum(values) / len(values) for seed, values in found.items()}


def _group(cell: Cell) -> Cell:
    return replace(cell, batch_size="full")


def _found(
    rows: Iterable[Row], wanted: Mapping[Cell, Mapping[str, float]]
) -> dict[tuple[Cell, str], _Reached]:
    """Cell and what is held equal -> what its runs had reached at the group's budget."""
    found: dict[tuple[Cell, str], _Reached] = {}
    for row in rows:
        cell, curve = cell_of(row), row["curve"]
        if row["status"] == "ok" and curve:
            curves = {name: [point[name] for point in curve] for name in VALUES}
            for held, budget in wanted.get(_group(cell), {}).items():
                places = [point[BUDGETS[held]] for point in curve]
                reached = found.setdefault((cell, held), _Reached())
                reached.seeds.append(row["seed"])
                for name, values in curves.items():
                    at = interpolated(places, values, budget)
                    reached.values[name].append(math.nan if at is None else at)
    return found


def _rows(held: str, budget: float, cells: Mapping[Cell, _Reached]) -> Iterator[dict[str, Any]]:
    first = next(iter(cells.values()))
    base = first.by_seed("test_accuracy")
    for cell, reached in cells.items():
        losses, accuracies = (list(reached.by_seed(name).values()) for name in VALUES)
        differences = [
            value - base[seed] for seed, value in reached.by_seed("test_accuracy").items() if seed in base
        ]
        yield {
            "held": held,
            "budget": budget,
            **asdict(cell),
            "seeds": len(set(reached.seeds)),
            **with_bounds("train_loss", mean_interval(losses) if losses else None),
            **with_bounds("test_accuracy", mean_interval(accuracies, 0, 1) if accuracies else None),
            **with_bounds(
                "accuracy_difference",
                mean_interval(differences, -1, 1) if differences and reached is not first else None,
            ),
        }


def interpolated(places: Sequence[float], values: Sequence[float | None], at: float) -> float | None:
    """Return a curve's value at a place, on the straight line between its neighbours; None off the curve."""
    index = bisect_left(places, at)
    if index == len(places):
        return None
    right = values[index]
    if places[index] == at or right is None:
        return right
    left = values[index - 1] if index else None
    if left is None:
        return None
    share = (at - places[index - 1]) / (places[index] - places[index - 1])
    return left + share * (right - left)
