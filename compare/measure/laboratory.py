"""What all contestants of an experiment share: the data on disk, the initial weights, the processes."""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from compare.experiment import Experiment
from compare.initial_weights import draw_parameters, fingerprint
from compare.measure.contestant import Contestant
from compare.measure.scratch import Scratch
from compare.measure.task import network_of
from compare.network import Network
from compare.plural import counted
from compare.results import Cell, Regime
from data import PARTS, Dataset

MOST_WEIGHTS, MOST_SPLITS = 64, 8
"""Files of initial weights, and seeds' own splits, that are kept; an older one is made again where needed."""


class Laboratory:
    """A folder of arrays that every contestant maps, and the contestants themselves; a context manager.

    Data that are mapped from the cache are mapped from there by the contestants too, and not copied.
    `rates` has the learning rate of every regime that has one of its own.

    Args:
        experiment: what is run.
        data: the dataset, X in float32, (n, features).
        splits: gives a seed's own split of the data where every seed has one; None where all share `data`.
        arrays: folder that holds the dataset's arrays already, where another laboratory has written them.
    """

    def __init__(
        self,
        experiment: Experiment,
        data: Dataset,
        splits: Callable[[int], Dataset] | None = None,
        arrays: Path | None = None,
    ) -> None:
        self.experiment, self.data, self._splits = experiment, data, splits
        self._scratch = Scratch()
        self.folder = self._scratch.folder
        self._arrays = arrays or data.folder or self.folder
        self._contestants: dict[tuple[str, int, bool, bool], Contestant] = {}
        self.rates: dict[Regime, float] = {}
        self._weights: dict[tuple[Network, int], tuple[Path, str]] = {}
        self._split_folders: dict[int, Path] = {}
        self._numbers = count()
        try:
            if self._arrays == self.folder:
                with told_where(self.folder):
                    write_parts(data, self.folder)
        except BaseException:
            self._scratch.cleanup()
            raise

    def sibling(self) -> Self:
        """Return a laboratory with processes of its own that maps the same arrays; close it first."""
        other = type(self)(self.experiment, self.data, self._splits, self._arrays)
        other.rates = self.rates
        return other

    def data_of(self, seed: int) -> Dataset:
        """Return the data that a seed is trained on."""
        return self.data if self._splits is None else self._splits(seed)

    def own_folder(self, seed: int) -> str | None:
        """Return the folder with a seed's own split; None where all share the laboratory's.

        Like the file of `weights`, it is there for the next request to a contestant, and may go afterwards.
        """
        if self._splits is None:
            return None
        if seed not in self._split_folders:
            folder = self.folder / f"split-{seed}"
            with told_where(folder):
                folder.mkdir(exist_ok=True)
                write_parts(self._splits(seed), folder)
            self._split_folders[seed] = folder
            if len(self._split_folders) > MOST_SPLITS:
                oldest = self._split_folders.pop(next(iter(self._split_folders)))
                shutil.rmtree(oldest, ignore_errors=True)
        return str(self._split_folders[seed])

    def network(self, objective: str) -> Network:
        """Return the network that an objective needs on this dataset."""
        return network_of(self.experiment, self.data, objective)

    def weights(self, network: Network, seed: int) -> tuple[Path, str]:
        """Return the file with the initial weights of a seed, and their SHA-256."""
        key = (network, seed)
        if key not in self._weights:
            parameters = draw_parameters(network, self.experiment.model.init, seed)
            path = self.folder / f"weights-{next(self._numbers)}.npz"
            with told_where(path):
                np.savez(path, allow_pickle=False, **parameters)
            self._weights[key] = path, fingerprint(parameters)
            if len(self._weights) > MOST_WEIGHTS:
                self._weights.pop(next(iter(self._weights)))[0].unlink(missing_ok=True)
        return self._weights[key]

    def learning_rate(self, cell: Cell) -> float:
        """Return the rate that a cell is trained at: its regime's own, or else the experiment's."""
        rate = self.rates.get(Regime.of(cell))
        return float(self.experiment.optimizer_options(cell.optimizer)["lr"]) if rate is None else rate

    def setting_of(self, cell: Cell, seed: int) -> dict[str, Any]:
        """Return what a worker needs to build the contestant of a cell, ready for JSON."""
        return self.setting(cell.objective, cell.optimizer, cell.dtype, seed, self.learning_rate(cell))

    def setting(
        self, objective: str, optimizer: str, dtype: str, seed: int, lr: float | None = None
    ) -> dict[str, Any]:
        """Return what a worker needs to build a contestant; `lr` in place of the experiment's rate."""
        network = self.network(objective)
        options = self.experiment.optimizer_options(optimizer)
        return {
            "network": network.to_dict(),
            "parameters": str(self.weights(network, seed)[0]),
            "data": self.own_folder(seed),
            "rounded_to": dtype,
            "optimizer": optimizer,
            "options": options if lr is None else options | {"lr": lr},
            "dtype": dtype,
            "device": self.experiment.run.device,
        }

    def contestant(
        self, implementation: str, threads: int, again: bool = False, floor: bool = False
    ) -> Contestant:
        """Return the process of an implementation at a number of threads; started when first asked.

        `again` gives it a second process, as if it were another contestant; `floor` returns the process of
        the library of that name that computes the matrix products alone.
        """
        key = (implementation, threads, again, floor)
        if key not in self._contestants:
            name = implementation if floor else self.experiment.named(implementation)
            limit = self.experiment.run.memory_limit
            self._contestants[key] = Contestant(name, threads, self._arrays, floor, limit, self.folder)
        return self._contestants[key]

    def renew(self) -> None:
        """End all processes; the next request to each starts it anew."""
        for contestant in list(self._contestants.values()):
            contestant.close()

    def thread_pools(self) -> dict[str, list[dict[str, Any]]]:
        """Return the BLAS and OpenMP libraries found inside each contestant that was started."""
        return {
            f"{name}{', floor' * floor}, {counted(threads, 'thread')}": contestant.pools
            for (name, threads, again, floor), contestant in self._contestants.items()
            if not again
        }

    def builds(self) -> dict[str, str]:
        """Return how the numerical libraries found inside the contestants were built."""
        found: dict[str, str] = {}
        for contestant in self._contestants.values():
            found |= contestant.builds
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes and remove the folder."""
        self.renew()
        self._scratch.cleanup()


@contextmanager
def told_where(path: Path) -> Iterator[None]:
    """Name a path in a failure to write to it, which NumPy does not."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from None


def write_parts(data: Dataset, folder: Path) -> None:
    """Write a dataset's arrays for the contestants to map."""
    for part in PARTS:
        np.save(folder / f"{part}.npy", getattr(data, part), allow_pickle=False)
