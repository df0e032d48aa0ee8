"""What a contestant says, one JSON object a line: read within bounds, and believed only in its right form."""

from __future__ import annotations

import contextlib
import json
import math
import os
import queue
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np

from compare.fields import AT_LEAST_1, TEXT, Kind, check_fields, object_with, or_none
from compare.implementation import Array
from compare.measure.processes import printable_line

LONGEST_LINE = 16 * 2**20
"""Bytes an answer has at most; the longest ones, a hundred points of a curve, have some ten thousand."""
LARGEST_ARRAYS = 4 * 2**30
"""Bytes that a file of arrays unpacks to at most."""
WAITING_LINES = 1000
"""Lines that are read ahead of their reader."""

_POOL: dict[str, Kind] = {
    "library": TEXT,
    "version": or_none(TEXT),
    "architecture": or_none(TEXT),
    "threads": AT_LEAST_1,
}


class ContestantError(Exception):
    """A contestant failed; the message says how in one line. `status` is "failed" or "timeout"."""

    def __init__(self, message: str, status: str = "failed") -> None:
        super().__init__(printable_line(message))
        self.status = status


class Lines:
    """The lines of a pipe, read by a thread that owns the pipe, so that nobody ever waits for it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: queue.Queue[bytes] = queue.Queue(WAITING_LINES)
        self._unwanted = threading.Event()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def get(self, timeout: float) -> bytes:
        """Return the next line with its end; b"" where the pipe has ended, no line end if it is too long.

        Raises: queue.Empty where nothing has come within `timeout` seconds.
        """
        return self._lines.get(timeout=max(0.0, timeout))

    def leave(self) -> None:
        """Let the thread end with the pipe."""
        self._unwanted.set()

    def _read(self, stream: IO[bytes]) -> None:
        with stream, contextlib.suppress(OSError):
            parts: list[bytes] = []
            length = 0
            while chunk := os.read(stream.fileno(), 65536):
                *ended, rest = chunk.split(b"\n")
                for line in ended:
                    self._put(b"".join([*parts, line, b"\n"]))
                    parts, length = [], 0
                parts.append(rest)
                length += len(rest)
                if length > LONGEST_LINE:
                    self._put(b"".join(parts)[:LONGEST_LINE])
                    return
        self._put(b"")

    def _put(self, line: bytes) -> None:
        while not self._unwanted.is_set():
            with contextlib.suppress(queue.Full):
                self._lines.put(line, timeout=0.2)
                return


def read_answer(line: bytes, number: int) -> tuple[str, Any]:
    """Return what a line says of request `number`: "done" and a dict, "error" and a text, "fraction" and it.

    Raises: ContestantError where it says nothing of the kind.
    """
    if not line.endswith(b"\n"):
        raise ContestantError(f"its answer has more than the {LONGEST_LINE} bytes that are read; stopped")
    with understood():
        answer = json.loads(line.decode("utf-8"))
        if not isinstance(answer, dict) or set(answer) not in ({"id", key} for key in _FORMS):
            raise ValueError(f"a line of another form, {line[:60]!r}")
        (kind,) = set(answer) - {"id"}
        if answer["id"] != number or not _FORMS[kind](answer[kind]):
            raise ValueError(f"not to what it was asked, {line[:60]!r}")
        return kind, answer[kind]


def _is_fraction(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


_FORMS = {
    "done": lambda value: isinstance(value, dict),
    "error": lambda value: isinstance(value, str),
    "fraction": _is_fraction,
}


def read_hello(answer: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, str], list[str]]:
    """Return a contestant's thread pools, its libraries' builds and its devices; raise ContestantError."""
    with understood():
        pools = [object_with(pool, list(_POOL), "a thread pool") for pool in answer["pools"]]
        for pool in pools:
            check_fields(pool, _POOL)
        builds = dict(answer["builds"])
        check_fields(builds, dict.fromkeys(builds, TEXT))
        devices = list(answer["devices"])
        for device in devices:
            check_fields({"device": device}, {"device": TEXT})
        return pools, builds, devices


def read_arrays(path: Path) -> dict[str, Array]:
    """Return the arrays of an `.npz` file that a contestant wrote, all of them of numbers, and remove it.

    Raises: ContestantError where there is no such file, or something else in it.
    """
    with understood():
        try:
            if not path.is_file():  # opening a pipe would wait for its writer
                raise ValueError("it left no file of arrays")
            with zipfile.ZipFile(path) as archive:
                if sum(member.file_size for member in archive.infolist()) > LARGEST_ARRAYS:
                    raise ValueError(f"arrays of more than {LARGEST_ARRAYS} bytes")
            with np.load(path, allow_pickle=False) as arrays:
                found = {name: arrays[name] for name in arrays.files}
        finally:
            path.unlink(missing_ok=True)
        for name, array in found.items():
            if array.dtype.kind not in "fiub":
                raise ValueError(f"{name} is not an array of numbers")
        return found


@contextmanager
def understood() -> Iterator[None]:
    """Turn whatever goes wrong in reading a contestant's answer into a ContestantError."""
    try:
        yield
    except ContestantError:
        raise
    except Exception as error:  # archives and arrays of another form raise nearly any
        if isinstance(error, RecursionError):
            raise ContestantError("its answer cannot be used: it is nested too deeply") from None
        told = f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
        raise ContestantError(f"its answer cannot be used: {told}") from None
