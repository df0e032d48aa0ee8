"""Runs at the same time: independent runs are given to an executor, here or on a cluster.

Seconds of such runs are not those of a quiet machine, and their records say so (`Run.alone`). Whatever is
timed for comparison is timed afterwards, alone (`compare.measure.protocol`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress

from compare.measure.laboratory import Laboratory
from compare.measure.schedule import Planned
from compare.measure.session import Refused, attempted, unmade
from compare.results import Run

Submit = Callable[[Planned], "Future[Run]"]


class Benches:
    """Laboratories that share the data of the first and are lent to one thread each; a context manager."""

    def __init__(self, first: Laboratory) -> None:
        self.first = first
        self._all: list[Laboratory] = []
        self._free: list[Laboratory] = []
        self._lock = threading.Lock()

    @contextmanager
    def lent(self) -> Iterator[Laboratory]:
        """Lend a laboratory that nobody else has."""
        with self._lock:
            if not self._free:
                self._free.append(self.first.sibling())
                self._all.append(self._free[-1])
            laboratory = self._free.pop()
        try:
            yield laboratory
        finally:
            with self._lock:
                self._free.append(laboratory)

    def run(self, planned: Planned) -> Run:
        """Make one run in a laboratory of its own."""
        with self.lent() as laboratory:
            return attempted(laboratory, planned, alone=False)

    def stop(self) -> None:
        """End all processes, also those in the middle of a run."""
        with self._lock:
            for laboratory in self._all:
                laboratory.renew()

    def close(self) -> None:
        """End everything and remove its files; the first laboratory, which was given, is left alone."""
        for laboratory in self._all:
            laboratory.close()

    def __enter__(self) -> Benches:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def make_runs_at_once(
    laboratory: Laboratory, plan: Collection[Planned], refused: Refused, jobs: int
) -> Iterator[Run]:
    """Yield the planned runs as they end, `jobs` at a time on this machine; arguments as `make_runs`."""
    with (
        Benches(laboratory) as benches,
        ThreadPoolExecutor(jobs) as executor,
        stopped_at_once(executor, benches.stop),
    ):
        yield from gather(laboratory, plan, refused, lambda planned: executor.submit(benches.run, planned))


def gather(
    laboratory: Laboratory, plan: Collection[Planned], refused: Refused, submit: Submit
) -> Iterator[Run]:
    """Submit every run that is not refused, and yield all of them, each once, as they end.

    Raises: CancelledError where the executor has lost its runs: that is no failure of theirs.
    """
    waiting: dict[Future[Run], Planned] = {}
    for planned in plan:
        why_not = refused(planned)
        if why_not is None:
            waiting[submit(planned)] = planned
        else:
            yield unmade(laboratory, planned, *why_not)
    for future in as_completed(waiting):
        planned = waiting.pop(future)
        try:
            yield future.result()
        except CancelledError:
            raise
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())
            yield unmade(laboratory, planned, "failed", told[:300])


@contextmanager
def stopped_at_once(executor: Executor, stop: Callable[[], object]) -> Iterator[None]:
    """Where the body is left early, drop what waits and end what runs, instead of waiting for it."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            executor.shutdown(wait=False, cancel_futures=True)
        stop()
        raise
