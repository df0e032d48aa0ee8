"""Small networks with a batch each, on which defects are rehearsed and diagnosed."""

from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.initial_weights import draw_parameters
from compare.network import Network
from handwritten import OBJECTIVES

PAIRS = sorted(OBJECTIVES)


@dataclass(frozen=True)
class Case:
    network: Network
    parameters: dict[str, Array]
    X: Array
    Y: Array

    @property
    def data(self):
        return self.network, self.parameters, self.X, self.Y

    def __str__(self):
        activations = "-".join(self.network.activations)
        widths = "-".join(map(str, self.network.sizes))
        return f"{widths}_{activations}_{self.network.objective}{'' if self.network.bias else '_no-bias'}"


def make_case(sizes, activations, output, loss, bias=True, n=11, seed=0):
    network = Network(tuple(sizes), tuple(activations), output, loss, bias)
    rng = np.random.default_rng([seed, n])
    X = rng.normal(size=(n, sizes[0]))
    return Case(network, draw_parameters(network, "pytorch", seed), X, targets(rng, network, n))


def targets(rng, network, n):
    k = network.sizes[-1]
    if network.output == "softmax":
        return np.eye(k)[rng.integers(0, k, n)]
    if network.loss == "squared_error":
        return rng.uniform(0, 1, (n, k))
    Y = (rng.uniform(size=(n, k)) < 0.5) * 1.0
    if k > 1:
        Y[:, 0] = 1 - Y[:, 1:].max(axis=1)  # no row of zeros: cross-entropy would not see the sample
    return Y
