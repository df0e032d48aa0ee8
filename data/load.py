"""From tables to a dataset: label encoding, split, scaling, in this order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.csv_file import line_of_row
from data.dataset import Dataset
from data.errors import DataError, shown
from data.images import image_shape
from data.labels import LabelError, class_names, encode
from data.parsed import parsed_once
from data.plural import counted
from data.scaling import fit_each_column, fit_scaling
from data.sources import LabelColumn, Request, Source, find_source
from data.split import DEFAULT_TEST_FRACTION, check_fraction, choose_test_rows, take_out
from data.table import Table

_PLAUSIBLE_CLASSES = 10  # more are refused where most of them would have a single row


@dataclass(frozen=True, eq=False)
class Unscaled:
    """A dataset after the split, its values in the units of the source; `table`: its training rows."""

    source: Source
    table: Table
    X_train: NDArray[np.float32]
    X_test: NDArray[np.float32]
    Y_train: NDArray[Any]
    Y_test: NDArray[Any]
    classes: tuple[str, ...]
    split: str


def load_dataset(
    name_or_path: str | Path,
    data_dir: Path | None = None,
    test_fraction: float | None = None,
    split_seed: int | None = None,
    *,
    label_column: LabelColumn = None,
    download: bool = False,
    progress: bool = False,
) -> Dataset:
    """Load a dataset, split into training and test samples and scaled to [0, 1].

    Larger ones are kept in the user's cache as they leave here, and mapped from there the next time; such
    arrays are read-only.

    Args:
        name_or_path: a name in `DATASETS`, a CSV file, or a directory that holds ``train.csv`` and
            ``test.csv`` or the four IDX files (all with or without ``.gz``).
        data_dir: where to look first for the files of ``mnist`` and ``fashion-mnist``.
        test_fraction: the part of the rows to test on (0.2), only for sources without their own split.
        split_seed: draws another split than the fixed one, likewise.
        label_column: the number (from 1) or the name of a CSV file's column of labels; None for the first.
        download: whether files that are not here may be downloaded.
        progress: whether to show that on a terminal.

    Returns:
        Features ``(rows, features)`` with class indices ``(rows,)`` or real targets ``(rows, outputs)``.

    Raises:
        DatasetNotFound: a known dataset whose files are neither here nor to be had.
        DataError: anything else that is wrong with the name, the files or the fraction.
    """
    source = find_source(name_or_path, Request(data_dir, label_column, download, progress))
    options = {
        "test_fraction": test_fraction,
        "label_column": label_column,
        "split_seed": split_seed,
        "published": [file.sha256 for file in source.published],
    }
    return parsed_once(source, options, lambda: _scaled(_split_source(source, test_fraction, split_seed)))


def load_unscaled(name_or_path: str | Path, request: Request, test_fraction: float | None) -> Unscaled:
    """Load and split a dataset, its values in the units of the source; arguments as `load_dataset`."""
    return _split_source(find_source(name_or_path, request), test_fraction)


def _scaled(raw: Unscaled) -> Dataset:
    """Scale a dataset in place."""
    scaling = fit_scaling(raw.X_train, raw.table.full_scale)
    scaling.apply(raw.X_train)
    scaling.apply(raw.X_test)
    sentence = scaling.sentence
    if not raw.classes:
        target_scaling = fit_each_column(raw.Y_train)
        target_scaling.apply(raw.Y_train)
        target_scaling.apply(raw.Y_test)
        sentence += "; the target likewise"
    return Dataset(
        name=raw.source.name,
        source=raw.source.sentence,
        X_train=raw.X_train,
        X_test=raw.X_test,
        Y_train=raw.Y_train,
        Y_test=raw.Y_test,
        classes=raw.classes,
        split=raw.split,
        scaling=sentence,
        image_shape=image_shape(raw.table.columns, raw.table.has_header),
        unpublished=raw.source.unpublished(),
    )


def _split_source(source: Source, test_fraction: float | None, split_seed: int | None = None) -> Unscaled:
    if test_fraction is not None:
        check_fraction(test_fraction)
    table, test = source.read()
    if test is None:
        fraction = DEFAULT_TEST_FRACTION if test_fraction is None else test_fraction
        return _split(source, table, fraction, split_seed)
    if test_fraction is not None:
        raise DataError(
            f"{source.name}: has a test part of its own, so a test fraction cannot be chosen; leave it out"
        )
    if split_seed is not None:
        raise DataError(
            f"{source.name}: has a test part of its own, so the split cannot vary with the seed; leave it out"
        )
    return _with_own_split(source, table, test)


def _split(source: Source, table: Table, test_fraction: float, seed: int | None) -> Unscaled:
    if table.targets is None:
        classes = _classes(table)
        targets: NDArray[Any] = _encode(table, classes)
        groups, names = targets, tuple(f"{table.path}: class {shown(name)}" for name in classes)
        kind = "each class in proportion"
    else:
        classes = ()
        targets = table.targets
        groups, names = np.zeros(len(targets), dtype=np.int64), (str(table.path),)
        kind = "all rows alike"
    is_test = choose_test_rows(table.features, groups, names, test_fraction, seed)
    train, test = take_out(table.features, is_test)
    keyed = "fixed split by a hash of the rows"
    if seed is not None:
        keyed = "split by a hash of the rows that is keyed with the seed, another for each"
    split = f"{keyed}, {kind}: {len(train)} training and {len(test)} test rows"
    return Unscaled(source, table, train, test, targets[~is_test], targets[is_test], classes, split)


def _with_own_split(source: Source, train: Table, test: Table) -> Unscaled:
    _check_same_columns(train, test)
    classes = _classes(train)
    targets, test_targets = _encode(train, classes), _encode(test, classes)
    split = f"the source's own: {len(train.features)} training and {len(test.features)} test rows"
    return Unscaled(source, train, train.features, test.features, targets, test_targets, classes, split)


def _classes(table: Table) -> tuple[str, ...]:
    try:
        classes = class_names(table.labels)
    except LabelError as error:
        raise _located(table, error) from error
    rows = len(table.labels)
    if len(classes) > max(_PLAUSIBLE_CLASSES, rows // 2):
        raise DataError(
            f"{table.path}: its column {table.label_column} holds {len(classes)} values in {rows} rows: "
            "not classes; name the column of the labels by --label-column"
        )
    if len(classes) == 1:
        raise DataError(f"{table.path}: holds the one class {shown(classes[0])}; two or more are needed")
    return classes


def _encode(table: Table, classes: tuple[str, ...]) -> NDArray[np.int64]:
    try:
        return encode(table.labels, classes)
    except LabelError as error:
        raise _located(table, error) from error


def _located(table: Table, error: LabelError) -> DataError:
    """Say where in its file a label stands."""
    if table.full_scale is not None:
        return DataError(f"{table.path}, item {error.row} (from 0): {error.problem}")
    line = line_of_row(table.path, table.has_header, error.row)
    return DataError(f"{table.path}, line {line}, column {table.label_column}: {error.problem}")


def _check_same_columns(train: Table, test: Table) -> None:
    if len(train.columns) != len(test.columns):
        features = counted(len(test.columns), "feature")
        raise DataError(f"{test.path}: has {features} where {train.path} has {len(train.columns)}")
    if not (train.has_header and test.has_header):
        return
    for index, (expected, found) in enumerate(zip(train.columns, test.columns, strict=True), start=1):
        if expected != found:
            column = index + (index >= test.label_column)
            raise DataError(
                f"{test.path}, column {column}: is {shown(found)} where {train.path} has {shown(expected)}"
            )
