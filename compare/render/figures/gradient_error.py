"""The error of every tensor beside its tolerance: the proof of parity as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compare.render.figures.series import Row
from compare.render.figures.style import (
    ALARM,
    COLOURS,
    INK,
    MARKERS,
    legend_below,
    logarithmic,
    new_figure,
    plain,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

MOST_PANELS, MOST_TENSORS = 8, 60
HEADROOM = 3.0


def has_errors(document: Document) -> bool:
    """Whether any tensor was compared."""
    return bool(document["parity"]["tensors"])


def draw_errors(document: Document) -> Figure:
    """Return the figure: a panel an objective and dtype, a column a tensor, errors below their tolerance."""
    panels: dict[tuple[str, str], list[Row]] = {}
    for row in document["parity"]["tensors"]:
        panels.setdefault((row["objective"], row["dtype"]), []).append(row)
    shown = dict(list(panels.items())[:MOST_PANELS])
    dtypes = list(dict.fromkeys(dtype for _, dtype in shown))
    objectives = list(dict.fromkeys(objective for objective, _ in shown))
    series = list(dict.fromkeys(_series(row) for rows in shown.values() for row in rows))
    figure = new_figure(0.3 + 2.5 * len(objectives))
    grid = figure.subplots(len(objectives), len(dtypes), squeeze=False)
    for axes, (objective, dtype) in zip(
        grid.flat, [(objective, dtype) for objective in objectives for dtype in dtypes], strict=True
    ):
        if (objective, dtype) in shown:
            draw_panel(axes, shown[objective, dtype], series)
            axes.set_title(f"{plain(objective, 32)}, {plain(dtype)}")
        else:
            axes.set_axis_off()
    legend(figure, grid.flat[0], series, any(not row["passed"] for row in document["parity"]["tensors"]))
    return figure


def draw_panel(axes: Axes, rows: Sequence[Row], series: Sequence[str]) -> None:
    """Draw the errors of one objective and dtype; an error of exactly 0 stands at the foot, hollow."""
    tensors = list(dict.fromkeys(row["tensor"] for row in rows))[:MOST_TENSORS]
    rows = [row for row in rows if row["tensor"] in tensors]
    floor = foot_of(rows)
    ceiling = max(row[key] or floor for row in rows for key in ("tolerance", "relative_error"))
    marks: dict[tuple[int, str], list[tuple[float, float]]] = {}
    for row in rows:
        at, error = series.index(_series(row)), row["relative_error"]
        x = tensors.index(row["tensor"]) + (at - (len(series) - 1) / 2) * min(0.18, 0.7 / len(series))
        y = ceiling * HEADROOM if error is None else max(error, floor)
        kind = "no number" if error is None else "zero" if error == 0 else "error"
        marks.setdefault((at, kind), []).append((x, y))
        if row["tolerance"]:
            marks.setdefault((0, "tolerance"), []).append((x, row["tolerance"]))
        if not row["passed"]:
            marks.setdefault((0, "failed"), []).append((x, y))
    for (at, kind), points in marks.items():
        axes.plot(*zip(*points, strict=True), linestyle="none", **look_of(at, kind))
    axes.set_ylim(floor / HEADROOM, ceiling * HEADROOM**2)
    logarithmic(axes, "y")
    axes.set_ylabel("relative error ‖g − r‖ / ‖r‖")
    names = [plain(tensor, 12) for tensor in tensors]
    axes.set_xticks(range(len(tensors)), names, rotation=90 if len(tensors) > 12 else 0)
    axes.set_xlim(-0.7, len(tensors) - 0.3)
    axes.grid(visible=False, axis="x")


def look_of(at: int, kind: str) -> dict[str, Any]:
    """Return how a mark looks: of the series at that place, or of "tolerance" or "failed"."""
    if kind == "tolerance":
        return {"marker": "_", "color": INK, "markersize": 8, "markeredgewidth": 1.6, "zorder": 2}
    if kind == "failed":
        return {"marker": "o", "color": ALARM, "markerfacecolor": "none", "markersize": 11, "zorder": 4}
    colour = COLOURS[at % len(COLOURS)]
    filled = "white" if kind == "zero" else colour
    mark = "x" if kind == "no number" else MARKERS[at % len(MARKERS)]
    return {"marker": mark, "color": colour, "markerfacecolor": filled, "markersize": 5, "zorder": 3}


def foot_of(rows: Sequence[Row]) -> float:
    """Return where an error of 0 is drawn: below all others."""
    positive = [row["relative_error"] for row in rows if row["relative_error"]]
    positive += [row["tolerance"] for row in rows if row["tolerance"]]
    lowest = min(positive, default=1.0)
    return lowest / HEADROOM if any(row["relative_error"] == 0 for row in rows) else lowest


def legend(figure: Figure, axes: Axes, series: Sequence[str], any_failed: bool) -> None:
    """Tell who was held against what."""
    looks = {plain(name, 48): look_of(at, "error") for at, name in enumerate(series)}
    looks["tolerance"] = look_of(0, "tolerance")
    looks |= {"NOT EQUAL": look_of(0, "failed")} if any_failed else {}
    marks = [axes.plot([], [], linestyle="none", **look)[0] for look in looks.values()]
    legend_below(figure, marks, list(looks))


def _series(row: Row) -> str:
    return f"{row['implementation']} against {row['against']}"


def caption(document: Document) -> str:
    """Return what the figure shows."""
    rows = document["parity"]["tensors"]
    failed = sum(not row["passed"] for row in rows)
    outcome = "all are within their tolerance" if not failed else f"{failed} are not within their tolerance"
    return (
        f"Normwise relative error of the loss and of every value and gradient ({len(rows)} comparisons): "
        f"{outcome}. The dash above each mark is the tolerance that rounding can explain; hollow marks at "
        "the foot are exactly 0."
    )
