"""The result directory: `experiment.json`, the growing `runs.jsonl`, and the files written from them.

A run is on disk when `append` returns. The lock is an advisory one of the operating system on `runs.jsonl`
itself: it ends with the process, however that ends, so a killed run never has to be unlocked by hand.
(Windows has no such lock; there two runs in one directory are not noticed.)
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from compare.results import ResultsError, Run, finite

if sys.platform != "win32":
    import fcntl

RUNS = "runs.jsonl"
EXPERIMENT = "experiment.json"
LARGEST_BYTES = 512 * 2**20


class Store:
    """One result directory, held by one process; use as a context manager.

    Made by `Store.create` or `Store.resume`, never directly. `dropped` is one sentence about a torn last
    line, or None.
    """

    def __init__(self, directory: Path, descriptor: int) -> None:
        self.directory = directory
        self.experiment: dict[str, Any] = {}
        self.dropped: str | None = None
        self._descriptor = descriptor
        self._runs: dict[object, Run] = {}

    @classmethod
    def create(cls, directory: Path, experiment: Mapping[str, object]) -> Store:
        """Take a new or empty directory and write `experiment.json`; else raise `ResultsError`."""
        directory = Path(directory)
        text = json.dumps(finite(experiment), indent=2, allow_nan=False) + "\n"
        taken = f"{directory} is not empty: choose another --output, or go on with it by --resume {directory}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            if any(directory.iterdir()):
                raise ResultsError(taken)
            store = cls(directory, _open_locked(directory, os.O_CREAT))
        except FileExistsError:
            raise ResultsError(f"{directory} is a file, not a directory: choose another --output") from None
        except OSError as error:
            raise ResultsError(f"cannot write results to {directory}: {error.strerror}") from None
        try:
            if [entry.name for entry in directory.iterdir()] != [RUNS] or os.fstat(store._descriptor).st_size:
                raise ResultsError(taken)
            store.write_text(EXPERIMENT, text)
            store.experiment = json.loads(text)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def resume(cls, directory: Path) -> Store:
        """Take a directory that `create` made, with its runs; a torn last line is dropped and told."""
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
        return tuple(self._runs.values())

    def append(self, run: Run) -> None:
        """Add one line to `runs.jsonl` and return once it is on disk; half a line is undone."""
        line = (json.dumps(run.to_json(), allow_nan=False) + "\n").encode()
        size = os.fstat(self._descriptor).st_size
        try:
            _write_all(self._descriptor, line)
            os.fsync(self._descriptor)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, size)
            if isinstance(error, OSError):
                raise ResultsError(f"cannot write {self.directory / RUNS}: {error.strerror}") from None
            raise
        self._runs[run.key] = run

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file of the directory whole or not at all; return its path."""
        return self.write_bytes(name, text.encode("utf-8", errors="backslashreplace"))

    def write_bytes(self, name: str, content: bytes) -> Path:
        """Write a file of the directory, e.g. "figures/loss.png", whole or not at all; return its path."""
        relative = Path(name)
        if relative.is_absolute() or ".." in relative.parts or relative.name in ("", RUNS):
            raise ResultsError(f"{name!r} is not the name of a file to write inside {self.directory}")
        path = self.directory / relative
        partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_through(partial, content)
            os.replace(partial, path)
            _sync_directory(path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise ResultsError(f"cannot write {path}: {error.strerror}") from None
        return path

    def close(self) -> None:
        """Give the directory back; closing twice does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take_up(self) -> None:
        path = self.directory / RUNS
        content = _read_bounded(self._descriptor, path)
        whole = content[: content.rfind(b"\n") + 1]
        self._runs = {run.key: run for run in parse_runs(whole, path)}
        if len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
            self.dropped = f"{path}: the last line was cut off and is dropped; its run is made again"


def parse_runs(content: bytes, path: Path) -> list[Run]:
    """Return the runs of complete `runs.jsonl` lines; raise `ResultsError` naming file and line."""
    runs = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            runs.append(Run.from_json(_loads(line)))
        except (ValueError, RecursionError) as error:
            told = " ".join(str(error).split())
            raise ResultsError(f"{path}, line {number}: {told}; mend or delete that line") from None
    return runs


def read_experiment(directory: Path) -> dict[str, Any]:
    """Return the experiment a result directory was made with; raise `ResultsError` if it is none."""
    path = Path(directory) / EXPERIMENT
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        try:
            experiment = _loads(_read_bounded(descriptor, path))
        finally:
            os.close(descriptor)
    except OSError as error:
        told = f"{error.strerror}; --resume wants a directory that an earlier run wrote"
        raise ResultsError(f"cannot read {path}: {told}") from None
    except ResultsError:
        raise
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{path} is not JSON: {' '.join(str(error).split())}") from None
    if not isinstance(experiment, dict):
        raise ResultsError(f"{path} must hold a JSON object")
    return experiment


def _loads(content: bytes) -> Any:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(content.decode("utf-8"), parse_constant=refuse)


def _open_locked(directory: Path, flags: int) -> int:
    descriptor = os.open(directory / RUNS, os.O_RDWR | os.O_APPEND | flags, 0o666)
    try:
        if sys.platform != "win32":
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ResultsError(f"another run is writing to {directory}: wait for it, or choose another") from None
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _read_bounded(descriptor: int, path: Path) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ResultsError(f"{path} is not a regular file")
    if status.st_size > LARGEST_BYTES:
        raise ResultsError(f"{path} has {status.st_size} bytes, more than the {LARGEST_BYTES} that are read")
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read(LARGEST_BYTES)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _write_through(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
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
