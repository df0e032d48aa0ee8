"""How much of a difference each factor made: the exact Shapley split over a grid of two-level factors.

The value of a set S of factors is the outcome with the factors in S at their last level and the others at
their first. A factor's contribution is its effect averaged over all orders in which the factors could have
been changed, one after the other; contributions sum to the whole difference (Shapley, 1953, A value for
n-person games).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from compare.analysis.null_test import differs
from compare.analysis.statistics import Interval, mean_interval
from compare.analysis.times import Times, run_seconds_per_epoch
from compare.results import Cell, Run
from compare.timings import Timing

FACTORS = ("batch_size", "implementation", "objective", "optimizer", "dtype", "threads")
ROUNDING = 12  # decimals: what is left of a sum of differences that cancel is not an effect

Level = str | int
Levels = Mapping[str, Sequence[Level]]
Value = Callable[[frozenset[str]], float]


def shapley(factors: Sequence[str], value: Value) -> dict[str, float]:
    """Return each factor's contribution to value(all) - value(none).

    For factor i: sum over the sets S without it of |S|! (k - |S| - 1)! / k! (value(S + i) - value(S)).
    """
    count = len(factors)
    contributions = {}
    for factor in factors:
        others = [other for other in factors if other != factor]
        contributions[factor] = math.fsum(
            (value(before | {factor}) - value(before)) / (count * math.comb(count - 1, size))
            for size in range(count)
            for before in map(frozenset, combinations(others, size))
        )
    return contributions


def attribute(
    runs: Iterable[Run],
    levels: Levels | None = None,
    timings: Iterable[Timing] = (),
    training_rows: int | None = None,
    null: Mapping[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return a row per outcome and factor: its contribution, with a t interval over what is `paired_by`.

    The split is made within every seed that has a good run in each corner of the grid, and averaged over
    them; `seeds` counts them. Times are split within every process that timed each corner instead, where
    there is one (`paired_by` is "process" then, and `seeds` counts processes).

    Times are split on the logarithm (`contribution`, `low`, `high`, `total`; `factor_of` is
    exp(contribution)), accuracies in fractions. `differs` says whether an effect was shown: its interval
    excludes that there is none and, of times, it is larger than the noise of the `null` test.

    A factor of one level is left out; of a factor with more than two, the first and the last level are
    compared and the others left out (`levels` says how many there were). `levels` gives the levels of each
    factor in the experiment's order; without it they are taken in the order in which the runs show them.
    `training_rows` makes the seconds of an epoch out of a run's that ended within one.

    Returns an empty list where fewer than two factors vary or no seed has the whole grid.
    """
    runs, times = list(runs), Times(timings)
    found = {factor: _in_order(runs, factor, levels or {}) for factor in FACTORS}
    varying = {factor: of_factor for factor, of_factor in found.items() if len(of_factor) > 1}
    if len(varying) < 2:
        return []
    accuracies = _Samples("test_accuracy", "seed", [*_accuracies(runs)])
    seconds = [
        _Samples("seconds_per_epoch", "process", [*_block_seconds(times)]),
        _Samples("seconds_per_epoch", "seed", [*_run_seconds(runs, training_rows)]),
    ]
    of_seconds = next(filter(None, (_rows(samples, varying, null) for samples in seconds)), [])
    return of_seconds + _rows(accuracies, varying, None)


@dataclass(frozen=True)
class _Samples:
    """Values of an outcome: the seed or process, the cell, the value there."""

    outcome: str
    paired_by: str
    values: Sequence[tuple[int, Cell, float]]


def _block_seconds(times: Times) -> Iterable[tuple[int, Cell, float]]:
    for cell in times.cells:
        for process, log in times.log_seconds_per_epoch(cell).items():
            yield process, cell, log


def _run_seconds(runs: Iterable[Run], training_rows: int | None) -> Iterable[tuple[int, Cell, float]]:
    for run in runs:
        seconds = run_seconds_per_epoch(run, training_rows)
        if seconds is not None:
            yield run.seed, run.cell, math.log(seconds)


def _accuracies(runs: Iterable[Run]) -> Iterable[tuple[int, Cell, float]]:
    for run in runs:
        accuracy = run.curve[-1].test_accuracy if run.status == "ok" and run.curve else None
        if accuracy is not None:
            yield run.seed, run.cell, accuracy


def _in_order(runs: Iterable[Run], factor: str, levels: Levels) -> list[Level]:
    seen = list(dict.fromkeys(getattr(run.cell, factor) for run in runs))
    wanted = list(levels.get(factor, seen))
    return sorted(seen, key=lambda level: wanted.index(level) if level in wanted else len(wanted))


def _rows(
    samples: _Samples, varying: Mapping[str, Sequence[Level]], null: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    factors, outcome = list(varying), samples.outcome
    corners = _corners(samples.values, varying)
    seeds = [seed for seed, values in corners.items() if len(values) == 2 ** len(factors)]
    if not seeds:
        return []
    splits = [shapley(factors, corners[seed].__getitem__) for seed in seeds]
    total = fmean(corners[seed][frozenset(factors)] - corners[seed][frozenset()] for seed in seeds)
    bounds = (-1.0, 1.0) if outcome == "test_accuracy" else (-math.inf, math.inf)
    rows = []
    for factor in factors:
        interval = mean_interval([split[factor] for split in splits], *bounds)
        rows.append(
            {
                "outcome": outcome,
                "factor": factor,
                "from": varying[factor][0],
                "to": varying[factor][-1],
                "levels": len(varying[factor]),
                "seeds": len(seeds),
                "contribution": interval.point,
                "factor_of": math.exp(interval.point) if outcome == "seconds_per_epoch" else None,
                "low": interval.low,
                "high": interval.high,
                "differs": _differs(interval, null),
                "total": total,
                "paired_by": samples.paired_by,
            }
        )
    return rows


def _differs(effect: Interval, null: Mapping[str, Any] | None) -> bool | None:
    """Whether an effect, a logarithm or a difference, was shown; None where there is no interval."""
    if effect.low is None or effect.high is None:
        return None
    values = (round(value, ROUNDING) for value in (effect.point, effect.low, effect.high))
    return differs(Interval(*map(math.exp, values)), null)


def is_shown(row: Mapping[str, Any]) -> bool | None:
    """Whether a row's effect was shown; None where it has no interval.

    Its interval alone decides where the results are older than `differs`.
    """
    return row["differs"] if "differs" in row else excludes_no_effect(row)


def excludes_no_effect(row: Mapping[str, Any]) -> bool | None:
    """Whether the interval of a row's effect holds effects alone; None where it has none."""
    if row["low"] is None:
        return None
    low, high = (round(row[end], ROUNDING) for end in ("low", "high"))
    return bool(low > 0 or high < 0)


def _corners(
    values: Iterable[tuple[int, Cell, float]], varying: Mapping[str, Sequence[Level]]
) -> dict[int, dict[frozenset[str], float]]:
    """Seed or process -> set of factors at their last level -> outcome, averaged over rounds."""
    samples: dict[int, dict[frozenset[str], list[float]]] = {}
    for number, cell, value in values:
        at = {factor: getattr(cell, factor) for factor in varying}
        if any(at[factor] not in (found[0], found[-1]) for factor, found in varying.items()):
            continue
        corner = frozenset(factor for factor, found in varying.items() if at[factor] == found[-1])
        samples.setdefault(number, {}).setdefault(corner, []).append(value)
    return {
        number: {corner: fmean(found) for corner, found in of_number.items()}
        for number, of_number in samples.items()
    }
