"""The learning rates that were tried for each regime, as a table and in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from compare.analysis.digits import joined
from compare.cell_names import CONTEXT
from compare.render.places import context
from compare.render.text import capital, grid, setting
from compare.render.value import Table, Value, as_text, plain, varying_columns

Row = Mapping[str, Any]


def tuning_table(rows: Sequence[Row], format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per regime with its best rate and what its neighbours cost; "" without rows."""
    return grid(as_text(tuning_columns(rows)), format) if rows else ""


def tuning_columns(rows: Sequence[Row]) -> Table:
    """Return the same as header -> values; {} without rows."""
    if not rows:
        return {}
    columns = varying_columns(rows, CONTEXT)
    columns["batch"] = [plain(row["batch_size"]) for row in rows]
    cells: dict[str, Callable[[Row], str]] = {
        "rates tried": lambda row: f"{row['rates'][0]['lr']:.3g} to {row['rates'][-1]['lr']:.3g}",
        "best rate": _rate,
        "train loss": _loss_at_best,
        "next lower": lambda row: _times(row, "loss_below"),
        "next higher": lambda row: _times(row, "loss_above"),
        "within 10%": lambda row: _range(row["sensitivity"]),
    }
    return columns | {header: [Value(cell(row)) for row in rows] for header, cell in cells.items()}


def tried_rates(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a row per regime and learning rate, ready for a CSV; `best` is whether it was chosen."""
    return [
        {
            **{key: row[key] for key in ("implementation", "batch_size", *CONTEXT) if key in row},
            **rate,
            "best": rate["lr"] == row["best_lr"],
        }
        for row in rows
        for rate in row["rates"]
    ]


def tuning_sentences(document: Row) -> Iterable[str]:
    """Yield how the rates were chosen, which they are, and where a better one may lie outside."""
    rows = document.get("tuning", ())
    if not rows:
        return
    count, seeds = max(len(row["rates"]) for row in rows), joined(str(seed) for seed in rows[0]["seeds"])
    names = joined(dict.fromkeys(row["implementation"] for row in rows))
    chosen = "the least training loss at the end chose, and test accuracy had no say"
    given = f"Every regime was given the same {count} learning rates around the experiment's"
    yield f"{given}, trained by {names} on seeds {seeds}, which no run uses; {chosen}."
    found = [f"{row['lr']:.3g} at {_where(row, rows)}" for row in rows if row["best_lr"] is not None]
    if found:
        yield f"The best learning rates: {joined(found)}."
    for row in rows:
        if row["best_lr"] is None:
            told = f"no learning rate ended well, so the experiment's own, {row['lr']:.3g}, was used"
            yield f"{capital(f'at {_where(row, rows)}')}, {told}."
        elif row["edge"]:
            beyond = {"lowest": "lower", "highest": "higher"}[row["edge"]]
            told = f"the best learning rate, {row['lr']:.3g}, is the {row['edge']} that was tried"
            yield f"{capital(f'at {_where(row, rows)}')}, {told}: a {beyond} one may be better yet."


def _where(row: Row, rows: Sequence[Row]) -> str:
    return ", ".join([setting(row["batch_size"]), *context(row, rows)])


def _rate(row: Row) -> str:
    if row["best_lr"] is None:
        return f"none; {row['lr']:.3g}"
    return f"{row['best_lr']:.3g}" + (f" ({row['edge']})" if row["edge"] else "")


def _loss_at_best(row: Row) -> str:
    losses = [rate["train_loss"] for rate in row["rates"] if rate["lr"] == row["best_lr"]]
    return f"{losses[0]:.3g}" if losses else "-"


def _times(row: Row, key: str) -> str:
    """A neighbour's loss as a multiple of the best; in words where it has none."""
    value = row["sensitivity"][key]
    if value is not None:
        return f"{value:.3g}x"
    tried = [rate["lr"] for rate in row["rates"]]
    place = (
        tried.index(row["best_lr"]) + (-1 if key == "loss_below" else 1) if row["best_lr"] in tried else -1
    )
    if not 0 <= place < len(tried) or row["rates"][place]["status"] == "ok":
        return "-"
    return str(row["rates"][place]["status"])


def _range(sensitivity: Row) -> str:
    low, high = sensitivity["within_10_percent_low"], sensitivity["within_10_percent_high"]
    return "-" if low is None else f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
