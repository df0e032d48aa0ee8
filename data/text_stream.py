"""The text of a file that nobody vouches for: bounded, in UTF-8, every failure told in one line."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from data.errors import DataError
from data.files import is_gzip, open_bytes, open_raw

LONGEST_LINE = 1 << 24
"""Bytes; a row of 100,000 features in 17 digits takes 2 MB."""
LARGEST_RATIO = 200
"""How many times its size a gzip file may expand to; CSV files of images come to about 10."""
ALWAYS_ALLOWED = 1 << 26
"""Bytes that any gzip file may expand to."""
_PIECE = 1 << 16
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a file as text, decompressing it if it is gzip; a byte order mark is dropped.

    Yields:
        A seekable stream that keeps the line endings.

    Raises:
        DataError: not a readable regular file, damaged gzip data, an endless line, or text that is not
            UTF-8, with its line; also where these show inside the ``with`` block.
    """
    with open_bytes(path) as stream:
        bounded = io.BufferedReader(_Bounded(stream, path), buffer_size=_PIECE)
        with io.TextIOWrapper(bounded, encoding="utf-8-sig", newline="") as text:
            try:
                yield text
            except UnicodeDecodeError as error:
                raise _not_utf_8(path) from error


def check_expansion(path: Path) -> None:
    """Decompress a gzip file to nowhere, which is quick, before the content is parsed, which is not.

    Raises:
        DataError: it expands beyond what is plausible, or is damaged.
    """
    with open_raw(path) as raw:
        if not is_gzip(raw):
            return
    most = max(ALWAYS_ALLOWED, LARGEST_RATIO * path.stat().st_size)
    received = 0
    with open_bytes(path) as stream:
        while piece := stream.read(_PIECE):
            received += len(piece)
            if received > most:
                raise DataError(
                    f"{path}: expands to over {most} bytes, {LARGEST_RATIO} times its size or more; "
                    "if it is meant to, decompress it first"
                )


class _Bounded(io.RawIOBase):
    """A stream that refuses to go on where a line never ends."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        super().__init__()
        self._stream, self._path = stream, path
        self._start_again()

    def _start_again(self) -> None:
        self._lines, self._since_line_end = 0, 0

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        buffer[: len(piece)] = piece
        last_end = max(piece.rfind(b"\n"), piece.rfind(b"\r"))
        self._since_line_end = len(piece) - last_end - 1 + (self._since_line_end if last_end < 0 else 0)
        self._lines += piece.count(b"\n")
        if self._since_line_end > LONGEST_LINE:
            raise DataError(
                f"{self._path}, line {self._lines + 1}: is longer than {LONGEST_LINE} bytes: not a CSV file"
            )
        return len(piece)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._start_again()
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def _not_utf_8(path: Path) -> DataError:
    """Say on which line the text ceases to be UTF-8, or that it is another encoding altogether."""
    with open_bytes(path) as stream:
        lines = io.BufferedReader(_Bounded(stream, path), buffer_size=_PIECE)
        for number, line in enumerate(lines, start=1):
            if number == 1 and line.startswith(_UTF_16):
                return DataError(f"{path}: is UTF-16 text, not UTF-8; save it as UTF-8")
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                where = f"{error.reason} at byte {error.start + 1} of the line"
                return DataError(f"{path}, line {number}: is not UTF-8 text ({where})")
    return DataError(f"{path}: is not UTF-8 text")
