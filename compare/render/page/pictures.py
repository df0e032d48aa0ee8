"""Test images as inline PNG, each with what it is and what the contestants took it for."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.analysis.digits import joined
from compare.render.text import printable

MOST_PICTURES = 48


@dataclass(frozen=True)
class Picture:
    """An image as a data URL, its label, and the classes predicted, each with the names of who did."""

    url: str
    label: str
    told: str
    mistaken: bool


def pictures_of(pictures: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of a document, the first `MOST_PICTURES`."""
    width, height = pictures["width"], pictures["height"]
    for item in pictures["items"][:MOST_PICTURES]:
        label, predicted = item["label"], item["predicted"]
        mistaken = any(found != label for found in predicted.values())
        yield Picture(png_url(item["pixels"], width, height), str(label), _told(predicted), mistaken)


def _told(predicted: Mapping[str, Any]) -> str:
    """Who took it for what: "7", or "7 by numpy; 2 by torch"."""
    by_class: dict[str, list[str]] = {}
    for name, found in predicted.items():
        by_class.setdefault(str(found), []).append(printable(name))
    if len(by_class) == 1:
        return next(iter(by_class))
    return "; ".join(f"{found} by {joined(names)}" for found, names in by_class.items())


def png_url(pixels: Sequence[int], width: int, height: int) -> str:
    """Return grey values 0 to 255, row by row, as the data URL of a PNG with dark ink on light paper."""
    from PIL import Image

    image = Image.frombytes("L", (width, height), bytes(255 - value for value in pixels))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
