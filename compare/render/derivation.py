"""What the derivations show, as sections of `table.md` and as paragraphs for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compare.render.graph import mermaid
from compare.render.text import Columns, Format, grid, markdown_cell, number, scientific

Table = Mapping[str, Any]
PRECISION = "in float64, whose unit roundoff is 1.1e-16"
EXPRESSION = 56
"""Characters of an expression in a line of the terminal; the rest goes on in the next."""
MOST_LINES = 60
"""Lines of a path table on the terminal."""


def derivation_sections(derivation: Table) -> list[str]:
    """Return the sections of `table.md`: paths, columns and samples where there are any, and the graph."""
    rows, seed = derivation["rows"], derivation["seed"]
    batch = f"a batch of {rows} training rows with the initial weights of seed {seed}"
    parts: list[str] = []
    for table in derivation["paths"]:
        parts += ["## The gradients, path by path", paths_told(table, batch)]
        parts += [path_grid(table, "github"), matrix_grid(table, "github")]
    for table in derivation["columns"]:
        parts += ["## As columns", columns_told(table, batch), column_grid(table)]
    for at, table in enumerate(derivation["samples"]):
        parts += [] if at else ["## Sample by sample", samples_told(batch)]
        parts += [f"### {markdown_cell(table['objective'])}", sample_grid(table)]
    graph = derivation["graph"]
    return [*parts, "## The computation graph", graph_told(graph, batch), mermaid(graph)]


def derivation_paragraphs(derivation: Table) -> Iterator[str]:
    """Yield what the terminal shows: path products in full, of the other displays what came of them."""
    for table in derivation["paths"]:
        rows = path_grid(table, "terminal")
        if rows.count("\n") >= MOST_LINES:
            rows = f"The derivatives by {len(table['weights'])} weights, path by path: see table.md."
        told = f"The gradients, path by path (means over {derivation['rows']} rows, in float64):"
        yield f"{told}\n\n{rows}\n\n{matrix_grid(table, 'terminal')}"
    for table in derivation["columns"]:
        what = "every array of the column form is that of the row form"
        yield f"As columns: {what}, to {worst(table['rows'])} (table.md has them shape by shape)."
    for table in derivation["samples"]:
        what = f"the mean of {table['samples']} samples' outer products is the batch gradient"
        compared = [row["compared"] for row in table["rows"] if row["compared"]]
        yield f"Sample by sample, {table['objective']}: {what}, to {worst(compared)}."


def paths_told(table: Table, batch: str) -> str:
    """Say what the path table holds."""
    error = "dL/dy" if table["sizes"][-1] == 1 else "dL/dy_k"
    told = f"""The network {"-".join(map(str, table["sizes"]))} has {table["paths"]} paths from an input to an
        output. wl_jk leads from node j of layer l to node k of layer l + 1: it is the entry (k, j) of Wl. A
        sample's derivative by a weight is the error {error} times the sum of products along the paths through
        that weight, the weight itself taken out; the values are means over {batch}. In the matrix form
        dL/dy is that of the batch, with the mean's 1/n in it. All {PRECISION}."""
    return paragraph(told)


def path_grid(table: Table, format: Format) -> str:
    """Return a line a weight: its paths, its value by them and by back-propagation."""
    headers = ["weight", "dL/dw, path by path", "by paths", "by back-propagation", "relative difference"]
    lines: list[list[str]] = []
    for row in table["weights"]:
        values = [number(row["by_paths"]), number(row["by_back_propagation"])]
        first, *more = [row["expression"]]
        if format == "terminal":
            first, *more = textwrap.wrap(row["expression"], EXPRESSION, break_long_words=False)
        lines.append([row["weight"], first, *values, scientific(row["relative_difference"])])
        lines += [["", rest, "", "", ""] for rest in more]
    if format == "terminal":
        headers[3:] = ["by back-\npropagation", "relative\ndifference"]
    return grid(dict(zip(headers, map(list, zip(*lines, strict=True)), strict=True)), format)


def matrix_grid(table: Table, format: Format) -> str:
    """Return a line a weight matrix: its gradient in matrix form."""
    rows = table["matrices"]
    columns = {
        "matrix form, samples in columns": [row["equation"] for row in rows],
        "shapes": [row["shapes"] for row in rows],
        "relative difference": [scientific(row["relative_difference"]) for row in rows],
    }
    return grid(columns, format)


def columns_told(table: Table, batch: str) -> str:
    """Say what the column table holds."""
    return paragraph(
        f"""The same pass with samples as rows, as the project computes it, and as columns; n is
        {table["samples"]}. What has a sample axis is transposed, what has none is equal. The columns take the
        mean's 1/n in dW and db, the rows in dZ. Computed on {batch}, {PRECISION}."""
    )


def column_grid(table: Table) -> str:
    """Return a line an array: its shape in both forms, its equation in columns, how far they are apart."""
    rows = table["rows"]
    columns = {
        "array": [row["array"] for row in rows],
        "row form": [shape(row["row_shape"]) for row in rows],
        "column form": [shape(row["column_shape"]) for row in rows],
        "equation, in columns": [row["equation"] for row in rows],
        "the row form is that": [row["relation"] for row in rows],
        "relative difference": [scientific(row["relative_difference"]) for row in rows],
    }
    return grid(columns, "github")


def samples_told(batch: str) -> str:
    """Say what the sample tables hold."""
    return paragraph(
        f"""One sample is a column x, and a weight's gradient the outer product of an error and an
        activation. The first norm is the first sample's. The mean of each gradient over all samples is held
        to the gradient that back-propagation gives for the batch at once. On {batch}, {PRECISION}."""
    )


def sample_grid(table: Table) -> str:
    """Return a line a column vector or outer product."""
    rows = table["rows"]
    compared = [row["compared"] for row in rows]
    columns: Columns = {
        "quantity": [row["quantity"] for row in rows],
        "equation": [row["equation"] for row in rows],
        "shape": [shape(row["shape"]) for row in rows],
        "norm": [number(row["norm"]) for row in rows],
        f"norm of the mean of {table['samples']}": [number(c["mean_norm"]) if c else "" for c in compared],
        "norm in the batch": [number(c["batch_norm"]) if c else "" for c in compared],
        "relative difference": [scientific(c["relative_difference"]) if c else "" for c in compared],
    }
    return grid(columns, "github")


def graph_told(graph: Table, batch: str) -> str:
    """Say how to read the graph."""
    return paragraph(
        f"""{graph["objective"]}, forward along the arrows and back-propagation against them. Every node has
        its shape and the derivative of the batch's loss by it: in full for the parameters of a small network,
        else its norm. Samples are rows; on {batch}."""
    )


def paragraph(text: str) -> str:
    """Return the text on one line, as Markdown."""
    return markdown_cell(" ".join(text.split()))


def shape(sizes: Iterable[int]) -> str:
    """Return (2, 3), or (2,) for one axis."""
    return str(tuple(sizes))


def worst(rows: Iterable[Table]) -> str:
    """Return the largest relative difference of the rows."""
    differences = [row["relative_difference"] for row in rows]
    return scientific(None if None in differences else max(differences))
