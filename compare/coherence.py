"""Whether the parts of a result fit one another, which its schema cannot say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.fields import ResultsError

LARGEST_SIDE = 4096
"""Pixels of a picture's height and width."""


def check_pictures(pictures: Mapping[str, Any]) -> None:
    """Raise `ResultsError` where a picture has not height x width pixels, or a side is too long."""
    height, width = pictures["height"], pictures["width"]
    if max(height, width) > LARGEST_SIDE:
        raise ResultsError(f"pictures: {height} x {width} pixels are more than {LARGEST_SIDE} on a side")
    for at, item in enumerate(pictures["items"]):
        if len(item["pixels"]) != height * width:
            told = f"has {len(item['pixels'])} values, not {height} x {width}"
            raise ResultsError(f"pictures.items[{at}].pixels: {told}")


def check_graph(graph: Mapping[str, Any]) -> None:
    """Raise `ResultsError` where two nodes have one name, or a node's input is none of those before it."""
    before: set[str] = set()
    for at, node in enumerate(graph["nodes"]):
        where = f"derivation.graph.nodes[{at}]"
        if node["name"] in before:
            raise ResultsError(f"{where}.name: {node['name']!r:.80} is an earlier node's")
        for name in node["inputs"]:
            if name not in before:
                raise ResultsError(f"{where}.inputs: {name!r:.80} is none of the nodes before it")
        before.add(node["name"])
