"""`report.html`: the results as one page that opens from disk, with tables to sort and charts to explore."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from compare.render.attribution_sentences import attribution_sentences
from compare.render.conclusion import conclusion
from compare.render.method import method_text
from compare.render.page.charts import chart_data
from compare.render.page.curves import MOST_CONTESTANTS
from compare.render.page.facts import command_of, environment_facts, settings_facts
from compare.render.page.pictures import pictures_of, readers
from compare.render.page.tables import (
    attribution_table,
    budgets_table,
    derivation_tables,
    main_table,
    more_tables,
    parity_tables,
    tensor_table,
)
from compare.render.parity_table import failure_lines
from compare.render.settings import title_of
from compare.render.text import INTERVAL, printable
from compare.render.timing_notes import timing_notes
from compare.render.verdict import verdict

Document = Mapping[str, Any]

SCRIPTS = ("sorting.js", "look.js", "curves.js", "times.js", "parity.js", "effort.js", "controls.js")
"""A name that one of them uses while it is read stands in an earlier one."""
WIDTH_OF_A_PHONE = 30
"""Characters of a line there, in the largest letters that a sentence has."""


def report_page(document: Document, *, graph: bytes = b"") -> str:
    """Return the whole of `report.html`: text, tables, data, style, script and chart library in one file.

    The page asks nothing of any network, and its own policy forbids it to. All text of the document is
    escaped; scripts are allowed by their SHA-256 alone.

    Args:
        document: a results document (`results.schema.json`).
        graph: the computation graph as an SVG file, shown as a picture; its nodes stand in a table anyway.
    """
    library, script = chart_library(), page_script()
    parts = {**_told(document), **_tables(document), "charts": chart_data(document)}
    page: str = _template().render(
        **parts,
        method=[printable(part) for part in method_text(document).split("\n\n") if part],
        graph=f"data:image/svg+xml;base64,{base64.b64encode(graph).decode()}" if graph else "",
        library=library,
        script=script,
        style=asset("page.css"),
        policy=content_policy(library, script),
        most=MOST_CONTESTANTS,
    )
    return page


def _told(document: Document) -> dict[str, Any]:
    """The page's words."""
    experiment, environment = document["experiment"], document["environment"]
    return {
        "title": title_of(experiment, environment.get("data", {}).get("name")),
        "description": printable(str(experiment.get("description") or "")),
        "shortened": printable(str(experiment.get("shortened") or "")),
        "note": printable(str(environment.get("note") or "")),
        "reference": printable(document["reference"]),
        "parity_passed": document["parity"]["passed"] and not document["parity"].get("failures"),
        "conclusion": conclusion(document),
        "findings": [printable(finding) for finding in verdict(document)],
        "notes": [printable(note) for note in timing_notes(document)],
        "causes": [printable(told) for told in attribution_sentences(document["attribution"])],
        "failures": [printable(told) for told in failure_lines(document["parity"])],
        "settings": settings_facts(document),
        "environment": list(environment_facts(environment)),
        "command": command_of(environment),
        "fairness": document.get("fairness") or (),
        "many_objectives": len({row["objective"] for row in document["summary"]}) > 1,
        **_pictures(document.get("pictures")),
        "is_reached": any(row["updates_to_target"] is not None for row in document.get("sweep") or ()),
    }


def _pictures(pictures: Mapping[str, Any] | None) -> dict[str, Any]:
    """The images, and who is meant by the letters below them."""
    if not pictures:
        return {"pictures": (), "readers": {}}
    told = {letter: printable(" = ".join(map(str, names))) for letter, names in readers(pictures).items()}
    return {"pictures": list(pictures_of(pictures)), "readers": told}


def _tables(document: Document) -> dict[str, Any]:
    """The page's tables."""
    parity, derivation = document["parity"], document.get("derivation")
    return {
        "results": main_table(document["summary"], printable(document["reference"])),
        "parity": list(parity_tables(parity)),
        "tensors": tensor_table(parity),
        "budgets": budgets_table(document.get("budgets") or ()),
        "attribution": attribution_table(document["attribution"]),
        "more": {table.name: table for table in more_tables(document)},
        "derivation": list(derivation_tables(derivation)) if derivation else (),
        "derived_from": derivation,
    }


def content_policy(*scripts: str) -> str:
    """Return the page's content security policy: these scripts, inline styles and pictures, nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def chart_library() -> str:
    """Return plotly.js, as the plotly package brings it along."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs()).replace("\r\n", "\n").replace("</script", "<\\/script")


@cache
def page_script() -> str:
    """Return the page's own script: its files in one scope of their own, in the order of `SCRIPTS`."""
    return '(() => {\n"use strict";\n' + "\n".join(map(asset, SCRIPTS)) + "})();\n"


@cache
def asset(name: str) -> str:
    """Return a file of this package."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8").replace("\r\n", "\n")


def unbroken(text: str) -> str:
    """Return the text as HTML in which no line breaks inside a number or an interval.

    One that is longer than a phone is wide has a class of its own: there it is broken after all.
    """
    from markupsafe import Markup, escape

    spans = {False: Markup("<span class=whole>{}</span>"), True: Markup('<span class="whole long">{}</span>')}
    parts = re.split(rf"({INTERVAL.pattern}|\d[\d.]*e[-+]\d+)", text)
    pieces = (
        spans[len(part) > WIDTH_OF_A_PHONE].format(part) if at % 2 else escape(part)
        for at, part in enumerate(parts)
    )
    return Markup("").join(pieces)


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("compare.render", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    return environment.get_template("page.html")
