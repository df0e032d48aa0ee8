"""What the derivations show, as sections of `table.md` and as paragraphs for the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compare.plural import counted
from compare.render.derivation_tables import array_columns, matrix_columns, sample_columns, weight_columns
from compare.render.graph import mermaid
from compare.render.screen import WIDEST, wrapped
from compare.render.text import Format, grid, markdown_cell, scientific
from compare.render.value import as_text

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
        parts += [path_grid(table, "github"), grid(as_text(matrix_columns(table)), "github")]
    for table in derivation["columns"]:
        parts += ["## As columns", columns_told(table, batch), grid(as_text(array_columns(table)), "github")]
    for at, table in enumerate(derivation["samples"]):
        parts += [] if at else ["## Sample by sample", samples_told(batch)]
        rows_of = grid(as_text(sample_columns(table)), "github")
        parts += [f"### {markdown_cell(table['objective'])}", rows_of]
    graph = derivation["graph"]
    return [*parts, "## The computation graph", graph_told(graph, batch), mermaid(graph)]


def derivation_paragraphs(derivation: Table, columns: int = WIDEST) -> Iterator[str]:
    """Yield what the terminal shows: path products in full, of the other displays what came of them."""
    for table in derivation["paths"]:
        rows = path_grid(table, "terminal")
        if rows.count("\n") >= MOST_LINES:
            rows = f"The derivatives by {len(table['weights'])} weights, path by path: see table.md."
        told = f"The gradients, path by path (means over {derivation['rows']} rows, in float64):"
        matrices = grid(as_text(matrix_columns(table)), "terminal")
        yield f"{told}\n\n{rows}\n\n{matrices}"
    for table in derivation["columns"]:
        what = "every array of the column form is that of the row form"
        told = f"As columns: {what}, to {worst(table['rows'])} (table.md has them shape by shape)."
        yield wrapped(told, columns)
    for table in derivation["samples"]:
        what = f"the mean of {table['samples']} samples' outer products is the batch gradient"
        compared = [row["compared"] for row in table["rows"] if row["compared"]]
        yield wrapped(f"Sample by sample, {table['objective']}: {what}, to {worst(compared)}.", columns)


def paths_told(table: Table, batch: str) -> str:
    """Say what the path table holds."""
    error = "dL/dy" if table["sizes"][-1] == 1 else "dL/dy_k"
    sizes, paths = "-".join(map(str, table["sizes"])), counted(table["paths"], "path")
    told = f"""The network {sizes} has {paths} from an input to an output. wl_jk leads from node j of layer l
        to node k of layer l + 1: it is the entry (k, j) of Wl. A sample's derivative by a weight is the error
        {error} times the sum of products along the paths through that weight, the weight itself taken out;
        the values are means over {batch}. In the matrix form dL/dy is that of the batch, with the mean's 1/n
        in it. All {PRECISION}."""
    return paragraph(told)


def path_grid(table: Table, format: Format) -> str:
    """Return a line a weight; on the terminal a long sum of products goes on in the next."""
    columns = as_text(weight_columns(table))
    if format != "terminal":
        return grid(columns, format)
    lines: list[list[str]] = []
    for name, expression, *values in zip(*columns.values(), strict=True):
        first, *more = textwrap.wrap(expression, EXPRESSION, break_long_words=False)
        lines += [[name, first, *values], *(["", rest, "", "", ""] for rest in more)]
    headers = [*list(columns)[:3], "by back-\npropagation", "relative\ndifference"]
    return grid(dict(zip(headers, map(list, zip(*lines, strict=True)), strict=True)), format)


def columns_told(table: Table, batch: str) -> str:
    """Say what the column table holds."""
    return paragraph(
        f"""The same pass with samples as rows, as the project computes it, and as columns; n is
        {table["samples"]}. What has a sample axis is transposed, what has none is equal. The columns take the
        mean's 1/n in dW and db, the rows in dZ. Computed on {batch}, {PRECISION}."""
    )


def samples_told(batch: str) -> str:
    """Say what the sample tables hold."""
    return paragraph(
        f"""One sample is a column x, and a weight's gradient the outer product of an error and an
        activation. The first norm is the first sample's. The mean of each gradient over all samples is held
        to the gradient that back-propagation gives for the batch at once. On {batch}, {PRECISION}."""
    )


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


def worst(rows: Iterable[Table]) -> str:
    """Return the largest relative difference of the rows."""
    differences = [row["relative_difference"] for row in rows]
    return scientific(None if None in differences else max(differences))
