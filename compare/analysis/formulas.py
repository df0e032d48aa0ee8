"""Activations and losses as the derivations write them, each beside its derivative, in plain NumPy.

They serve the displays, which must not take their formulas from the code that they are held against.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array


def sigmoid(z: Array) -> Array:
    """1 / (1 + e^-z)."""
    result: Array = 1 / (1 + np.exp(-z))
    return result


@dataclass(frozen=True)
class Sigma:
    """An activation that acts element by element, and its derivative; both are functions of z."""

    value: Callable[[Array], Array]
    prime: Callable[[Array], Array]


SIGMA = {
    "sigmoid": Sigma(sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))),
    "tanh": Sigma(np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "relu": Sigma(lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    "identity": Sigma(lambda z: z, np.ones_like),
}
"""By name; softmax is not among them, as each of its outputs depends on all of z."""


@dataclass(frozen=True)
class LossDerivative:
    """dL/dy_hat of one sample, as text and as a function of y and y_hat."""

    text: str
    value: Callable[[Array, Array], Array]


LOSS_DERIVATIVE = {
    "squared_error": LossDerivative("y_hat - y", lambda y, y_hat: y_hat - y),
    "binary_cross_entropy": LossDerivative(
        "-y / y_hat + (1 - y) / (1 - y_hat)", lambda y, y_hat: -y / y_hat + (1 - y) / (1 - y_hat)
    ),
    "cross_entropy": LossDerivative("-y / y_hat", lambda y, y_hat: -y / y_hat),
}
"""By the name of the loss."""
