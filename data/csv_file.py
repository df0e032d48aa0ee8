"""Reading a CSV file with one column of labels, the first unless told otherwise; one row a sample.

The first row is a header if any of its features is not a number. Fields are UTF-8 text between commas and may
be quoted; blank lines are skipped; the file may be gzip-compressed. Values are kept as float32.
"""

import csv
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError, shown
from data.plural import counted
from data.table import Table
from data.text_stream import check_expansion, open_text

MOST_COLUMNS = 100_000
_CELLS_PER_CHUNK = 1_500_000
_LOOKED_AT = 20
_ADVICE = "; if column {0} holds the labels, say --label-column {0}"
_LARGEST = float(np.finfo(np.float32).max) / 2  # so that the difference of two values is finite as well


def read_csv(path: Path, label_column: int | str | None = None) -> Table:
    """Read a CSV file, keeping one float32 copy of its features.

    Args:
        path: the file, gzip-compressed or not.
        label_column: the number (from 1) or the name of the column with the labels; None for the first.

    Returns:
        A table of ``(rows, features)`` with labels as text; without a header columns are ``feature_1, ...``.

    Raises:
        DataError: no rows, no features, no such label column, rows of unequal length, a feature that is not a
            finite number, a missing label, or an unreadable file; the line and the column are named.
    """
    check_expansion(path)
    with open_text(path) as text:
        _, first = next(_rows(text, path), (0, []))
        _check_first_row(path, first)
        label = _label_index(path, first, label_column)
        has_header = isinstance(label_column, str) or not all(map(_is_numeric, _without(first, label)))
        names = _without(first, label)
        columns = tuple(names) if has_header else tuple(f"feature_{i}" for i in range(1, len(first)))
        if not has_header:
            text.seek(0)
        try:
            features, labels = _read_chunks(text, len(first), label)
        except (ValueError, Warning) as error:
            if isinstance(error, DataError | UnicodeDecodeError):
                raise
            chosen = label_column is not None
            raise _first_fault(path, has_header, len(first), label, str(error), chosen) from error
    if not labels:
        raise DataError(f"{path}: has a header but no rows")
    if label_column is None and has_header and first[0].strip() in labels:  # a faulty row, not a header
        raise _first_fault(path, False, len(first), label, "the first row is neither a header nor data")
    return Table(path, features, labels, columns, has_header, label_column=label + 1)


def line_of_row(path: Path, has_header: bool, row: int) -> int:
    """Find the line (from 1) on which a row of the table (from 0) stands."""
    with open_text(path) as text:
        for index, (line, _) in enumerate(_rows(text, path)):
            if index == row + has_header:
                return line
    raise IndexError(f"{path} has no row {row}")


def _check_first_row(path: Path, first: list[str]) -> None:
    if not first:
        raise DataError(f"{path}: is empty; each line must hold a label and its features")
    if len(first) == 1:
        raise DataError(f"{path}: its first row has no comma; each line must hold a label and its features")
    if len(first) > MOST_COLUMNS:
        raise DataError(f"{path}: its first row has {len(first)} fields; at most {MOST_COLUMNS} are read")


def _label_index(path: Path, first: list[str], wanted: int | str | None) -> int:
    """Find the label's column (from 0) by its number (from 1) or its name."""
    if wanted is None:
        return 0
    if isinstance(wanted, int):
        if not 1 <= wanted <= len(first):
            columns = counted(len(first), "column")
            raise DataError(f"{path}: has {columns}, so column {wanted} cannot hold the labels")
        return wanted - 1
    places = [index for index, name in enumerate(first) if name.strip() == wanted.strip()]
    if len(places) == 1:
        return places[0]
    found = f"{len(places)} columns" if places else "no column"
    names = ", ".join(shown(name) for name in first[:5]) + (", ..." if len(first) > 5 else "")
    raise DataError(f"{path}: its first row ({names}) names {found} {shown(wanted)} to hold the labels")


def _read_chunks(text: TextIO, width: int, label: int) -> tuple[NDArray[np.float32], tuple[str, ...]]:
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
            dtype=dict.fromkeys(range(width), np.float32) | {label: str},
            na_filter=False,
            chunksize=max(1, _CELLS_PER_CHUNK // width),
        )
        for chunk in chunks:
            if chunk.empty:
                break
            values = chunk.drop(columns=label).to_numpy()
            if not max(values.max(), -values.min()) <= _LARGEST:
                raise ValueError("a value is not finite")
            features.resize((len(labels) + len(chunk), width - 1), refcheck=False)
            features[len(labels) :] = values
            labels.extend(text.strip() for text in chunk[label])
    if "" in labels:
        raise ValueError("a label is missing")
    return features, tuple(labels)


def _first_fault(
    path: Path, has_header: bool, width: int, label: int, otherwise: str, chosen: bool = False
) -> DataError:
    """Go through the file slowly to say where it is wrong, which pandas does not.

    Where the label's column was not `chosen` and another one is of words, it is named as the one meant.
    """
    with open_text(path) as text:
        rows = _rows(text, path)
        names = next(rows)[1] if has_header else []
        for line, fields in rows:
            if len(fields) != width:
                return DataError(
                    f"{path}, line {line}: the number of fields is {len(fields)}, in the first row {width}"
                )
            if not fields[label].strip():
                return DataError(f"{path}, line {line}, column {label + 1}: the label is missing")
            for column, field in enumerate(fields, start=1):
                if column - 1 != label and (problem := _problem(field)):
                    name = f" ({shown(names[column - 1])})" if names else ""
                    advice = "" if chosen or not _all_words(rows, column) else _ADVICE.format(column)
                    return DataError(f"{path}, line {line}, column {column}{name}: {problem}{advice}")
    return DataError(
        f"{path}: cannot be read as a CSV file of labels and numbers: {' '.join(otherwise.split())}"
    )


def _all_words(rows: Iterator[tuple[int, list[str]]], column: int) -> bool:
    """Tell whether the next rows, of which there is one at least, have a word in a column (from 1) each."""
    fields = [fields[column - 1 : column] for _, fields in islice(rows, _LOOKED_AT)]
    return bool(fields) and all(found and found[0].strip() and not _is_numeric(found[0]) for found in fields)


def _problem(field: str) -> str | None:
    """Say what is wrong with a feature, if anything."""
    if not field.strip():
        return "the value is missing"
    if not _is_numeric(field):
        return f"{shown(field)} is not a number"
    if not abs(float(field)) <= _LARGEST:
        return f"{shown(field)} is not a finite float32 number"
    return None


def _is_numeric(field: str) -> bool:
    """Tell whether a field reads as a number; ``nan`` and ``inf`` do: they are faulty values, not names."""
    try:
        float(field)
    except ValueError:
        return False
    return "_" not in field


def _without(fields: Sequence[str], index: int) -> list[str]:
    return [*fields[:index], *fields[index + 1 :]]


def _rows(text: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number (from 1) and the fields of each row that is not blank."""
    reader = csv.reader(text)
    try:
        for fields in reader:
            if len(fields) > 1 or (fields and fields[0].strip()):
                yield reader.line_num, fields
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}: is not CSV: {error}") from error
