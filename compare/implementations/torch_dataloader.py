"""The contestant `torch-dataloader`: as `torch`, its batches put together sample by sample."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader, TensorDataset

from compare.implementation import Array
from compare.implementations.torch_eager import TorchEager


class TorchDataLoader(TorchEager):
    """`torch` fed by a `DataLoader` over a `TensorDataset`, the way most tutorials write it.

    The loader fetches each row by itself and stacks them with its default `collate_fn`. Our own row numbers
    are its `batch_sampler`, so the batches and their order are everybody's.
    """

    devices: ClassVar[tuple[str, ...]] = ("cpu",)
    deviations: ClassVar[dict[str, str]] = {
        "batches": "each is fetched row by row and stacked by a DataLoader's default collate_fn",
    }

    def load(self, X: Array, Y: Array) -> None:
        super().load(X, Y)
        self.rows = TensorDataset(self.X, self.Y)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for X, Y in DataLoader(self.rows, batch_sampler=_Sampler(batches, len(self.rows))):
            self._step(X, Y)


class _Sampler(torch.utils.data.Sampler[list[int]]):
    """Our batches, for one pass."""

    def __init__(self, batches: Iterable[NDArray[np.intp] | None], n: int) -> None:
        self._batches, self._n = batches, n

    def __iter__(self) -> Iterator[list[int]]:
        for rows in self._batches:
            yield list(range(self._n)) if rows is None else rows.tolist()
