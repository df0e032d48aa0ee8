"""The proof of parity as text: the worst tensor of each implementation, and how far trajectories part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from compare.analysis.comparison import badness
from compare.render.screen import WIDEST, wrapped
from compare.render.text import grid, markdown_cell, scientific
from compare.render.value import Table, Value, as_text, plain, transposed

Row = Mapping[str, Any]
PARTS_AT = "parts at"
TUNED_RATE = "tuned rate"
THREADS = "threads"
"""Where it is not the experiment's first number of them."""
NOT_CHECKED = "Parity was not checked."


def parity_table(
    parity: Row, format: Literal["terminal", "github"] = "terminal", columns: int = WIDEST
) -> str:
    """Return a line per implementation, objective and dtype (its worst tensor), and one per trajectory."""
    if not parity["tensors"] and not parity["trajectory"] and not parity.get("failures"):
        return NOT_CHECKED
    tables = [grid(as_text(part), format) for part in (tensor_columns(parity), path_columns(parity)) if part]
    failures = [_told(text, format, columns) for text in failure_lines(parity)]
    return "\n\n".join([*tables, *["\n".join(failures)] * bool(failures)])


def tensor_columns(parity: Row) -> Table:
    """Return the worst tensor of each implementation, objective and dtype; {} where nothing was compared."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in parity["tensors"]:
        groups.setdefault((row["implementation"], row["objective"], row["dtype"]), []).append(row)
    return transposed(_tensor_cells(worst_tensor(rows), len(rows), parity) for rows in groups.values())


def path_columns(parity: Row) -> Table:
    """Return how far each trajectory parts from the reference's; {} without trajectories."""
    table = transposed(_path_cells(row, parity) for row in parity["trajectory"])
    for column in (PARTS_AT, TUNED_RATE, THREADS):
        if not any(value.point for value in table.get(column, [])):
            table.pop(column, None)
    return table


def failure_lines(parity: Row) -> list[str]:
    """Return who is not timed, and why, a line each."""
    return [
        f"Not timed: {row['implementation']} with {row['objective']}: {row['reason']}"
        for row in parity.get("failures", ())
    ]


def _tensor_cells(worst: Row, count: int, parity: Row) -> dict[str, Value]:
    cells = {key: plain(worst[key]) for key in ("implementation", "objective", "dtype", "against")}
    return (
        cells
        | {"tensors": plain(count), "worst tensor": plain(worst["tensor"])}
        | _error_cells(worst, parity)
    )


def _path_cells(row: Row, parity: Row) -> dict[str, Value]:
    cells = {key: plain(row[key]) for key in ("implementation", "objective", "optimizer")}
    cells[TUNED_RATE] = Value("" if row.get("lr") is None else f"{row['lr']:.4g}")
    cells[THREADS] = Value("" if row.get("threads") is None else f"{row['threads']}")
    cells |= {key: plain(row[key]) for key in ("dtype", "steps")}
    step, tensor = row.get("first_step"), row.get("first_tensor")
    parted = "" if step is None else f"step {step}" + (f", {tensor}" if tensor else "")
    return cells | _error_cells(row, parity) | {PARTS_AT: Value(parted)}


def worst_tensor(rows: Iterable[Row]) -> Row:
    """Return the row whose error is largest beside its tolerance; one that is not a number is the worst."""
    return max(rows, key=badness)


def _told(text: str, format: str, columns: int) -> str:
    return f"- {markdown_cell(text)}" if format == "github" else wrapped(text, columns)


def _error_cells(row: Row, parity: Row) -> dict[str, Value]:
    error, tolerance = scientific(row["relative_error"]), scientific(row["tolerance"])
    passed = "yes" if row["passed"] else "by design" if is_by_design(row, parity) else "NO"
    return {"relative error": Value(error), "tolerance": Value(tolerance), "passed": Value(passed)}


def is_by_design(row: Row, parity: Row) -> bool:
    """Whether an implementation declares that it fails this comparison."""
    key = {name: row.get(name) for name in ("implementation", "objective", "optimizer")}
    return any(all(one[name] == value for name, value in key.items()) for one in parity.get("deviations", ()))
