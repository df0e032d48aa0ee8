"""Where rates are tried, runs made and times taken: here in turns, here several at once, or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

from compare.measure.laboratory import Laboratory
from compare.measure.parallel import at_once
from compare.measure.protocol import Sitting, make_timings
from compare.measure.schedule import Planned
from compare.measure.session import RUNS, make_runs
from compare.measure.tuning import TUNINGS, PlannedTuning, make_tunings
from compare.measure.work import Refused, Report, never
from compare.results import Run
from compare.timings import Timing
from compare.tunings import Tuning


class WorkplaceError(Exception):
    """A place that cannot be used; one line."""


class Workplace(Protocol):
    """Tries the rates, makes the runs and takes the times of a laboratory's experiment."""

    def make_tunings(
        self, plan: Collection[PlannedTuning], report: Report[PlannedTuning]
    ) -> Iterator[Tuning]:
        """Yield each training as it ends; arguments as `compare.measure.tuning.make_tunings`."""

    def make_runs(
        self, plan: Collection[Planned], refused: Refused[Planned], report: Report[Planned]
    ) -> Iterator[Run]:
        """Yield each planned run as it ends; arguments as `compare.measure.session.make_runs`."""

    def make_timings(
        self,
        planned: Collection[Sitting],
        rounds: int,
        report: Callable[[Sitting], None],
        did_one: Callable[[], None],
    ) -> Iterator[Timing]:
        """Yield the timings of all sittings; arguments as `compare.measure.protocol.make_timings`."""

    def facts(self) -> dict[str, Any]:
        """Return what the environment's record says of the place."""


class Here:
    """This machine; one task after the other, or `jobs` at the same time. Times are always taken in turns."""

    def __init__(self, laboratory: Laboratory, jobs: int = 1) -> None:
        self._laboratory, self._jobs = laboratory, jobs

    def make_tunings(
        self, plan: Collection[PlannedTuning], report: Report[PlannedTuning]
    ) -> Iterator[Tuning]:
        """Yield each training as it ends."""
        if self._jobs == 1:
            return make_tunings(self._laboratory, plan, report)
        return at_once(TUNINGS, self._laboratory, plan, never, self._jobs)

    def make_runs(
        self, plan: Collection[Planned], refused: Refused[Planned], report: Report[Planned]
    ) -> Iterator[Run]:
        """Yield each planned run as it ends."""
        if self._jobs == 1:
            return make_runs(self._laboratory, plan, refused, report)
        return at_once(RUNS, self._laboratory, plan, refused, self._jobs)

    def make_timings(
        self,
        planned: Collection[Sitting],
        rounds: int,
        report: Callable[[Sitting], None],
        did_one: Callable[[], None],
    ) -> Iterator[Timing]:
        """Yield the timings of all sittings."""
        return make_timings(self._laboratory, planned, rounds, report, did_one)

    def facts(self) -> dict[str, Any]:
        """Return how many tasks were done at the same time."""
        return {"jobs": self._jobs}
