"""What the budgets say of batch sizes, in sentences: at equal epochs, equal updates and equal seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import with_interval
from compare.render.places import CONTEXT, context
from compare.render.tables import percent
from compare.render.text import setting

Row = Mapping[str, Any]


def regime_sentences(rows: Sequence[Row], reference: str) -> Iterable[str]:
    """Yield a sentence for each budget and each batch size of the reference beside the first of its group."""
    ours = [row for row in rows if row["implementation"] == reference and row["test_accuracy"] is not None]
    base: Row | None = None
    for row in ours:
        if base is None or any(row[key] != base[key] for key in ("held", *CONTEXT)):
            base = row
        elif row["accuracy_difference"] is not None:
            yield _sentence(base, row, ours)


def _sentence(base: Row, row: Row, rows: Sequence[Row]) -> str:
    amount = f"{row['budget']:.3g}" if row["held"] == "seconds" else f"{row['budget']:g}"
    where = ", ".join([f"At equal {row['held']} ({amount})", *context(row, rows)])
    ends = f"{setting(row['batch_size'])} has {percent(row, False)}% test accuracy and "
    ends += f"{setting(base['batch_size'])} {percent(base, False)}%"
    return f"{where}, {ends}: {_difference(row)}."


def _difference(row: Row) -> str:
    point, low, high = (
        None if row[f"accuracy_difference{end}"] is None else 100 * row[f"accuracy_difference{end}"]
        for end in ("", "_low", "_high")
    )
    assert point is not None
    if low is None or high is None:
        return "one seed, which shows no difference"
    if low <= 0 <= high:
        return f"no difference was shown ({_points(point, low, high)} points, seed by seed)"
    return f"a difference of {_points(point, low, high)} points, seed by seed"


def _points(point: float, low: float, high: float) -> str:
    return with_interval(round(point, 2), round(low, 2), round(high, 2), landmark=0.0)
