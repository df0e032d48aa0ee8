"""Tasks at the same time: independent ones are given to an executor, here or on a cluster.

Seconds of such runs are not those of a quiet machine, and their records say so (`Run.alone`). Whatever is
timed for comparison is timed afterwards, alone (`compare.measure.protocol`).
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress

from compare.measure.laboratory import Laboratory
from compare.measure.work import Record, Refused, Task, Work

STOP_SECONDS = 0.02
"""How often processes are looked for that somebody has begun while the others were ended."""
WATCH_SECONDS = 5.0
"""How long nothing ends before somebody looks whether anything still can."""
AHEAD = 1000
"""Tasks that are submitted and have not ended, at most: enough for any cluster, and no more in memory."""


class LaboratoryPool:
    """Laboratories that share the data of the first and are lent to one thread each; a context manager."""

    def __init__(self, first: Laboratory) -> None:
        self.first = first
        self._all: list[Laboratory] = []
        self._free: list[Laboratory] = []
        self._lock = threading.Lock()
        self._stopped = False

    @contextmanager
    def lent(self) -> Iterator[Laboratory]:
        """Lend a laboratory that nobody else has; after `stop`, raise RuntimeError."""
        with self._lock:
            if self._stopped:
                raise RuntimeError("stopped")
            if not self._free:
                self._free.append(self.first.sibling())
                self._all.append(self._free[-1])
            laboratory = self._free.pop()
        try:
            yield laboratory
        finally:
            with self._lock:
                self._free.append(laboratory)

    def do(self, work: Work[Task, Record], task: Task) -> Record:
        """Do one task in a laboratory of its own."""
        with self.lent() as laboratory:
            return work.attempt(laboratory, task, unheard, False)

    def stop(self) -> None:
        """End all processes, also of those who are in the middle of a task or have yet to begin with it."""
        with self._lock:
            self._stopped = True
        while lent := self._lent():
            for laboratory in lent:
                laboratory.renew()
            time.sleep(STOP_SECONDS)

    def _lent(self) -> list[Laboratory]:
        with self._lock:
            return [laboratory for laboratory in self._all if laboratory not in self._free]

    def close(self) -> None:
        """End everything and remove its files; the first laboratory, which was given, is left alone."""
        for laboratory in self._all:
            laboratory.close()

    def __enter__(self) -> LaboratoryPool:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def at_once(
    work: Work[Task, Record],
    laboratory: Laboratory,
    plan: Collection[Task],
    refused: Refused[Task],
    jobs: int,
) -> Iterator[Record]:
    """Yield the record of each task as it ends, `jobs` at a time on this machine."""
    with (
        LaboratoryPool(laboratory) as pool,
        ThreadPoolExecutor(jobs) as executor,
        stopped_at_once(executor, pool.stop),
    ):
        yield from gather(work, laboratory, plan, refused, lambda task: executor.submit(pool.do, work, task))


def gather(
    work: Work[Task, Record],
    laboratory: Laboratory,
    plan: Collection[Task],
    refused: Refused[Task],
    submit: Callable[[Task], Future[Record]],
    watch: Callable[[], None] = lambda: None,
) -> Iterator[Record]:
    """Submit every task that is not refused, and yield the records of all, each once, as they end.

    `watch` is called now and then while nothing ends.

    Raises: CancelledError where the executor has lost its tasks: that is no failure of theirs.
    """
    waiting: dict[Future[Record], Task] = {}
    ended: queue.SimpleQueue[Future[Record]] = queue.SimpleQueue()
    left = iter(plan)
    while True:
        while len(waiting) < AHEAD and (task := next(left, None)) is not None:
            why_not = refused(task)
            if why_not is None:
                future = submit(task)
                waiting[future] = task
                future.add_done_callback(ended.put)
            else:
                yield work.unmade(laboratory, task, *why_not)
        if not waiting:
            return
        try:
            future = ended.get(timeout=WATCH_SECONDS)
        except queue.Empty:
            watch()
            continue
        task = waiting.pop(future)
        try:
            yield future.result()
        except CancelledError:
            raise
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())
            yield work.unmade(laboratory, task, "failed", told[:300])


def unheard(fraction: float) -> None:
    """Take no notice of how much of a task is done, where several are done at the same time."""


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
