"""What more threads bring each implementation, in sentences; where no difference was shown, they say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import interval_texts
from compare.cell_names import level_text
from compare.render.places import at_settings
from compare.render.ranges import NOISE_AS_LARGE, ONE_PROCESS, judged, places, share, spread

Row = Mapping[str, Any]
MOST_SETTINGS = 2
"""Settings at which an implementation's times are told one by one; of more, the least and the greatest."""


def thread_sentences(rows: Sequence[Row]) -> Iterable[str]:
    """Yield, for each implementation and number of threads, its time beside its own with the fewest."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        of_group = groups.setdefault((row["implementation"], row["threads"], row["fewest_threads"]), [])
        of_group.append({**row, "threads": None})  # the sentence names them: they are no setting of it
    for (name, threads, fewest), found in groups.items():
        more, few = level_text("threads", threads), str(fewest)
        if len(found) > MOST_SETTINGS:
            yield _together(f"{name} with {more}", few, found)
        else:
            yield from (f"{at_settings(row, found)}, {_told(name, more, few, row)}." for row in found)


def _told(name: str, more: str, few: str, row: Row) -> str:
    """The time of one implementation at one setting."""
    ratio, *bounds = _texts(row)
    if not bounds:
        return f"{name} with {more} took {ratio} of its time with {few} {ONE_PROCESS}"
    interval = f"95% interval {bounds[0]} to {bounds[1]}"
    if not row["thread_differs"]:
        why = f"; {NOISE_AS_LARGE}" if _excludes_1(row) else ""
        told = f"no difference between {name}'s time with {more} and with {few} was shown"
        return f"{told} (ratio {ratio}, {interval}{why})"
    if row["thread_ratio"] < 1:
        return f"{name} with {more} takes {ratio} of its time with {few} ({interval})"
    return f"{name} with {more} takes {ratio} times as long as with {few} ({interval})"


def _together(who: str, few: str, rows: Sequence[Row]) -> str:
    """The times of one implementation at many settings, in a sentence."""
    shown, unclear, once = judged(rows, "thread")
    faster = [row for row in shown if row["thread_ratio"] < 1]
    slower = [row for row in shown if row["thread_ratio"] >= 1]
    told = []
    if faster:
        taken = spread(faster, "thread_ratio", rows)
        told.append(f"{who} takes {taken} of its time with {few} {share(faster, len(rows))}")
    if slower:
        taken = spread(slower, "thread_ratio", rows)
        told.append(f"{who} takes {taken} times as long as with {few} {share(slower, len(rows))}")
    if unclear:
        no = "no difference" if told else f"{who}: no difference to its time with {few}"
        told.append(f"{no} was shown {places(unclear, rows)}")
    if once:
        taken, where = spread(once, "thread_ratio", rows), share(once, len(rows))
        told.append(f"{who} took {taken} of its time with {few} {where} {ONE_PROCESS}")
    return "; ".join(told) + "."


def _texts(row: Row) -> tuple[str, ...]:
    bounds = (row[f"thread_ratio{end}"] for end in ("", "_low", "_high"))
    return interval_texts(*bounds, landmark=1.0)


def _excludes_1(row: Row) -> bool:
    return bool(row["thread_ratio_low"] > 1 or row["thread_ratio_high"] < 1)
