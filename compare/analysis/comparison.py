"""What changed between two results of one experiment: times, accuracies seed by seed, parity."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from compare.analysis.null_test import differs
from compare.analysis.same_experiment import (
    Difference,
    environment_differences,
    require_same_experiment,
)
from compare.analysis.statistics import (
    Interval,
    geometric_median,
    geometric_ratio_interval,
    mean_interval,
    nested_interval,
)
from compare.analysis.times import Times
from compare.results import Cell, Run
from compare.timings import Entrant, Timing

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Side:
    """One of the two results: its document, with runs and timings as records."""

    document: Document
    runs: Sequence[Run]
    timings: Sequence[Timing]


@dataclass(frozen=True)
class CellChange:
    """A cell of the grid in both results; an interval is None where there is nothing to make it of.

    Args:
        seconds: seconds an update in the first and the second.
        ratio: seconds an update of the second over the first, paired by process (or seed, where there are
            no timing blocks); None where the environments differ.
        differs: whether the ratio is a difference, given the larger noise of the two null tests.
        to_reference: the time ratio to the reference, in the first and in the second.
        accuracy: test accuracy in the first and in the second.
        change: the difference of the accuracies, second less first, seed by seed.
        seeds: how many seeds both have; same_weights: in how many both end with the same weights, bit by bit.
    """

    cell: Cell
    seconds: tuple[Interval | None, Interval | None]
    ratio: Interval | None
    differs: bool | None
    to_reference: tuple[Interval | None, Interval | None]
    accuracy: tuple[Interval | None, Interval | None]
    change: Interval | None
    seeds: int
    same_weights: int


@dataclass(frozen=True)
class Comparison:
    """All that changed; `only` names the cells that one of the two has alone."""

    reference: str
    paired_by: str
    environment: tuple[Difference, ...]
    cells: tuple[CellChange, ...]
    only: tuple[tuple[Cell, ...], tuple[Cell, ...]]
    parity: tuple[dict[str, Any], ...]

    @property
    def deciding(self) -> tuple[Difference, ...]:
        """The differences for which no ratio of times is formed."""
        return tuple(difference for difference in self.environment if difference.decides)


def compare_results(first: Side, second: Side) -> Comparison:
    """Return what changed from the first to the second.

    Raises: OtherExperimentError naming the first key, where they are not of the same experiment.
    """
    require_same_experiment(first.document, second.document)
    environment = environment_differences(first.document, second.document)
    comparable = not any(difference.decides for difference in environment)
    cells = [dict.fromkeys(run.cell for run in side.runs) for side in (first, second)]
    shared = [cell for cell in cells[0] if cell in cells[1]]
    timed = bool(Times(first.timings)) and bool(Times(second.timings))
    return Comparison(
        reference=first.document["reference"],
        paired_by="process" if timed else "seed",
        environment=tuple(environment),
        cells=tuple(_change(cell, first, second, timed, comparable) for cell in shared),
        only=(
            tuple(cell for cell in cells[0] if cell not in cells[1]),
            tuple(cell for cell in cells[1] if cell not in cells[0]),
        ),
        parity=tuple(_parity(first.document, second.document)),
    )


def _change(cell: Cell, first: Side, second: Side, timed: bool, comparable: bool) -> CellChange:
    series = [_seconds(cell, side, timed) for side in (first, second)]
    paired = [series[1][key] / series[0][key] for key in series[0] if key in series[1]]
    ratio = geometric_ratio_interval(paired) if paired and comparable else None
    ends = [_accuracies(cell, side) for side in (first, second)]
    changes = [ends[1][seed] - ends[0][seed] for seed in ends[0] if seed in ends[1]]
    weights = [_weights(cell, side) for side in (first, second)]
    common = [key for key in weights[0] if key in weights[1]]
    rows = [_row(cell, side.document) for side in (first, second)]
    ours, theirs = (_told(cell, side, timed) for side in (first, second))
    before, after = (mean_interval(list(end.values()), 0, 1) if end else None for end in ends)
    return CellChange(
        cell=cell,
        seconds=(ours, theirs),
        ratio=ratio,
        differs=differs(ratio, {"log_ratio_95": _noise(first, second)}),
        to_reference=(_bounds(rows[0], "time_ratio"), _bounds(rows[1], "time_ratio")),
        accuracy=(before, after),
        change=mean_interval(changes) if changes else None,
        seeds=len({seed for seed, _ in common}),
        same_weights=len({seed for seed, _ in common})
        - len({key[0] for key in common if weights[0][key] != weights[1][key]}),
    )


def _seconds(cell: Cell, side: Side, timed: bool) -> dict[tuple[int, int], float]:
    """Process (or seed and round) -> seconds an update; of a process the median of its blocks."""
    if timed:
        return {
            (timing.process, 0): geometric_median([block.seconds_per_update for block in timing.blocks])
            for timing in Times(side.timings).of(Entrant(cell))
        }
    quiet = (run for run in _good(cell, side) if run.alone and run.updates and run.seconds)
    return {(run.seed, run.round): run.seconds / run.updates for run in quiet}


def _told(cell: Cell, side: Side, timed: bool) -> Interval | None:
    """Seconds an update as the summary tells times: the median of all blocks, the interval over processes."""
    timings = Times(side.timings).of(Entrant(cell)) if timed else []
    samples = [[block.seconds_per_update for block in timing.blocks] for timing in timings]
    samples = samples or [[seconds] for seconds in _seconds(cell, side, False).values()]
    return nested_interval(samples) if samples else None


def _accuracies(cell: Cell, side: Side) -> dict[int, float]:
    found: dict[int, list[float]] = {}
    for run in _good(cell, side):
        if run.curve and run.curve[-1].test_accuracy is not None:
            found.setdefault(run.seed, []).append(run.curve[-1].test_accuracy)
    return {seed: fmean(values) for seed, values in found.items()}


def _weights(cell: Cell, side: Side) -> dict[tuple[int, int], str | None]:
    return {(run.seed, run.round): run.final_weights_sha256 for run in _good(cell, side)}


def _good(cell: Cell, side: Side) -> Iterable[Run]:
    return (run for run in side.runs if run.cell == cell and run.status == "ok")


def _noise(first: Side, second: Side) -> float:
    tests = [side.document.get("null_test") for side in (first, second)]
    return max((null["log_ratio_95"] for null in tests if null), default=0.0)


def _row(cell: Cell, document: Document) -> Document | None:
    settings = asdict(cell)
    rows = document["summary"]
    return next((row for row in rows if all(row[key] == settings[key] for key in settings)), None)


def _bounds(row: Document | None, key: str) -> Interval | None:
    if row is None or row[key] is None:
        return None
    return Interval(row[key], row[f"{key}_low"], row[f"{key}_high"])


def _parity(first: Document, second: Document) -> Iterable[dict[str, Any]]:
    """The worst tensor of each implementation, objective and dtype, in the first and the second."""
    found = [_worst(document["parity"]["tensors"]) for document in (first, second)]
    for key in dict.fromkeys([*found[0], *found[1]]):
        names = dict(zip(("implementation", "objective", "dtype"), key, strict=True))
        yield {**names, "first": found[0].get(key), "second": found[1].get(key)}


def _worst(tensors: Iterable[Document]) -> dict[tuple[str, str, str], Document]:
    worst: dict[tuple[str, str, str], Document] = {}
    for row in tensors:
        key = (row["implementation"], row["objective"], row["dtype"])
        if key not in worst or badness(row) > badness(worst[key]):
            worst[key] = row
    return worst


def badness(row: Document) -> float:
    """Return the error of a row of parity beside its tolerance; one that is not a number is the worst."""
    error, tolerance = row["relative_error"], row["tolerance"]
    if error is None or tolerance is None or math.isnan(error) or math.isnan(tolerance):
        return math.inf
    return float(error / tolerance) if tolerance > 0 else float(error > 0) * 1e300
