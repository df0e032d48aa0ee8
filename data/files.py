"""Opening a file that may be gzip-compressed, with every failure told in one line."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from data.errors import DataError

_GZIP_MAGIC = b"\x1f\x8b"


@contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading, decompressing it if its first two bytes are gzip's, whatever its name.

    Args:
        path: a regular file.

    Yields:
        A seekable binary stream of the (decompressed) content.

    Raises:
        DataError: not a regular file, not readable, damaged or truncated gzip data, text that is not UTF-8;
            failures inside the ``with`` block are told in the same way.
    """
    try:
        if path.is_dir():
            raise DataError(f"{path}: is a directory where a file is needed")
        if path.exists() and not path.is_file():
            raise DataError(f"{path}: is not a regular file")
        with path.open("rb") as raw:
            if raw.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
                with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                    yield cast(BinaryIO, stream)
            else:
                yield raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: its gzip data is damaged or cut short; get the file again") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
