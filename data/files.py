"""Opening a file that may be gzip-compressed, with every failure told in one line."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

from data.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"
_READ_SIZE = 1 << 20


@contextmanager
def open_raw(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file for reading, as its bytes lie on the disk.

    Raises:
        DataError: not a regular file, or not readable; failures inside the ``with`` block are told alike.
    """
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a directory where a file is needed")
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is not a regular file")
        with path.open("rb") as raw:
            yield raw
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressing it if its first two bytes are gzip's, whatever its name.

    Args:
        path: a regular file.

    Yields:
        A seekable binary stream of the (decompressed) content.

    Raises:
        DataError: not a regular file, not readable, damaged or truncated gzip data; failures inside the
            ``with`` block are told in the same way.
    """
    with open_raw(path) as raw:
        if not is_gzip(raw):
            yield raw
            return
        try:
            with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                yield cast(BinaryIO, stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"{path}: its gzip data is damaged or cut short; get the file again") from error


def is_gzip(raw: BinaryIO) -> bool:
    """Tell whether a stream begins as gzip data do; it is left at its beginning."""
    magic = raw.read(len(_GZIP_MAGIC))
    raw.seek(0)
    return magic == _GZIP_MAGIC


def content_sha256(path: Path, size: int) -> str:
    """Return the SHA-256, in hex, of the (decompressed) content; "" where that is not of this size.

    No more is decompressed than that, and what cannot be read has no digest either.
    """
    digest, received = sha256(), 0
    try:
        with open_bytes(path) as stream:
            while piece := stream.read(min(_READ_SIZE, size + 1 - received)):
                received += len(piece)
                digest.update(piece)
    except DataError:
        return ""
    return digest.hexdigest() if received == size else ""


def file_sha256(path: Path) -> str:
    """Return the SHA-256, in hex, of a file's bytes as they lie on the disk.

    Raises:
        DataError: it cannot be read.
    """
    digest = sha256()
    with open_raw(path) as raw:
        while piece := raw.read(_READ_SIZE):
            digest.update(piece)
    return digest.hexdigest()
