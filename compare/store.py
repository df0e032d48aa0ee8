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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from compare.journal import Journal, loads, read_bounded
from compare.noise_scales import NoiseScale
from compare.results import ResultsError, Run, finite
from compare.timings import Timing
from compare.tunings import Tuning

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
        self._run_lines = runs
        self._journals: dict[str, Journal] = {RUNS: runs}
        self._records: dict[type[Record], dict[object, Any]] = {kind: {} for kind in KINDS}

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
            store.write_text(EXPERIMENT, text)
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
    def runs(self) -> tuple[Run, ...]:
        """The runs on disk, oldest first; a run that was repeated stands once, as it was last."""
        return tuple(self._records[Run].values())

    @property
    def timings(self) -> tuple[Timing, ...]:
        """The timings on disk, oldest first; one that was repeated stands once, as it was last."""
        return tuple(self._records[Timing].values())

    @property
    def noise_scales(self) -> tuple[NoiseScale, ...]:
        """The noise scales on disk, likewise."""
        return tuple(self._records[NoiseScale].values())

    @property
    def tunings(self) -> tuple[Tuning, ...]:
        """The trainings at learning rates to choose from, likewise."""
        return tuple(self._records[Tuning].values())

    def append(self, record: Record) -> None:
        """Add one line to the file of the record's kind and return once it is on disk."""
        self._journal(KINDS[type(record)].file).append(record.to_json())
        self._records[type(record)][record.key] = record

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file of the directory whole or not at all; return its path."""
        return self.write_bytes(name, text.encode("utf-8", errors="backslashreplace"))

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the directory, a text as UTF-8; return its path."""
        return self.write_text(name, content) if isinstance(content, str) else self.write_bytes(name, content)

    def write_bytes(self, name: str, content: bytes) -> Path:
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
            records, torn = self._journal(kind.file).take_up(kind.parse)
            self._records[of] = {record.key: record for record in records}
            if torn and self.dropped is None:
                self.dropped = f"{path}: the last line was cut off and is dropped; {kind.remade}"


def write_whole(directory: Path, name: str, content: bytes) -> Path:
    """Write a file of a directory, which is made where it is missing, whole or not at all; return its path.

    Symbolic links inside the directory are replaced or refused, not followed.

    Raises: ResultsError for a name that leads out of the directory, and where it cannot be written.
    """
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts or relative.name == "":
        raise ResultsError(f"{name!r} is not the name of a file to write inside {directory}")
    path = directory / relative
    partial = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if relative.parent != Path() and path.parent.resolve() != directory.resolve() / relative.parent:
            raise ResultsError(f"{path.parent} leads out of {directory}: remove that link")
        partial.unlink(missing_ok=True)
        _write_through(partial, content)
        os.replace(partial, path)
        _sync_directory(path.parent)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise ResultsError(f"cannot write {path}: {error.strerror}") from None
    return path


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


def _write_through(path: Path, content: bytes) -> None:
    with open(path, "xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
