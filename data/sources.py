"""Finding a dataset by name or by path, and reading its tables."""

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import numpy as np

from data.csv_file import read_csv
from data.errors import DataError, shown
from data.idx_file import read_idx_pair
from data.obtain import obtain
from data.places import CSV_NAMES, IDX_NAMES, find_all
from data.published import PUBLISHED, PublishedFile, is_published
from data.table import Table

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "handwritten digits of 8x8 pixels, 10 classes, 1797 rows (UCI, embedded)",
        "breast-cancer": "tumours by 30 measures of cell nuclei, 2 classes, 569 rows (UCI, embedded)",
        "nuclei": "perimeter of cell nuclei from radius and texture, regression, 569 rows (UCI, embedded)",
        "mnist": "handwritten digits of 28x28 pixels, 10 classes, 70000 rows (downloaded once, 11 MB)",
        "fashion-mnist": "clothes of 28x28 pixels, 10 classes, 70000 rows (downloaded once, 31 MB)",
    }
)

_EMBEDDED = Path(__file__).parent
LabelColumn = int | str | None
"""The number (from 1) or the name of a CSV file's column of labels; None for the first."""
Parts = tuple[Table, Table | None]


@dataclass(frozen=True, eq=False)
class Request:
    """What is asked for, beside the name or path.

    Attributes:
        data_dir: where to look first for the files of a published dataset.
        label_column: which column of a CSV file holds the labels.
        download: whether missing files of a published dataset may be downloaded.
        progress: whether a download shows a bar, where standard error is a terminal.
    """

    data_dir: Path | None = None
    label_column: LabelColumn = None
    download: bool = False
    progress: bool = False


@dataclass(frozen=True, eq=False)
class Source:
    """A dataset that was found and not read yet.

    Attributes:
        name: the dataset's name, or the path without its ending.
        sentence: where the values come from.
        files: what `read` reads; empty for an embedded dataset.
        read: returns the training rows and the test rows, or all rows and None.
        published: the files as they were published, where it was asked for by the name they have.
    """

    name: str
    sentence: str
    files: tuple[Path, ...]
    read: Callable[[], Parts]
    published: tuple[PublishedFile, ...] = ()

    def unpublished(self) -> tuple[str, ...]:
        """Read the files again, and return the names of those that are not as they were published."""
        if not self.published:
            return ()
        pairs = zip(self.files, self.published, strict=True)
        return tuple(path.name for path, as_it_was in pairs if not is_published(path, as_it_was))


def find_source(name_or_path: str | Path, request: Request) -> Source:
    """Find a dataset by name, a CSV file, or a directory of train and test files.

    Args:
        name_or_path: a name in `DATASETS`, or a path; a string that is a name is never taken as a path.
        request: what else is asked for.

    Raises:
        DatasetNotFound: a published dataset whose files are neither here nor to be had.
        DataError: an unknown name, a path that does not exist, or a label column where none can be
            chosen.
    """
    if isinstance(name_or_path, str) and name_or_path in DATASETS:
        _refuse_label_column(name_or_path, request)
        if name_or_path in PUBLISHED:
            return _published(name_or_path, request)
        sentence, read = _EMBEDDED_ONES[name_or_path]
        return Source(name_or_path, sentence, (), lambda: (read(), None))
    path = Path(name_or_path)
    try:
        if path.is_dir():
            return _from_directory(path, request)
        exists = path.exists()
    except DataError:
        raise
    except (OSError, ValueError) as error:  # a ValueError where the name holds a NUL
        raise DataError(f"{shown(str(path))}: {getattr(error, 'strerror', None) or error}") from error
    if exists:
        label = request.label_column
        what = "a label-first CSV file" if label is None else f"a CSV file with its labels in column {label}"
        return Source(_stem(path), f"{path}, {what}", (path,), lambda: (read_csv(path, label), None))
    if isinstance(name_or_path, str) and not _looks_like_a_path(name_or_path):
        raise DataError(_unknown(name_or_path))
    raise DataError(f"{path}: no such file or directory")


def _nuclei() -> Table:
    """Predict one measure of the cell nuclei from two others."""
    table = read_csv(_EMBEDDED / "breast-cancer.csv")
    inputs = [table.columns.index(name) for name in ("mean radius", "mean texture")]
    target = table.columns.index("mean perimeter")
    return replace(
        table,
        features=np.ascontiguousarray(table.features[:, inputs]),
        columns=tuple(table.columns[index] for index in inputs),
        labels=(),
        targets=np.ascontiguousarray(table.features[:, target : target + 1]),
    )


_EMBEDDED_ONES: dict[str, tuple[str, Callable[[], Table]]] = {
    "digits": (
        "UCI Optical Recognition of Handwritten Digits, its 1797 test images, embedded (data/SOURCES.md)",
        lambda: read_csv(_EMBEDDED / "digits.csv"),
    ),
    "breast-cancer": (
        "UCI Breast Cancer Wisconsin (Diagnostic), embedded (data/SOURCES.md)",
        lambda: read_csv(_EMBEDDED / "breast-cancer.csv"),
    ),
    "nuclei": (
        "mean radius and texture to mean perimeter, of UCI Breast Cancer Wisconsin (Diagnostic), embedded",
        _nuclei,
    ),
}


def _published(name: str, request: Request) -> Source:
    files = obtain(name, request.data_dir, request.download, request.progress)
    published = PUBLISHED[name]
    found = _idx_source(name, f"{published.title}, IDX files in {files[0].parent}", files)
    return replace(found, published=published.files)


def _from_directory(directory: Path, request: Request) -> Source:
    csv_files = find_all(directory, CSV_NAMES)
    idx_files = find_all(directory, IDX_NAMES)
    name = directory.resolve().name
    if csv_files and idx_files:
        raise DataError(
            f"{directory}: holds both train.csv and test.csv and four IDX files; keep one of the two"
        )
    if csv_files:
        train, test = csv_files
        label = request.label_column
        sentence = f"train.csv and test.csv in {directory}"
        return Source(name, sentence, (train, test), lambda: (read_csv(train, label), read_csv(test, label)))
    if idx_files:
        _refuse_label_column(str(directory), request)
        return _idx_source(name, f"IDX files in {directory}", idx_files)
    raise DataError(
        f"{directory}: holds neither train.csv and test.csv nor the four IDX files {', '.join(IDX_NAMES)} "
        "(each with or without .gz)"
    )


def _idx_source(name: str, sentence: str, files: list[Path]) -> Source:
    images, labels, test_images, test_labels = files
    return Source(
        name,
        sentence,
        tuple(files),
        lambda: (read_idx_pair(images, labels), read_idx_pair(test_images, test_labels)),
    )


def _refuse_label_column(what: str, request: Request) -> None:
    if request.label_column is not None:
        raise DataError(f"{what}: has its labels in a place of their own; a label column is for CSV files")


def _stem(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".csv") or path.name


def _looks_like_a_path(text: str) -> bool:
    return os.sep in text or "/" in text or text.endswith((".csv", ".gz")) or text in (".", "..")


def _unknown(name: str) -> str:
    nearest = difflib.get_close_matches(name, DATASETS, n=1, cutoff=0.5)
    hint = f"did you mean '{nearest[0]}'? " if nearest else ""
    known = ", ".join(DATASETS)
    return f"unknown dataset {name!r}: {hint}(known: {known}; or the path of a CSV file or directory)"
