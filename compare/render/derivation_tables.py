"""The tables of the derivations: path products, matrix forms, columns, samples, and the graph's nodes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compare.render.text import number, scientific
from compare.render.value import NOTHING, Table, Value, plain

Part = Mapping[str, Any]


def weight_columns(table: Part) -> Table:
    """Return a row a weight: its derivative by the paths through it and by back-propagation."""
    rows = table["weights"]
    return {
        "weight": [plain(row["weight"]) for row in rows],
        "dL/dw, path by path": [plain(row["expression"]) for row in rows],
        "by paths": [Value(number(row["by_paths"])) for row in rows],
        "by back-propagation": [Value(number(row["by_back_propagation"])) for row in rows],
        "relative difference": _differences(rows),
    }


def matrix_columns(table: Part) -> Table:
    """Return a row a weight matrix: its gradient in matrix form."""
    rows = table["matrices"]
    return {
        "matrix form, samples in columns": [plain(row["equation"]) for row in rows],
        "shapes": [plain(row["shapes"]) for row in rows],
        "relative difference": _differences(rows),
    }


def array_columns(table: Part) -> Table:
    """Return a row an array: its shape in both forms, its equation in columns, how far they are apart."""
    rows = table["rows"]
    return {
        "array": [plain(row["array"]) for row in rows],
        "row form": [_shape(row["row_shape"]) for row in rows],
        "column form": [_shape(row["column_shape"]) for row in rows],
        "equation, in columns": [plain(row["equation"]) for row in rows],
        "the row form is that": [plain(row["relation"]) for row in rows],
        "relative difference": _differences(rows),
    }


def sample_columns(table: Part) -> Table:
    """Return a row a column vector or outer product of one sample, and the mean of each gradient."""
    rows = table["rows"]
    compared = [row["compared"] for row in rows]
    return {
        "quantity": [plain(row["quantity"]) for row in rows],
        "equation": [plain(row["equation"]) for row in rows],
        "shape": [_shape(row["shape"]) for row in rows],
        "norm": [Value(number(row["norm"])) for row in rows],
        f"norm of the mean of {table['samples']}": [
            Value(number(found["mean_norm"]) if found else "") for found in compared
        ],
        "norm in the batch": [Value(number(found["batch_norm"]) if found else "") for found in compared],
        "relative difference": [
            Value(scientific(found["relative_difference"]) if found else "") for found in compared
        ],
    }


def node_columns(graph: Part) -> Table:
    """Return a row a node of the computation graph."""
    rows = graph["nodes"]
    return {
        "node": [plain(row["name"]) for row in rows],
        "is": [plain(row["kind"]) for row in rows],
        "equation": [plain(row["equation"]) for row in rows],
        "shape": [_shape(row["shape"]) if row["shape"] else Value("scalar") for row in rows],
        "made from": [Value(", ".join(row["inputs"])) for row in rows],
        "norm of dL/d(node)": [norm(row["gradient_norm"]) for row in rows],
    }


def _differences(rows: Iterable[Part]) -> list[Value]:
    return [Value(scientific(row["relative_difference"])) for row in rows]


def _shape(sizes: Iterable[int]) -> Value:
    """(2, 3), or (2,) for one axis."""
    return Value(str(tuple(sizes)))


def norm(value: float | None) -> Value:
    """Return the norm of a derivative; the targets have none, since nobody differentiates by them."""
    return Value(NOTHING if value is None else number(value))
