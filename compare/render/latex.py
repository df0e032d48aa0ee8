"""`table.tex`: the tables of a result as LaTeX floats, to be put into a paper or compiled as they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jinja2 import Environment, StrictUndefined

from compare.analysis.best import best_accuracies, best_times
from compare.render.attribution_table import attribution_columns
from compare.render.budgets_table import budgets_columns
from compare.render.columns import column
from compare.render.layout import DEFAULT, Layout
from compare.render.noise import noise_columns
from compare.render.parity_table import path_columns, tensor_columns
from compare.render.settings import target_of, title_of
from compare.render.sweep import sweep_columns
from compare.render.tables import heading, shared_settings, split, summary_columns, with_floor
from compare.render.tex import Float, float_tex
from compare.render.timing_notes import NO_DIFFERENCE, timing_notes
from compare.render.tuning import tuning_columns

Document = Mapping[str, Any]

PAGE = r"""% << title >>
% Made by Side by Side; do not edit, make it again.
% Needs \usepackage{booktabs} and \usepackage{graphicx}. Put it into a document with \input{<< file >>},
% or compile it as it is.
\ifdefined\table\else % no document class yet: this file is compiled by itself
\documentclass{article}
\usepackage[margin=2cm]{geometry}
\usepackage{booktabs}
\usepackage{graphicx}
\begin{document}
\def\SideBySideEnd{\end{document}}
\fi
<% for table in tables %>
<< table >>
<% endfor %>
\ifdefined\SideBySideEnd\expandafter\SideBySideEnd\fi
"""


def table_tex(document: Document, layout: Layout = DEFAULT) -> str:
    """Return `table.tex`: the main table, and the other tables as far as there are any."""
    tables = [float_tex(table, layout.intervals) for table in _floats(document, layout)]
    return tex_page(_title(document), tables, "table")


def tex_page(title: str, tables: Iterable[str], file: str) -> str:
    """Return a file of floats that can be put into a document and compiled as it is."""
    # LaTeX, not HTML: every text in `tables` has gone through `tex.escaped`, the title is a comment
    template = Environment(
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,
    ).from_string(PAGE)
    comment = title.encode("ascii", "replace").decode()
    return template.render(title=comment, tables=list(tables), file=file)


def _floats(document: Document, layout: Layout) -> Iterable[Float]:
    title, name = _title(document), label_of(document)
    if document["summary"]:
        yield _main(document, layout, title, name)
    if tensors := tensor_columns(document["parity"]):
        caption = "gradients and values against the reference, the worst tensor of each kind"
        yield Float(f"{name}-parity", f"{title}: {caption}.", [("", tensors)], {})
    if paths := path_columns(document["parity"]):
        caption = "the parameters after a number of optimizer steps against the reference's"
        yield Float(f"{name}-trajectory", f"{title}: {caption}.", [("", paths)], {})
    if budgets := budgets_columns(document.get("budgets", ())):
        caption = "batch sizes at what was held equal; differences are to the first batch size, seed by seed"
        yield Float(f"{name}-budgets", f"{title}: {caption}. {INTERVALS}", [("", budgets)], {})
    if swept := sweep_columns(document.get("sweep", ())):
        caption = f"batch sizes on the way to {target_of(document)}, medians over the runs"
        yield Float(f"{name}-sweep", f"{title}: {caption}. {INTERVALS}", [("", swept)], {})
    if tuned := tuning_columns(document.get("tuning", ())):
        caption = "the best learning rate of each regime; its neighbours' losses as multiples of its own"
        yield Float(f"{name}-tuning", f"{title}: {caption}.", [("", tuned)], {})
    if noise := noise_columns(document.get("noise_scale", ())):
        caption = "the gradient noise scale along a training, over the whole training set"
        yield Float(f"{name}-noise", f"{title}: {caption}.", [("", noise)], {})
    if shares := attribution_columns(document["attribution"]):
        caption = "the effect of each factor, averaged over all orders of changing them (Shapley values)"
        yield Float(f"{name}-attribution", f"{title}: {caption}. {INTERVALS}", [("", shares)], {})


INTERVALS = "Intervals are 95% ones."


def _main(document: Document, layout: Layout, title: str, name: str) -> Float:
    reference = document["reference"]
    groups = layout.groups(with_floor(document["summary"], document.get("floor", ())))
    rows = [row for _, group in groups for row in group]
    table = summary_columns(rows, reference, layout)
    parts = [(heading(layout, value), part) for value, part in split(table, groups)]
    accurate, start = set(), 0
    for _, group in groups:
        accurate |= {start + at for at in best_accuracies(group)}
        start += len(group)
    fast = best_times(rows)
    keys = {"seconds_per_epoch": fast, "time_ratio": fast, "test_accuracy": accurate}
    bold = {column(key, rows, reference)[0]: places for key, places in keys.items()}
    bold = {header: places for header, places in bold.items() if header in table and places}
    told = "Bold: the best, and what was not shown to differ from it." if bold else ""
    caption = " ".join(
        filter(None, [f"{title}.", shared_settings(document["summary"], layout), INTERVALS, told])
    )
    notes = [note.replace(f"{NO_DIFFERENCE}:", "∼:", 1) for note in timing_notes(document, layout.columns)]
    return Float(f"{name}-results", caption, parts, bold, notes)


def _title(document: Document) -> str:
    return title_of(document["experiment"], document["environment"].get("data", {}).get("name"))


def label_of(document: Document) -> str:
    """Return the experiment's name as a label may have it."""
    name = str(document["experiment"].get("name") or "results")
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "results"
