"""The floor of a training step: its matrix products alone, each by the fastest call that was found for it.

Bias, activation, loss, update and gathering the batch are left out, so whoever multiplies with this library
has little to gain beyond it. The step of a network with layers l = 1 ... L has 3 L - 1 products:

    Z_l = A_(l-1) W_lᵀ      dW_l = dZ_lᵀ A_(l-1)      dA_(l-1) = dZ_l W_l  (not for the first layer)
"""

from __future__ import annotations

import importlib
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from compare.batches import BatchSize

LIBRARIES = {
    "numpy": "compare.implementations.numpy_products:NumpyProducts",
    "torch": "compare.implementations.torch_products:TorchProducts",
}
"""Through what the products are computed, and where the class is; imported when it is asked for."""
LARGEST_IN_BOTH_ORDERS = 2**25
"""Numbers of a matrix up to which it is tried by columns too; a second copy of a larger one costs memory."""
TRIAL_SECONDS = 3e-4
"""How long a call is repeated in one trial."""
TRIALS = 3
LONG_SECONDS = 0.01
"""A product that takes this long shows its quickest call in two trials of one call each."""
OUT_OF_THE_RUNNING = 1.3
"""A call that took this many times as long as the quickest in one trial is not tried again."""

Call = Callable[[], object]
Step = tuple[Call, ...]


class Library(Protocol):
    """A library that multiplies matrices, in one dtype."""

    def __init__(self, dtype: str) -> None: ...

    def matrix(self, rows: int, columns: int, by_rows: bool) -> Any:
        """Return a random matrix (rows, columns), stored row by row or column by column."""

    def calls(self, left: Any, right: Any, result: Any) -> Sequence[Call]:
        """Return the calls that multiply the two into the result, which is stored row by row."""


def load_library(name: str) -> type[Library]:
    """Import and return a library's class; raise KeyError for an unknown name."""
    module, _, cls = LIBRARIES[name].partition(":")
    found: type[Library] = getattr(importlib.import_module(module), cls)
    return found


@dataclass(frozen=True)
class Operand:
    """A matrix of the step by its name, A0, W1 or dZ1, or its transpose."""

    name: str
    transposed: bool = False


def products_of(depth: int) -> list[tuple[Operand, Operand]]:
    """Return the products of a step through so many layers of weights, in the order of the computation."""
    layers = range(1, depth + 1)
    products = [(Operand(f"A{layer - 1}"), Operand(f"W{layer}", True)) for layer in layers]
    for layer in reversed(layers):
        products.append((Operand(f"dZ{layer}", True), Operand(f"A{layer - 1}")))
        if layer > 1:
            products.append((Operand(f"dZ{layer}"), Operand(f"W{layer}")))
    return products


def shapes_of(sizes: Sequence[int], n: int) -> dict[str, tuple[int, int]]:
    """Return the shapes of the matrices of a step on n rows, by their names."""
    shapes = {f"A{layer}": (n, width) for layer, width in enumerate(sizes[:-1])}
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
        shapes |= {f"W{layer}": (outputs, inputs), f"dZ{layer}": (n, outputs)}
    return shapes


class Floor:
    """The products of training steps on a network, ready to be timed as a contestant is.

    Args:
        library: through what they are computed.
        sizes: widths of all layers of the network, the input's first.
    """

    def __init__(self, library: Library, sizes: Sequence[int]) -> None:
        self._library, self._sizes = library, tuple(sizes)

    def step(self, n: int) -> Step:
        """Return the calls of a step on n rows.

        Every product is tried with both operands stored by rows and by columns, writing its result or the
        result's transpose; each takes the quickest, whatever the others take.
        """
        matrices = _Matrices(self._library, shapes_of(self._sizes, n))
        products = products_of(len(self._sizes) - 1)
        return tuple(quickest(list(self._ways(matrices, *product))) for product in products)

    def steps(self, n: int, batch_size: BatchSize) -> Iterator[Step]:
        """Yield the steps of epoch after epoch of n rows, the last partial batch included."""
        if batch_size == "full":
            return itertools.repeat(self.step(n))
        whole, rest = divmod(n, batch_size)
        epoch = [self.step(batch_size)] * whole + ([self.step(rest)] if rest else [])
        return itertools.cycle(epoch)

    @staticmethod
    def train(steps: Iterable[Step]) -> None:
        """Compute the products of each step; this, and nothing else, is timed."""
        for step in steps:
            for call in step:
                call()

    def _ways(self, matrices: _Matrices, left: Operand, right: Operand) -> Iterator[Call]:
        (rows, _), (_, columns) = matrices.shape(left), matrices.shape(right)
        result = self._library.matrix(rows, columns, True)
        transposed = self._library.matrix(columns, rows, True)
        for P, Q in itertools.product(matrices.stored(left), matrices.stored(right)):
            yield from self._library.calls(P, Q, result)
            yield from self._library.calls(Q.T, P.T, transposed)


class _Matrices:
    """The matrices of a step, each made once for all products that take it."""

    def __init__(self, library: Library, shapes: dict[str, tuple[int, int]]) -> None:
        self._library, self._shapes = library, shapes
        self._made: dict[tuple[str, bool], Any] = {}

    def shape(self, operand: Operand) -> tuple[int, int]:
        """Return the shape of an operand, the transpose's where it is one."""
        rows, columns = self._shapes[operand.name]
        return (columns, rows) if operand.transposed else (rows, columns)

    def stored(self, operand: Operand) -> list[Any]:
        """Return the operand as it is stored by rows, and by columns where it is not too large."""
        rows, columns = self._shapes[operand.name]
        orders = (True, False) if rows * columns <= LARGEST_IN_BOTH_ORDERS else (True,)
        for by_rows in orders:
            if (operand.name, by_rows) not in self._made:
                self._made[operand.name, by_rows] = self._library.matrix(rows, columns, by_rows)
        found = [self._made[operand.name, by_rows] for by_rows in orders]
        return [matrix.T for matrix in found] if operand.transposed else found


def quickest(calls: Sequence[Call]) -> Call:
    """Return the call that took least time in its best trial; the slow ones are not tried to the end."""
    best = [seconds(call, 1) for call in calls]
    is_long = min(best) >= LONG_SECONDS
    if not is_long:
        best = [seconds(call, 1) for call in calls]  # the first ones found cold caches
    repeats = max(1, int(TRIAL_SECONDS / min(best)))
    for _ in range(1 if is_long else TRIALS):
        bound = OUT_OF_THE_RUNNING * min(best)
        for index, call in enumerate(calls):
            if best[index] <= bound:
                best[index] = min(best[index], seconds(call, repeats))
    return calls[best.index(min(best))]


def seconds(call: Call, repeats: int) -> float:
    """Return the wall seconds that a call takes, over some repeats."""
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - start) / repeats
