"""The computation graph, drawn: every node with its shape and the size of its gradient, or all of it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from compare.render.figures.style import INK, new_sheet, plain
from compare.render.graph import label

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Document = Mapping[str, Any]
Node = Mapping[str, Any]

LONGEST_CHAIN = 40
"""Values and loss, one below the other: a longer figure is not read by anybody."""
LINE, PADDING, GAP = 0.165, 0.16, 0.34
"""Inches: a line of text, what a box adds to its lines, and the room between two rows."""
WRAPPED_AT, WIDEST = 32, 64
"""Characters of a line of prose, and of a row of numbers."""
LETTER = 0.075
"""Inches that a letter takes at full size."""
COLUMNS = {"left": 1.3, "middle": 4.0, "right": 6.7}
BOX_WIDTH, MARGIN = 2.45, 0.075

LOOKS: dict[str, dict[str, Any]] = {
    "data": {"boxstyle": "square,pad=0", "facecolor": "#E8E8E8", "edgecolor": "#4D4D4D"},
    "parameter": {
        "boxstyle": "round,pad=0,rounding_size=0.12",
        "facecolor": "#DCEBF7",
        "edgecolor": "#0072B2",
    },
    "value": {"boxstyle": "square,pad=0", "facecolor": "white", "edgecolor": "#4D4D4D"},
    "loss": {"boxstyle": "square,pad=0", "facecolor": "#FBE3D1", "edgecolor": "#D55E00", "linewidth": 2.0},
}


@dataclass(frozen=True)
class Box:
    """A node at its place: the middle of its box and its lines, the first of which name it; inches."""

    node: Node
    x: float
    y: float
    lines: Sequence[str]
    heading: int

    @property
    def half_height(self) -> float:
        """Half of the box's height."""
        return (LINE * len(self.lines) + PADDING) / 2


def has_graph(document: Document) -> bool:
    """Whether there is a graph, and one that fits a page or two."""
    return "derivation" in document and 0 < len(chain_of(document)) <= LONGEST_CHAIN


def draw_graph(document: Document) -> Figure:
    """Return the figure: the values from top to bottom, what feeds them at their sides."""
    boxes, height = placed(document)
    right = max(box.x for box in boxes.values()) + BOX_WIDTH / 2 + MARGIN
    figure, axes = new_sheet(height, right)
    for box in boxes.values():
        draw_box(axes, box)
        for source in box.node["inputs"]:
            draw_arrow(axes, boxes[source], box)
    return figure


def chain_of(document: Document) -> list[Node]:
    """Return the nodes that are made from others, in the order of the forward pass."""
    return [node for node in document["derivation"]["graph"]["nodes"] if node["inputs"]]


def placed(document: Document) -> tuple[dict[str, Box], float]:
    """Return every node's box by name, and the height of them all."""
    nodes = {node["name"]: node for node in document["derivation"]["graph"]["nodes"]}
    boxes: dict[str, Box] = {}
    top = PADDING
    for node in chain_of(document):
        given = [name for name in node["inputs"] if name not in boxes and not nodes[name]["inputs"]]
        if not boxes and given:
            top = _row({"middle": nodes[given.pop(0)]}, top, boxes)
        sides = dict(zip(("left", "right"), given[:2], strict=False))
        row = {"middle": node, **{side: nodes[name] for side, name in sides.items()}}
        top = _row(row, top, boxes)
        for name in given[2:]:
            top = _row({"right": nodes[name]}, top, boxes)
    return boxes, top - GAP + PADDING


def _row(row: Mapping[str, Node], top: float, boxes: dict[str, Box]) -> float:
    """Place the nodes of a row beside each other; return where the next row begins."""
    lines = {side: lines_of(node) for side, node in row.items()}
    height = LINE * max(map(len, lines.values())) + PADDING
    for side, node in row.items():
        heading = len(wrapped(plain(next(iter(label(node))), 400)))
        boxes[node["name"]] = Box(node, COLUMNS[side], top + height / 2, lines[side], heading)
    return top + height + GAP


def lines_of(node: Node) -> list[str]:
    """Return the lines of a box; of a gradient too wide to be written out, its norm."""
    found = [plain(line, 400) for line in label(node)]
    if node["gradient"] is not None and max(map(len, found)) > WIDEST:
        found = [plain(line, 400) for line in label({**node, "gradient": None})]
    return [part for line in found for part in wrapped(line)]


def wrapped(line: str) -> list[str]:
    """Return a line of prose as several; a row of numbers stays one."""
    return [line] if line.startswith("[") else textwrap.wrap(line, WRAPPED_AT)


def draw_box(axes: Axes, box: Box) -> None:
    """Draw a node."""
    from matplotlib.patches import FancyBboxPatch

    look = {"linewidth": 1.1, **LOOKS[box.node["kind"]]}
    corner = (box.x - BOX_WIDTH / 2, box.y - box.half_height)
    axes.add_patch(FancyBboxPatch(corner, BOX_WIDTH, 2 * box.half_height, zorder=2, **look))
    for at, line in enumerate(box.lines):
        y = box.y + LINE * (at - (len(box.lines) - 1) / 2)
        size = min(8.5, 8.5 * (BOX_WIDTH - 0.1) / (LETTER * max(1, len(line))))
        weight = "bold" if at < box.heading else "normal"
        axes.text(box.x, y, line, ha="center", va="center", fontsize=size, fontweight=weight, zorder=3)


def draw_arrow(axes: Axes, source: Box, end: Box) -> None:
    """Draw an edge, from what is used to what is made of it."""
    if source.x == end.x:
        ends = (source.x, source.y + source.half_height), (end.x, end.y - end.half_height)
    else:
        side = 1 if source.x < end.x else -1
        ends = (source.x + side * BOX_WIDTH / 2, source.y), (end.x - side * BOX_WIDTH / 2, end.y)
    style = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", ends[1], ends[0], arrowprops=style, zorder=1)


def caption(document: Document) -> str:
    """Return what the figure shows."""
    derivation = document["derivation"]
    in_full = any(node["gradient"] is not None for node in derivation["graph"]["nodes"])
    what = "the derivative of the loss by every single weight" if in_full else "the norm of its gradient"
    return (
        f"The computation graph of {derivation['graph']['objective']}: each node with its shape and "
        f"{what}, on a batch of {derivation['rows']} training rows with the initial weights of seed "
        f"{derivation['seed']}. Forward along the arrows, back-propagation against them."
    )
