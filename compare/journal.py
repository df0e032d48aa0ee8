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
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from compare.fields import ResultsError

SYNC_SECONDS = 0.5
"""For how long records may be in the file and not yet on the disk."""
LARGEST_BYTES = 512 * 2**20
"""Of what is read at once: a line, or a file that has no lines."""
AT_ONCE = 2**14
"""Bytes that are read of a line at first; the line of a run of 20 epochs has about 4,000."""


class Place(NamedTuple):
    """Where a line stands in its file, and the CRC-32 of what it was when it was written or checked."""

    start: int
    checksum: int


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

    def append(self, record: object) -> Place:
        """Add one line, whole or not at all; return its place."""
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
        return Place(size, zlib.crc32(line))

    def take_up(self, keep: Callable[[Place, Any], None]) -> bool:
        """Give `keep` every complete line, one at a time; a torn last line is cut off, and True says so.

        Raises: ResultsError naming file and line for a line that `keep` or JSON refuses.
        """
        check_regular(self._descriptor, self.path)
        start = 0
        with open(os.dup(self._descriptor), "rb") as file:
            file.seek(0)
            number = 0
            while line := file.readline(LARGEST_BYTES + 1):
                number += 1
                if len(line) > LARGEST_BYTES:
                    told = f"has more than the {LARGEST_BYTES} bytes that are read"
                    raise ResultsError(f"{self.path}, line {number}: {told}")
                if not line.endswith(b"\n"):
                    os.ftruncate(self._descriptor, start)
                    return True
                try:
                    keep(Place(start, zlib.crc32(line)), loads(line[:-1]))
                except (ValueError, RecursionError) as error:
                    told = " ".join(str(error).split())
                    raise ResultsError(
                        f"{self.path}, line {number}: {told}; mend or delete that line"
                    ) from None
                start += len(line)
        return False

    def read(self, place: Place) -> Any:
        """Return what the line at a place says; raise `ResultsError` where it is no longer what it was."""
        line, wanted = b"", AT_ONCE
        try:
            while b"\n" not in line:
                os.lseek(self._descriptor, place.start + len(line), os.SEEK_SET)
                more = os.read(self._descriptor, wanted)
                if not more:
                    break
                line, wanted = line + more, 2 * wanted
        except OSError as error:
            raise ResultsError(f"cannot read {self.path}: {error.strerror}") from None
        line = line[: line.find(b"\n") + 1]
        if not line or zlib.crc32(line) != place.checksum:
            told = "somebody else has changed it while it was in use"
            raise ResultsError(f"{self.path}: {told}: the record at byte {place.start} is another")
        return loads(line)

    def close(self) -> None:
        """Close the file, and with it give back a lock on it; closing twice does nothing."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.fsync(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def loads(content: bytes) -> Any:
    """Return what a JSON text says; NaN and infinity are refused."""
    return _DECODER.decode(content.decode("utf-8"))


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def read_bounded(descriptor: int, path: Path, most: int | None = None) -> bytes:
    """Return a regular file's whole content; raise `ResultsError` where it is none or over `most` bytes.

    Without `most` the limit is `LARGEST_BYTES`.
    """
    most = LARGEST_BYTES if most is None else most
    size = check_regular(descriptor, path)
    if size > most:
        raise ResultsError(f"{path} has {size} bytes, more than the {most} that are read")
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        return file.read(size)


def check_regular(descriptor: int, path: Path) -> int:
    """Return a regular file's length in bytes; raise `ResultsError` where it is none."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise ResultsError(f"{path} is not a regular file")
    return status.st_size


def _write_all(descriptor: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
