"""The files that a results document becomes: what a result directory gets, format by format."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from compare.render.csv_tables import csv_files
from compare.render.latex import table_tex
from compare.render.layout import DEFAULT, Layout
from compare.render.markdown import table_markdown

Document = Mapping[str, Any]
Files = Iterable[tuple[str, str | bytes]]
Maker = Callable[[Document, Layout], Files]


def json_text(document: Document) -> str:
    """Return the document as `results.json` has it."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


PICTURES = ("svg", "png", "pdf")


def _page(document: Document, layout: Layout) -> Files:
    yield "report.html", importlib.import_module("compare.render.page").report_page(document)


def _figures(format: str) -> Maker:
    def made(document: Document, layout: Layout) -> Files:
        figures = importlib.import_module("compare.render.figures")
        yield from figures.draw_figures(document, formats=(format,))

    return made


MAKERS: dict[str, Maker] = {
    "json": lambda document, layout: [("results.json", json_text(document))],
    "csv": csv_files,
    "md": lambda document, layout: [("table.md", table_markdown(document, layout))],
    "tex": lambda document, layout: [("table.tex", table_tex(document, layout))],
    "html": _page,
    **{format: _figures(format) for format in PICTURES},
}
"""Format -> the files it makes, in the order in which they are written: what must not be lost comes first."""

NEEDED = {"html": "compare.render.page", **dict.fromkeys(PICTURES, "compare.render.figures")}
"""The module that a format is made by, where it may be absent."""


def formats_there() -> tuple[str, ...]:
    """Return the formats that can be made here, in order."""
    return tuple(
        format for format in MAKERS if format not in NEEDED or importlib.util.find_spec(NEEDED[format])
    )


def made_files(
    document: Document, formats: Collection[str] | None = None, layout: Layout = DEFAULT
) -> Iterator[tuple[str, str | bytes]]:
    """Yield name and content of each file as it is made; formats None makes all that can be made here.

    A name may have a folder in it ("figures/loss.svg"); a text is to be written as UTF-8.
    """
    wanted = formats_there() if formats is None else formats
    for format, maker in MAKERS.items():
        if format in wanted:
            yield from maker(document, layout)


def result_files(
    document: Document, formats: Collection[str] | None = None, layout: Layout = DEFAULT
) -> dict[str, str | bytes]:
    """Return the content of every file of a result directory that is made from the document, by name."""
    return dict(made_files(document, formats, layout))
