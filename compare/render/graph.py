"""The computation graph as Mermaid text, which GitHub and many viewers of Markdown draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compare.render.text import number, printable

MOST_EDGES = 400
"""Mermaid draws 500; a graph with that many is not read by anybody."""

SHAPES = {
    "data": ('["', '"]'),
    "parameter": ('(["', '"])'),
    "value": ('["', '"]'),
    "loss": ('{{"', '"}}'),
}


def mermaid(graph: Mapping[str, Any]) -> str:
    """Return the graph as a fenced Mermaid block, or a sentence where it is too large to be drawn."""
    nodes = graph["nodes"]
    edges = [(source, node["name"]) for node in nodes for source in node["inputs"]]
    if len(edges) > MOST_EDGES:
        return f"The graph has {len(nodes)} nodes, too many to draw; results.json has them all."
    lines = ["```mermaid", "flowchart TD"]
    for node in nodes:
        opening, closing = SHAPES[node["kind"]]
        text = "<br/>".join(escaped(line) for line in label(node))
        lines.append(f"    {identifier(node['name'])}{opening}{text}{closing}")
    lines += [f"    {identifier(source)} --> {identifier(end)}" for source, end in edges]
    return "\n".join([*lines, "```"])


def label(node: Mapping[str, Any]) -> Iterable[str]:
    """Yield the lines of a node: equation or name, shape, gradient."""
    yield node["equation"] or node["name"]
    if node["kind"] == "loss":
        yield "scalar; dL/dL = 1"
        return
    shape, size = str(tuple(node["shape"])), node["gradient_norm"]
    if node["kind"] == "data" and size is None:
        yield shape
    elif node["gradient"] is None:
        yield f"{shape}; ‖dL/d{node['name']}‖ = {number(size)}"
    else:
        yield f"{shape}; dL/d{node['name']} ="
        yield from (_row(row) for row in node["gradient"])


def identifier(name: str) -> str:
    """Return the name as a Mermaid identifier: letters and digits, and never a keyword such as "end"."""
    return "n" + "".join(letter if letter.isascii() and letter.isalnum() else "_" for letter in name)


def escaped(text: str) -> str:
    """Return the text as Mermaid shows it inside quotes: every sign that means something as an entity."""
    return "".join(f"#{ord(letter)};" if letter in "#&<>\"'`\\" else letter for letter in printable(text))


def _row(row: Any) -> str:
    values = row if isinstance(row, list) else [row]
    return f"[{', '.join(map(number, values))}]"
