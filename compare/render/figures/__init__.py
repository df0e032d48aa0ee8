"""Figures of a results document: what there is to draw, and the drawing, as files of bytes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from compare.render.figures import attribution, curves, gradient_error, graph, pictures, targets, times
from compare.render.figures.style import FORMATS, drawing, saved

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = Mapping[str, Any]


@dataclass(frozen=True)
class FigureKind:
    """A figure that a document may have.

    Args:
        name: of its files, without folder and ending.
        title: a line for a heading.
        caption: what it shows, in a sentence or two made from the document.
        is_there: whether the document has what it needs.
        draw: makes it; None where the data turn out to have nothing to draw.
    """

    name: str
    title: str
    caption: Callable[[Document], str]
    is_there: Callable[[Document], bool]
    draw: Callable[[Document], Figure | None]


FIGURES: tuple[FigureKind, ...] = (
    *(
        FigureKind(
            f"curves-{against}",
            f"Loss and accuracy against {against}",
            partial(curves.caption, against=against),
            curves.has_curves,
            partial(curves.draw_curves, against=against),
        )
        for against in curves.AXES
    ),
    FigureKind("time-per-epoch", "Time an epoch", times.caption, times.has_times, times.draw_times),
    FigureKind(
        "gradient-error",
        "Error of every tensor beside its tolerance",
        gradient_error.caption,
        gradient_error.has_errors,
        gradient_error.draw_errors,
    ),
    FigureKind(
        "target-by-batch-size",
        "Updates and seconds to the target",
        targets.caption,
        targets.has_targets,
        targets.draw_targets,
    ),
    FigureKind(
        "attribution",
        "What each factor made of the difference",
        attribution.caption,
        attribution.has_attribution,
        attribution.draw_attribution,
    ),
    FigureKind(
        "pictures",
        "What the network sees",
        pictures.caption,
        pictures.has_pictures,
        pictures.draw_pictures,
    ),
    FigureKind("graph", "The computation graph", graph.caption, graph.has_graph, graph.draw_graph),
)
"""In the order in which they are shown."""


def figures_of(document: Document) -> list[FigureKind]:
    """Return the figures for which the document has data."""
    return [kind for kind in FIGURES if kind.is_there(document)]


def draw_figures(document: Document, formats: Collection[str] = FORMATS) -> Iterator[tuple[str, bytes]]:
    """Yield the files of all figures of a document, ("figures/curves-epochs.svg", content), one by one.

    Args:
        document: of `results.json`; its texts are drawn as they are, never interpreted.
        formats: any of `FORMATS`.
    """
    for kind in figures_of(document):
        yield from draw_figure(kind, document, formats)


def draw_figure(
    kind: FigureKind, document: Document, formats: Collection[str] = FORMATS
) -> Iterator[tuple[str, bytes]]:
    """Yield the files of one figure."""
    with drawing():
        figure = kind.draw(document)
        files = [] if figure is None else list(saved(figure, formats))
    for format, content in files:
        yield f"figures/{kind.name}.{format}", content
