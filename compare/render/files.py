"""The files that a results document becomes: what a result directory gets, format by format."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from compare.render.csv_tables import csv_files
from compare.render.figures import draw_figure, figures_of
from compare.render.latex import table_tex
from compare.render.layout import DEFAULT, Layout
from compare.render.markdown import table_markdown
from compare.render.page import report_page

Document = Mapping[str, Any]
Content = str | bytes | Iterator[str]
"""A text, bytes, or a text in pieces, of which no more than one has to be held."""
Files = Iterable[tuple[str, Content]]
Maker = Callable[[Document, Layout], Files]


def json_pieces(document: Document) -> Iterator[str]:
    """Yield the document as `results.json` has it, piece by piece: every run is one, on a line of its own."""
    for at, (key, part) in enumerate(document.items()):
        yield f"{',' if at else '{'}\n {json.dumps(key)}: "
        if key == "runs":
            lines = (json.dumps(run, allow_nan=False) for run in part)
            yield from (f"{',' if number else '['}\n  {line}" for number, line in enumerate(lines))
            yield "\n ]" if part else "[]"
        else:
            yield json.dumps(part, indent=1, allow_nan=False).replace("\n", "\n ")
    yield "\n}\n"


def page_text(document: Document) -> str:
    """Return `report.html`, with the drawing of the computation graph in it."""
    graphs = [kind for kind in figures_of(document) if kind.name == "graph"]
    drawn = [content for kind in graphs for _, content in draw_figure(kind, document, ("svg",))]
    return report_page(document, graph=b"".join(drawn))


MAKERS: dict[str, Maker] = {
    "json": lambda document, layout: [("results.json", json_pieces(document))],
    "csv": csv_files,
    "md": lambda document, layout: [("table.md", table_markdown(document, layout))],
    "tex": lambda document, layout: [("table.tex", table_tex(document, layout))],
    "html": lambda document, layout: [("report.html", page_text(document))],
}
"""Format -> the files it makes, in the order in which they are written: what must not be lost comes first."""
PICTURES = ("svg", "png", "pdf")
FORMATS = (*MAKERS, *PICTURES)


def count_parts(document: Document, formats: Collection[str]) -> int:
    """Return how many times `made_files` says that it does something."""
    texts = sum(format in formats for format in MAKERS)
    return texts + (len(figures_of(document)) if set(PICTURES) & set(formats) else 0)


def made_files(
    document: Document,
    formats: Collection[str] = FORMATS,
    layout: Layout = DEFAULT,
    doing: Callable[[str], object] = lambda what: None,
) -> Iterator[tuple[str, Content]]:
    """Yield name and content of each file as it is made; every figure is drawn once for all its formats.

    A name may have a folder in it ("figures/graph.svg"); a text is to be written as UTF-8, one that comes in
    pieces before the next file is asked for. `doing` is told what is made next.
    """
    for format, maker in MAKERS.items():
        if format in formats:
            doing(format)
            yield from maker(document, layout)
    pictures = [format for format in PICTURES if format in formats]
    for kind in figures_of(document) if pictures else ():
        doing(kind.title)
        yield from draw_figure(kind, document, pictures)


def result_files(
    document: Document, formats: Collection[str] = FORMATS, layout: Layout = DEFAULT
) -> dict[str, str | bytes]:
    """Return the content of every file of a result directory that is made from the document, by name."""
    made = made_files(document, formats, layout)
    return {name: "".join(content) if isinstance(content, Iterator) else content for name, content in made}
