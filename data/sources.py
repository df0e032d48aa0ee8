"""Finding a dataset by name or by path, and reading its tables."""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import platformdirs

from data.csv_file import read_csv
from data.errors import DataError, DatasetNotFound
from data.idx_file import read_idx_pair
from data.table import Table

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "handwritten digits of 8x8 pixels, 10 classes, 1797 rows (UCI, embedded)",
        "breast-cancer": "tumours by 30 measures of cell nuclei, 2 classes, 569 rows (UCI, embedded)",
        "nuclei": "perimeter of cell nuclei from radius and texture, regression, 569 rows (UCI, embedded)",
        "mnist": "handwritten digits of 28x28 pixels, 10 classes, 70000 rows (from the four IDX files)",
    }
)

_EMBEDDED = Path(__file__).parent
_IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
_CSV_NAMES = ("train.csv", "test.csv")


@dataclass(frozen=True, eq=False)
class Source:
    """The tables of a dataset as they were found.

    Attributes:
        name: the dataset's name, or the path without its ending.
        sentence: where the values come from.
        train: the training rows, or all rows if ``test`` is None.
        test: the test rows where the source has its own split.
    """

    name: str
    sentence: str
    train: Table
    test: Table | None = None


def read_source(name_or_path: str | Path, data_dir: Path | None = None) -> Source:
    """Read a dataset by name, a label-first CSV file, or a directory of train and test files.

    Args:
        name_or_path: a name in `DATASETS`, or a path; a string that is a name is never taken as a path.
        data_dir: where to look first for the files of ``mnist``.

    Raises:
        DatasetNotFound: a known dataset whose files are not here.
        DataError: an unknown name, a path that does not exist, or malformed files.
    """
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        return _NAMED[name_or_path](data_dir)
    path = Path(name_or_path)
    try:
        if path.is_dir():
            return _from_directory(path)
        exists = path.exists()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    if exists:
        table = read_csv(path)
        return Source(_stem(path), f"{path}, a label-first CSV file", table)
    if isinstance(name_or_path, str) and not _looks_like_a_path(name_or_path):
        raise DataError(_unknown(name_or_path))
    raise DataError(f"{path}: no such file or directory")


def _digits(_: Path | None) -> Source:
    sentence = (
        "UCI Optical Recognition of Handwritten Digits, its 1797 test images, embedded (data/SOURCES.md)"
    )
    return Source("digits", sentence, read_csv(_EMBEDDED / "digits.csv"))


def _breast_cancer(_: Path | None) -> Source:
    sentence = "UCI Breast Cancer Wisconsin (Diagnostic), embedded (data/SOURCES.md)"
    return Source("breast-cancer", sentence, read_csv(_EMBEDDED / "breast-cancer.csv"))


def _nuclei(_: Path | None) -> Source:
    """Predict one measure of the cell nuclei from two others."""
    table = read_csv(_EMBEDDED / "breast-cancer.csv")
    inputs = [table.columns.index(name) for name in ("mean radius", "mean texture")]
    target = table.columns.index("mean perimeter")
    table = replace(
        table,
        features=np.ascontiguousarray(table.features[:, inputs]),
        columns=tuple(table.columns[index] for index in inputs),
        labels=(),
        targets=np.ascontiguousarray(table.features[:, target : target + 1]),
    )
    sentence = (
        "mean radius and texture to mean perimeter, of UCI Breast Cancer Wisconsin (Diagnostic), embedded"
    )
    return Source("nuclei", sentence, table)


def _mnist(data_dir: Path | None) -> Source:
    """Look for the four IDX files in the given directory, its mnist/, and the user's cache."""
    if data_dir is not None and not data_dir.is_dir():
        raise DataError(f"{data_dir}: is not a directory (given as the data directory)")
    cache = platformdirs.user_cache_path("side-by-side") / "mnist"
    given = [] if data_dir is None else [data_dir, data_dir / "mnist"]
    for directory in (*given, cache):
        if files := _find_all(directory, _IDX_NAMES):
            return Source("mnist", f"MNIST, IDX files in {directory}", *_read_idx_four(files))
    place = cache if data_dir is None else data_dir
    raise DatasetNotFound(
        f"mnist: put {', '.join(_IDX_NAMES[:3])} and {_IDX_NAMES[3]} (each with or without .gz) into {place}"
        + (", or name their directory as the data directory (--data-dir)" if data_dir is None else "")
    )


_NAMED: dict[str, Callable[[Path | None], Source]] = {
    "digits": _digits,
    "breast-cancer": _breast_cancer,
    "nuclei": _nuclei,
    "mnist": _mnist,
}


def _from_directory(directory: Path) -> Source:
    csv_files = _find_all(directory, _CSV_NAMES)
    idx_files = _find_all(directory, _IDX_NAMES)
    name = directory.resolve().name
    if csv_files and idx_files:
        raise DataError(
            f"{directory}: holds both train.csv and test.csv and four IDX files; keep one of the two"
        )
    if csv_files:
        train, test = map(read_csv, csv_files)
        return Source(name, f"train.csv and test.csv in {directory}", train, test)
    if idx_files:
        return Source(name, f"IDX files in {directory}", *_read_idx_four(idx_files))
    raise DataError(
        f"{directory}: holds neither train.csv and test.csv nor the four IDX files {', '.join(_IDX_NAMES)} "
        "(each with or without .gz)"
    )


def _read_idx_four(files: list[Path]) -> tuple[Table, Table]:
    return read_idx_pair(files[0], files[1]), read_idx_pair(files[2], files[3])


def _find_all(directory: Path, names: tuple[str, ...]) -> list[Path]:
    """Find each name, or failing that the name with .gz; return nothing unless all are there."""
    found = []
    for name in names:
        spellings = (name, name.replace("-idx", ".idx"))  # both are in use
        candidates = [directory / (spelling + ending) for ending in ("", ".gz") for spelling in spellings]
        found += [path for path in candidates if path.is_file()][:1]
    return found if len(found) == len(names) else []


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv") or path.name


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or "/" in text or text.endswith((".csv", ".gz")) or text in (".", "..")


def _unknown(name: str) -> str:
    nearest = difflib.get_close_matches(name, DATASETS, n=1, cutoff=0.5)
    hint = f"did you mean '{nearest[0]}'? " if nearest else ""
    known = ", ".join(DATASETS)
    return f"unknown dataset {name!r}: {hint}(known: {known}; or the path of a CSV file or directory)"
