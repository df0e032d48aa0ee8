"""Writing a file whole or not at all: beside its place first, to the disk, and then into its place."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from compare.fields import ResultsError


def write_whole(directory: Path, name: str, content: str | bytes | Iterable[str]) -> Path:
    """Write a file of a directory, which is made where it is missing, whole or not at all; return its path.

    A text is written as UTF-8, one that comes in pieces a piece at a time. Symbolic links inside are
    replaced or refused, not followed.

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
        try:
            partial.unlink(missing_ok=True)
            _write_through(partial, content)
            os.replace(partial, path)
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        _sync_directory(path.parent)
    except OSError as error:
        raise ResultsError(f"cannot write {path}: {error.strerror}") from None
    return path


def _write_through(path: Path, content: str | bytes | Iterable[str]) -> None:
    with open(path, "xb") as file:
        for piece in (content,) if isinstance(content, (str, bytes)) else content:
            file.write(
                piece if isinstance(piece, bytes) else piece.encode("utf-8", errors="backslashreplace")
            )
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
