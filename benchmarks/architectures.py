"""Random networks, weights and batches to try the parity check on."""

import math
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.names import ACTIVATIONS, OBJECTIVES
from compare.network import Network


@dataclass(frozen=True)
class Case:
    """A network with parameters and a batch; `scale` is the size of its weights over 1/√fan_in."""

    network: Network
    parameters: dict[str, Array]
    X: Array
    Y: Array
    scale: float


def draw_case(seed: int, widest: int = 500, longest: int = 2000, deepest: int = 6) -> Case:
    """Draw a case: 1 to `deepest` layers, widths and batch log-uniform from 1, weights from 0.001 to 30.

    Every objective and activation occurs, with and without biases; targets are one-hot rows, or uniform in
    (0, 1) for the squared error.
    """
    rng = np.random.default_rng([seed, 3])
    layers = int(rng.integers(1, deepest + 1))
    output, loss = OBJECTIVES[rng.integers(len(OBJECTIVES))].split("+")
    sizes = [log_uniform(rng, widest) for _ in range(layers + 1)]
    if output == "softmax":
        sizes[-1] = max(2, sizes[-1])
    activations = tuple(ACTIVATIONS[index] for index in rng.integers(len(ACTIVATIONS), size=layers - 1))
    network = Network(tuple(sizes), activations, output, loss, bias=bool(rng.integers(2)))
    scale = 10 ** rng.uniform(-3, 1.5)
    parameters = {
        name: rng.normal(size=shape) * scale / math.sqrt(shape[-1])
        for name, shape in network.parameter_shapes.items()
    }
    n, outputs = log_uniform(rng, longest), sizes[-1]
    if loss == "squared_error":
        Y = rng.random((n, outputs))
    elif outputs == 1:
        Y = rng.integers(2, size=(n, 1)).astype(float)
    else:
        Y = np.eye(outputs)[rng.integers(outputs, size=n)]
    return Case(network, parameters, rng.random((n, sizes[0])), Y, scale)


def log_uniform(rng: np.random.Generator, most: int) -> int:
    """Draw a whole number from 1 to `most`, each order of magnitude as likely as another."""
    return int(math.exp(rng.uniform(0, math.log(most + 1))))
