"""Whether the features of a dataset are the pixels of an image, and of which height and width."""

import math
import re
from collections.abc import Sequence

_BY_PLACE = re.compile(r"pixel_(\d+)_(\d+)")
_BY_NUMBER = re.compile(r"pixel_?(\d+)")
_MNIST = 28 * 28


def image_shape(columns: Sequence[str], has_names: bool) -> tuple[int, int] | None:
    """Return (height, width) where the columns are pixels, row by row; None where they are not.

    Columns called ``pixel_0_0, pixel_0_1, ...`` say so themselves, as do ``pixel0, pixel1, ...`` if they are
    as many as a square has. Columns without names are an image only if they are MNIST's 784.

    Args:
        columns: the name of each feature.
        has_names: whether they come from the file, and are not made up for one without a header.
    """
    places = [_BY_PLACE.fullmatch(name) for name in columns]
    if places and all(places):
        found = [(int(place[1]), int(place[2])) for place in places if place]
        height, width = found[-1][0] + 1, found[-1][1] + 1
        in_order = [(row, column) for row in range(height) for column in range(width)]
        return (height, width) if found == in_order else None
    numbered = bool(columns) and all(_BY_NUMBER.fullmatch(name) for name in columns)
    if numbered or (not has_names and len(columns) == _MNIST):
        side = math.isqrt(len(columns))
        return (side, side) if side * side == len(columns) else None
    return None
