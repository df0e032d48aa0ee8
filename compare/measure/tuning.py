"""Trying learning rates: every regime gets as many, and the same training, on seeds that no run uses."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from compare.experiment import Experiment
from compare.measure.channel import ContestantError, understood
from compare.measure.laboratory import Laboratory
from compare.measure.session import ask_to_train
from compare.measure.work import Report, Work, in_turns, never
from compare.results import Cell, Regime
from compare.tunings import Tuning, rates_around, tuning_seeds

FIRST_CHOICE = "numpy"


@dataclass(frozen=True)
class PlannedTuning:
    """One training to make: a cell at a learning rate and a seed."""

    cell: Cell
    lr: float
    seed: int


def planned_tunings(
    experiment: Experiment,
    unfit: Collection[tuple[str, str]],
    known: Iterable[Tuning],
    does_the_same: Callable[[Cell], bool] = lambda cell: True,
) -> list[PlannedTuning]:
    """Return the trainings that are not on record yet; none where the experiment does not ask for tuning.

    One implementation tunes for all, since parity has shown that they compute the same: the hand-written
    network where it takes part, else the first that does. Dtype and threads are the first of theirs.

    Args:
        experiment: what is run.
        unfit: implementations, with the objective, that did not pass parity.
        known: the trainings on record, whatever became of them.
        does_the_same: whether an implementation neither refuses a cell nor differs in it by design.
    """
    count, factors = experiment.training.tune_lr, experiment.factors
    if count is None:
        return []
    done = {record.key for record in known}
    names = sorted(experiment.contestants, key=lambda name: name != FIRST_CHOICE)
    plan = []
    for regime in dict.fromkeys(Regime.of(cell) for cell in experiment.cells()):
        cells = [
            Cell(
                name,
                regime.batch_size,
                regime.objective,
                regime.optimizer,
                factors.dtypes[0],
                factors.threads[0],
            )
            for name in names
            if (name, regime.objective) not in unfit
        ]
        cell = next((cell for cell in cells if does_the_same(cell)), None)
        if cell is None:
            continue
        own = float(experiment.optimizer_options(regime.optimizer)["lr"])
        plan += [
            PlannedTuning(cell, rate, seed)
            for rate in rates_around(own, count)
            for seed in tuning_seeds(experiment.run.seeds)
            if (regime, rate, seed) not in done
        ]
    return plan


def make_tunings(
    laboratory: Laboratory, plan: Iterable[PlannedTuning], report: Report[PlannedTuning]
) -> Iterator[Tuning]:
    """Yield each training as it ends, one after the other, the failed ones included.

    Args:
        laboratory: data, weights and processes.
        plan: the trainings.
        report: told the training in progress and the fraction of it that is done.
    """
    return in_turns(TUNINGS, laboratory, plan, never, report)


def tried(
    laboratory: Laboratory, planned: PlannedTuning, report: Callable[[float], None], alone: bool
) -> Tuning:
    """Train at a rate, alone or not, and return what came of it, or the record of the failure."""
    cell, seed = planned.cell, planned.seed
    setting = laboratory.setting(cell.objective, cell.optimizer, cell.dtype, seed, planned.lr)
    try:
        answer = ask_to_train(laboratory, cell, seed, setting, report)
        with understood():
            training = answer["training"]
            end = training["curve"][-1]
            return Tuning(
                cell,
                planned.lr,
                seed,
                training["status"],
                training["reason"],
                float(end["train_loss"]),
                end["test_accuracy"],
            )
    except ContestantError as error:
        return untried(laboratory, planned, error.status, str(error))


def untried(laboratory: Laboratory, planned: PlannedTuning, status: str, reason: str) -> Tuning:
    """Return the record of a training that yielded nothing."""
    return Tuning(planned.cell, planned.lr, planned.seed, status, reason, math.nan, None)


TUNINGS = Work(tried, untried)
