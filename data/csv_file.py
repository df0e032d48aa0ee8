"""Reading a label-first CSV file: the label, then the features, one row a sample.

The first row is a header if any field beyond the first is not a number. Fields are UTF-8 text between commas
and may be quoted; blank lines are skipped; the file may be gzip-compressed. Values are kept as float32.
"""

import csv
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.files import open_bytes
from data.table import Table

_CELLS_PER_CHUNK = 1_500_000
_LARGEST = float(np.finfo(np.float32).max) / 2  # so that the difference of two values is finite as well


def read_csv(path: Path) -> Table:
    """Read a label-first CSV file, keeping one float32 copy of its features.

    Args:
        path: the file, gzip-compressed or not.

    Returns:
        A table of ``(rows, features)`` with labels as text; without a header columns are ``feature_1, ...``.

    Raises:
        DataError: no rows, no features, rows of unequal length, a feature that is not a finite number, a
            missing label, or an unreadable file; the line and the column are named.
    """
    with _open_text(path) as text:
        _, first = next(_rows(text), (0, []))
        if not first:
            raise DataError(f"{path}: is empty; each line must hold a label and its features")
        if len(first) == 1:
            raise DataError(
                f"{path}: its first row has no comma; each line must hold a label and its features"
            )
        has_header = not all(_is_numeric(field) for field in first[1:])
        columns = tuple(first[1:]) if has_header else tuple(f"feature_{i}" for i in range(1, len(first)))
        if not has_header:
            text.seek(0)
        try:
            features, labels = _read_chunks(text, width=len(first))
        except (ValueError, Warning) as error:
            raise _first_fault(path, has_header, len(first), str(error)) from error
    if not labels:
        raise DataError(f"{path}: has a header but no rows")
    if has_header and first[0].strip() in labels:  # a row of data with a faulty field, not a header
        raise _first_fault(path, False, len(first), "the first row is neither a header nor data")
    return Table(path=path, features=features, labels=labels, columns=columns, has_header=has_header)


def line_of_row(path: Path, has_header: bool, row: int) -> int:
    """Find the line (from 1) on which a row of the table (from 0) stands."""
    with _open_text(path) as text:
        for index, (line, _) in enumerate(_rows(text)):
            if index == row + has_header:
                return line
    raise IndexError(f"{path} has no row {row}")


def _read_chunks(text: TextIO, width: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
    """Let pandas parse a few megabytes at a time into one growing array; raise ValueError or Warning."""
    import pandas as pd

    features = np.empty((0, width - 1), dtype=np.float32)
    labels: list[str] = []
    with warnings.catch_warnings(), np.errstate(over="ignore"):
        warnings.simplefilter("error", pd.errors.ParserWarning)
        chunks = pd.read_csv(
            text,
            header=None,
            names=list(range(width)),
            index_col=False,
            dtype={0: str} | dict.fromkeys(range(1, width), np.float32),
            na_filter=False,
            chunksize=max(1, _CELLS_PER_CHUNK // width),
        )
        for chunk in chunks:
            if chunk.empty:
                break
            values = chunk.iloc[:, 1:].to_numpy()
            if not max(values.max(), -values.min()) <= _LARGEST:
                raise ValueError("a value is not finite")
            features.resize((len(labels) + len(chunk), width - 1), refcheck=False)
            features[len(labels) :] = values
            labels.extend(label.strip() for label in chunk.iloc[:, 0])
    if "" in labels:
        raise ValueError("a label is missing")
    return features, tuple(labels)


def _first_fault(path: Path, has_header: bool, width: int, otherwise: str) -> DataError:
    """Go through the file slowly to say where it is wrong, which pandas does not."""
    with _open_text(path) as text:
        rows = _rows(text)
        names = next(rows)[1] if has_header else []
        for line, fields in rows:
            if len(fields) != width:
                return DataError(
                    f"{path}, line {line}: the number of fields is {len(fields)}, in the first row {width}"
                )
            if not fields[0].strip():
                return DataError(f"{path}, line {line}, column 1: the label is missing")
            for column, field in enumerate(fields[1:], start=2):
                if problem := _problem(field):
                    name = f" ({_shown(names[column - 1])})" if names else ""
                    return DataError(f"{path}, line {line}, column {column}{name}: {problem}")
    return DataError(f"{path}: cannot be read as a label-first CSV file: {' '.join(otherwise.split())}")


def _problem(field: str) -> str | None:
    """Say what is wrong with a feature, if anything."""
    if not field.strip():
        return "the value is missing"
    if not _is_numeric(field):
        return f"{_shown(field)} is not a number"
    if not abs(float(field)) <= _LARGEST:
        return f"{_shown(field)} is not a finite float32 number"
    return None


def _is_numeric(field: str) -> bool:
    """Tell whether a field reads as a number; ``nan`` and ``inf`` do: they are faulty values, not names."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _shown(field: str) -> str:
    return repr(field if len(field) <= 40 else field[:37] + "...")


@contextmanager
def _open_text(path: Path) -> Iterator[TextIO]:
    with open_bytes(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig", newline="") as text:
        try:
            yield text
        except csv.Error as error:
            raise DataError(f"{path}: is not a CSV file: {error}") from error


def _rows(text: TextIO) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number (from 1) and the fields of each row that is not blank."""
    reader = csv.reader(text)
    for fields in reader:
        if len(fields) > 1 or (fields and fields[0].strip()):
            yield reader.line_num, fields
