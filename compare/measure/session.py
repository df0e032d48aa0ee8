"""Making the runs: each planned run is asked of its contestant, and recorded as it ends."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict

from compare.measure.channel import ContestantError, understood
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import Planned
from compare.measure.training import Budget
from compare.results import CurvePoint, Run

GAP_SECONDS = 0.02
"""Pause before each run, in which the idle threads of the contestant before it stop spinning."""


def make_runs(
    laboratory: Laboratory,
    plan: Collection[Planned],
    refused: Callable[[Planned], str | None],
    report: Callable[[Planned, float], None],
) -> Iterator[Run]:
    """Yield each planned run as it ends, the failed ones included.

    Every seed is a round in processes of its own: how memory happens to be laid out in a process can make it
    faster or slower throughout, so only a new process is a new sample.

    Args:
        laboratory: data, weights and processes.
        plan: the runs, in the order in which they are made.
        refused: why a run must not be made, or None.
        report: told the run in progress and the fraction of it that is done.
    """
    seed = None
    for planned in plan:
        if planned.seed != seed:
            laboratory.renew()
            seed = planned.seed
        why_not = refused(planned)
        if why_not is not None:
            yield unmade(laboratory, planned, "failed", why_not)
            continue
        time.sleep(GAP_SECONDS)
        try:
            yield make_run(laboratory, planned, lambda fraction, run=planned: report(run, fraction))  # type: ignore[misc]
        except ContestantError as error:
            yield unmade(laboratory, planned, error.status, str(error))


def make_run(laboratory: Laboratory, planned: Planned, report: Callable[[float], None]) -> Run:
    """Train once; raise ContestantError where that fails."""
    cell, experiment = planned.cell, laboratory.experiment
    training = experiment.training
    answer = laboratory.contestant(cell.implementation, cell.threads).ask(
        "train",
        experiment.run.timeout,
        report,
        setting=laboratory.setting(cell.objective, cell.optimizer, cell.dtype, planned.seed),
        batch_size=cell.batch_size,
        seed=planned.seed,
        budget=asdict(Budget(training.epochs, training.updates, training.seconds)),
        target=training.target,
    )
    with understood():
        outcome = answer["training"]
        outcome["curve"] = tuple(CurvePoint(**point) for point in outcome["curve"])
        return Run(
            cell=cell,
            seed=planned.seed,
            round=planned.round,
            initial_weights_sha256=weights_sha256(laboratory, planned),
            final_weights_sha256=answer["final_weights_sha256"],
            **outcome,
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
    )


def weights_sha256(laboratory: Laboratory, planned: Planned) -> str:
    """Return the SHA-256 of the initial weights of a run."""
    return laboratory.weights(laboratory.network(planned.cell.objective), planned.seed)[1]
