"""Loss and accuracy against epochs, updates and seconds of training, with bands over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.cell_names import FACTORS, level_text
from compare.plural import counted
from compare.render.figures.learning import ACCURACY, LOSS, TEST_LOSS, Contestant, alike, contestants
from compare.render.figures.series import level
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
from compare.rows import once

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

AXES = {
    "epochs": ("epoch", "epochs"),
    "updates": ("updates", "updates of the weights"),
    "seconds": ("seconds", "seconds of training (evaluation excluded)"),
}
LABELS = {
    LOSS: "training loss (mean over samples)",
    TEST_LOSS: "test loss (mean over samples)",
    ACCURACY: "test accuracy, %",
}
MOST_OBJECTIVES, MOST_CURVES = 4, 24


def has_curves(document: Document) -> bool:
    """Whether any run has two points to draw a line between."""
    return any(len(run["curve"]) > 1 for run in document["runs"])


def draw_curves(document: Document, against: str) -> Figure | None:
    """Return the figure: a row an objective, the loss at the left and the accuracy at the right."""
    found = once(contestants, document["runs"])[AXES[against][0]]
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
