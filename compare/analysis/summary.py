"""From runs to the summary: one row per cell of the grid, with intervals over its processes and seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import fmean, median_low
from typing import Any

from compare.analysis.floor import floor_ratio
from compare.analysis.noise import flags_of
from compare.analysis.null_test import differs
from compare.analysis.statistics import Interval, geometric_ratio_interval, mean_interval, seconds_interval
from compare.analysis.targets_reached import censored_median, counted_runs, reached, told_of
from compare.analysis.times import Times, run_seconds_per_epoch, with_bounds
from compare.results import Cell, CurvePoint, Run
from compare.timings import Entrant, Timing

SUMMARY_KEYS = (
    *(
        "implementation",
        "batch_size",
        "objective",
        "optimizer",
        "dtype",
        "threads",
        "seeds",
        "epochs",
        "updates",
    ),
    *("seconds_per_epoch", "seconds_per_epoch_low", "seconds_per_epoch_high"),
    *("time_ratio", "time_ratio_low", "time_ratio_high"),
    *(
        "train_loss",
        "test_accuracy",
        "test_accuracy_low",
        "test_accuracy_high",
        "seconds_to_target",
        "status",
    ),
    *("test_loss", "target_reached", "diverged", "failed"),
    *("time_differs", "flags"),
    "reason",
    *("floor_ratio", "floor_ratio_low", "floor_ratio_high", "floor_differs"),
    *("updates_to_target", "lr"),
    "compile_seconds",
)


@dataclass(frozen=True)
class _Evidence:
    """All that a row is made from."""

    runs: Mapping[Cell, list[Run]]
    times: Times
    reference: str
    target: float | None
    null: Mapping[str, Any] | None
    training_rows: int | None


def summarise(
    runs: Iterable[Run],
    reference: str,
    target: float | None = None,
    timings: Iterable[Timing] = (),
    null: Mapping[str, Any] | None = None,
    training_rows: int | None = None,
) -> list[dict[str, Any]]:
    """Return one row (`SUMMARY_KEYS`) per cell, in the order in which the cells are first seen.

    Means, medians and intervals are over the runs that ended well; the others are counted in `diverged`,
    `failed` (time-outs included) and told in `status`. Times come from the timing blocks: the median of all
    blocks, intervals over processes; a time ratio compares seconds per update with the `reference`
    implementation's in the same round. Of a cell without timings they come from its runs, a seed each; the
    number of `training_rows` says how many updates an epoch has where they end within one.
    `reason` says why runs did not end well.
    `time_differs` says whether the ratio is a difference, given the `null` test; `flags` what disturbed the
    times. `floor_ratio` compares seconds per update with those of the matrix products alone, through the
    library that takes least time for them.

    Losses and accuracies are means over seeds, at the end. Seconds and updates to the target are medians in
    which a run that ended without reaching it counts as later than all others: None where that is half of
    them or more, and where there is no `target`.
    """
    by_cell: dict[Cell, list[Run]] = {}
    for run in runs:
        by_cell.setdefault(run.cell, []).append(run)
    evidence = _Evidence(by_cell, Times(timings), reference, target, null, training_rows)
    return [_row(cell, evidence) for cell in by_cell]


def _row(cell: Cell, evidence: _Evidence) -> dict[str, Any]:
    runs = evidence.runs[cell]
    good = [run for run in runs if run.status == "ok"]
    accuracy = final_accuracy(good)
    to_target = [run.seconds_to_target for run in counted_runs(runs)]
    seconds = evidence.times.seconds_per_epoch(Entrant(cell)) or _seconds_per_epoch(good, evidence)
    ratio, above_floor = _time_ratio(cell, evidence), floor_ratio(evidence.times, Entrant(cell))
    values = {
        **asdict(cell),
        "seeds": len({run.seed for run in runs}),
        "epochs": median_low(run.epochs for run in good) if good else None,
        "updates": median_low(run.updates for run in good) if good else None,
        **with_bounds("seconds_per_epoch", seconds),
        **with_bounds("time_ratio", ratio),
        "train_loss": _final_loss(good, lambda point: point.train_loss),
        **with_bounds("test_accuracy", mean_interval(accuracy, 0, 1) if accuracy else None),
        "seconds_to_target": None if evidence.target is None else censored_median(to_target),
        "status": _status(runs),
        "test_loss": _final_loss(good, lambda point: point.test_loss),
        "target_reached": None if evidence.target is None else told_of(to_target),
        "diverged": sum(run.status == "diverged" for run in runs),
        "failed": sum(run.status in ("failed", "timeout") for run in runs),
        "time_differs": differs(ratio, evidence.null),
        "flags": _flags(cell, evidence, seconds),
        "reason": _reason(runs),
        **with_bounds("floor_ratio", above_floor),
        "floor_differs": differs(above_floor, evidence.null),
        "updates_to_target": _updates_to_target(runs, evidence.target),
        "lr": runs[-1].lr,
        "compile_seconds": _compile_seconds(cell, evidence),
    }
    return {key: values[key] for key in SUMMARY_KEYS}


def _updates_to_target(runs: Iterable[Run], target: float | None) -> float | None:
    if target is None:
        return None
    arrivals = [reached(run, target) for run in counted_runs(runs)]
    return censored_median([None if arrival is None else arrival.updates for arrival in arrivals])


def _seconds_per_epoch(good: Iterable[Run], evidence: _Evidence) -> Interval | None:
    told = [run_seconds_per_epoch(run, evidence.training_rows) for run in good]
    seconds = [value for value in told if value is not None]
    return seconds_interval(seconds) if seconds else None


def _time_ratio(cell: Cell, evidence: _Evidence) -> Interval | None:
    if cell.implementation == evidence.reference:
        was_timed = evidence.times.of(Entrant(cell)) or _seconds_per_update(evidence.runs[cell])
        return Interval(1.0, None, None) if was_timed else None
    reference = replace(cell, implementation=evidence.reference)
    timed = evidence.times.ratio(Entrant(cell), Entrant(reference))
    if timed is not None:
        return timed
    theirs = _seconds_per_update(evidence.runs.get(reference, ()))
    ours = _seconds_per_update(evidence.runs[cell])
    ratios = [ours[key] / theirs[key] for key in ours if key in theirs]
    return geometric_ratio_interval(ratios) if ratios else None


def _seconds_per_update(runs: Iterable[Run]) -> dict[tuple[int, int], float]:
    return {
        (run.seed, run.round): run.seconds / run.updates
        for run in runs
        if run.status == "ok" and run.updates and run.seconds
    }


def _compile_seconds(cell: Cell, evidence: _Evidence) -> float | None:
    """The longest of all processes: the first compiles, the others may find it in a cache."""
    records: list[Run | Timing] = [*evidence.runs[cell], *evidence.times.of(Entrant(cell))]
    return max((one.compile_seconds for one in records if one.compile_seconds is not None), default=None)


def _flags(cell: Cell, evidence: _Evidence, seconds: Interval | None) -> str | None:
    timings = evidence.times.of(Entrant(cell))
    if timings:
        return ", ".join(flags_of(timings)) or None
    return "untimed" if evidence.times and seconds is not None else None


def final_accuracy(runs: Iterable[Run]) -> list[float]:
    """Return each seed's test accuracy at the end, averaged over its rounds; empty for regression."""
    return list(_by_seed(runs, lambda point: point.test_accuracy).values())


