"""What the network sees: test images, the mistaken ones first, and what each contestant took them for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from compare.render.figures.style import ALARM, INK, WIDTH, new_sheet, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Document = Mapping[str, Any]

ACROSS, MOST = 8, 40
TILE, LINE = 0.72, 0.155
"""Inches: an image's side, and a line of text."""
MOST_GROUPS = 4
LETTERS = "ABCDEFGH"


def has_pictures(document: Document) -> bool:
    """Whether there are images."""
    return bool(document.get("pictures", {}).get("items"))


def draw_pictures(document: Document) -> Figure:
    """Return the figure: a grid of images, dark ink on white, the mistaken ones framed."""
    pictures = document["pictures"]
    items = pictures["items"][:MOST]
    groups = groups_of(items)
    shown = list(groups.values())[:MOST_GROUPS]
    down = -(-len(items) // ACROSS)
    cell = TILE + LINE * (2 if len(shown) == 1 else 1 + -(-len(shown) // 2)) + 0.22
    more = [label for labels in list(groups.values())[MOST_GROUPS:] for label in labels]
    foot = LINE * (len(shown) + bool(more) + 1) + 0.15
    height = down * cell + foot
    figure, axes = new_sheet(height)
    for at, item in enumerate(items):
        x, y = WIDTH / ACROSS * (at % ACROSS + 0.5), 0.1 + cell * (at // ACROSS)
        draw_item(axes, item, (pictures["height"], pictures["width"]), x, y, shown)
    for at, labels in enumerate(shown):
        text = f"{LETTERS[at]}: {' = '.join(labels)}" if len(shown) > 1 else f"Read by {' = '.join(labels)}."
        axes.text(0.15, height - foot + LINE * (at + 1), plain(text, 118), fontsize=8, va="center")
    if more:
        text = f"Not shown, for room: {', '.join(more)}."
        axes.text(0.15, height - foot + LINE * (len(shown) + 1), plain(text, 118), fontsize=8, va="center")
    return figure


def groups_of(items: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], list[str]]:
    """Return the contestants that answered alike, by their answers."""
    groups: dict[tuple[Any, ...], list[str]] = {}
    for label in items[0]["predicted"]:
        groups.setdefault(tuple(item["predicted"].get(label) for item in items), []).append(label)
    return groups


def draw_item(
    axes: Any,
    item: Mapping[str, Any],
    shape: tuple[int, int],
    x: float,
    y: float,
    groups: Sequence[Sequence[str]],
) -> None:
    """Draw one image with what it is and what it was taken for."""
    from matplotlib.patches import Rectangle

    image = np.array(item["pixels"], dtype=np.uint8).reshape(shape)
    left, right = x - TILE / 2, x + TILE / 2
    axes.imshow(255 - image, cmap="gray", vmin=0, vmax=255, extent=(left, right, y + TILE, y), aspect="auto")
    read = [item["predicted"].get(labels[0]) for labels in groups]
    mistaken = any(value != item["label"] for value in read)
    frame: dict[str, Any] = {
        "edgecolor": ALARM if mistaken else "#BBBBBB",
        "linewidth": 1.8 if mistaken else 0.8,
    }
    axes.add_patch(Rectangle((left, y), TILE, TILE, facecolor="none", **frame))
    below = y + TILE + 0.7 * LINE
    axes.text(x, below, f"is {plain(item['label'], 10)}", ha="center", va="center", fontsize=8)
    for at, value in enumerate(read):
        wrong = value != item["label"]
        text = f"{LETTERS[at]} {plain(value, 8)}" if len(groups) > 1 else f"read {plain(value, 10)}" * wrong
        across = 0.0 if len(groups) == 1 else 0.22 * (1 if at % 2 else -1)
        axes.text(
            x + across,
            below + LINE * (1 + at // 2),
            text,
            ha="center",
            va="center",
            fontsize=8,
            color=ALARM if wrong else INK,
            fontweight="bold" if wrong else "normal",
        )


def caption(document: Document) -> str:
    """Return what the figure shows."""
    items = document["pictures"]["items"][:MOST]
    wrong = sum(any(value != item["label"] for value in item["predicted"].values()) for item in items)
    return (
        f"{len(items)} test images as the network gets them, {wrong} of them mistaken by one contestant or "
        "more (framed, and chosen first), with what they are and what they were taken for after training "
        "from the first seed."
    )
