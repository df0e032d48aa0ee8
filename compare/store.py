"""The result directory: `experiment.json`, the growing `runs.jsonl` and its like, files made of them.

A record is on disk when `append` returns. The lock is an advisory one of the operating system on
`runs.jsonl` itself: it ends with the process, however that ends, so a killed run never has to be unlocked
by hand. (Windows has no such lock; there two runs in one directory are not noticed.)
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from compare.journal import Journal, loads, read_bounded
from compare.noise_scales import NoiseScale
from compare.results import Cell, ResultsError, Run, finite, in_grid_order, row_of_run
from compare.rows import Rows
from compare.shelf import Shelf
from compare.timings import Timing
from compare.tunings import Tuning
from compare.whole_files import write_whole

if sys.platform != "win32":
    import fcntl

RUNS = "runs.jsonl"
EXPERIMENT = "experiment.json"
LARGEST_EXPERIMENT = 16 * 2**20
"""Bytes of what is recorded of an experiment; it has a few thousand."""
_BEGINNING = {RUNS, f".{EXPERIMENT}.partial"}

Record = Run | Timing | NoiseScale | Tuning


@dataclass(frozen=True)
class _Kind:
    """Which file a kind of record is in, how it is read, and what is done with one that was cut off."""

    file: str
    parse: Callable[[object], Record]
    remade: str


KINDS: dict[type[Record], _Kind] = {
    Run: _Kind(RUNS, Run.from_json, "its run is made again"),
    Timing: _Kind("timings.jsonl", Timing.from_json, "it is timed again"),
    NoiseScale: _Kind("noise_scale.jsonl", NoiseScale.from_json, "it is measured again"),
    Tuning: _Kind("tuning.jsonl", Tuning.from_json, "its learning rate is tried again"),
}
JOURNALS = frozenset(kind.file for kind in KINDS.values())


class Store:
    """One result directory, held by one process; use as a context manager.

    Made by `Store.create` or `Store.resume`, never directly. `dropped` is one sentence about a torn last
    line, or None.
    """

    def __init__(self, directory: Path, runs: Journal) -> None:
        self.directory = directory
        self.experiment: dict[str, Any] = {}
        self.dropped: str | None = None
        self._journals: dict[str, Journal] = {RUNS: runs}
        self._shelves: dict[type[Record], Shelf[Any]] = {
            of: Shelf(partial(self._journal, kind.file), kind.parse) for of, kind in KINDS.items()
        }

    @classmethod
    def create(cls, directory: Path, experiment: Mapping[str, object]) -> Store:
        """Take a new or empty directory and write `experiment.json`; else raise `ResultsError`."""
        directory = Path(directory)
        text = json.dumps(finite(experiment), indent=2, allow_nan=False) + "\n"
        taken = f"{directory} is not empty: choose another --output, or go on with it by --resume {directory}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if _holds_more_than_a_beginning(directory):
                raise ResultsError(taken)
            store = cls(directory, _open_locked(directory, os.O_CREAT))
        except FileExistsError:
            raise ResultsError(f"{directory} is a file, not a directory: choose another --output") from None
        except OSError as error:
            raise ResultsError(f"cannot write results to {directory}: {error.strerror}") from None
        try:
            if _holds_more_than_a_beginning(directory):
                raise ResultsError(taken)
            store.write(EXPERIMENT, text)
            store.experiment = json.loads(text)
        except BaseException:
            store._take_back()
            store.close()
            raise
        return store

    @classmethod
    def resume(cls, directory: Path) -> Store:
        """Take a directory that `create` made, with its records; a torn last line is dropped and told."""
        directory = Path(directory)
        experiment = read_experiment(directory)
        try:
            store = cls(directory, _open_locked(directory, 0))
        except OSError as error:
            raise ResultsError(f"cannot resume {directory}: {RUNS}: {error.strerror}") from None
        try:
            store.experiment = experiment
            store._take_up()
        except BaseException:
            store.close()
            raise
        return store

    @property
    def runs(self) -> Shelf[Run]:
        """The runs on disk."""
        return self._shelves[Run]

    @property
    def timings(self) -> Shelf[Timing]:
        """The timings on disk."""
        return self._shelves[Timing]

    @property
    def noise_scales(self) -> Shelf[NoiseScale]:
        """The noise scales on disk."""
        return self._shelves[NoiseScale]

    @property
    def tunings(self) -> Shelf[Tuning]:
        """The trainings at learning rates to choose from."""
        return self._shelves[Tuning]

    def runs_of(self, seed: int, cells: Sequence[Cell]) -> Iterator[Run]:
        """Yield the runs of one seed in the order of the grid: as few however many seeds there are."""
        return self.runs.of(in_grid_order((key for key in self.runs.statuses() if key[1] == seed), cells))

    def run_rows(self, cells: Sequence[Cell]) -> Rows:
        """Return the runs as the rows of `results.json`, in the order of the grid that has these cells."""
        keys = in_grid_order(self.runs.statuses(), cells)
        return Rows(len(keys), lambda: map(row_of_run, self.runs.entries(keys)))

    def append(self, record: Record) -> None:
        """Add one line to the file of the record's kind and return once it is on disk."""
        self._shelves[type(record)].append(record)

    def write(self, name: str, content: str | bytes | Iterable[str]) -> Path:
        """Write a file of the directory, e.g. "figures/loss.png", whole or not at all; return its path."""
        if Path(name).name in JOURNALS:
            raise ResultsError(f"{name!r} is not the name of a file to write inside {self.directory}")
        return write_whole(self.directory, name, content)

    def close(self) -> None:
        """Give the directory back; closing twice does nothing."""
        for name in reversed(self._journals):  # the lock is on the first
            self._journals[name].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_back(self) -> None:
        """Remove what `create` has made of a directory that could not be begun."""
        with contextlib.suppress(OSError):
            if not _holds_more_than_a_beginning(self.directory):
                for name in _BEGINNING:
                    (self.directory / name).unlink(missing_ok=True)
                self.directory.rmdir()

    def _journal(self, name: str) -> Journal:
        if name not in self._journals:
            path = self.directory / name
            try:
                self._journals[name] = Journal.open(path, os.O_CREAT)
            except OSError as error:
                raise ResultsError(f"cannot write {path}: {error.strerror}") from None
        return self._journals[name]

    def _take_up(self) -> None:
        for of, kind in KINDS.items():
            path = self.directory / kind.file
            if not path.exists():
                continue
            torn = self._shelves[of].take_up()
            if torn and self.dropped is None:
                self.dropped = f"{path}: the last line was cut off and is dropped; {kind.remade}"


