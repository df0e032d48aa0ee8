"""Loss and accuracy against epochs, updates and seconds of training, with bands over seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from compare.cell_names import FACTORS, Key, level_text
from compare.render.figures.series import Row, grouped, level
from compare.render.figures.style import (
    ALARM,
    COLOURS,
    DASHES,
    FAINT,
    INK,
    legend_below,
    logarithmic,
    look,
    new_figure,
    plain,
    spans,
)
from compare.render.text import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]
Array = NDArray[np.float64]

AXES = {
    "epochs": ("epoch", "epochs"),
    "updates": ("updates", "updates of the weights"),
    "seconds": ("seconds", "seconds of training (evaluation excluded)"),
}
LOSS, TEST_LOSS, ACCURACY = "train_loss", "test_loss", "test_accuracy"
LABELS = {
    LOSS: "training loss (mean over samples)",
    TEST_LOSS: "test loss (mean over samples)",
    ACCURACY: "test accuracy, %",
}
MOST_OBJECTIVES, MOST_CURVES = 4, 24
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


def has_curves(document: Document) -> bool:
    """Whether any run has two points to draw a line between."""
    return any(len(run["curve"]) > 1 for run in document["runs"])


def draw_curves(document: Document, against: str) -> Figure | None:
    """Return the figure: a row an objective, the loss at the left and the accuracy at the right."""
    found = list(contestants(document["runs"], AXES[against][0]))
    objectives = list(dict.fromkeys(level(one.key, "objective") for one in found))
    quantities = [LOSS, ACCURACY if any(ACCURACY in one.curves for one in found) else TEST_LOSS]
    shown = objectives[:MOST_OBJECTIVES]
    clusters = [group for objective in shown for group in alike(found, objective)]
    if not clusters:
        return None
    drawn = clusters[:MOST_CURVES]
    figure = new_figure(0.4 + 2.8 * len(shown))
    panels = figure.subplots(len(shown), 2, squeeze=False)
    over_decades = spans([float(group[0].curves[LOSS].x[-1]) for group in drawn], 5.0)
    marks: dict[str, Any] = {}
    for row, objective in zip(panels, shown, strict=True):
        for axes, quantity in zip(row, quantities, strict=True):
            for group in drawn:
                if level(group[0].key, "objective") == objective:
                    label = called(group, found)
                    at = list(marks).index(label) if label in marks else len(marks)
                    marks.setdefault(label, draw_group(axes, group, quantity, at, over_decades))
            finish(axes, quantity, against, objective if len(shown) > 1 else "", over_decades)
            if quantity == ACCURACY:
                draw_target(axes, document["experiment"].get("training", {}).get("target"))
    left_out = len(clusters) > MOST_CURVES or len(objectives) > MOST_OBJECTIVES
    legend_below(figure, list(marks.values()), list(marks), told(drawn, left_out))
    return figure


def contestants(runs: Sequence[Row], x: str) -> Iterator[Contestant]:
    """Yield the cells that have curves, over the runs that ended well or, without any, the diverged ones."""
    for key, of_cell in grouped(runs).items():
        with_curves = [run for run in of_cell if len(run["curve"]) > 1]
        used = [run for run in with_curves if run["status"] == "ok"] or with_curves
        found = {name: curve_of(used, x, name) for name in LABELS}
        curves = {name: curve for name, curve in found.items() if curve is not None}
        bad = sum(run["status"] != "ok" for run in of_cell)
        if LOSS in curves:
            name = plain(level(key, "implementation"), 24)
            told = f"{name}: {bad} of {counted(len(of_cell), 'run')} failed or diverged" if bad else ""
            seeds = len({run["seed"] for run in used})
            yield Contestant(key, curves, seeds, used[0]["status"] != "ok", told)


def curve_of(runs: Sequence[Row], x: str, quantity: str) -> Curve | None:
    """Return mean and range over runs, on the mean of their abscissae; None where fewer than two points are.

    Runs of one length have their points at the same epochs, and each point is averaged. Where the budget is
    a number of seconds they have not: then each run is interpolated, up to where every run went.
    """
    series = []
    for run in runs:
        points = [
            (point["epoch"], point[x], point[quantity])
            for point in run["curve"]
            if point[quantity] is not None
        ]
        if len(points) > 1:
            series.append(np.array(points, dtype=float).T)
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
    ranges = {name: _range([one.curves[name] for one in ours if name in one.curves]) for name in LABELS}
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


def called(group: Sequence[Contestant], found: Sequence[Contestant]) -> str:
    """Return what the legend calls a group: "numpy = torch, batch 32", of the factors those that vary."""
    parts = []
    for at, factor in enumerate(FACTORS):
        levels = list(dict.fromkeys(one.key[at] for one in group))
        if factor == "objective" or (at and all(one.key[at] == found[0].key[at] for one in found)):
            continue
        texts = [plain(level_text(factor, value), 24) for value in levels]
        more = [f"{len(texts) - 3} more"] if len(texts) > 4 else []
        parts.append(" = ".join([*(texts[:3] if more else texts), *more]))
    bad = next((one.bad for one in group if one.bad), "")
    return plain(", ".join(parts), 64) + (f" ({bad})" if bad else "")


def draw_group(axes: Axes, group: Sequence[Contestant], quantity: str, at: int, over_decades: bool) -> Any:
    """Draw a group's first curve with its band, the second dashed over it; return the legend's mark.

    On a logarithmic axis the curve begins after 0.
    """
    mark = look(at)
    if quantity not in group[0].curves:
        return axes.plot([], [], **mark)[0]
    first, since = group[0].curves[quantity], int(over_decades)
    x, every = first.x[since:], max(1, len(first.x) // 6)
    (line,) = axes.plot(
        x,
        first.mean[since:],
        linestyle=DASHES[at // len(COLOURS) % len(DASHES)],
        linewidth=2.6 if len(group) > 1 else 1.6,
        markevery=(at * max(1, every // 4) % every, every),
        **mark,
    )
    axes.fill_between(x, first.low[since:], first.high[since:], color=mark["color"], alpha=0.18, linewidth=0)
    if group[0].diverged:
        axes.plot(x[-1:], first.mean[-1:], "x", color=ALARM, markersize=8, markeredgewidth=1.8)
    if len(group) == 1:
        return line
    other = group[1].curves[quantity]
    over = axes.plot(other.x[since:], other.mean[since:], color=INK, linestyle=(0, (3, 3)), linewidth=0.9)
    return line, over[0]


def finish(axes: Axes, quantity: str, against: str, title: str, over_decades: bool) -> None:
    """Label the panel, with units, and choose its scales."""
    axes.set_xlabel(AXES[against][1])
    axes.set_ylabel(LABELS[quantity])
    if title:
        axes.set_title(plain(title))
    if over_decades:
        logarithmic(axes, "x")
    else:
        axes.set_xlim(left=0)
        axes.locator_params(axis="x", integer=against != "seconds")
    values = [float(value) for line in axes.get_lines() for value in np.asarray(line.get_ydata())]
    if quantity != ACCURACY and spans(values, 10.0):
        logarithmic(axes, "y")


def draw_target(axes: Axes, target: float | None) -> None:
    """Draw the accuracy that is aimed at."""
    if not target:
        return
    axes.axhline(100 * target, color=FAINT, linewidth=1, linestyle=(0, (4, 3)), zorder=0)
    axes.annotate(
        f"target {100 * target:g}%",
        (0, 100 * target),
        (2, 2),
        xycoords=("axes fraction", "data"),
        textcoords="offset points",
        fontsize=7.5,
        color="#4D4D4D",
        bbox={"boxstyle": "square,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75},
    )


def told(drawn: Sequence[Sequence[Contestant]], left_out: bool) -> str:
    """Say what line and band are, and what is not drawn."""
    seeds = max(one.seeds for group in drawn for one in group)
    band = f"line: mean over {counted(seeds, 'seed')}; band: smallest to largest seed"
    parts = [band if seeds > 1 else "one seed, so there is no band"]
    if any(len(group) > 1 for group in drawn):
        parts.append("a = b, solid with dashes: both curves lie on each other")
    if left_out:
        parts.append(f"only the first {len(drawn)} curves are drawn")
    return "; ".join(parts)


def caption(document: Document, against: str) -> str:
    """Return what the figure shows, in a sentence or two."""
    seeds = len({run["seed"] for run in document["runs"]})
    band = f"lines are means over {counted(seeds, 'seed')}, bands reach from the smallest to the largest"
    x = {"epochs": "epochs", "updates": "updates of the weights", "seconds": "seconds of training alone"}
    over = "a single seed" if seeds == 1 else band
    return f"Loss and accuracy against {x[against]}; {over}. Curves that lie on each other share an entry."
