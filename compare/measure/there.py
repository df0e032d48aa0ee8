"""What a worker of a cluster does: its laboratories stay, with the data, from one task to the next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from compare.experiment import Experiment
from compare.measure.laboratory import Laboratory
from compare.measure.parallel import LaboratoryPool, unheard
from compare.measure.protocol import Sitting, make_timings
from compare.measure.work import Record, Task, Work
from compare.results import Regime
from compare.timings import Timing
from data import Dataset

Rates = dict[Regime, float]
"""The learning rate of every regime that has one of its own."""

_data: dict[str, list[Dataset]] = {}
"""In a worker's process, by SHA-256: the dataset, once for every command that is at work with it."""
_pools: dict[str, list[LaboratoryPool]] = {}
"""Likewise: the laboratories of each experiment that it has worked on with a dataset."""


def keep(data: Dataset) -> None:
    """Have a dataset, for one more command."""
    copies = _data.setdefault(data.sha256, [])
    copies.append(copies[0] if copies else data)


def do_there(
    experiment: dict[str, Any], sha256: str, rates: Rates, work: Work[Task, Record], task: Task
) -> Record:
    """Do a task, in a process of a worker."""
    with lent(experiment, sha256, rates) as laboratory:
        return work.attempt(laboratory, task, unheard, False)


def time_there(
    experiment: dict[str, Any], sha256: str, rates: Rates, sittings: Sequence[Sitting], rounds: int
) -> list[Timing]:
    """Take the timings of some sittings, in a process of a worker."""
    with lent(experiment, sha256, rates) as laboratory:
        return list(make_timings(laboratory, sittings, rounds))


def held() -> list[str]:
    """Return the SHA-256 of the datasets that this process has."""
    return list(_data)


@contextmanager
def lent(experiment: dict[str, Any], sha256: str, rates: Rates) -> Iterator[Laboratory]:
    """Lend a laboratory for an experiment on a dataset, at its rates; made at the first call."""
    found = _pools.setdefault(sha256, [])
    pool = next((one for one in found if one.first.experiment.to_dict() == experiment), None)
    if pool is None:
        pool = LaboratoryPool(Laboratory(Experiment.from_dict(experiment), _data[sha256][0]))
        found.append(pool)
    with pool.lent() as laboratory:
        laboratory.rates = rates
        yield laboratory


def leave(sha256: str) -> None:
    """Let go of a dataset for one command; after the last, end whatever was begun with it."""
    copies = _data.get(sha256, [])
    if copies:
        copies.pop()
    if copies:
        return
    _data.pop(sha256, None)
    for pool in _pools.pop(sha256, []):
        pool.close()
        pool.first.close()