def _holds_more_than_a_beginning(directory: Path) -> bool:
    """Whether there is anything beside what a run leaves that was killed before it had begun."""
    names = {entry.name for entry in directory.iterdir()}
    return not names <= _BEGINNING or (RUNS in names and (directory / RUNS).stat().st_size > 0)


def read_experiment(directory: Path) -> dict[str, Any]:
    """Return the experiment a result directory was made with; raise `ResultsError` if it is none."""
    path = Path(directory) / EXPERIMENT
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            experiment = loads(read_bounded(descriptor, path, LARGEST_EXPERIMENT))
        finally:
            os.close(descriptor)
    except OSError as error:
        told = f"{error.strerror}; --resume wants a directory that an earlier run wrote"
        raise ResultsError(f"cannot read {path}: {told}") from None
    except ResultsError:
        raise
    except RecursionError:
        raise ResultsError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise ResultsError(f"{path} is not JSON: {' '.join(str(error).split())}") from None
    if not isinstance(experiment, dict):
        raise ResultsError(f"{path} must hold a JSON object")
    return experiment


def _open_locked(directory: Path, flags: int) -> Journal:
    journal = Journal.open(directory / RUNS, flags)
    try:
        if sys.platform != "win32":
            fcntl.flock(journal.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(journal.descriptor), os.stat(directory / RUNS)):
                raise BlockingIOError  # whoever held it has taken it back
    except BlockingIOError:
        journal.close()
        raise ResultsError(f"another run is writing to {directory}: wait for it, or choose another") from None
    except OSError:
        journal.close()
        raise
    return journal
