"""A full batch spread over processes, held to the hand-written gradient of the whole, tensor by tensor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compare.implementation import Array
from compare.network import Network
from compare.parity.tolerance import relative_error
from handwritten import MLP

Rows = NDArray[np.intp]
Gradients = tuple[float, dict[str, Array]]


@dataclass(frozen=True)
class Sharding:
    """A way to spread rows over processes; `weights`: each process's share, in any unit."""

    name: str
    weights: tuple[float, ...]

    def bounds(self, rows: int) -> list[int]:
        """Return where each process's rows begin, and behind the last one where they end."""
        cumulated = np.cumsum([0.0, *self.weights]) / sum(self.weights)
        return [round(float(share) * rows) for share in cumulated]

    def counts(self, rows: int) -> list[int]:
        """Return how many rows each process has."""
        return [int(count) for count in np.diff(self.bounds(rows))]

    def rows_of(self, process: int, rows: int) -> Rows:
        """Return the row numbers of a process."""
        begin, end = self.bounds(rows)[process : process + 2]
        return np.arange(begin, end)


def shardings(processes: int) -> list[Sharding]:
    """Return even shards, shards that grow with the process's number, and ones of which the last is empty."""
    ways = [Sharding("even", (1.0,) * processes)]
    if processes > 1:
        ways.append(Sharding("uneven", tuple(float(number + 1) for number in range(processes))))
        ways.append(Sharding("one empty", (*(1.0,) * (processes - 1), 0.0)))
    return ways


def reference(network: Network, parameters: dict[str, Array], X: Array, Y: Array) -> Gradients:
    """Return the hand-written loss and gradients of the whole batch, in float64."""
    mlp = MLP(*network.arguments, np.float64)
    mlp.load(parameters)
    loss, gradients = mlp.loss_and_gradients(X, Y)
    return loss, {name: gradient.copy() for name, gradient in gradients.items()}


def compared(found: Gradients, wanted: Gradients, allowed: Mapping[str, float]) -> Iterable[dict[str, Any]]:
    """Yield a row a tensor, the loss first: relative error, tolerance, passed."""
    pairs = {"loss": (np.array(found[0]), np.array(wanted[0]))}
    pairs |= {name: (found[1][name], gradient) for name, gradient in wanted[1].items()}
    for name, (value, right) in pairs.items():
        error, tolerance = relative_error(value, right), allowed[name]
        yield {
            "tensor": name,
            "relative_error": error,
            "tolerance": tolerance,
            "passed": error <= tolerance,
        }
