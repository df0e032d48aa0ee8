"""How every figure looks, and how it becomes bytes: colours for all eyes, plain text, the same bytes again.

matplotlib is loaded when the first figure is drawn, without pyplot and whatever the user's own settings are.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from compare.render.text import printable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("svg", "png", "pdf")
WIDTH = 8.0
"""Inches; half of it is a column of a page at half size, where 9 points are still read."""
DOTS_PER_INCH = 144
LEGEND_LINE = 0.19
"""Inches."""

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#7A5195", "#4D4D4D")
"""Okabe and Ito (2008), told apart by all common kinds of colour vision; its black and yellow replaced."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 1.5, 1.5, 1.5)))
HATCHES = ("", "//", "..", "\\\\", "xx", "--")
INK, FAINT, PAPER, ALARM = "#1A1A1A", "#8C8C8C", "#F1EFE9", "#B00020"
"""For words, what stands back, a shaded ground, and what went wrong."""

LONGEST_LABEL = 44
SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")

SETTINGS: dict[str, Any] = {
    "axes.edgecolor": "#4D4D4D",
    "axes.grid": True,
    "axes.labelsize": 9.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "figure.dpi": DOTS_PER_INCH,
    "figure.titlesize": 11,
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "pdf.fonttype": 42,
    "savefig.dpi": DOTS_PER_INCH,
    "svg.hashsalt": "side-by-side",
    "text.parse_math": False,
    "text.usetex": False,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
}

LEFT_AS_THEY_ARE = ("backend", "interactive", "toolbar", "webagg", "tk.", "macosx", "date.", "timezone")
METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": "Side by Side"},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": "Side by Side", "Producer": None},
}


@contextmanager
def drawing() -> Iterator[None]:
    """Draw inside this: matplotlib's defaults and `SETTINGS` hold, and its log is quiet."""
    import matplotlib

    log = logging.getLogger("matplotlib")
    level = log.level
    log.setLevel(logging.ERROR)
    settings: Any = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if not key.startswith(LEFT_AS_THEY_ARE)
    } | SETTINGS
    try:
        with matplotlib.rc_context(settings):
            yield
    finally:
        log.setLevel(level)


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, its size in inches, that arranges its parts itself."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    return Figure(figsize=(width, height), layout=ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.06))


def new_sheet(height: float, width: float = WIDTH) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes all over it, in inches from the top left corner."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0), xlim=(0, width), ylim=(height, 0), autoscale_on=False)
    axes.set_axis_off()
    return figure, axes


def saved(figure: Figure, formats: Collection[str] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """Yield the figure in each format, as format and content; it is laid out once for all of them.

    The canvases are asked themselves: `Figure.savefig` would draw everything once more before each format.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for format in formats:
        content = io.BytesIO()
        printer(figure, format)(content, metadata=METADATA[format])
        figure.set_dpi(DOTS_PER_INCH)
        yield format, content.getvalue()


def printer(figure: Figure, format: str) -> Callable[..., object]:
    """Return what writes the figure in a format."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    if format == "png":
        return FigureCanvasAgg(figure).print_png
    return FigureCanvasSVG(figure).print_svg if format == "svg" else FigureCanvasPdf(figure).print_pdf


def plain(text: object, longest: int = LONGEST_LABEL) -> str:
    """Return the text on one line as the font can show it, cut in its middle where it is too long."""
    clean = " ".join(printable(str(text)).split())
    drawable = "".join(letter if ord(letter) in _glyphs() else "\N{WHITE SQUARE}" for letter in clean)
    if len(drawable) <= longest:
        return drawable
    head = (longest - 1) * 2 // 3
    return f"{drawable[:head]}…{drawable[len(drawable) - (longest - 1 - head) :]}"


@cache
def _glyphs() -> frozenset[int]:
    """The letters of the font that comes with matplotlib."""
    from matplotlib.font_manager import findfont, get_font

    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())


def power_of_ten(value: float, _: object = None) -> str:
    """Return a tick of a logarithmic axis: "0.01", "1", "100" or, far from 1, "10⁻⁷"."""
    if value <= 0 or not math.isfinite(value):
        return ""
    exponent = round(math.log10(value))
    if not math.isclose(value, 10.0**exponent, rel_tol=1e-9):
        return f"{value:.12g}" if 1e-3 <= value < 1e5 else f"{value:.0e}".replace("e-0", "e-")
    return f"{value:.12g}" if -3 <= exponent <= 4 else f"10{str(exponent).translate(SUPERSCRIPTS)}"


def logarithmic(axes: Axes, axis: str) -> None:
    """Make the "x" or "y" axis logarithmic, its ticks plain text; call it when the data are drawn."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    (axes.set_xscale if axis == "x" else axes.set_yscale)("log")
    of_axis = axes.xaxis if axis == "x" else axes.yaxis
    low, high = sorted(axes.get_xlim() if axis == "x" else axes.get_ylim())
    decades = math.log10(high / low) if low > 0 else 9.0
    major = (1.0,) if decades > 2.5 else (1.0, 3.0) if decades > 1.5 else (1.0, 2.0, 5.0)
    of_axis.set_major_locator(LogLocator(base=10, subs=major, numticks=9))
    of_axis.set_major_formatter(FuncFormatter(power_of_ten))
    of_axis.set_minor_formatter(NullFormatter())


def look(at: int) -> dict[str, Any]:
    """Return colour and marker of the contestant or series at that place."""
    return {"color": COLOURS[at % len(COLOURS)], "marker": MARKERS[at % len(MARKERS)]}


def spans(values: Sequence[float], factor: float) -> bool:
    """Whether all values are positive and the largest is more than `factor` times the smallest."""
    return bool(values) and min(values) > 0 and max(values) > factor * min(values)


def unit_of(seconds: Sequence[float]) -> tuple[str, float]:
    """Return the unit in which the largest of the durations reads well, and what to multiply by."""
    largest = max(seconds, default=1.0)
    return ("s", 1.0) if largest >= 1 else ("ms", 1e3) if largest >= 1e-3 else ("µs", 1e6)


def legend_below(figure: Figure, handles: Sequence[Any], labels: Sequence[str], title: str = "") -> None:
    """Put one legend under all panels, in as many columns as it has room for; the figure grows by it."""
    widest = max(map(len, labels), default=0)
    columns = max(1, min(len(labels), int(figure.get_figwidth() * 14 / (widest + 8))))
    lines = -(-len(labels) // columns) + bool(title)
    figure.set_figheight(figure.get_figheight() + 0.25 + LEGEND_LINE * lines)
    options = {"title": title} if title else {}
    figure.legend(list(handles), list(labels), loc="outside lower center", ncols=columns, **options)
