"""What a batch size costs on the way to a target: seconds an epoch, updates and seconds until there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from statistics import median_low
from typing import Any

from compare.analysis.targets_reached import Reached, censored_interval, counted_runs, reached, told_of
from compare.analysis.times import with_bounds
from compare.batch_sizes import rows_per_batch
from compare.results import Cell, Run, cell_of

Row = dict[str, Any]
TIMES = ("seconds_per_epoch", "seconds_per_epoch_low", "seconds_per_epoch_high")


def sweep(
    runs: Iterable[Run], target: float | None, rows: int, summary: Iterable[Mapping[str, Any]]
) -> list[Row]:
    """Return a row for each cell of every group of cells that differ only in the batch size.

    A row has the cell's keys, `rows_per_batch`, `seconds_per_epoch` with its bounds (as the `summary` has
    them), and `updates_to_target` and `seconds_to_target`: medians over the runs with 95% intervals
    (`censored_interval`), `target_reached` runs of all. A run's curve is read at its evaluations, so both
    are told at the first that showed the target: late by less than `updates_between`, the distance to the
    evaluation before (the median over the runs). No target, or groups of one batch size: no rows.

    Args:
        runs: of the whole grid, in its order.
        target: test accuracy to reach, or None.
        rows: of the training set.
        summary: the rows of the summary.
    """
    if target is None:
        return []
    groups: dict[Cell, dict[Cell, list[Run]]] = {}
    for run in runs:
        group = groups.setdefault(replace(run.cell, batch_size="full"), {})
        group.setdefault(run.cell, []).append(run)
    timed = {cell_of(row): row for row in summary}
    return [
        _row(cell, of_cell, target, rows, timed.get(cell, {}))
        for group in groups.values()
        if len(group) > 1
        for cell, of_cell in sorted(
            group.items(), key=lambda entry: rows_per_batch(entry[0].batch_size, rows)
        )
    ]


def _row(cell: Cell, runs: Sequence[Run], target: float, rows: int, timed: Mapping[str, Any]) -> Row:
    counted = counted_runs(runs)
    arrivals = [reached(run, target) for run in counted]
    clocked = not any(run.updates and not run.seconds for run in counted)  # made beside others, untimed
    updates = [None if arrival is None else float(arrival.updates) for arrival in arrivals]
    seconds = [None if arrival is None else arrival.seconds for arrival in arrivals]
    return {
        **asdict(cell),
        "rows_per_batch": rows_per_batch(cell.batch_size, rows),
        **{key: timed.get(key) for key in TIMES},
        **with_bounds("updates_to_target", censored_interval(updates)),
        **with_bounds("seconds_to_target", censored_interval(seconds) if clocked else None),
        "updates_between": _between(arrivals),
        "target_reached": told_of(updates),
    }


def _between(arrivals: Iterable[Reached | None]) -> int | None:
    gaps = [arrival.updates - arrival.updates_before for arrival in arrivals if arrival is not None]
    return median_low(gaps) if gaps else None
