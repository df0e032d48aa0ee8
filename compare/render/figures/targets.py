"""Updates and seconds to the target against the batch size, and where the noise scale predicts the bend."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING, Any

from compare.cell_names import Key, names_of
from compare.render.figures.series import Row, grouped
from compare.render.figures.style import (
    DASHES,
    FAINT,
    INK,
    PAPER,
    legend_below,
    logarithmic,
    look,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

MOST_SERIES = 24
PANELS = {"updates_to_target": "updates to the target", "seconds_to_target": "training time to the target, s"}
DODGE = 1.035
"""Factor by which the contestants stand beside each other, so that equal ones are all seen."""
STRIP = 0.2
"""The share of a panel, at its top, for those who did not get to the target: no value belongs to them."""
MARKED, COUNTED = 1 - 0.74 * STRIP, (1 - 0.18 * STRIP, 1 - 0.44 * STRIP)
"""Where in a panel's height the triangles of that strip stand, and the numbers above them, in two lines."""
CROWDED = 0.12
"""Batch sizes closer than this share of their range are named on different lines."""
BESIDE, ROOM = 0.1, 0.5
"""Inches from one such triangle to the next at the same batch size, and at most of all together."""


def has_targets(document: Document) -> bool:
    """Whether there are two batch sizes or more, with a target that was reached at one of them."""
    rows = document.get("sweep", ())
    reached = any(row["updates_to_target"] is not None for row in rows)
    return reached and len({row["batch_size"] for row in rows}) > 1


def draw_targets(document: Document) -> Figure:
    """Return the figure: updates at the left, seconds at the right, a line a contestant."""
    rows = document["sweep"]
    series: dict[Key, list[Row]] = grouped([{**row, "batch_size": None} | {"row": row} for row in rows])
    names = names_of(list(series), without=("batch_size",))
    figure = new_figure(3.2)
    panels = figure.subplots(1, 2)
    marks: dict[str, Any] = {}
    for axes, (quantity, label) in zip(panels, PANELS.items(), strict=True):
        for at, key in enumerate(list(series)[:MOST_SERIES]):
            of_key = sorted((entry["row"] for entry in series[key]), key=lambda row: row["rows_per_batch"])
            middle = at - (min(len(series), MOST_SERIES) - 1) / 2
            mark = draw_series(axes, of_key, quantity, at, DODGE**middle)
            marks.setdefault(plain(names[key], 60), mark)
        finish(axes, rows, quantity, label)
        draw_missing(
            axes, [[entry["row"] for entry in series[key]] for key in list(series)[:MOST_SERIES]], quantity
        )
        draw_noise_scale(axes, document, marks)
    if any(row[quantity] is None for row in rows for quantity in PANELS):
        hollow = panels[0].plot([], [], "^", color=INK, markerfacecolor="white")[0]
        marks["not reached by half of the runs (how many did)"] = hollow
    legend_below(figure, list(marks.values()), list(marks), spread_told(rows))
    return figure


def draw_series(axes: Axes, rows: Sequence[Row], quantity: str, at: int, dodge: float) -> Any:
    """Draw one contestant's points and their intervals, the line broken where one is missing."""
    mark = look(at)
    x = [dodge * row["rows_per_batch"] for row in rows]
    y = [math.nan if row[quantity] is None else row[quantity] for row in rows]
    (line,) = axes.plot(x, y, linestyle=DASHES[at % len(DASHES)], linewidth=1.3, **mark)
    for place, row in zip(x, rows, strict=True):
        low, high = row.get(f"{quantity}_low"), row.get(f"{quantity}_high")
        if row[quantity] is not None and low is not None and high is not None:
            axes.plot([place, place], [low, high], "-_", color=mark["color"], linewidth=1.2, markersize=6)
    return line


def finish(axes: Axes, rows: Sequence[Row], quantity: str, label: str) -> None:
    """Label the axes, and set the batch sizes as ticks."""
    values = [
        value
        for row in rows
        for value in (row.get(quantity), row.get(f"{quantity}_low"), row.get(f"{quantity}_high"))
        if value
    ]
    if values:
        axes.set_ylim(min(values) / 1.5, max(values) * 1.5)
        logarithmic(axes, "y")
    else:
        axes.set_yticks([])
    sizes = {row["rows_per_batch"]: row["batch_size"] for row in rows}
    axes.set_xlim(min(sizes) / 1.6, max(sizes) * 1.6)
    axes.set_xscale("log")
    low = crowded(sizes)
    names = [f"full\n({rows})" if size == "full" else str(rows) for rows, size in sizes.items()]
    axes.set_xticks(
        list(sizes), ["\n" * (rows in low) + name for rows, name in zip(sizes, names, strict=True)]
    )
    axes.set_xticks([], minor=True)
    axes.set_xlabel("batch size, rows")
    axes.set_ylabel(label)


