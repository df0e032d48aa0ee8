"""The record that every reader returns: rows as they stand in a file, not yet scaled or split."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CELLS_PER_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class Table:
    """The rows of one file (or pair of files).

    Attributes:
        path: the file that the features were read from, for messages.
        features: float32 ``(rows, features)``, C-contiguous, in the file's own units.
        labels: the label of each row as text; empty if ``targets`` are given.
        columns: the name of each feature.
        has_header: whether the file itself names its columns.
        full_scale: the largest value the format can hold (255 for IDX bytes), None where it has no limit.
        targets: float32 ``(rows, outputs)`` for regression.
        label_column: the number (from 1) of the file's column that holds the labels, for messages.
    """

    path: Path
    features: NDArray[np.float32]
    labels: tuple[str, ...]
    columns: tuple[str, ...]
    has_header: bool = False
    full_scale: float | None = None
    targets: NDArray[np.float32] | None = None
    label_column: int = 1


def row_blocks(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Cut an array ``(rows, columns)`` into views of consecutive rows, about 4 MB of float32 each."""
    rows = max(1, _CELLS_PER_BLOCK // max(1, array.shape[1]))
    for start in range(0, len(array), rows):
        yield array[start : start + rows]
