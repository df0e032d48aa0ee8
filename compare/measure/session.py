"""Making the runs: each planned run is asked of its contestant, and recorded as it ends."""

import platform
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict
from itertools import groupby
from typing import Any

from compare.measure.channel import ContestantError, understood
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import Planned
from compare.measure.training import Budget
from compare.measure.work import Refused, Report, Work, in_turns
from compare.results import Cell, CurvePoint, Run

MOST_RENEWALS = 5
"""How often the processes are replaced in the course of the runs: starting PyTorch takes seconds."""


def make_runs(
    laboratory: Laboratory,
    plan: Collection[Planned],
    refused: Refused[Planned],
    report: Report[Planned],
) -> Iterator[Run]:
    """Yield each planned run as it ends, the failed ones included.

    Every seed, or where there are many every few seeds, is a round in processes of its own: how memory
    happens to be laid out in a process can make it faster or slower throughout, so only a new process is a
    new sample.

    Args:
        laboratory: data, weights and processes.
        plan: the runs, in the order in which they are made.
        refused: why a run must not be made, as status and reason, or None.
        report: told the run in progress and the fraction of it that is done.
    """
    seeds = [list(of_seed) for _, of_seed in groupby(plan, key=lambda planned: planned.seed)]
    every = -(-len(seeds) // MOST_RENEWALS)
    for number, of_seed in enumerate(seeds):
        if number % every == 0:
            laboratory.renew()
        yield from in_turns(RUNS, laboratory, of_seed, refused, report)


def attempted(laboratory: Laboratory, planned: Planned, report: Callable[[float], None], alone: bool) -> Run:
    """Train once, and return the record of the failure where that fails."""
    try:
        return make_run(laboratory, planned, report, alone)
    except ContestantError as error:
        return unmade(laboratory, planned, error.status, str(error))


def make_run(laboratory: Laboratory, planned: Planned, report: Callable[[float], None], alone: bool) -> Run:
    """Train once; raise ContestantError where that fails."""
    cell, experiment = planned.cell, laboratory.experiment
    setting = laboratory.setting_of(cell, planned.seed)
    pictured = laboratory.data.image_shape is not None and planned.seed == experiment.run.seeds[0]
    target = experiment.training.target
    answer = ask_to_train(laboratory, cell, planned.seed, setting, report, target, pictured)
    with understood():
        outcome = answer["training"]
        outcome["curve"] = tuple(CurvePoint(**point) for point in outcome["curve"])
        predictions = answer["predictions"]
        return Run(
            cell=cell,
            seed=planned.seed,
            round=planned.round,
            initial_weights_sha256=weights_sha256(laboratory, planned),
            final_weights_sha256=answer["final_weights_sha256"],
            lr=laboratory.learning_rate(cell),
            compile_seconds=answer["compile_seconds"],
            predictions=None if predictions is None else tuple(predictions),
            host=platform.node() or None,
            alone=alone,
            **outcome,
        )


def ask_to_train(
    laboratory: Laboratory,
    cell: Cell,
    seed: int,
    setting: dict[str, Any],
    report: Callable[[float], None],
    target: float | None = None,
    pictured: bool = False,
) -> dict[str, Any]:
    """Let a cell's contestant train for as long as the experiment says; raise ContestantError if it fails."""
    experiment = laboratory.experiment
    training = experiment.training
    return laboratory.contestant(cell.implementation, cell.threads).ask(
        "train",
        experiment.run.timeout,
        report,
        setting=setting,
        batch_size=cell.batch_size,
        seed=seed,
        budget=asdict(Budget(training.epochs, training.updates, training.seconds)),
        target=target,
        pictured=pictured,
    )


def unmade(laboratory: Laboratory, planned: Planned, status: str, reason: str) -> Run:
    """Return the record of a run that yielded nothing."""
    return Run(
        cell=planned.cell,
        seed=planned.seed,
        status=status,
        reason=reason,
        epochs=0,
        updates=0,
        seconds=0.0,
        cpu_seconds=0.0,
        curve=(),
        seconds_to_target=None,
        initial_weights_sha256=weights_sha256(laboratory, planned),
        final_weights_sha256=None,
        round=planned.round,
        lr=laboratory.learning_rate(planned.cell),
        host=platform.node() or None,
    )


def weights_sha256(laboratory: Laboratory, planned: Planned) -> str:
    """Return the SHA-256 of the initial weights of a run."""
    return laboratory.weights(laboratory.network(planned.cell.objective), planned.seed)[1]


RUNS = Work(attempted, unmade)
