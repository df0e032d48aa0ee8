"""Measuring the gradient noise scale: the hand-written network trains once more, with stops to look at it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from compare.analysis.noise_scale import gradient_noise
from compare.batch_sizes import rows_per_batch
from compare.batches import BatchSize, batches_per_epoch
from compare.experiment import Experiment
from compare.measure.channel import ContestantError, read_arrays, understood
from compare.measure.laboratory import Laboratory
from compare.noise_scales import NoisePoint, NoiseScale
from compare.results import Cell, Run
from compare.targets import target_matrix

BY_HAND = "numpy"
LOOKS = 10
"""Times that the training stops after its start; at squares, because the noise changes fastest early on."""


@dataclass(frozen=True)
class PlannedNoise:
    """A training to look at: its cell (by the hand-written network), seed and number of updates."""

    cell: Cell
    seed: int
    updates: int


def planned_noise(
    experiment: Experiment, rows: int, runs: Sequence[Run], known: Iterable[NoiseScale]
) -> list[PlannedNoise]:
    """Return a training for each objective and optimizer that has none yet, at the middle batch size.

    None where there are fewer than three batch sizes, unless the experiment asks for it, or where no run of
    that objective and optimizer says how many updates its training takes. `rows` are the training set's.
    """
    factors, asked = experiment.factors, experiment.run.noise_scale
    if not (len(factors.batch_sizes) >= 3 if asked is None else asked):
        return []
    done = {record.key for record in known if record.status in ("ok", "diverged")}
    size, seed = middle(experiment, rows), experiment.run.seeds[0]
    plan = []
    for objective in factors.objectives:
        for optimizer in factors.optimizers:
            cell = Cell(BY_HAND, size, objective, optimizer, factors.dtypes[0], factors.threads[0])
            updates = updates_of(cell, seed, runs)
            if updates is not None and (objective, optimizer) not in done:
                plan.append(PlannedNoise(cell, seed, updates))
    return plan


def middle(experiment: Experiment, rows: int) -> BatchSize:
    """Return the middle one of the batch sizes in the order of their rows; of an even number, the smaller."""
    sizes = sorted(
        {cell.batch_size for cell in experiment.cells()}, key=lambda size: rows_per_batch(size, rows)
    )
    return sizes[(len(sizes) - 1) // 2]


def updates_of(cell: Cell, seed: int, runs: Iterable[Run]) -> int | None:
    """Return the updates of the run of a cell, by the hand-written network or, failing that, by another."""
    keys = ("batch_size", "objective", "optimizer", "dtype", "threads")
    alike = [
        run
        for run in runs
        if run.status in ("ok", "diverged")
        and run.seed == seed
        and all(getattr(run.cell, key) == getattr(cell, key) for key in keys)
    ]
    found = [run for run in alike if run.cell.implementation == cell.implementation] or alike
    return found[0].updates if found else None


def measure_noise(
    laboratory: Laboratory, plan: Iterable[PlannedNoise], report: Callable[[PlannedNoise], None]
) -> Iterator[NoiseScale]:
    """Yield the noise along each planned training as it ends, the failed ones included."""
    for planned in plan:
        report(planned)
        try:
            points = tuple(noise_along(laboratory, planned))
        except ContestantError as error:
            yield record_of(planned, (), error.status, str(error))
            continue
        well = all(np.isfinite(point.gradient_norm_squared) for point in points)
        reason = None if well else "the gradient is no longer finite"
        yield record_of(planned, points, "ok" if well else "diverged", reason)


def noise_along(laboratory: Laboratory, planned: PlannedNoise) -> Iterator[NoisePoint]:
    """Let the training be made, and yield the noise over the whole training set at each stop."""
    cell, data = planned.cell, laboratory.data_of(planned.seed)
    network = laboratory.network(cell.objective)
    stops = stops_of(planned.updates)
    output = laboratory.folder / "weights-along.npz"
    laboratory.contestant(cell.implementation, cell.threads).ask(
        "weights_along",
        laboratory.experiment.run.timeout,
        setting=laboratory.setting_of(cell, planned.seed),
        batch_size=cell.batch_size,
        seed=planned.seed,
        stops=stops,
        output=str(output),
    )
    per_epoch = batches_per_epoch(len(data.X_train), cell.batch_size)
    Y = target_matrix(data.Y_train, network.sizes[-1], "float64")
    arrays = read_arrays(output)
    for stop in stops:
        with understood():
            parameters = {
                name: arrays[f"{stop} {name}"].reshape(shape)
                for name, shape in network.parameter_shapes.items()
            }
        norm_squared, trace = gradient_noise(network, parameters, data.X_train, Y)
        yield NoisePoint(stop / per_epoch, stop, norm_squared, trace)


def stops_of(updates: int) -> list[int]:
    """Return the updates after which to look: 0, 1/100, 4/100, ... of them, and all."""
    return sorted({round(updates * (look / LOOKS) ** 2) for look in range(LOOKS + 1)})


def record_of(
    planned: PlannedNoise, points: tuple[NoisePoint, ...], status: str, reason: str | None
) -> NoiseScale:
    """Return the record of a training that was looked at."""
    cell = planned.cell
    return NoiseScale(
        cell.objective, cell.optimizer, cell.dtype, planned.seed, cell.batch_size, status, reason, points
    )
