"""Results in, tables as text out: for the terminal, for Markdown and as CSV."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.attribution import sentence
from compare.analysis.digits import with_interval
from compare.analysis.summary import SUMMARY_KEYS
from compare.render.text import Columns, Format, counted, grid, markdown_cell, printable
from compare.render.timing_notes import FLOOR, NO_DIFFERENCE

Row = Mapping[str, Any]

WIDEST = 112
SETTINGS = (*SUMMARY_KEYS[:6], "seeds", "epochs", "updates")
TIME, LOSS, ACCURACY = "interval of the time an epoch", "train loss", "interval of the accuracy"
RATIO, FLOOR_RATIO = "interval of the time ratio", f"interval of {FLOOR}"
LEFT_OUT_FIRST = (FLOOR_RATIO, TIME, FLOOR, LOSS, "updates", ACCURACY, RATIO)

DIFFERS = {"time_ratio": "time_differs", "floor_ratio": "floor_differs"}
"""Ratios, and the keys that say whether they are a difference."""


def summary_table(
    rows: Sequence[Row],
    format: Format = "terminal",
    reference: str | None = None,
    floor: Sequence[Row] = (),
) -> str:
    """Return the summary as text.

    "terminal" and "github" show what varies and tell in a line above what all rows share; they round to the
    digits that the intervals support and give accuracies in percent. "csv" holds every key in full,
    accuracies as fractions. A table too wide for a terminal loses parts, and says which.
    `reference` names the implementation in the header of the time ratio. The rows of the `floor` follow
    those of the same settings, but not in "csv".
    """
    if format == "csv":
        return _csv(rows, SUMMARY_KEYS)
    if not rows:
        return "No runs were made."
    shown = _with_floor(rows, floor)
    left_out = 0 if format == "github" else _too_many(shown, reference)
    table = grid(_columns(shown, reference, set(LEFT_OUT_FIRST[left_out:]), format), format)
    told = _shared(rows)
    if format == "github":
        return f"{markdown_cell(told)}\n\n{table}".strip()
    missed = [part for part in LEFT_OUT_FIRST[:left_out] if floor or part not in (FLOOR, FLOOR_RATIO)]
    note = f"Not shown, for width: {', '.join(missed)}." if missed else ""
    above = "\n".join(textwrap.fill(printable(text), WIDEST) for text in (told, note) if text)
    return f"{above}\n\n{table}".strip()


def _with_floor(rows: Sequence[Row], floor: Sequence[Row]) -> list[Row]:
    """The rows, and the floor's behind the last one of the same settings; what it does not have is None."""

    def settings(row: Row) -> tuple[Any, ...]:
        return tuple(row[key] for key in SETTINGS[1 : SETTINGS.index("seeds")])

    last = {settings(row): place for place, row in enumerate(rows)}
    shown: list[Row] = []
    for place, row in enumerate(rows):
        shown.append(row)
        for below in floor if last[settings(row)] == place else ():
            if settings(below) == settings(row):
                shown.append({**dict.fromkeys(SUMMARY_KEYS), **below, "implementation": floor_name(below)})
    return shown


def floor_name(row: Row) -> str:
    """Return what a row of the floor is called among the implementations."""
    return f"floor ({row['library']})"


def _too_many(rows: Sequence[Row], reference: str | None) -> int:
    """How many of `LEFT_OUT_FIRST` have to go for the table to fit a terminal."""
    for count in range(len(LEFT_OUT_FIRST)):
        table = grid(_columns(rows, reference, set(LEFT_OUT_FIRST[count:]), "terminal"), "terminal")
        if max(map(len, table.splitlines())) <= WIDEST:
            return count
    return len(LEFT_OUT_FIRST)


def attribution_table(rows: Sequence[Row], format: Format = "terminal") -> str:
    """Return the Shapley split of time (as factors) and of accuracy (in points), or what it lacks.

    "csv" holds every key of the rows, times as differences of logarithms.
    """
    if format == "csv":
        return _csv(rows, list(rows[0]) if rows else [])
    if not rows:
        return "Nothing to attribute: that takes two or more factors that vary, and every combination run."
    told = (_capital(sentence(rows, outcome)) for outcome in dict.fromkeys(row["outcome"] for row in rows))
    lines = [f"{text}." for text in told]
    return "\n\n".join(markdown_cell(line) for line in lines) if format == "github" else "\n".join(lines)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _shared(rows: Sequence[Row]) -> str:
    """What all rows have in common, in a line."""
    words = {
        "batch_size": lambda value: "full batch" if value == "full" else f"batch {value}",
        "optimizer": lambda value: f"optimizer {value}",
        "threads": lambda value: counted(value, "thread"),
        "seeds": lambda value: counted(value, "seed"),
        "epochs": lambda value: counted(value, "epoch"),
        "updates": lambda value: counted(value, "update"),
    }
    alike = [key for key in SETTINGS if not _varies(rows, key) and rows[0][key] is not None]
    told = [printable(words.get(key, str)(rows[0][key])) for key in alike]
    return f"{'All rows' if len(rows) > 1 else 'The one row'}: {', '.join(told)}." if told else ""


