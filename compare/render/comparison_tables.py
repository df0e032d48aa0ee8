"""What changed between two results, as tables: environment, times, accuracies, parity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from compare.analysis.comparison import CellChange, Comparison
from compare.analysis.statistics import Interval
from compare.cell_names import FACTORS
from compare.render.budgets_table import points
from compare.render.columns import percent, seconds_unit
from compare.render.text import scientific
from compare.render.timing_notes import NO_DIFFERENCE
from compare.render.value import NOTHING, Table, Value, measured, plain

LONGEST = 60
"""Characters of an entry of the environment in a table; the rest is in the results themselves."""


def environment_table(comparison: Comparison, names: tuple[str, str]) -> Table:
    """Return what differs between the machines and the software; {} where nothing does."""
    rows = comparison.environment
    if not rows:
        return {}
    return {
        "differs": [plain(row.key) for row in rows],
        names[0]: [plain(_cut(row.first, row.second)) for row in rows],
        names[1]: [plain(_cut(row.second, row.first)) for row in rows],
        "forbids ratios": [plain("yes" if row.decides else "no") for row in rows],
    }


def times_table(comparison: Comparison, names: tuple[str, str]) -> Table:
    """Return seconds an update on either side, their ratio where it may be formed, and the time ratios."""
    cells = comparison.cells
    if not cells:
        return {}
    both = [interval for cell in cells for interval in cell.seconds]
    unit, scale = seconds_unit(interval.point if interval else None for interval in both)
    table = _settings(cells)
    for side, name in enumerate(names):
        table[f"{unit}/update, {name}"] = [_scaled(cell.seconds[side], scale) for cell in cells]
    if any(cell.ratio for cell in cells):
        table[f"time, {names[1]} / {names[0]}"] = [_ratio(cell) for cell in cells]
    others = [cell for cell in cells if cell.cell.implementation != comparison.reference]
    if any(interval for cell in others for interval in cell.to_reference):
        for side, name in enumerate(names):
            header = f"time / {comparison.reference}, {name}"
            table[header] = [_to_reference(cell.to_reference[side]) for cell in cells]
    return table


def accuracy_table(comparison: Comparison, names: tuple[str, str]) -> Table:
    """Return the test accuracies, their difference seed by seed, and how many end with the same weights."""
    cells = comparison.cells
    if not cells:
        return {}
    table = _settings(cells)
    if any(interval for cell in cells for interval in cell.accuracy):
        for side, name in enumerate(names):
            table[f"test accuracy %, {name}"] = [_percent(cell.accuracy[side]) for cell in cells]
        table["difference, points"] = [_points(cell.change) for cell in cells]
    table["same final weights, seeds"] = [Value(f"{cell.same_weights} of {cell.seeds}") for cell in cells]
    return table


def parity_changes(comparison: Comparison, names: tuple[str, str]) -> Table:
    """Return the worst relative error of each implementation, objective and dtype on either side."""
    rows = comparison.parity
    if not rows:
        return {}
    table: Table = {
        key: [plain(row[key]) for row in rows] for key in ("implementation", "objective", "dtype")
    }
    for side, name in zip(("first", "second"), names, strict=True):
        table[f"relative error, {name}"] = [_error(row[side]) for row in rows]
        table[f"passed, {name}"] = [_passed(row[side]) for row in rows]
    return table


def comparison_rows(comparison: Comparison, first: str, second: str) -> list[dict[str, Any]]:
    """Return a plain row a cell, every number in full, for the CSV."""
    rows = []
    for cell in comparison.cells:
        row: dict[str, Any] = {"first": first, "second": second, **asdict(cell.cell)}
        for side, end in enumerate(("first", "second")):
            row |= _bounds(f"seconds_per_update_{end}", cell.seconds[side])
        row |= _bounds("ratio", cell.ratio) | {"differs": cell.differs, "paired_by": comparison.paired_by}
        for side, end in enumerate(("first", "second")):
            row |= _bounds(f"time_ratio_{end}", cell.to_reference[side])
        for side, end in enumerate(("first", "second")):
            row |= _bounds(f"test_accuracy_{end}", cell.accuracy[side])
        row |= _bounds("accuracy_difference", cell.change)
        rows.append(row | {"seeds": cell.seeds, "same_weights": cell.same_weights})
    return rows


def changed_times(comparison: Comparison) -> Iterable[CellChange]:
    """Yield the cells whose times were shown to differ."""
    return (cell for cell in comparison.cells if cell.differs)


def changed_accuracies(comparison: Comparison) -> Iterable[CellChange]:
    """Yield the cells whose accuracies were shown to differ."""
    return (cell for cell in comparison.cells if cell.change and _excludes_0(cell.change))


def _excludes_0(change: Interval) -> bool:
    return change.contains(0.0) is False


def _settings(cells: Sequence[CellChange]) -> Table:
    """The factors that vary, and the implementation in any case."""
    rows = [asdict(cell.cell) for cell in cells]
    shown = [
        key for key in FACTORS if key == "implementation" or any(row[key] != rows[0][key] for row in rows)
    ]
    return {"batch" if key == "batch_size" else key: [plain(row[key]) for row in rows] for key in shown}


def _scaled(interval: Interval | None, scale: float) -> Value:
    if interval is None:
        return Value(NOTHING)
    low, high = (None if bound is None else scale * bound for bound in (interval.low, interval.high))
    return measured(scale * interval.point, low, high)


def _ratio(cell: CellChange) -> Value:
    if cell.ratio is None:
        return Value(NOTHING)
    mark = NO_DIFFERENCE if cell.differs is False else ""
    return measured(cell.ratio.point, cell.ratio.low, cell.ratio.high, landmark=1.0, mark=mark)


def _to_reference(interval: Interval | None) -> Value:
    if interval is None:
        return Value(NOTHING)
    if interval.low is None and interval.point == 1:
        return Value("1")
    return measured(interval.point, interval.low, interval.high, landmark=1.0)


def _percent(interval: Interval | None) -> Value:
    row: Mapping[str, Any] = _bounds("test_accuracy", interval)
    return percent(row)


def _points(change: Interval | None) -> Value:
    if change is None:
        return Value(NOTHING)
    if change.point == 0 and change.low == change.high:
        return Value("0")
    return points(
        *(None if value is None else 100 * value for value in (change.point, change.low, change.high))
    )


def _bounds(name: str, interval: Interval | None) -> dict[str, float | None]:
    values = (None, None, None) if interval is None else (interval.point, interval.low, interval.high)
    return {f"{name}{end}": value for end, value in zip(("", "_low", "_high"), values, strict=True)}


def _error(row: Mapping[str, Any] | None) -> Value:
    return Value(NOTHING if row is None else scientific(row["relative_error"]))


def _passed(row: Mapping[str, Any] | None) -> Value:
    return Value(NOTHING if row is None else "yes" if row["passed"] else "NO")


def _cut(text: str, other: str) -> str:
    """A long text from shortly before the place where it departs from the other."""
    if max(len(text), len(other)) <= LONGEST:
        return text
    same = next((at for at, signs in enumerate(zip(text, other, strict=False)) if len(set(signs)) > 1), 0)
    start = max(0, same - LONGEST // 3)
    shown = f"...{text[start:]}" if start else text
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 3]}..."
