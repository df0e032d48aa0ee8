"""The gradient noise scale as a table along the training, and what it predicts, in sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from compare.render.text import Columns, capital, counted, grid, setting

Row = Mapping[str, Any]
CONTEXT = ("objective", "optimizer")
MEANING = (
    "by that theory, growing batches save updates up to about that size, and hardly beyond it "
    "(a magnitude, not a figure: it is derived for a quadratic loss at the best learning rates)"
)


def noise_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per point of every training; of objective and optimizer, what varies; "" without rows."""
    points = [(row, point) for row in rows for point in row["points"]]
    if not points:
        return ""
    columns: Columns = {key: [str(row[key]) for row, _ in points] for key in _varying(rows)}
    columns["batch"] = [str(row["batch_size"]) for row, _ in points]
    columns["updates"] = [str(point["updates"]) for _, point in points]
    names = {
        "gradient_norm_squared": "|G|²",
        "covariance_trace": "tr(Σ)",
        "noise_scale": "noise scale, samples",
    }
    for key, header in names.items():
        columns[header] = [_digits(point[key]) for _, point in points]
    return grid(columns, format)


def noise_sentences(document: Row) -> Iterable[str]:
    """Yield what each training's noise scale predicts, as no more than a magnitude."""
    rows = document.get("noise_scale", ())
    for row in rows:
        told = [row[key] for key in _varying(rows)]
        where = f"with {', '.join(told)}, " if told else ""
        known = [point["noise_scale"] for point in row["points"] if point["noise_scale"] is not None]
        if row["predicted_batch_size"] is None or not known:
            why = row["reason"] or "the gradient vanished"
            yield capital(f"{where}no gradient noise scale could be measured: {why}.")
            continue
        span = f"from {_digits(known[0])} samples at the start to {_digits(known[-1])} at the end"
        mean = f"{_digits(row['predicted_batch_size'])} on average over the first"
        updates = counted(round(row["averaged_updates"] or 0), "update")
        of = f"{where}the gradient noise scale of {setting(row['batch_size'])}"
        yield f"{capital(of)} goes {span}, and is {mean} {updates}: {MEANING}."


def _varying(rows: Sequence[Row]) -> list[str]:
    return [key for key in CONTEXT if any(row[key] != rows[0][key] for row in rows)]


def _digits(value: float | None) -> str:
    """Return two significant digits, without an exponent up to six places."""
    if value is None:
        return "-"
    rounded = float(f"{value:.2g}")
    return f"{rounded:.0f}" if 10 <= rounded < 1e6 else f"{rounded:g}"