def crowded(sizes: Iterable[int]) -> set[int]:
    """Return the batch sizes that are too close to the one before them to be named beside it."""
    places = sorted(set(sizes))
    span = math.log(places[-1] / places[0])
    found: set[int] = set()
    for before, size in pairwise(places):
        if before not in found and math.log(size / before) < CROWDED * span:
            found.add(size)
    return found


def draw_missing(axes: Axes, series: Sequence[Sequence[Row]], quantity: str) -> None:
    """Draw who did not get to the target, and how many runs did, in a strip above the end of the axis."""
    from matplotlib.transforms import ScaledTranslation

    missing: dict[int, list[tuple[int, str]]] = {}
    for at, rows in enumerate(series):
        for row in rows:
            if row[quantity] is None:
                missing.setdefault(row["rows_per_batch"], []).append((at, str(row["target_reached"])))
    if not missing:
        return
    end_axis_below_strip(axes)
    inches = axes.figure.dpi_scale_trans
    across = axes.get_xaxis_transform()
    style: dict[str, Any] = {"markerfacecolor": "white", "zorder": 3, "clip_on": False}
    low = crowded(row["rows_per_batch"] for rows in series for row in rows)
    for place, found in missing.items():
        step = min(BESIDE, ROOM / len(found))
        for turn, (at, _) in enumerate(found):
            aside = across + ScaledTranslation(step * (turn - (len(found) - 1) / 2), 0, inches)
            axes.plot([place], [MARKED], "^", color=look(at)["color"], transform=aside, **style)
        reached = sorted({count for _, count in found}, key=lambda count: (len(count), count))
        text = reached[0] if len(reached) == 1 else f"{reached[0].partition(' ')[0]}–{reached[-1]}"
        height = COUNTED[place in low]
        axes.text(place, height, plain(text, 24), transform=across, ha="center", va="center", fontsize=7.5)
    beside: dict[str, Any] = {"ha": "right", "va": "center", "fontsize": 8.5}
    axes.text(-0.02, 1 - STRIP / 2, "not\nreached", transform=axes.transAxes, **beside)


def end_axis_below_strip(axes: Axes) -> None:
    """Make room above the values, without ticks, numbers or an axis' line, and shade it."""
    low, high = axes.get_ylim()
    ticks = {minor: axes.yaxis.get_ticklocs(minor=minor) for minor in (False, True)}
    share = 1 / (1 - STRIP)
    is_log = axes.get_yscale() == "log"
    top = low * (high / low) ** share if is_log else low + (high - low) * share
    axes.set_ylim(low, top)
    for minor, places in ticks.items():
        axes.set_yticks([place for place in places if low <= place <= high], minor=minor)
    axes.spines["left"].set_bounds(low, high)
    axes.yaxis.label.set_y((1 - STRIP) / 2)
    axes.axhspan(high, top, facecolor=PAPER, linewidth=0, zorder=0.5)


def draw_noise_scale(axes: Axes, document: Document, marks: dict[str, Any]) -> None:
    """Draw the batch size that the noise scale predicts: the median over seeds, and their range."""
    found: dict[tuple[str, str], list[float]] = {}
    for entry in document.get("noise_scale", ()):
        if entry["predicted_batch_size"]:
            key = entry["objective"], entry["optimizer"]
            found.setdefault(key, []).append(entry["predicted_batch_size"])
    for at, (key, sizes) in enumerate(found.items()):
        dash = DASHES[(at + 1) % len(DASHES)]
        line = axes.axvline(median(sizes), color=INK, linewidth=1.2, linestyle=dash, zorder=0)
        if len(sizes) > 1:
            axes.axvspan(min(sizes), max(sizes), color=FAINT, alpha=0.2, linewidth=0, zorder=0)
        of = f" ({', '.join(key)})" if len(found) > 1 else ""
        marks.setdefault(plain(f"noise scale predicts {median(sizes):.3g}{of}", 64), line)
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, min(sizes) / 1.6), max(high, max(sizes) * 1.6))


def spread_told(rows: Sequence[Row]) -> str:
    """Say what points and bars are."""
    runs = {int(found[1]) for row in rows if (found := re.search(r"of (\d+)$", str(row["target_reached"])))}
    over = f"{max(runs)} runs" if runs and max(runs) > 1 else "one run, so there are no intervals"
    return f"median over {over}; bars: 95% intervals where there are any"


def caption(document: Document) -> str:
    """Return what the figure shows."""
    target = document["experiment"].get("training", {}).get("target")
    goal = f"{100 * target:g}% test accuracy" if target else "the target"
    noise = " The vertical line is the batch size that the gradient noise scale predicts." * bool(
        document.get("noise_scale")
    )
    return (
        f"Updates and seconds of training until {goal}, against the batch size, both on logarithmic axes; "
        "open triangles in the strip at the top stand for batch sizes at which half of the runs or more did "
        f"not get there: they have no value, only the number of runs that did.{noise}"
    )
