"""Ratios at many settings told in one sentence: the least and the greatest, and where nothing was shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compare.analysis.digits import joined, with_interval
from compare.render.places import context
from compare.render.text import setting

Row = Mapping[str, Any]
MOST_PLACES = 4
"""Settings that are named; more are counted."""
ONE_PROCESS = "in one process: that gives no interval"
"""Behind a ratio that shows nothing."""
NOISE_AS_LARGE = "the null test differs as much"
"""Why a ratio is no difference whose interval does not contain 1."""


def judged(rows: Sequence[Row], what: str) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows whose ratio is a difference, those where none was shown, and those without an interval.

    Args:
        rows: each with `what`_ratio, its bounds, and `what`_differs.
        what: "time", "floor" or "thread".
    """
    once = [row for row in rows if None in (row[f"{what}_ratio_low"], row[f"{what}_ratio_high"])]
    others = [row for row in rows if row not in once]
    shown = [row for row in others if row[f"{what}_differs"]]
    return shown, [row for row in others if row not in shown], once


def spread(rows: Sequence[Row], key: str, all_rows: Sequence[Row]) -> str:
    """Return "from 0.07 [0.05, 0.1] (batch 8) to 0.25 [0.2, 0.3] (full batch)", or the only ratio alone.

    Args:
        rows: one or more, each with key, key_low and key_high.
        key: of the ratio.
        all_rows: what the settings are told apart from.
    """
    least, most = (pick(rows, key=lambda row: row[key]) for pick in (min, max))
    if len(rows) > 1 and least[key] == most[key]:
        return _ratio(least, key)
    told = [f"{_ratio(row, key)} ({place(row, all_rows)})" for row in (least, most)]
    return told[0] if len(rows) == 1 else f"from {told[0]} to {told[1]}"


def _ratio(row: Row, key: str) -> str:
    return with_interval(row[key], row[f"{key}_low"], row[f"{key}_high"], landmark=1.0)


def place(row: Row, rows: Sequence[Row]) -> str:
    """Return "batch 32, float64": the settings of a row that not all rows share."""
    told = context(row, rows)
    if told and all(other["batch_size"] == row["batch_size"] for other in rows):
        return ", ".join(told)
    return ", ".join([setting(row["batch_size"]), *told])


def share(rows: Sequence[Row], total: int) -> str:
    """Return "at each of 8 settings" or "at 3 of 8 settings"."""
    if total == 1:
        return "at the only setting"
    return f"at {'each' if len(rows) == total else len(rows)} of {total} settings"


def places(rows: Sequence[Row], all_rows: Sequence[Row]) -> str:
    """Return "at batch 32 and full batch", or of many their number."""
    named = [place(row, all_rows) for row in rows]
    if len(named) > MOST_PLACES:
        return f"at {len(named)} settings"
    return "at " + (joined(named) if not any("," in name for name in named) else "; at ".join(named))
