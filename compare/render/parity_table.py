"""The proof of parity as text: the worst tensor of each implementation, and how far trajectories part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from compare.render.text import Columns, grid, markdown_cell, printable, scientific

Row = Mapping[str, Any]


def parity_table(parity: Row, format: Literal["terminal", "github"] = "terminal") -> str:
    """Return a line per implementation, objective and dtype (its worst tensor), and one per trajectory."""
    if not parity["tensors"] and not parity.get("failures"):
        return "Parity was not checked."
    columns: Columns = {}
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in parity["tensors"]:
        groups.setdefault((row["implementation"], row["objective"], row["dtype"]), []).append(row)
    for of_group in groups.values():
        worst = worst_tensor(of_group)
        cells = {key: str(worst[key]) for key in ("implementation", "objective", "dtype")}
        cells |= {"against": str(worst["against"]), "tensors": str(len(of_group))}
        cells |= {"worst tensor": str(worst["tensor"])}
        _append(columns, cells | _error_cells(worst, parity))
    paths: Columns = {}
    for row in parity["trajectory"]:
        cells = {key: str(row[key]) for key in ("implementation", "objective", "optimizer", "dtype", "steps")}
        step, tensor = row.get("first_step"), row.get("first_tensor")
        parted = "" if step is None else f"step {step}" + (f", {tensor}" if tensor else "")
        _append(paths, cells | _error_cells(row, parity) | {"parts at": parted})
    if not any(paths.get("parts at", [])):
        paths.pop("parts at", None)
    tables = [grid(part, format) for part in (columns, paths) if part]
    failures = [_told(row, format) for row in parity.get("failures", ())]
    return "\n\n".join([*tables, *["\n".join(failures)] * bool(failures)])


def worst_tensor(rows: Iterable[Row]) -> Row:
    """Return the row whose error is largest beside its tolerance; one that is not a number is the worst."""
    return max(rows, key=lambda row: _badness(row["relative_error"], row["tolerance"]))


def _told(row: Row, format: str) -> str:
    text = f"Not timed: {row['implementation']} with {row['objective']}: {row['reason']}"
    return f"- {markdown_cell(text)}" if format == "github" else printable(text)


def _badness(error: float | None, tolerance: float | None) -> float:
    if error is None or error != error or tolerance is None or tolerance != tolerance:
        return float("inf")
    return error / tolerance if tolerance > 0 else float(error > 0) * 1e300


def _error_cells(row: Row, parity: Row) -> dict[str, str]:
    error, tolerance = scientific(row["relative_error"]), scientific(row["tolerance"])
    passed = "yes" if row["passed"] else "by design" if is_by_design(row, parity) else "NO"
    return {"relative error": error, "tolerance": tolerance, "passed": passed}


def is_by_design(row: Row, parity: Row) -> bool:
    """Whether an implementation declares that it fails this comparison."""
    key = {name: row.get(name) for name in ("implementation", "objective", "optimizer")}
    return any(all(one[name] == value for name, value in key.items()) for one in parity.get("deviations", ()))


def _append(columns: Columns, cells: Mapping[str, str]) -> None:
    for header, cell in cells.items():
        columns.setdefault(header, []).append(cell)
