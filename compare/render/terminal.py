"""What the terminal shows of a finished experiment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compare.render.budgets_table import budgets_table
from compare.render.layout import DEFAULT, Layout
from compare.render.screen import WIDEST, sentences
from compare.render.settings import target_of
from compare.render.sweep import sweep_table
from compare.render.tables import summary_table
from compare.render.timing_notes import timing_notes
from compare.render.tuning import tuning_table
from compare.render.verdict import verdict


def results_paragraphs(
    document: Mapping[str, Any], layout: Layout = DEFAULT, columns: int = WIDEST
) -> Iterator[str]:
    """Yield the main table, the notes to it, the budgets and the findings, for a terminal of `columns`."""
    floor = document.get("floor", ())
    yield summary_table(document["summary"], "terminal", document["reference"], floor, layout, columns)
    if notes := timing_notes(document, layout.columns):
        yield sentences(notes, columns)
    if budgets := document.get("budgets"):
        yield budgets_table(budgets)
    if tuned := tuning_table(document.get("tuning", ())):
        yield f"Learning rates: the best for each regime\n\n{tuned}"
    if swept := sweep_table(document.get("sweep", ())):
        yield f"Batch sizes: time to the target, {target_of(document)}\n\n{swept}"
    if findings := verdict(document):
        yield sentences(findings, columns)
