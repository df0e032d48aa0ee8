"""What made the difference, in sentences: how much of the whole each factor made, and what was not shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from compare.analysis.attribution import ROUNDING, excludes_no_effect, is_shown
from compare.analysis.digits import decimals, interval_texts, joined, points_texts, signed, with_decimals
from compare.render.ranges import NOISE_AS_LARGE

Row = Mapping[str, Any]
CALLED = {"batch_size": "batch regime", "implementation": "framework", "objective": "loss"}
"""Factors that are told by another name than their key."""
NOT_SHOWN = "no effect shown"


def attribution_sentences(rows: Sequence[Row]) -> list[str]:
    """Return the split of time (as factors) and of accuracy (in points), a sentence each."""
    told = (sentence(rows, outcome) for outcome in dict.fromkeys(row["outcome"] for row in rows))
    return [f"{text[:1].upper()}{text[1:]}." for text in told]


def sentence(rows: Sequence[Row], outcome: str = "seconds_per_epoch") -> str:
    """Return the split of one outcome in a sentence, told from the lower end to the higher ("" for none).

    Each factor stands with its levels at the two ends. One below 1x (or a negative number of points) worked
    against the difference; "no effect shown" means that the interval holds no effect, or that the null test
    differs as much, which is added then.
    """
    rows = [row for row in rows if row["outcome"] == outcome]
    if not rows:
        return ""
    sign = -1 if rows[0]["total"] < 0 else 1
    parts = ", ".join(f"{_named(row, sign)} {_part(row, sign)}" for row in rows)
    told = f"{_total(rows[0])} between the two ends of the grid: {parts}"
    left_out = [factor_name(row) for row in rows if row["levels"] > 2]
    if left_out:
        told += f"; of {joined(left_out)} only the first and the last level are compared"
    return f"of the {told}"


def factor_name(row: Row) -> str:
    """Return what a row's factor is called in a text."""
    return CALLED.get(str(row["factor"]), str(row["factor"]))


def _named(row: Row, sign: int) -> str:
    """A factor with its two levels, such as "framework (numpy to torch)"."""
    start, end = (row["from"], row["to"])[::sign]
    return f"{factor_name(row)} ({start} to {end})"


def _total(row: Row) -> str:
    total = abs(row["total"])
    if row["outcome"] == "seconds_per_epoch":
        ratio = math.exp(total)
        return f"{with_decimals(ratio, decimals(ratio, None, None))}x in seconds per epoch"
    return f"{100 * total:.1f} points of test accuracy"


def _part(row: Row, sign: int) -> str:
    bounds = [] if row["low"] is None else [row["low"], row["high"]]
    values = [round(sign * value, ROUNDING) for value in (row["contribution"], *bounds)]
    if row["outcome"] == "seconds_per_epoch":
        texts = _texts([math.exp(value) for value in values], ratio=True)
    else:
        texts = _texts([100 * value for value in values], ratio=False)
    if not bounds:
        return texts[0]
    if min(values[1:]) == 0 == max(values[1:]):
        return "nothing"
    why = ""
    if not is_shown(row):
        why = f", {NOT_SHOWN}" + (f": {NOISE_AS_LARGE}" if excludes_no_effect(row) else "")
    return f"{texts[0]} [{texts[1]}, {texts[2]}{why}]"


def _texts(values: Sequence[float], *, ratio: bool) -> list[str]:
    point, *bounds = values
    low, high = sorted(bounds) if bounds else (None, None)
    if ratio:
        shown = interval_texts(point, low, high, landmark=1.0)
        return [f"{shown[0]}x", *shown[1:]]
    return [signed(text) for text in points_texts(point, low, high, landmark=0.0)]
