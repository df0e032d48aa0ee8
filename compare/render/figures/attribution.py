"""How much each factor made of the whole difference, as a waterfall: times multiply, accuracies add."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compare.analysis.attribution import is_shown
from compare.analysis.digits import signed_points
from compare.render.attribution_sentences import NOT_SHOWN, attribution_sentences, factor_name
from compare.render.figures.series import Row
from compare.render.figures.style import COLOURS, HATCHES, INK, logarithmic, new_figure, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

TIME, ACCURACY = "seconds_per_epoch", "test_accuracy"


def has_attribution(document: Document) -> bool:
    """Whether a difference was split."""
    return bool(document["attribution"])


def draw_attribution(document: Document) -> Figure:
    """Return the figure: a panel for time and one for accuracy, of those that were split."""
    rows = document["attribution"]
    outcomes = list(dict.fromkeys(row["outcome"] for row in rows))
    most = max(sum(row["outcome"] == outcome for row in rows) for outcome in outcomes)
    figure = new_figure(0.8 + len(outcomes) * (1.0 + 0.4 * most))
    panels = figure.subplots(len(outcomes), 1, squeeze=False)[:, 0]
    for axes, outcome in zip(panels, outcomes, strict=True):
        draw_waterfall(axes, [row for row in rows if row["outcome"] == outcome], outcome == TIME)
    return figure


def draw_waterfall(axes: Axes, rows: Sequence[Row], is_time: bool) -> None:
    """Draw the steps from the lower end to the higher, each from where the one before it stopped."""
    sign = -1 if rows[0]["total"] < 0 else 1
    position = math.exp if is_time else lambda value: 100 * value
    level, labels = 0.0, []
    edges = [position(0.0), position(abs(rows[0]["total"]))]
    for y, row in enumerate(rows):
        step = sign * row["contribution"]
        ends = sorted(position(value) for value in (level, level + step))
        known = row["low"] is not None
        bounds = sorted(level + sign * row[end] for end in ("low", "high")) if known else [level + step] * 2
        nothing_shown = is_shown(row) is False
        colour = COLOURS[0] if step >= 0 else COLOURS[1]
        axes.barh(
            y,
            ends[1] - ends[0],
            left=ends[0],
            height=0.6,
            color="white" if nothing_shown else colour,
            edgecolor=colour,
            hatch=HATCHES[1] if step < 0 or nothing_shown else "",
            zorder=2,
        )
        whiskers = [position(value) for value in bounds]
        if known:
            axes.plot(whiskers, [y, y], "-|", color=INK, linewidth=1, markersize=6, zorder=3)
        axes.annotate(
            amount(step, is_time) + (f" ({NOT_SHOWN})" if nothing_shown else ""),
            (max(*ends, *whiskers), y),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
        )
        edges += [*ends, *whiskers]
        level += step
        axes.plot([position(level)] * 2, [y - 0.3, y + 1.3], ":", color=INK, linewidth=0.9, zorder=1)
        labels.append(_step(row, sign))
    axes.barh(
        len(rows), position(level) - position(0.0), left=position(0.0), height=0.6, color="#6E6E6E", zorder=2
    )
    axes.annotate(
        amount(level, is_time), (position(level), len(rows)), (5, 0), textcoords="offset points", va="center"
    )
    axes.set_yticks(range(len(rows) + 1), [*labels, "together"])
    axes.set_ylim(len(rows) + 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    finish(axes, rows, is_time, edges)


def finish(axes: Axes, rows: Sequence[Row], is_time: bool, edges: Sequence[float]) -> None:
    """Label the axis, and leave room at the right for the amounts."""
    start = ", ".join(plain(row["from" if rows[0]["total"] >= 0 else "to"], 24) for row in rows)
    low, high = min(edges), max(edges)
    if is_time:
        reach = max(math.log(high / low), 0.05)
        axes.set_xlim(low / math.exp(0.04 * reach), high * math.exp(0.45 * reach))
        logarithmic(axes, "x")
        axes.set_xlabel(f"time an epoch, multiple of that of {start}")
    else:
        reach = max(high - low, 0.1)
        axes.set_xlim(low - 0.04 * reach, high + 0.6 * reach)
        axes.set_xlabel(f"test accuracy, points above that of {start}")
    axes.axvline(1.0 if is_time else 0.0, color=INK, linewidth=0.8)


def amount(value: float, is_time: bool) -> str:
    """Return "×4.0" or "+24.3 points"."""
    if is_time:
        return f"×{math.exp(value):.3g}"
    return f"{signed_points(100 * value)} points"


def _step(row: Row, sign: int) -> str:
    name = factor_name(row)
    ends = [plain(row[end], 24) for end in ("from", "to")][::sign]
    return f"{name}\n{ends[0]} → {ends[1]}"


def caption(document: Document) -> str:
    """Return the split in words."""
    rows = document["attribution"]
    split = " ".join(attribution_sentences(rows))
    return (
        "The whole difference between the two ends of the grid, split among its factors (Shapley values, 95% "
        f"intervals as whiskers); factors of time multiply, points of accuracy add. {split}"
    )
