"""A directory for what is made of results: nothing is replaced unasked, no file is left half written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from compare.fields import ResultsError
from compare.store import EXPERIMENT, JOURNALS
from compare.whole_files import write_whole

RECORDS = (*sorted(JOURNALS), EXPERIMENT, "results.json")
"""What a run leaves as its record, which no report replaces."""
FIGURES = "figures"
"""The directory of the figures, in that of the results."""


class Output:
    """A new or empty directory; with `force` files of the same name are replaced, and others stay.

    Raises: ResultsError, one line, where the directory will not do.
    """

    def __init__(self, directory: Path, force: bool) -> None:
        self.directory = directory
        if "\0" in str(directory):
            raise ResultsError("--output has a null character in it: choose another")
        try:
            if directory.exists() and not directory.is_dir():
                raise ResultsError(f"{directory} is a file, not a directory: choose another --output")
            taken = directory.is_dir() and any(directory.iterdir())
        except OSError as error:
            raise ResultsError(f"cannot write to {directory}: {error.strerror}") from None
        if taken and not force:
            advice = "choose another --output, or replace what is there with --force"
            raise ResultsError(f"{directory} is not empty: {advice}")

    def write(self, name: str, content: str | bytes | Iterable[str]) -> Path:
        """Write one file, a text as UTF-8, whole or not at all; return its path."""
        if Path(name).name in RECORDS:
            raise ResultsError(f"{name} is the record of a run, which a report does not replace")
        return write_whole(self.directory, name, content)


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; a pipe or a device is written to, not replaced."""
    if path.exists() and not path.is_file():
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()  # where a link leads to is written, and the link stays
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("x", encoding="utf-8") as file:
            file.write(text)
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def told_paths(paths: Iterable[Path]) -> str:
    """Return what was written, the figures as a pattern: "Written to out: table.md, figures/*.{png,svg}"."""
    names: dict[Path, list[str]] = {}
    figures: dict[Path, set[str]] = {}
    for path in paths:
        if path.parent.name == FIGURES:
            figures.setdefault(path.parent.parent, set()).add(path.suffix[1:])
        else:
            names.setdefault(path.parent, []).append(path.name)
    for folder, endings in figures.items():
        told = ",".join(sorted(endings))
        names.setdefault(folder, []).append(f"{FIGURES}/*.{f'{{{told}}}' if len(endings) > 1 else told}")
    return "\n".join(f"Written to {folder}: {', '.join(files)}" for folder, files in names.items())
