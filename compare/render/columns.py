"""The columns of the main table: what each is called, in which unit, and what stands in its cells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import points_texts
from compare.cell_names import FACTORS
from compare.render.timing_notes import NO_DIFFERENCE, TO_TARGET
from compare.render.value import NOTHING, Value, measured, plain

Row = Mapping[str, Any]
Column = tuple[str, list[Value]]
"""The header, with its unit, and a value for each row."""

SETTINGS = (*FACTORS, "seeds", "epochs", "updates")
"""What a row of the summary is about: the factors, and how long it was trained."""
FLOOR = "time / floor"
"""The column that tells a time as a multiple of its matrix products'."""


def column(key: str, rows: Sequence[Row], reference: str | None = None) -> Column:
    """Return the column of a key of `COLUMNS`; `reference` names the contestant in a ratio's header."""
    return COLUMNS[key](rows, reference)


def percent(row: Row) -> Value:
    """Return a row's accuracy in percent, to a tenth at least and a hundredth at most, 96.9 [96.4, 97.4]."""
    point, low, high = (None if value is None else 100 * value for value in _triple(row, "test_accuracy"))
    if point is None:
        return Value(NOTHING)
    if low is None or high is None or high == low:
        return Value(*points_texts(point, None, None))
    return Value(*points_texts(point, low, high))


def loss(value: float | None) -> Value:
    """Return a loss with three digits."""
    return Value(NOTHING if value is None else f"{value:.3g}")


def _plain_column(key: str, header: str) -> Callable[[Sequence[Row], str | None], Column]:
    return lambda rows, reference: (header, [plain(row.get(key)) for row in rows])


def _loss_column(key: str, header: str) -> Callable[[Sequence[Row], str | None], Column]:
    return lambda rows, reference: (header, [loss(row[key]) for row in rows])


def _yes_no(rows: Sequence[Row], reference: str | None) -> Column:
    told = {True: "yes", False: "no", None: None}
    return "time differs", [plain(told[row["time_differs"]]) for row in rows]


def _seconds(key: str, per: str) -> Callable[[Sequence[Row], str | None], Column]:
    def made(rows: Sequence[Row], reference: str | None) -> Column:
        unit, scale = seconds_unit(row.get(key) for row in rows)
        return f"{unit}{per}", [_scaled(row, key, scale) for row in rows]

    return made


def _scaled(row: Row, key: str, scale: float) -> Value:
    point, low, high = (None if value is None else scale * value for value in _triple(row, key))
    return Value(NOTHING) if point is None else measured(point, low, high)


def _ratio(rows: Sequence[Row], reference: str | None) -> Column:
    return f"time / {reference or 'reference'}", [
        _told_ratio(row, "time_ratio", "time_differs") for row in rows
    ]


def _told_ratio(row: Row, key: str, differs: str) -> Value:
    point, low, high = _triple(row, key)
    if point is None:
        return Value(NOTHING)
    if point == 1 and low is None:
        return Value("1")
    mark = NO_DIFFERENCE if row.get(differs) is False else ""
    return measured(point, low, high, landmark=1.0, mark=mark)


def _floor(rows: Sequence[Row], reference: str | None) -> Column:
    return FLOOR, [_told_ratio(row, "floor_ratio", "floor_differs") for row in rows]


def _rate(rows: Sequence[Row], reference: str | None) -> Column:
    return "rate", [plain(None if row.get("lr") is None else f"{row['lr']:.3g}") for row in rows]


def _accuracy(rows: Sequence[Row], reference: str | None) -> Column:
    return "test accuracy %", [percent(row) for row in rows]


def _to_target(rows: Sequence[Row], reference: str | None) -> Column:
    return TO_TARGET, [_seconds_to_target(row) for row in rows]


def _seconds_to_target(row: Row) -> Value:
    """Seconds, and how many runs got there unless all did."""
    seconds, reached = row["seconds_to_target"], row["target_reached"]
    if seconds is None or reached is None:
        return plain(reached if seconds is None else f"{seconds:.2g}")
    count, _, of = reached.partition(" of ")
    return Value(f"{seconds:.2g}" if count == of else f"{seconds:.2g} ({reached})")


def seconds_unit(seconds: Iterable[float | None]) -> tuple[str, float]:
    """Return the unit that suits the largest of the durations, and how many of it make a second."""
    largest = max((value for value in seconds if value is not None), default=1.0)
    return ("s", 1.0) if largest >= 1 else ("ms", 1e3) if largest >= 1e-3 else ("us", 1e6)


def _triple(row: Row, key: str) -> tuple[float | None, float | None, float | None]:
    return row.get(key), row.get(f"{key}_low"), row.get(f"{key}_high")


COLUMNS: dict[str, Callable[[Sequence[Row], str | None], Column]] = {
    **{key: _plain_column(key, "batch" if key == "batch_size" else key) for key in SETTINGS},
    "seconds_per_epoch": _seconds("seconds_per_epoch", "/epoch"),
    "time_ratio": _ratio,
    "floor_ratio": _floor,
    "compile_seconds": _seconds("compile_seconds", " to compile"),
    "train_loss": _loss_column("train_loss", "train loss"),
    "test_loss": _loss_column("test_loss", "test loss"),
    "test_accuracy": _accuracy,
    "seconds_to_target": _to_target,
    "updates_to_target": _plain_column("updates_to_target", "updates to target"),
    "target_reached": _plain_column("target_reached", "runs at target"),
    "lr": _rate,
    "status": _plain_column("status", "status"),
    "diverged": _plain_column("diverged", "diverged runs"),
    "failed": _plain_column("failed", "failed runs"),
    "time_differs": _yes_no,
    "flags": _plain_column("flags", "flags"),
}
"""Every column there is, by its key of the summary; an interval stands in the same column."""
