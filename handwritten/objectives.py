"""Objectives: an output activation together with a loss, and the error dZ of the output layer they give.

Two pairs are fused: for softmax with cross-entropy and for sigmoid with binary cross-entropy the
derivatives of loss and activation cancel to dZ = (Y_hat - Y) / n [B0], and the loss is computed from Z, so
that neither overflows nor loses digits for logits of ±10⁴. Every other pair goes through ∂L/∂Y_hat and
the activation's derivative, step by step, as the derivation does.
"""

from typing import Protocol

import numpy as np

from handwritten.activations import OUTPUT_ACTIVATIONS, Activation
from handwritten.arrays import Array, Weight
from handwritten.losses import LOSSES

OBJECTIVES = frozenset(
    [
        ("identity", "squared_error"),
        ("sigmoid", "squared_error"),
        ("tanh", "squared_error"),
        ("relu", "squared_error"),
        ("softmax", "squared_error"),
        ("sigmoid", "binary_cross_entropy"),
        ("softmax", "binary_cross_entropy"),
        ("sigmoid", "cross_entropy"),
        ("softmax", "cross_entropy"),
    ]
)
"""The (output activation, loss) pairs that are defined: a logarithm needs outputs in (0, 1)."""


class Objective(Protocol):
    """The output activation, the loss of a batch, and the error of the output layer."""

    activation: Activation

    def value(self, Z: Array, A: Array, Y: Array) -> float:
        """Return the batch loss [L]."""

    def error(self, Z: Array, A: Array, Y: Array, dA: Array, dZ: Array, weight: Weight) -> None:
        """Write dZ = ∂L/∂Z of the output layer; `dA` is overwritten; `weight` stands for 1/n."""


class Composed:
    """A loss on top of an output activation, differentiated one after the other."""

    def __init__(self, output: str, loss: str) -> None:
        self.activation = OUTPUT_ACTIVATIONS[output]()
        self.loss = LOSSES[loss]()

    def value(self, Z: Array, A: Array, Y: Array) -> float:
        return self.loss.value(A, Y)

    def error(self, Z: Array, A: Array, Y: Array, dA: Array, dZ: Array, weight: Weight) -> None:
        self.loss.gradient(A, Y, dA, weight)  # dA = ∂L/∂Y_hat  (n, outputs)  [L1'] [L2'] [L3']
        self.activation.backward(dA, Z, A, dZ)  # dZ = dA ⊙ σ'(Z)  (n, outputs)  [B1]


class Fused:
    """A pair whose two derivatives cancel [B0]."""

    def error(self, Z: Array, A: Array, Y: Array, dA: Array, dZ: Array, weight: Weight) -> None:
        np.subtract(A, Y, out=dZ)
        dZ *= weight  # dZ = (Y_hat - Y) / n  (n, outputs)  [B0]


class SoftmaxCrossEntropy(Fused):
    """softmax with cross-entropy; each row of Y must sum to 1, which `value` checks."""

    def __init__(self) -> None:
        self.activation = OUTPUT_ACTIVATIONS["softmax"]()

    def value(self, Z: Array, A: Array, Y: Array) -> float:
        ones = np.ones(Y.shape[1], Y.dtype)  # a product with ones sums short rows several times faster
        sums = Y @ ones
        if (wrong := np.abs(sums - 1) > 1e-3).any():
            raise ValueError(
                f"softmax+cross_entropy needs targets whose rows sum to 1; one sums to {sums[wrong][0]:g}"
            )
        shifted = Z - Z.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(shifted) @ ones)  # log Σ_j e^(z_j - max z)  [S1]
        return float((np.sum(log_sum) - np.sum(Y * shifted)) / len(Y))


class SigmoidBinaryCrossEntropy(Fused):
    """sigmoid with binary cross-entropy."""

    def __init__(self) -> None:
        self.activation = OUTPUT_ACTIVATIONS["sigmoid"]()

    def value(self, Z: Array, A: Array, Y: Array) -> float:
        terms = np.maximum(Z, 0) - Z * Y + np.log1p(np.exp(-np.abs(Z)))  # [S2]
        return float(np.sum(terms) / len(Y))


def make_objective(output: str, loss: str) -> Objective:
    """Return the objective of an output activation and a loss; refuse a pair that is not defined."""
    if (output, loss) not in OBJECTIVES:
        defined = ", ".join(sorted(f"{o}+{e}" for o, e in OBJECTIVES))
        raise ValueError(f"{output}+{loss} is not defined; these are: {defined}")
    if (output, loss) == ("softmax", "cross_entropy"):
        return SoftmaxCrossEntropy()
    if (output, loss) == ("sigmoid", "binary_cross_entropy"):
        return SigmoidBinaryCrossEntropy()
    return Composed(output, loss)
