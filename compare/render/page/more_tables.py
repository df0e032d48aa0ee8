"""Tables of the parts that not every document has: floor, sweep, tuning, noise scale, derivations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compare.render.page.cells import Column, Table, errors, levels, measured, rounded, unit_of, words
from compare.render.page.names import varying
from compare.render.text import number

Row = Mapping[str, Any]
Document = Mapping[str, Any]
CELL = ("implementation", "library", "objective", "optimizer", "dtype", "threads", "batch_size", "seed")
CALLED = {"batch_size": "batch"}


def more_tables(document: Document) -> Iterator[Table]:
    """Yield the tables of floor, sweep, learning rates and gradient noise that the document has."""
    found = {
        "floor": ("The matrix products alone", _floor),
        "sweep": ("To the target, by batch size", _sweep),
        "tuning": ("The best learning rates", _tuning),
        "noise_scale": ("Gradient noise and the batch size it predicts", _noise),
    }
    for key, (caption, columns) in found.items():
        rows = document.get(key)
        if rows:
            yield Table(f"{key.replace('_', '-')}-table", caption, (*_cells(rows), *columns(rows)))


def _cells(rows: Sequence[Row]) -> Iterator[Column]:
    for key in CELL:
        first = key in ("implementation", "library", "batch_size")
        if any(row.get(key) is not None for row in rows) and (first or varying(rows, [key])):
            yield levels(CALLED.get(key, key), [row.get(key) for row in rows])


def _floor(rows: Sequence[Row]) -> Iterator[Column]:
    unit, scale = unit_of(row.get("seconds_per_epoch") for row in rows)
    yield measured("time an epoch", unit, rows, "seconds_per_epoch", scale)
    yield measured("time ratio", "to the reference", rows, "time_ratio", landmark=1.0)


def _sweep(rows: Sequence[Row]) -> Iterator[Column]:
    unit, scale = unit_of(row.get("seconds_per_epoch") for row in rows)
    yield rounded("time an epoch", [_scaled(row.get("seconds_per_epoch"), scale) for row in rows], unit)
    yield measured("updates to target", "", rows, "updates_to_target")
    yield measured("time to target", "s", rows, "seconds_to_target")
    yield words("reached it", [row.get("target_reached") for row in rows])


def _tuning(rows: Sequence[Row]) -> Iterator[Column]:
    yield rounded("best rate", [row.get("best_lr") for row in rows])
    yield words("rates tried, with test accuracy", [_rates(row.get("rates") or ()) for row in rows])


def _rates(rates: Sequence[Row]) -> str:
    return ", ".join(f"{number(rate.get('lr'))} ({_ended(rate)})" for rate in rates)


def _ended(rate: Row) -> str:
    if rate.get("status", "ok") != "ok":
        return str(rate["status"])
    accuracy = rate.get("test_accuracy")
    return f"loss {number(rate.get('train_loss'))}" if accuracy is None else f"{100 * accuracy:.1f}%"


def _noise(rows: Sequence[Row]) -> Iterator[Column]:
    last = [(row.get("points") or [{}])[-1] for row in rows]
    yield rounded("noise scale at the end", [point.get("noise_scale") for point in last], "rows")
    yield rounded("batch size it predicts", [row.get("predicted_batch_size") for row in rows], "rows")


def _scaled(value: float | None, scale: float) -> float | None:
    return None if value is None else scale * value


def derivation_tables(derivation: Row) -> Iterator[Table]:
    """Yield path products, matrix forms, columns and samples where there are any, and the graph's nodes."""
    for at, table in enumerate(derivation["paths"]):
        yield Table(f"paths-{at}", f"Path by path: {table['objective']}", (*_paths(table["weights"]),))
        yield Table(f"matrices-{at}", "In matrix form, samples in columns", (*_matrices(table["matrices"]),))
    for at, table in enumerate(derivation["columns"]):
        yield Table(f"columns-{at}", f"As columns: {table['objective']}", (*_columns(table["rows"]),))
    for at, table in enumerate(derivation["samples"]):
        yield Table(f"samples-{at}", f"Sample by sample: {table['objective']}", (*_samples(table["rows"]),))
    graph = derivation["graph"]
    yield Table("graph-table", f"The computation graph: {graph['objective']}", (*_nodes(graph["nodes"]),))


def _paths(rows: Sequence[Row]) -> Iterator[Column]:
    yield words("weight", [row["weight"] for row in rows])
    yield words("dL/dw, path by path", [row["expression"] for row in rows])
    yield rounded("by paths", [row["by_paths"] for row in rows], digits=4)
    yield rounded("by back-propagation", [row["by_back_propagation"] for row in rows], digits=4)
    yield errors("relative difference", [row["relative_difference"] for row in rows])


def _matrices(rows: Sequence[Row]) -> Iterator[Column]:
    yield words("equation", [row["equation"] for row in rows])
    yield words("shapes", [row["shapes"] for row in rows])
    yield errors("relative difference", [row["relative_difference"] for row in rows])


def _columns(rows: Sequence[Row]) -> Iterator[Column]:
    yield words("array", [row["array"] for row in rows])
    yield words("row form", [_shape(row["row_shape"]) for row in rows])
    yield words("column form", [_shape(row["column_shape"]) for row in rows])
    yield words("equation, in columns", [row["equation"] for row in rows])
    yield words("the row form is that", [row["relation"] for row in rows])
    yield errors("relative difference", [row["relative_difference"] for row in rows])


def _samples(rows: Sequence[Row]) -> Iterator[Column]:
    compared = [row["compared"] or {} for row in rows]
    yield words("quantity", [row["quantity"] for row in rows])
    yield words("equation", [row["equation"] for row in rows])
    yield words("shape", [_shape(row["shape"]) for row in rows])
    yield rounded("norm", [row["norm"] for row in rows])
    yield rounded("norm of the mean", [found.get("mean_norm") for found in compared])
    yield rounded("norm in the batch", [found.get("batch_norm") for found in compared])
    yield rounded("relative difference", [found.get("relative_difference") for found in compared])


def _nodes(rows: Sequence[Row]) -> Iterator[Column]:
    yield words("node", [row["name"] for row in rows])
    yield words("is", [row["kind"] for row in rows])
    yield words("equation", [row["equation"] for row in rows])
    yield words("shape", [_shape(row["shape"]) if row["shape"] else "scalar" for row in rows])
    yield words("made from", [", ".join(row["inputs"]) for row in rows])
    yield rounded("norm of dL/d(node)", [row["gradient_norm"] for row in rows])


def _shape(sizes: Sequence[int]) -> str:
    return str(tuple(sizes))
