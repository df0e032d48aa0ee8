"""Tasks and timings on a Dask cluster: every machine of it does tasks, one worker alone takes the times.

Every task takes the whole of a worker's resource `exclusive`, so a worker never does two things at once;
the times are taken when all tasks have ended, on one worker, and their ratios are of one machine. The dataset
travels once to each worker, under its SHA-256, and not with every task.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from itertools import groupby
from platform import node
from typing import Any

from compare.measure.admission import RESOURCE, check_files, connected, usable_workers
from compare.measure.laboratory import Laboratory
from compare.measure.parallel import gather, stopped_at_once
from compare.measure.protocol import Sitting, without
from compare.measure.schedule import Planned
from compare.measure.session import RUNS
from compare.measure.there import do_there, time_there
from compare.measure.tuning import TUNINGS, PlannedTuning
from compare.measure.work import Record, Refused, Report, Task, Work, never
from compare.measure.workplaces import WorkplaceError
from compare.results import Run
from compare.timings import Entrant, Timing
from compare.tunings import Tuning

RETRIES = 3
"""How often a task is tried again whose worker died."""
WATCH_SECONDS = 2.0
"""How often the worker that takes the times is looked for while it does: it may have left."""
PATIENCE_SECONDS = 20.0
"""How long a cluster without any worker is waited for: one that died may be started again."""


class Cluster:
    """A Dask cluster that holds the data of a laboratory; a context manager.

    Args:
        address: of the scheduler, such as tcp://host:8786.
        laboratory: the experiment and its data.

    Raises:
        WorkplaceError: Dask is not installed, nobody answers, or the workers will not do.
    """

    def __init__(self, address: str, laboratory: Laboratory) -> None:
        self.address, self._laboratory = address, laboratory
        self._client = connected(address)
        try:
            self.workers = usable_workers(self._client, address)
            check_files(self._client, laboratory.experiment)
            self._send_data()
        except BaseException:
            self._client.close()
            raise

    def make_tunings(
        self, plan: Collection[PlannedTuning], report: Report[PlannedTuning]
    ) -> Iterator[Tuning]:
        """Yield the planned trainings as they end."""
        return self._do(TUNINGS, plan, never)

    def make_runs(
        self, plan: Collection[Planned], refused: Refused[Planned], report: Report[Planned]
    ) -> Iterator[Run]:
        """Yield the planned runs as they end."""
        return self._do(RUNS, plan, refused)

    def _do(
        self, work: Work[Task, Record], plan: Collection[Task], refused: Refused[Task]
    ) -> Iterator[Record]:
        """Yield the records of tasks as they end, on whichever worker is free; each of them once."""
        executor = self._executor()
        with self._told_when_lost(), stopped_at_once(executor, self._client.close):
            yield from gather(
                work,
                self._laboratory,
                plan,
                refused,
                lambda task: self._submit(executor, do_there, work, task),
                self._watch(),
            )

    def _watch(self) -> Callable[[], None]:
        """Return a function that raises CancelledError when there has been no worker for a while."""
        seen = time.monotonic()

        def watch() -> None:
            nonlocal seen
            if self._living():
                seen = time.monotonic()
            elif time.monotonic() > seen + PATIENCE_SECONDS:
                raise CancelledError

        return watch

    def make_timings(
        self,
        planned: Collection[Sitting],
        rounds: int,
        report: Callable[[Sitting], None],
        did_one: Callable[[], None],
    ) -> Iterator[Timing]:
        """Yield the timings of all sittings, taken on one worker; the sittings of a process are one task.

        Where that worker leaves, the next takes the times of the process it was at, and of those that follow.
        """
        executor = self._executor()
        given_up: set[Entrant] = set()
        with self._told_when_lost(), stopped_at_once(executor, self._client.close):
            for _, of_process in groupby(planned, key=lambda sitting: sitting.process):
                sittings = list(of_process)
                report(sittings[0])
                left = [without(sitting, given_up) for sitting in sittings]
                for timing in self._timed_somewhere(left, rounds):
                    if timing.status != "ok":
                        given_up.add(timing.entrant)
                    yield timing
                for _ in sittings:
                    did_one()

    def _timed_somewhere(self, sittings: Sequence[Sitting], rounds: int) -> list[Timing]:
        """Return the timings of some sittings, taken on the first worker, or on another where it leaves."""
        for _ in range(1 + RETRIES):
            self.workers = self._living() or self.workers
            executor = self._executor(workers=[self.workers[0]])
            future = self._submit(executor, time_there, sittings, rounds)
            while self.workers[0] in self._living():
                with contextlib.suppress(TimeoutError):
                    found: list[Timing] = future.result(timeout=WATCH_SECONDS)
                    return found
            future.cancel()
        raise CancelledError

    def _living(self) -> list[str]:
        """Return the workers that the scheduler has now, sorted."""
        return sorted(self._client.scheduler_info(n_workers=-1)["workers"])

    @contextlib.contextmanager
    def _told_when_lost(self) -> Iterator[None]:
        """Turn what a client says of tasks that nobody will ever end into one line."""
        try:
            yield
        except (CancelledError, OSError) as error:
            told = "its scheduler has gone, or every worker"
            raise WorkplaceError(f"--scheduler {self.address}: the cluster is lost: {told}") from error

    def facts(self) -> dict[str, Any]:
        """Return the scheduler, its workers' machines, and which one takes the times."""
        hosts = self._client.run(node)
        return {"scheduler": self.address, "hosts": hosts, "timed_on": hosts.get(self.workers[0])}

    def _send_data(self) -> None:
        """Bring the data to every worker; tasks name them by their content's SHA-256."""
        from compare.measure.holding import Holding

        holding = Holding(self._laboratory.data)
        self._client.register_plugin(holding)
        self._plugin = holding.name

    def _executor(self, **where: Any) -> Executor:
        found: Executor = self._client.get_executor(
            pure=False, retries=RETRIES, resources={RESOURCE: 1}, **where
        )
        return found

    def _submit(self, executor: Executor, task: Callable[..., Any], *arguments: object) -> Future[Any]:
        laboratory = self._laboratory
        return executor.submit(
            task, laboratory.experiment.to_dict(), laboratory.data.sha256, laboratory.rates, *arguments
        )

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):
            self._client.unregister_worker_plugin(self._plugin)
        self._client.close()
