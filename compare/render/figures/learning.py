"""Learning curves: of each cell the mean and the range over its runs, and which of them lie on each other."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from compare.cell_names import FACTORS, Key
from compare.plural import counted
from compare.render.figures.series import Row, level
from compare.render.figures.style import plain
from compare.rows import by_cell

Array = NDArray[np.float64]
LOSS, TEST_LOSS, ACCURACY = "train_loss", "test_loss", "test_accuracy"
ABSCISSAE = ("epoch", "updates", "seconds")
QUANTITIES = (LOSS, TEST_LOSS, ACCURACY)
UNIMPORTANT = ("implementation", "dtype", "threads")
"""Factors that ought not to change what is learnt: curves that differ in nothing else may coincide."""
ALIKE = 0.01
"""Curves nearer to each other than this part of the panel's height are one curve to the eye."""


@dataclass(frozen=True)
class Curve:
    """One quantity of a cell over its seeds: x and the mean, least and greatest value there."""

    x: Array
    mean: Array
    low: Array
    high: Array


@dataclass(frozen=True)
class Contestant:
    """The curves of one cell, by quantity.

    Args:
        key: the cell; curves: of the runs that ended well or, where none did, of those that diverged.
        seeds: how many are in them.
        diverged: whether they are of runs that diverged.
        bad: how many runs did not end well, in words; "" for none.
    """

    key: Key
    curves: Mapping[str, Curve]
    seeds: int
    diverged: bool
    bad: str


class _Learnt(NamedTuple):
    """What is held of a run: the numbers of its curve, where that has two points."""

    seed: int
    well: bool
    curve: Mapping[str, Array] | None


def _learnt(run: Row) -> _Learnt:
    curve = None
    if len(run["curve"]) > 1:
        keys = (*ABSCISSAE, *QUANTITIES)
        curve = {key: np.array([point[key] for point in run["curve"]], float) for key in keys}
    return _Learnt(run["seed"], run["status"] == "ok", curve)


def contestants(runs: Collection[Row]) -> dict[str, list[Contestant]]:
    """Return, for each of the `ABSCISSAE`, the cells that have curves against it.

    They are over the runs that ended well or, without any, over the diverged ones.
    """
    found: dict[str, list[Contestant]] = {x: [] for x in ABSCISSAE}
    for key, of_cell in by_cell(runs):
        learnt = [*map(_learnt, of_cell)]
        bad = sum(not each.well for each in learnt)
        with_curves = [each for each in learnt if each.curve is not None]
        used = [each for each in with_curves if each.well] or with_curves
        name = plain(level(key, "implementation"), 24)
        told = f"{name}: {bad} of {counted(len(learnt), 'run')} failed or diverged" if bad else ""
        seeds = len({each.seed for each in used})
        for x, of_x in found.items():
            series = [each.curve for each in used if each.curve is not None]
            curves = {name: curve for name in QUANTITIES if (curve := curve_of(series, x, name)) is not None}
            if LOSS in curves:
                of_x.append(Contestant(key, curves, seeds, not used[0].well, told))
    return found


def curve_of(runs: Iterable[Mapping[str, Array]], x: str, quantity: str) -> Curve | None:
    """Return mean and range over runs, on the mean of their abscissae; None where fewer than two points are.

    Runs of one length have their points at the same epochs, and each point is averaged. Where the budget is
    a number of seconds they have not: then each run is interpolated, up to where every run went.
    """
    series = []
    for run in runs:
        there = ~np.isnan(run[quantity])
        if there.sum() > 1:
            series.append((run["epoch"][there], run[x][there], run[quantity][there]))
    if not series:
        return None
    if all(np.array_equal(epochs, series[0][0]) for epochs, _, _ in series):
        grid = np.mean([xs for _, xs, _ in series], axis=0)
        values = np.array([ys for _, _, ys in series])
    else:
        end = min(float(xs[-1]) for _, xs, _ in series)
        grid = np.linspace(0.0, end, 101)
        values = np.array([np.interp(grid, xs, ys) for _, xs, ys in series])
    values *= 100.0 if quantity == ACCURACY else 1.0
    return Curve(grid, values.mean(axis=0), values.min(axis=0), values.max(axis=0))


def alike(found: Sequence[Contestant], objective: str) -> list[list[Contestant]]:
    """Return the contestants of an objective, those together whose curves are one to the eye."""
    ours = [one for one in found if level(one.key, "objective") == objective]
    groups: list[list[Contestant]] = []
    ranges = {name: _range([one.curves[name] for one in ours if name in one.curves]) for name in QUANTITIES}
    for one in ours:
        mates = (group for group in groups if _coincide(group[0], one, ranges))
        group = next(mates, None)
        groups.append([one]) if group is None else group.append(one)
    return groups


def _range(curves: Sequence[Curve]) -> float:
    return max((float(np.ptp(np.concatenate([curve.mean for curve in curves])))), 1e-300) if curves else 1.0


def _coincide(first: Contestant, second: Contestant, ranges: Mapping[str, float]) -> bool:
    matter = [at for at, factor in enumerate(FACTORS) if factor not in UNIMPORTANT]
    if any(first.key[at] != second.key[at] for at in matter) or first.curves.keys() != second.curves.keys():
        return False
    for name, curve in first.curves.items():
        other = second.curves[name]
        if curve.x.shape != other.x.shape or not np.allclose(curve.x, other.x, rtol=0.01):
            return False
        if np.abs(curve.mean - other.mean).max() > ALIKE * ranges[name]:
            return False
    return True
