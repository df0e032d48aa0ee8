"""Test images as inline PNG, each with what it is and what the contestants took it for."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.analysis.digits import joined

MOST_PICTURES = 48


@dataclass(frozen=True)
class Picture:
    """An image as a data URL, its label, and the classes predicted, each with the letters of who did."""

    url: str
    label: str
    told: str
    mistaken: bool


def pictures_of(pictures: Mapping[str, Any]) -> Iterator[Picture]:
    """Yield the pictures of a document, the first `MOST_PICTURES`."""
    width, height = pictures["width"], pictures["height"]
    letters = {name: letter for letter, names in readers(pictures).items() for name in names}
    for item in pictures["items"][:MOST_PICTURES]:
        label, predicted = item["label"], item["predicted"]
        mistaken = any(found != label for found in predicted.values())
        yield Picture(png_url(item["pixels"], width, height), str(label), _told(predicted, letters), mistaken)


def readers(pictures: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the contestants by a letter: those that took every picture for the same have one together."""
    items = pictures["items"][:MOST_PICTURES]
    groups: dict[tuple[Any, ...], list[str]] = {}
    for name in items[0]["predicted"] if items else ():
        groups.setdefault(tuple(item["predicted"].get(name) for item in items), []).append(name)
    return {_letter(at): names for at, names in enumerate(groups.values())}


def _letter(at: int) -> str:
    return chr(ord("A") + at % 26) + (str(at // 26) if at >= 26 else "")


def _told(predicted: Mapping[str, Any], letters: Mapping[str, str]) -> str:
    """Who took it for what: "7", or "7 by A and C; 2 by B"."""
    by_class: dict[str, list[str]] = {}
    for name, found in predicted.items():
        by_class.setdefault(str(found), []).append(letters[name])
    if len(by_class) == 1:
        return next(iter(by_class))
    return "; ".join(f"{found} by {joined(dict.fromkeys(who))}" for found, who in by_class.items())


def png_url(pixels: Sequence[int], width: int, height: int) -> str:
    """Return grey values 0 to 255, row by row, as the data URL of a PNG with dark ink on light paper."""
    from PIL import Image

    image = Image.frombytes("L", (width, height), bytes(255 - value for value in pixels))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
