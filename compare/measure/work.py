"""Kinds of work, runs and trainings at rates to choose from: each task of a kind leaves one record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from compare.measure.laboratory import Laboratory
from compare.results import Cell

GAP_SECONDS = 0.02
"""Pause before a task, in which the idle threads of the contestant before it stop spinning."""


class HasCell(Protocol):
    """Something to be trained."""

    @property
    def cell(self) -> Cell:
        """Return what is trained, and by whom."""


Task = TypeVar("Task", bound=HasCell)
Record = TypeVar("Record")
Refused = Callable[[Task], tuple[str, str] | None]
"""Why a task must not be done, as status and reason, or None."""
Report = Callable[[Task, float], None]
"""Told the task in progress and the fraction of it that is done."""


@dataclass(frozen=True)
class Work(Generic[Task, Record]):
    """A kind of work; both functions are of a module, so that they can be named to another machine.

    Args:
        attempt: does a task in a laboratory and returns its record, that of a failure included; told what
            to call with the fraction that is done, and whether nothing else is done at the same time.
        unmade: returns the record of a task that yielded nothing, from its status and reason.
    """

    attempt: Callable[[Laboratory, Task, Callable[[float], None], bool], Record]
    unmade: Callable[[Laboratory, Task, str, str], Record]


def in_turns(
    work: Work[Task, Record],
    laboratory: Laboratory,
    plan: Iterable[Task],
    refused: Refused[Task],
    report: Report[Task],
) -> Iterator[Record]:
    """Yield the record of each task as it ends, one task after the other."""
    for task in plan:
        why_not = refused(task)
        if why_not is not None:
            yield work.unmade(laboratory, task, *why_not)
            continue
        if task.cell.threads > 1:
            time.sleep(GAP_SECONDS)
        yield work.attempt(laboratory, task, lambda fraction, task=task: report(task, fraction), True)  # type: ignore[misc]


def never(task: object) -> None:
    """Refuse no task."""
