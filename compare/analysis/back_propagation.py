"""One forward and backward pass of the hand-written network, kept whole: what the derivations are held to."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.network import Network
from handwritten import MLP


@dataclass(frozen=True)
class BackPropagation:
    """A batch in float64 with everything that back-propagation made of it.

    Args:
        network: architecture and objective; parameters: W1 (outputs, inputs), b1 (outputs,), ...
        X: inputs (n, features); Y: targets (n, outputs).
        loss: of the batch.
        values: Z1, A1, Z2, ... (n, width).
        gradients: of the batch's loss with respect to every parameter, to X, and to every Z and A; fused
            output layers have none for their A.
    """

    network: Network
    parameters: Mapping[str, Array]
    X: Array
    Y: Array
    loss: float
    values: Mapping[str, Array]
    gradients: Mapping[str, Array]


def back_propagate(network: Network, parameters: Mapping[str, Array], X: Array, Y: Array) -> BackPropagation:
    """Return the pass of a batch X (n, features), Y (n, outputs) through the hand-written network."""
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    values: dict[str, Array] = {}
    gradients: dict[str, Array] = {"X": mlp.input_gradient(X, Y), **mlp.gradients}
    for number, layer in enumerate(mlp.layers, start=1):
        values |= {f"Z{number}": layer.Z, f"A{number}": layer.A}
        gradients |= {f"Z{number}": layer.dZ, f"A{number}": layer.dA}
    if network.is_fused:
        del gradients[f"A{len(mlp.layers)}"]
    return BackPropagation(network, parameters, X, Y, mlp.loss(X, Y), values, gradients)


def norm(values: Array) -> float:
    """Return the square root of the sum of squares of an array of any shape."""
    return float(np.linalg.norm(np.ravel(values)))