def _final_loss(runs: Iterable[Run], loss: Callable[[CurvePoint], float]) -> float | None:
    values = list(_by_seed(runs, loss).values())
    mean = fmean(values) if values else math.nan
    return mean if math.isfinite(mean) else None


def _by_seed(runs: Iterable[Run], value: Callable[[CurvePoint], float | None]) -> dict[int, float]:
    values: dict[int, list[float]] = {}
    for run in runs:
        last = value(run.curve[-1]) if run.curve else None
        if last is not None:
            values.setdefault(run.seed, []).append(last)
    return {seed: fmean(of_seed) for seed, of_seed in values.items()}


def _reason(runs: Sequence[Run]) -> str | None:
    """Why runs did not end well, each reason once and the first three at most; None where all did."""
    reasons = list(dict.fromkeys(run.reason or run.status for run in runs if run.status != "ok"))
    more = [f"and {len(reasons) - 3} other reasons"] if len(reasons) > 3 else []
    return "; ".join([*reasons[:3], *more]) or None


def _status(runs: Sequence[Run]) -> str:
    counts = {
        status: sum(run.status == status for run in runs)
        for status in ("diverged", "failed", "timeout", "refused")
    }
    if len(runs) in counts.values():
        return next(status for status, count in counts.items() if count == len(runs))
    told = [f"{status} ({count} of {len(runs)})" for status, count in counts.items() if count]
    return ", ".join(told) or "ok"
