"""Time an epoch of every contestant: each block, each process's median, the interval, and the ratios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from compare.cell_names import Key, key_of, names_of
from compare.plural import counted
from compare.render.figures.series import Row, level
from compare.render.figures.style import (
    ALARM,
    FAINT,
    INK,
    legend_below,
    logarithmic,
    look,
    new_figure,
    plain,
    spans,
    unit_of,
)
from compare.render.method import is_counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

MOST_ROWS, MOST_POINTS = 48, 60
"""Cells that are drawn, and blocks of each that are."""


def has_times(document: Document) -> bool:
    """Whether any cell has a time."""
    return any(row["seconds_per_epoch"] is not None for row in document["summary"])


def draw_times(document: Document) -> Figure:
    """Return the figure: a line a contestant, its time at the left and its time ratio at the right."""
    rows = [row for row in document["summary"] if row["seconds_per_epoch"] is not None][:MOST_ROWS]
    keys = [key_of(row) for row in rows]
    processes = blocks_of(document)
    everything = [value for key in keys for of_process in processes.get(key, []) for value in of_process]
    everything += [row["seconds_per_epoch"] for row in rows]
    unit, scale = unit_of(everything)
    has_ratios = any(row["time_ratio_low"] is not None for row in rows)
    figure = new_figure(0.9 + 0.34 * len(rows))
    panels = figure.subplots(1, 2 if has_ratios else 1, sharey=True, squeeze=False)[0]
    names = list(dict.fromkeys(level(key, "implementation") for key in keys))
    for y, (row, key) in enumerate(zip(rows, keys, strict=True)):
        mark = look(names.index(level(key, "implementation")))
        draw_samples(panels[0], y, processes.get(key, []), scale, mark["color"])
        for axes, name, by in zip(panels, ("seconds_per_epoch", "time_ratio"), (scale, 1.0), strict=False):
            draw_interval(axes, y, row, name, by, mark)
    finish_times(panels[0], unit, [scale * value for value in everything])
    if has_ratios:
        finish_ratios(panels[1], document, [row["time_ratio"] for row in rows if row["time_ratio"]])
    label_rows(panels, rows, names_of([key_of(row) for row in document["summary"]]))
    legend(figure, panels[0], any(processes.values()), document)
    return figure


def blocks_of(document: Document) -> dict[Key, list[list[float]]]:
    """Return the seconds an epoch of every block of the contestants, by cell and process."""
    found: dict[Key, list[list[float]]] = {}
    for timing in document.get("timings", ()):
        if is_counted(timing) and not timing["again"]:
            per_epoch = timing["updates_per_epoch"]
            seconds = [block[1] / block[0] * per_epoch for block in timing["blocks"]]
            found.setdefault(key_of(timing), []).append(seconds)
    return found


def draw_samples(axes: Axes, y: int, processes: Sequence[Sequence[float]], scale: float, colour: str) -> None:
    """Draw the blocks, faint, and above them the processes' medians; of very many blocks every k-th."""
    blocks = [scale * value for of_process in processes for value in of_process]
    some = blocks[:: max(1, -(-len(blocks) // MOST_POINTS))]
    axes.plot(some, [y + 0.22] * len(some), "|", color=colour, alpha=0.55, markersize=5, zorder=1)
    medians = [scale * median(of_process) for of_process in processes][:MOST_POINTS]
    axes.plot(medians, [y + 0.22] * len(medians), ".", color=INK, markersize=4, zorder=2)


def draw_interval(axes: Axes, y: int, row: Row, name: str, scale: float, mark: dict[str, Any]) -> None:
    """Draw a value and its 95% interval; a cell that is flagged is hollow."""
    point, low, high = (row[name + end] for end in ("", "_low", "_high"))
    colour = mark["color"]
    if point is None:
        return
    if low is not None and high is not None:
        axes.plot([scale * low, scale * high], [y, y], "-", color=colour, linewidth=2.2, zorder=3)
        axes.plot([scale * low, scale * high], [y, y], "|", color=colour, markersize=7, zorder=3)
    filled = "white" if row["flags"] else colour
    axes.plot([scale * point], [y], markerfacecolor=filled, markersize=6.5, zorder=4, **mark)


def finish_times(axes: Axes, unit: str, values: Sequence[float]) -> None:
    """Label the axis of the times."""
    axes.set_xlabel(f"time an epoch, {unit}")
    if spans(values, 8.0):
        logarithmic(axes, "x")
    else:
        axes.set_xlim(0, max(axes.get_xlim()[1], 1.1 * max(values)))


def finish_ratios(axes: Axes, document: Document, ratios: Sequence[float]) -> None:
    """Label the axis of the ratios; mark 1, and what the null test cannot tell from 1."""
    axes.set_xlabel(f"time / time of {plain(document['reference'], 20)}\n(below 1: faster)")
    axes.axvline(1.0, color=INK, linewidth=1)
    null = document.get("null_test")
    if null:
        axes.axvspan(1 / null["ratio_95"], null["ratio_95"], color=FAINT, alpha=0.25, linewidth=0)
    if spans([*ratios, 1.0], 3.0):
        logarithmic(axes, "x")
        low, high = axes.get_xlim()
        axes.set_xlim(min(low, 0.9), max(high, 1.2))
    elif ratios:
        axes.set_xlim(0, max(1.2, 1.1 * max(ratios)))


def label_rows(panels: Sequence[Axes], rows: Sequence[Row], names: Mapping[Key, str]) -> None:
    """Name the contestants from top to bottom, and tell their flags."""
    panels[0].set_yticks(range(len(rows)), [plain(names[key_of(row)]) for row in rows])
    panels[0].set_ylim(len(rows) - 0.4, -0.6)
    for axes in panels:
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        for y in range(1, len(rows)):
            if rows[y]["batch_size"] != rows[y - 1]["batch_size"]:
                axes.axhline(y - 0.42, color="#DDDDDD", linewidth=0.8)
    for y, row in enumerate(rows):
        if row["flags"]:
            panels[-1].annotate(
                plain(row["flags"]),
                (1, y),
                (3, 0),
                xycoords=("axes fraction", "data"),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=ALARM,
            )


def legend(figure: Figure, axes: Axes, has_blocks: bool, document: Document) -> None:
    """Tell what the marks mean."""
    line: dict[str, Any] = {"color": INK, "linestyle": "none"}
    marks: dict[str, Any] = {
        "median, 95% interval over processes": axes.plot([], [], color=INK, marker="o")[0]
    }
    if has_blocks:
        marks |= {
            "block": axes.plot([], [], marker="|", **line)[0],
            "median of a process": axes.plot([], [], marker=".", **line)[0],
        }
    if any(row["flags"] for row in document["summary"]):
        hollow = axes.plot([], [], marker="o", markerfacecolor="white", **line)[0]
        marks["flagged: read with care"] = hollow
    if document.get("null_test"):
        marks["not told from 1 (null test)"] = axes.fill_between([], [], [], color=FAINT, alpha=0.25)
    legend_below(figure, list(marks.values()), list(marks))


def caption(document: Document) -> str:
    """Return what the figure shows."""
    count = len({timing["process"] for timing in document.get("timings", ())})
    if not count:
        return "Time an epoch of each contestant, from the runs: median and 95% interval over seeds."
    processes = counted(count, "process")
    return (
        "Time an epoch of each contestant, with shuffling and gathering, without evaluation: every block in "
        f"{processes}, the median of each process, the median of all blocks with its 95% interval over "
        f"processes, and the ratio to {document['reference']} in the same round."
    )
