"""The tables as CSV, every number in full: one file a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.render.layout import DEFAULT, Layout
from compare.render.noise import noise_points
from compare.render.tables import csv_text, summary_table
from compare.render.tuning import tried_rates

Document = Mapping[str, Any]


def csv_files(document: Document, layout: Layout = DEFAULT) -> Iterable[tuple[str, str]]:
    """Yield name and text of `table.csv`, and of the other tables that the document has rows for."""
    parity = document["parity"]
    others = {
        "parity.csv": parity["tensors"],
        "trajectory.csv": parity["trajectory"],
        "budgets.csv": document.get("budgets", ()),
        "attribution.csv": document["attribution"],
        "floor.csv": document.get("floor", ()),
        "threads.csv": document.get("thread_ratios", ()),
        "sweep.csv": document.get("sweep", ()),
        "tuning.csv": tried_rates(document.get("tuning", ())),
        "noise_scale.csv": noise_points(document.get("noise_scale", ())),
    }
    yield "table.csv", summary_table(document["summary"], "csv", layout=layout)
    for name, rows in others.items():
        if rows:
            yield name, csv_text(rows, _keys(rows))


def _keys(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))
