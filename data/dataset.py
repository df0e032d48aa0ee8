"""The record that the rest of the project trains on."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

PARTS = ("X_train", "Y_train", "X_test", "Y_test")


@dataclass(frozen=True, eq=False)
class Dataset:
    """Scaled training and test samples.

    Attributes:
        name: what it was asked for by.
        source: one sentence on where the values come from.
        X_train: float32 ``(n, features)`` in [0, 1], C-contiguous.
        X_test: float32 ``(m, features)`` in [0, 1], C-contiguous.
        Y_train: int64 ``(n,)`` with classes 0..k-1, or float32 ``(n, outputs)`` in [0, 1] for regression.
        Y_test: the same for the test samples.
        classes: the name of each class; empty for regression.
        split: one sentence on how training and test samples were told apart.
        scaling: one sentence on how the features were brought to [0, 1].
        unpublished: the files of a published dataset whose content is another than the one published.
        image_shape: (height, width) where the features are the pixels of an image, row by row; else None.
    """

    name: str
    source: str
    X_train: NDArray[np.float32]
    X_test: NDArray[np.float32]
    Y_train: NDArray[Any]
    Y_test: NDArray[Any]
    classes: tuple[str, ...]
    split: str
    scaling: str
    image_shape: tuple[int, int] | None = None
    unpublished: tuple[str, ...] = ()

    @property
    def features(self) -> int:
        """The number of features of a sample."""
        return int(self.X_train.shape[1])

    @property
    def is_classification(self) -> bool:
        """Whether the targets are classes, not real numbers."""
        return bool(self.classes)

    @property
    def folder(self) -> Path | None:
        """Where the four arrays lie on disk as ``X_train.npy`` and so on, if they are mapped from there."""
        arrays = [getattr(self, part) for part in PARTS]
        if not all(isinstance(array, np.memmap) and isinstance(array.base, mmap) for array in arrays):
            return None
        paths = [Path(array.filename) for array in arrays]
        folder = paths[0].parent
        return folder if paths == [folder / f"{part}.npy" for part in PARTS] else None

    @cached_property
    def sha256(self) -> str:
        """The SHA-256, in hex, of dtype, shape and bytes of the four arrays; names and paths do not enter."""
        digest = sha256()
        for array in (getattr(self, part) for part in PARTS):
            little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
            digest.update(f"{little_endian.dtype.str}{little_endian.shape}".encode())
            digest.update(little_endian.data)
        return digest.hexdigest()
