"""A growing file of JSON lines: a record is in the file when `append` returns, and half a line is undone.

What is in the file outlives the process, however that ends. To outlive the machine too it has to be flushed
to the disk, which takes milliseconds: that is done when the last time was a while ago, and at the end.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from compare.fields import ResultsError

SYNC_SECONDS = 0.5
"""For how long records may be in the file and not yet on the disk."""
LARGEST_BYTES = 512 * 2**20

Record = TypeVar("Record")


class Journal:
    """An open file of JSON lines, made by `Journal.open`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._synced = -SYNC_SECONDS

    @classmethod
    def open(cls, path: Path, flags: int = 0) -> Journal:
        """Open the file for reading and appending; raise OSError where that cannot be done.

        A symbolic link is not followed: it may lead out of the directory.
        """
        flags |= os.O_RDWR | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
        try:
            return cls(path, os.open(path, flags, 0o666))
        except OSError as error:
            if error.errno == errno.ELOOP:
                raise OSError(error.errno, "it is a symbolic link, which is not followed", path) from None
            raise

    @property
    def descriptor(self) -> int:
        """The open file's descriptor, for a lock."""
        return self._descriptor

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return os.fstat(self._descriptor).st_size

    def append(self, record: object) -> None:
        """Add one line, whole or not at all."""
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        size = self.size
        try:
            _write_all(self._descriptor, line)
            if time.monotonic() - self._synced >= SYNC_SECONDS:
                os.fsync(self._descriptor)
                self._synced = time.monotonic()
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, size)
            if isinstance(error, OSError):
                raise ResultsError(f"cannot write {self.path}: {error.strerror}") from None
            raise

    def take_up(self, parse: Callable[[object], Record]) -> tuple[list[Record], bool]:
        """Return the records of all complete lines; a torn last line is cut off, and True says so.

        Raises: ResultsError naming file and line for a line that `parse` or JSON refuses.
        """
        content = read_bounded(self._descriptor, self.path)
        whole = content[: content.rfind(b"\n") + 1]
        records = []
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                records.append(parse(loads(line)))
            except (ValueError, RecursionError) as error:
                told = " ".join(str(error).split())
                raise ResultsError(f"{self.path}, line {number}: {told}; mend or delete that line") from None
        torn = len(whole) < len(content)
        if torn:
            os.ftruncate(self._descriptor, len(whole))
        return records, torn

    def close(self) -> None:
        """Close the file, and with it give back a lock on it; closing twice does nothing."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def loads(content: bytes) -> Any:
    """Return what a JSON text says; NaN and infinity are refused."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(content.decode("utf-8"), parse_constant=refuse)


def read_bounded(descriptor: int, path: Path, most: int | None = None) -> bytes:
    """Return a regular file's whole content; raise `ResultsError` where it is none or over `most` bytes.

    Without `most` the limit is `LARGEST_BYTES`.
    """
    most = LARGEST_BYTES if most is None else most
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ResultsError(f"{path} is not a regular file")
    if status.st_size > most:
        raise ResultsError(f"{path} has {status.st_size} bytes, more than the {most} that are read")
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read(most)


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