def _varies(rows: Sequence[Row], key: str) -> bool:
    """Whether a setting differs between rows that have it; the floor has no seeds."""
    return len({row[key] for row in rows if row[key] is not None or "library" not in row}) > 1


def _columns(rows: Sequence[Row], reference: str | None, kept: set[str], format: Format) -> Columns:
    """Header -> cells of what varies and what was measured; of `LEFT_OUT_FIRST` only what is `kept`."""
    varying = [key for key in SETTINGS if _varies(rows, key) and (key in kept or key != "updates")]
    columns = {"batch" if key == "batch_size" else key: [_plain(row[key]) for row in rows] for key in varying}
    unit, scale = _unit([row["seconds_per_epoch"] for row in rows])
    measured = {
        f"{unit}/epoch": _intervals(rows, "seconds_per_epoch", scale, TIME in kept),
        f"time / {reference or 'reference'}": _intervals(rows, "time_ratio", 1.0, RATIO in kept),
    }
    if FLOOR in kept:
        measured[FLOOR] = _intervals(rows, "floor_ratio", 1.0, FLOOR_RATIO in kept)
    if LOSS in kept:
        measured["train loss"] = [_loss(row["train_loss"]) for row in rows]
    if all(row["test_accuracy"] is None for row in rows):
        measured["test loss"] = [_loss(row["test_loss"]) for row in rows]
    measured["test accuracy %"] = _intervals(rows, "test_accuracy", 100.0, ACCURACY in kept)
    if any(row["target_reached"] for row in rows):
        measured["s to target"] = [_to_target(row) for row in rows]
    if any(row["status"] not in ("ok", None) for row in rows):
        measured["status"] = [_plain(row["status"]) for row in rows]
    if any(row["flags"] for row in rows):
        measured["flags"] = [_flags(row["flags"] or "-", format) for row in rows]
    columns |= {header: cells for header, cells in measured.items() if any(cell != "-" for cell in cells)}
    if format == "terminal":
        columns = {_narrow(header): cells for header, cells in columns.items()}
    return columns or {"implementation": [_plain(row["implementation"]) for row in rows]}


def _narrow(header: str) -> str:
    """The header in two lines where it has words enough."""
    first, _, rest = header.partition(" ") if header.startswith(("test", "train")) else header.rpartition(" ")
    return f"{first}\n{rest}" if first and rest else header


def _unit(seconds: Iterable[float | None]) -> tuple[str, float]:
    largest = max((value for value in seconds if value is not None), default=1.0)
    return ("s", 1.0) if largest >= 1 else ("ms", 1e3) if largest >= 1e-3 else ("us", 1e6)


def _intervals(rows: Iterable[Row], key: str, scale: float, with_bounds: bool) -> list[str]:
    cells = []
    for row in rows:
        point, low, high = (None if row.get(name) is None else scale * row[name] for name in _triple(key))
        if point is None:
            cells.append("-")
        elif key in DIFFERS and point == 1 and low is None:
            cells.append("1")
        elif key == "test_accuracy":
            cells.append(percent(row, with_bounds))
        else:
            text = with_interval(point, low, high, landmark=1.0 if key in DIFFERS else None)
            text = text if with_bounds else text.partition(" ")[0]
            shown = key not in DIFFERS or row[DIFFERS[key]] is not False
            cells.append(text if shown else f"{text} {NO_DIFFERENCE}")
    return cells


def _flags(flags: str, format: Format) -> str:
    """The flags in words, on the terminal by their initials."""
    return "".join(flag[0] for flag in flags.split(", ")) if format == "terminal" else flags


def percent(row: Row, with_bounds: bool = True) -> str:
    """Return a row's accuracy in percent, never finer than a hundredth of a point, "96.9 [96.4, 97.4]"."""
    point, low, high = (None if row[name] is None else 100 * row[name] for name in _triple("test_accuracy"))
    if point is None:
        return "-"
    if low is None or high is None or high == low:
        return f"{point:.1f}"
    text = with_interval(round(point, 2), round(low, 2), round(high, 2))
    return text if with_bounds else text.partition(" ")[0]


def _triple(key: str) -> tuple[str, str, str]:
    return key, f"{key}_low", f"{key}_high"


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def _to_target(row: Row) -> str:
    """Seconds, and how many runs got there unless all did."""
    seconds, reached = row["seconds_to_target"], row["target_reached"]
    if seconds is None or reached is None:
        return _plain(reached)
    count, _, of = reached.partition(" of ")
    return f"{seconds:.2g}" if count == of else f"{seconds:.2g} ({reached})"


def _plain(value: object) -> str:
    return "-" if value is None else str(value)


def _csv(rows: Sequence[Row], keys: Sequence[str]) -> str:
    import pandas as pd

    frame = pd.DataFrame({key: pd.Series([row.get(key) for row in rows], dtype=object) for key in keys})
    return str(frame.to_csv(index=False, lineterminator="\n"))
