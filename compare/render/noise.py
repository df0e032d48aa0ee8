"""The gradient noise scale as a table along the training, and what it predicts, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from compare.cell_names import CONTEXT
from compare.plural import counted, number_of
from compare.render.places import with_settings
from compare.render.text import capital, grid, setting
from compare.render.value import Table, Value, as_text, plain, varying_columns

Row = Mapping[str, Any]
MEANING = (
    "by that theory, growing batches save updates up to about that size, and hardly beyond it "
    "(a magnitude, not a figure: it is derived for a quadratic loss at the best learning rates)"
)


def noise_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per point of every training; of the settings, what varies; "" without rows."""
    columns = noise_columns(rows)
    return grid(as_text(columns), format) if columns else ""


def noise_columns(rows: Sequence[Row]) -> Table:
    """Return the same as header -> values; {} without points."""
    points = noise_points(rows)
    if not points:
        return {}
    columns = varying_columns(points, CONTEXT)
    columns["batch"] = [plain(point["batch_size"]) for point in points]
    columns["updates"] = [plain(point["updates"]) for point in points]
    names = {
        "gradient_norm_squared": "|G|²",
        "covariance_trace": "tr(Σ)",
        "noise_scale": "noise scale, samples",
    }
    for key, header in names.items():
        columns[header] = [Value(_digits(point[key])) for point in points]
    return columns


def noise_points(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a row per point of every training, with the training's settings, ready for a CSV."""
    settings = ("batch_size", *CONTEXT, "seed", "predicted_batch_size")
    return [
        {**{key: row[key] for key in settings if key in row}, **point}
        for row in rows
        for point in row["points"]
    ]


def noise_sentences(document: Row) -> Iterable[str]:
    """Yield what each training's noise scale predicts, as no more than a magnitude."""
    rows = document.get("noise_scale", ())
    for row in rows:
        where = with_settings(row, rows)
        known = [point["noise_scale"] for point in row["points"] if point["noise_scale"] is not None]
        if row["predicted_batch_size"] is None or not known:
            why = row["reason"] or "the gradient vanished"
            yield capital(f"{where}no gradient noise scale could be measured: {why}.")
            continue
        span = (
            f"from {number_of(_digits(known[0]), 'sample')} at the start to {_digits(known[-1])} at the end"
        )
        mean = f"{_digits(row['predicted_batch_size'])} on average over the first"
        updates = counted(round(row["averaged_updates"] or 0), "update")
        of = f"{where}the gradient noise scale of {setting(row['batch_size'])}"
        yield f"{capital(of)} goes {span}, and is {mean} {updates}: {MEANING}."


def _digits(value: float | None) -> str:
    """Return two significant digits, without an exponent up to six places."""
    if value is None:
        return "-"
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if 10 <= rounded < 1e6 else f"{rounded:g}"
