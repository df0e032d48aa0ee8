"""Batch sizes against one another at equal epochs, equal updates and equal seconds, from one set of curves.

Which batch size is better depends on what is held equal, so it is told for all three. The budget is the
largest that every run of the comparison has reached; between two evaluations a curve is taken as a straight
line.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from compare.analysis.statistics import mean_interval
from compare.analysis.times import with_bounds
from compare.results import Cell, CurvePoint, Run

Read = Callable[[CurvePoint], float | None]
BUDGETS: dict[str, Read] = {
    "epochs": lambda point: point.epoch,
    "updates": lambda point: point.updates,
    "seconds": lambda point: point.seconds,
}
"""What may be held equal, and how it is read off a point of a curve."""


def budgets(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Return a row for each budget and cell of every group of cells that differ only in the batch size.

    A row has `held` ("epochs", "updates" or "seconds"), `budget`, the cell's keys, `seeds`, and at that
    budget `train_loss` and `test_accuracy`, means over seeds with 95% intervals (`_low`, `_high`), and
    `accuracy_difference`, to the group's first batch size, paired by seed. Runs that did not end well are
    left out; groups of one batch size have no rows.
    """
    groups: dict[Cell, dict[Cell, list[Run]]] = {}
    for run in runs:
        if run.status == "ok" and run.curve:
            group = groups.setdefault(replace(run.cell, batch_size="full"), {})
            group.setdefault(run.cell, []).append(run)
    return [
        row
        for group in groups.values()
        if len(group) > 1
        for held, read in BUDGETS.items()
        for row in _rows(held, read, group)
    ]


def _rows(held: str, read: Read, group: dict[Cell, list[Run]]) -> list[dict[str, Any]]:
    budget = min(read(run.curve[-1]) or 0.0 for runs in group.values() for run in runs)
    if not budget:
        return []
    first = next(iter(group.values()))
    base = _at_budget(first, read, budget, lambda point: point.test_accuracy)
    rows = []
    for cell, runs in group.items():
        losses = _at_budget(runs, read, budget, lambda point: point.train_loss)
        accuracies = _at_budget(runs, read, budget, lambda point: point.test_accuracy)
        differences = [accuracies[seed] - base[seed] for seed in accuracies if seed in base]
        rows.append(
            {
                "held": held,
                "budget": budget,
                **asdict(cell),
                "seeds": len({run.seed for run in runs}),
                **with_bounds("train_loss", mean_interval(list(losses.values())) if losses else None),
                **with_bounds(
                    "test_accuracy", mean_interval(list(accuracies.values()), 0, 1) if accuracies else None
                ),
                **with_bounds(
                    "accuracy_difference",
                    mean_interval(differences) if differences and runs is not first else None,
                ),
            }
        )
    return rows


def _at_budget(runs: Sequence[Run], read: Read, budget: float, value: Read) -> dict[int, float]:
    """Seed -> value at the budget, averaged over rounds; seeds without a value are left out."""
    found: dict[int, list[float]] = {}
    for run in runs:
        at = interpolated([read(point) or 0.0 for point in run.curve], [value(p) for p in run.curve], budget)
        if at is not None and math.isfinite(at):
            found.setdefault(run.seed, []).append(at)
    return {seed: math.fsum(values) / len(values) for seed, values in found.items()}


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
