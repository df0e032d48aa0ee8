"""The page's tables, each from its part of a results document; None where the document lacks the part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compare.plural import counted
from compare.render.attribution_table import attribution_columns
from compare.render.budgets_table import budgets_columns
from compare.render.derivation_tables import (
    array_columns,
    matrix_columns,
    node_columns,
    sample_columns,
    weight_columns,
)
from compare.render.noise import noise_columns
from compare.render.page.cells import MISSING, Cell, Column, Table, errors, valued, words
from compare.render.parity_table import path_columns, tensor_columns
from compare.render.sweep import sweep_columns
from compare.render.tables import floor_row, shared_settings, summary_columns
from compare.render.text import printable
from compare.render.tuning import tuning_columns
from compare.render.value import Table as Values

Row = Mapping[str, Any]
MOST_TENSORS = 2000
"""Rows of the table of every tensor; results.json has all."""


def main_table(rows: Sequence[Row], reference: str) -> Table | None:
    """Return a row a contestant: what varies, what was measured; the rest is told above the table."""
    columns = summary_columns(rows, reference) if rows else {}
    return _table("results-table", "Results, a row a contestant", columns, shared_settings(rows))


def parity_tables(parity: Row) -> Iterator[Table]:
    """Yield the worst tensor of each group, and the trajectories."""
    caption = "Loss, activations and gradients: the worst tensor"
    tensors = _table("parity-table", caption, tensor_columns(parity))
    paths = _table("trajectory-table", "Parameters after optimizer steps", path_columns(parity))
    yield from filter(None, (tensors, paths))


def budgets_table(rows: Sequence[Row]) -> Table | None:
    """Return a row a budget and contestant: batch sizes at equal epochs, updates and seconds."""
    return _table("budgets-table", "Batch sizes, by what is held equal", budgets_columns(rows))


def attribution_table(rows: Sequence[Row]) -> Table | None:
    """Return a row an outcome and factor: its share of the difference from one corner to the other."""
    return _table("attribution-table", "What each factor contributes", attribution_columns(rows))


def more_tables(document: Row) -> Iterator[Table]:
    """Yield the tables of floor, learning rates, sweep and gradient noise that the document has."""
    floor = [floor_row(row) for row in document.get("floor") or ()]
    rates, noise = document.get("tuning") or (), document.get("noise_scale") or ()
    found = (
        _table("floor-table", "The matrix products alone", _of_floor(floor, document["reference"])),
        _table("tuning-table", "The best learning rates", tuning_columns(rates)),
        _table("sweep-table", "To the target, by batch size", sweep_columns(document.get("sweep") or ())),
        _table("noise-scale-table", "Gradient noise along a training", noise_columns(noise)),
    )
    yield from filter(None, found)


def _of_floor(rows: Sequence[Row], reference: str) -> Values:
    return summary_columns(rows, printable(reference)) if rows else {}


def derivation_tables(derivation: Row) -> Iterator[Table]:
    """Yield path products, matrix forms, columns and samples where there are any, and the graph's nodes."""
    found = []
    for at, one in enumerate(derivation["paths"]):
        found += [_table(f"paths-{at}", f"Path by path: {one['objective']}", weight_columns(one))]
        found += [_table(f"matrices-{at}", "In matrix form", matrix_columns(one))]
    for at, one in enumerate(derivation["columns"]):
        found += [_table(f"columns-{at}", f"As columns: {one['objective']}", array_columns(one))]
    for at, one in enumerate(derivation["samples"]):
        found += [_table(f"samples-{at}", f"Sample by sample: {one['objective']}", sample_columns(one))]
    graph = derivation["graph"]
    found += [_table("graph-table", f"The computation graph: {graph['objective']}", node_columns(graph))]
    yield from filter(None, found)


def tensor_table(parity: Row) -> Table | None:
    """Return a row for every tensor, the first `MOST_TENSORS`."""
    rows = parity["tensors"][:MOST_TENSORS]
    if not rows:
        return None
    keys = ("implementation", "objective", "dtype", "tensor", "against")
    equal = (Cell("yes", mark="good") if row["passed"] else Cell("no", mark="bad") for row in rows)
    columns = (
        *(words(key, [row.get(key) for row in rows]) for key in keys),
        errors("relative error", [row["relative_error"] for row in rows]),
        errors("by complex step", [row.get("complex_step_error") for row in rows], missing=MISSING),
        errors("tolerance", [row["tolerance"] for row in rows]),
        Column("equal", tuple(equal)),
    )
    left = len(parity["tensors"]) - len(rows)
    more = f"{counted(left, 'more row')} in results.json." if left else ""
    return Table("tensor-table", "Every tensor", columns, more)


def _table(name: str, caption: str, columns: Values, shared: str = "") -> Table | None:
    if not columns:
        return None
    return Table(name, caption, tuple(valued(header, values) for header, values in columns.items()), shared)
