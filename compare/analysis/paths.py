"""A deep linear network's gradients as sums over paths, and in matrix form.

Without activations and biases an output is a sum over all paths from an input to it, each the product of
the weights it meets and of the input. The derivative by a weight keeps the paths through that weight, with
the weight taken out. As in the source, w^l_jk leads from node j of layer l to node k of layer l + 1, nodes
counted from 1: it is the entry (k, j) of W_l, and written wl_jk here.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise, product

import numpy as np

from compare.analysis.back_propagation import BackPropagation
from compare.implementation import Array
from compare.parity.tolerance import relative_error

MOST_PATHS = 200
"""A table of more is not read by anybody."""

Edge = tuple[int, int, int]
"""(l, j, k) of w^l_jk."""


@dataclass(frozen=True)
class WeightRow:
    """dL/dw of one weight: its paths as text, its value by them and by back-propagation."""

    weight: str
    expression: str
    by_paths: float
    by_back_propagation: float
    relative_difference: float


@dataclass(frozen=True)
class MatrixRow:
    """The gradient of one weight matrix in matrix form, and how far it is from back-propagation's."""

    tensor: str
    equation: str
    shapes: str
    relative_difference: float


@dataclass(frozen=True)
class PathTable:
    """Every weight's derivative path by path, and every matrix's in matrix form."""

    objective: str
    sizes: tuple[int, ...]
    paths: int
    weights: tuple[WeightRow, ...]
    matrices: tuple[MatrixRow, ...]


def path_table(passed: BackPropagation) -> PathTable | None:
    """Return the table of a linear network without biases and with few enough paths; None for others."""
    network = passed.network
    linear = {*network.activations, network.output} == {"identity"}
    if not linear or network.bias or math.prod(network.sizes) > MOST_PATHS:
        return None
    rows = []
    for (layer, j, k), value in derivatives_by_paths(passed).items():
        other = float(passed.gradients[f"W{layer}"][k - 1, j - 1])
        difference = relative_error(np.array(value), np.array(other))
        name, text = weight(network.sizes, (layer, j, k)), expression(network.sizes, (layer, j, k))
        rows.append(WeightRow(name, text, value, other, difference))
    return PathTable(
        network.objective, network.sizes, math.prod(network.sizes), tuple(rows), tuple(matrix_rows(passed))
    )


def edges(sizes: Sequence[int]) -> list[Edge]:
    """Return all weights (l, j, k), first layer first."""
    return [
        (layer, j, k)
        for layer, (inputs, outputs) in enumerate(pairwise(sizes), start=1)
        for j, k in product(range(1, inputs + 1), range(1, outputs + 1))
    ]


def routes(nodes: Sequence[Iterable[int]], first: int = 1) -> Iterator[tuple[Edge, ...]]:
    """Yield every path through layers with these nodes, the first of them being layer `first`."""
    for chosen in product(*nodes):
        yield tuple((layer, j, k) for layer, (j, k) in enumerate(pairwise(chosen), start=first))


def counted_from_1(sizes: Iterable[int]) -> list[range]:
    """Return the nodes of layers of these sizes."""
    return [range(1, size + 1) for size in sizes]


def derivatives_by_paths(passed: BackPropagation) -> dict[Edge, float]:
    """Return the derivative of the batch's loss by each weight, adding up path after path.

    For one sample, squared error behind the identity has dL/dy = y - target; the batch takes the mean.
    """
    sizes, X = passed.network.sizes, passed.X
    w = {(layer, j, k): float(passed.parameters[f"W{layer}"][k - 1, j - 1]) for layer, j, k in edges(sizes)}
    y = np.zeros_like(passed.Y)
    for route in routes(counted_from_1(sizes)):
        y[:, route[-1][2] - 1] += math.prod(w[edge] for edge in route) * X[:, route[0][1] - 1]
    error = y - passed.Y
    derivative = dict.fromkeys(w, 0.0)
    for route in routes(counted_from_1(sizes)):
        carried = float(np.mean(error[:, route[-1][2] - 1] * X[:, route[0][1] - 1]))
        for edge in route:
            derivative[edge] += carried * math.prod(w[other] for other in route if other != edge)
    return derivative


def matrix_rows(passed: BackPropagation) -> Iterator[MatrixRow]:
    """Yield the matrix form of each gradient, for samples in columns [P1].

    dL/dW_l = (W_L ... W_(l+1))^T dL/dy Z_(l-1)^T with Z_0 = X; dL/dy holds the mean's 1/n.
    """
    weights = [passed.parameters[f"W{layer}"] for layer in range(1, len(passed.network.sizes))]
    Z = [passed.X.T]
    for W in weights:
        Z.append(W @ Z[-1])  # (k, n)
    dy = (Z[-1] - passed.Y.T) / len(passed.X)  # (outputs, n)
    for layer, W in enumerate(weights, start=1):
        factors, names = [dy, Z[layer - 1].T], ["dL/dy", f"Z{layer - 1}^T" if layer > 1 else "X^T"]
        above = weights[: layer - 1 : -1]
        if above:
            joined = " ".join(f"W{number}" for number in range(len(weights), layer, -1))
            factors.insert(0, reduce(np.matmul, above).T)
            names.insert(0, f"({joined})^T" if len(above) > 1 else f"{joined}^T")
        gradient: Array = reduce(np.matmul, factors)  # (k, j)  [P1]
        assert gradient.shape == W.shape
        yield MatrixRow(
            f"W{layer}",
            f"dL/dW{layer} = {' '.join(names)}",
            " ".join(str(factor.shape) for factor in factors),
            relative_error(gradient, passed.gradients[f"W{layer}"]),
        )


def weight(sizes: Sequence[int], edge: Edge) -> str:
    """Return the name of a weight, w1_23 (from node 2 to node 3), or w1_2,13 where widths have two digits."""
    layer, j, k = edge
    return f"w{layer}_{j}{',' if max(sizes) > 9 else ''}{k}"


def expression(sizes: Sequence[int], edge: Edge) -> str:
    """Return dL/dw of one sample: the error at the outputs, times the paths to them, times those to w."""
    layer, j, k = edge
    several = sizes[-1] > 1
    onward = []
    for route in routes([[k], *counted_from_1(sizes[layer + 1 :])], first=layer + 1):
        end = route[-1][2] if route else k
        onward.append([*[f"dL/dy_{end}"] * several, *(weight(sizes, other) for other in reversed(route))])
    factors = [*["dL/dy"] * (not several), total(onward), paths_from_inputs(sizes, layer, j)]
    return " * ".join(filter(None, factors))


def paths_from_inputs(sizes: Sequence[int], layer: int, node: int) -> str:
    """Return the value of a node of a layer as the sum of its paths from the inputs, input by input."""
    if layer == 1:
        return f"x_{node}"
    terms = []
    for source in range(1, sizes[0] + 1):
        ways = routes([[source], *counted_from_1(sizes[1 : layer - 1]), [node]])
        products = total([weight(sizes, other) for other in reversed(way)] for way in ways)
        terms.append(f"{products} x_{source}")
    return f"({' + '.join(terms)})" if len(terms) > 1 else terms[0]


def total(products: Iterable[Iterable[str]]) -> str:
    """Return products as a sum, in brackets where it has more than one term."""
    terms = [" ".join(factors) for factors in products]
    return f"({' + '.join(terms)})" if len(terms) > 1 else terms[0]
