"""Who takes part in `benchmarks.training_step`: each builds a network and takes training steps on demand.

A contestant is made from a `Cell` and its `Data`; `steps(count)` takes that many training steps, each
gathering its batch, and returns the seconds they took. A library is imported by who needs it alone.
"""

from __future__ import annotations

import importlib
import itertools
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from compare.batches import BatchSize, epoch_batches
from compare.implementation import Array, Trainable, UpdateRule
from compare.implementations.numpy_products import NumpyProducts
from compare.initial_weights import draw_parameters
from compare.measure.floor import Floor
from compare.network import Network

LEARNING_RATE = 1e-3
"""Small, so that thousands of steps on random labels end nowhere in particular."""


@dataclass(frozen=True)
class Cell:
    """One line and column of the table: widths, optimizer, rows a batch, rows of the training set."""

    sizes: tuple[int, ...]
    optimizer: str
    batch: int
    rows: int

    @property
    def network(self) -> Network:
        """Hidden sigmoid layers and a softmax with cross-entropy, biases included."""
        hidden = ("sigmoid",) * (len(self.sizes) - 2)
        return Network(self.sizes, hidden, "softmax", "cross_entropy", bias=True)


class Data:
    """The same random training set, initial parameters and batches for everyone, in float32."""

    def __init__(self, cell: Cell) -> None:
        rng = np.random.default_rng(0)
        self.X: Array = rng.random((cell.rows, cell.sizes[0]), dtype=np.float32)
        self.labels = np.arange(cell.rows) % cell.sizes[-1]
        self.Y: Array = np.eye(cell.sizes[-1], dtype=np.float32)[self.labels]
        drawn = draw_parameters(cell.network, "pytorch", seed=0)
        self.parameters = {name: values.astype(np.float32) for name, values in drawn.items()}
        size: BatchSize = "full" if cell.batch == cell.rows else cell.batch
        self.batches = list(epoch_batches(cell.rows, size, seed=0, epoch=0))
        if cell.rows % cell.batch:
            del self.batches[-1]

    def forever(self) -> Iterator[NDArray[np.intp] | None]:
        """Yield the batches again and again."""
        return itertools.cycle(self.batches)


class Contestant(Protocol):
    """Takes training steps."""

    def steps(self, count: int) -> float:
        """Take `count` steps; return the seconds they took."""


class Loop:
    """A contestant of the comparison itself: what `compare.run` would time."""

    def __init__(self, implementation: Trainable, data: Data) -> None:
        implementation.load(data.X, data.Y)
        self._train, self._batches = implementation.train, data.forever()

    def steps(self, count: int) -> float:
        """Take `count` steps; return the seconds they took."""
        batches = itertools.islice(self._batches, count)
        start = time.perf_counter()
        self._train(batches)
        return time.perf_counter() - start


def rule(cell: Cell) -> UpdateRule:
    """Return the update rule of a cell."""
    return UpdateRule(cell.optimizer, {"lr": LEARNING_RATE})


def handwritten(cell: Cell, data: Data) -> Loop:
    """`handwritten/`, as `compare.run` trains it."""
    from compare.implementations.handwritten_numpy import HandwrittenNumpy

    return Loop(HandwrittenNumpy(cell.network, data.parameters, rule(cell), "float32"), data)


def torch_eager(cell: Cell, data: Data) -> Loop:
    """PyTorch in eager mode, as `compare.run` trains it: autograd and `torch.optim`."""
    from compare.implementations.torch_eager import TorchEager

    return Loop(TorchEager(cell.network, data.parameters, rule(cell), "float32"), data)


def torch_fused(cell: Cell, data: Data) -> Loop:
    """The same with `fused=True`: torch.optim's own single-kernel update."""
    from compare.implementations.torch_fused import TorchFused

    return Loop(TorchFused(cell.network, data.parameters, rule(cell), "float32"), data)


def torch_compiled(cell: Cell, data: Data) -> Loop:
    """Gathering, gradient and update in one graph; it compiles at the first step, before any clock."""
    from compare.implementations.torch_compile import TorchCompile

    return Loop(TorchCompile(cell.network, data.parameters, rule(cell), "float32"), data)


class ScikitLearn:
    """`MLPClassifier`, its training loop alone: `_fit_stochastic`, without checks and initial weights.

    An epoch here has as many rows as the steps asked for need, so small batches gather from fewer rows than
    the others do; that favours it a little.
    """

    def __init__(self, cell: Cell, data: Data) -> None:
        classifier = importlib.import_module("sklearn.neural_network").MLPClassifier
        options = {"momentum": 0.0, "nesterovs_momentum": False} if cell.optimizer == "sgd" else {}
        self._data, self._batch, self._rows = data, cell.batch, cell.rows
        self._classifier = classifier(
            cell.sizes[1:-1],
            activation="logistic",
            solver=cell.optimizer,
            alpha=0.0,
            batch_size=cell.batch,
            learning_rate_init=LEARNING_RATE,
            shuffle=cell.batch < cell.rows,
            tol=0.0,
            n_iter_no_change=10**9,
            random_state=0,
            **options,
        )
        self._loop, self._seconds = self._classifier._fit_stochastic, 0.0
        self._classifier._fit_stochastic = self._timed

    def _timed(self, *arguments: Any) -> None:
        start = time.perf_counter()
        self._loop(*arguments)
        self._seconds = time.perf_counter() - start

    def steps(self, count: int) -> float:
        """Take about `count` steps; return the seconds that `count` steps took."""
        an_epoch = min(count, self._rows // self._batch)
        rows = max(an_epoch * self._batch, 10)  # all ten classes must occur
        epochs = max(1, round(count * self._batch / rows))
        self._classifier.max_iter = epochs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._classifier.fit(self._data.X[:rows], self._data.labels[:rows])
        return self._seconds * count / (epochs * -(-rows // self._batch))


class ProductsAlone:
    """The matrix products of a step alone, each in the fastest way that NumPy can ask its BLAS for it."""

    def __init__(self, cell: Cell, data: Data, in_blocks: bool = True) -> None:
        self._floor = Floor(NumpyProducts("float32", in_blocks), cell.sizes)
        self._step = self._floor.step(cell.batch)

    def steps(self, count: int) -> float:
        """Compute the products of `count` steps; return the seconds they took."""
        steps = itertools.repeat(self._step, count)
        start = time.perf_counter()
        self._floor.train(steps)
        return time.perf_counter() - start


CONTESTANTS: dict[str, Callable[[Cell, Data], Contestant]] = {
    "handwritten": handwritten,
    "eager": torch_eager,
    "fused": torch_fused,
    "compiled": torch_compiled,
    "scikit-learn": ScikitLearn,
    "single-calls": partial(ProductsAlone, in_blocks=False),
    "floor": ProductsAlone,
}
"""The contestants by name."""
