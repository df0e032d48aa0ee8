"""What the budgets say of batch sizes, in sentences: at equal epochs, equal updates and equal seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from compare.analysis.digits import points_texts
from compare.cell_names import CONTEXT
from compare.render.columns import percent
from compare.render.places import context
from compare.render.text import setting

Row = Mapping[str, Any]
MOST_SIZES = 3


def regime_sentences(rows: Sequence[Row], reference: str) -> Iterable[str]:
    """Yield a sentence for each budget and each batch size of the reference beside the first of its group.

    Of more than `MOST_SIZES` batch sizes only the last is told; the table has them all.
    """
    ours = [row for row in rows if row["implementation"] == reference and row["test_accuracy"] is not None]
    for _, group in groupby(ours, key=lambda row: [row[key] for key in ("held", *CONTEXT)]):
        base, *others = group
        for row in others if len(others) < MOST_SIZES else others[-1:]:
            if row["accuracy_difference"] is not None:
                yield _sentence(base, row, ours, several=len({row["implementation"] for row in rows}) > 1)


def _sentence(base: Row, row: Row, rows: Sequence[Row], *, several: bool) -> str:
    amount = f"{row['budget']:g}"
    if row["held"] == "seconds":
        amount = f"{row['budget']:.3g}" + (f" of {row['implementation']}" if several else "")
    where = ", ".join([f"At equal {row['held']} ({amount})", *context(row, rows)])
    ends = f"{setting(row['batch_size'])} has {percent(row).point}% test accuracy and "
    ends += f"{setting(base['batch_size'])} {percent(base).point}%"
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
    shown, *bounds = points_texts(point, low, high, landmark=0.0)
    return f"{shown} [{', '.join(bounds)}]"
