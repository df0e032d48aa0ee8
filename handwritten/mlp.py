"""The multilayer perceptron: forward, loss, backward."""

from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from handwritten.activations import ACTIVATIONS
from handwritten.arrays import Array, Weight
from handwritten.layer import Layer
from handwritten.objectives import make_objective
from handwritten.parameters import FlatTensors

quiet = np.errstate(over="ignore", invalid="ignore")
"""e^-z may overflow (σ is then 0, as it should be) and a diverging network may meet inf - inf."""


class MLP:
    """A fully connected network A_l = σ_l(A_{l-1} W_lᵀ + 1 b_lᵀ), l = 1..L, with its gradients by hand.

    Args:
        sizes: widths of all layers, the input's first: (features, hidden..., outputs).
        activations: one name of `ACTIVATIONS` a hidden layer.
        output: activation of the output layer: a name of `ACTIVATIONS`, or "softmax".
        loss: "squared_error", "binary_cross_entropy" or "cross_entropy"; a pair of `OBJECTIVES` with output.
        bias: whether the layers have one.
        dtype: float32 or float64.
        small_product: multiplications up to which BLAS does a product without packing; 0 if it never does
            (`products.py`).
        shares: a network of the same tensors whose parameters this one uses instead of its own.

    All parameters start at zero; `load` brings initial weights in.

    Raises:
        ValueError: an unknown name, a pair that is not defined, widths that make no network, or other tensors
            than those of `shares`.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str],
        output: str,
        loss: str,
        bias: bool = True,
        dtype: DTypeLike = np.float64,
        small_product: int = 0,
        shares: Self | None = None,
    ) -> None:
        check_architecture(sizes, activations, output)
        self.sizes, self.dtype = tuple(sizes), np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f"dtype must be float32 or float64; got {self.dtype}")
        self.objective = make_objective(output, loss)
        self._tensors: FlatTensors = shares._tensors if shares else FlatTensors(self.sizes, bias, self.dtype)
        self._gradients = FlatTensors(self.sizes, bias, self.dtype)
        if not self._gradients.matches(self._tensors):
            raise ValueError(
                f"shares has other tensors than a network of {self.sizes}, bias={bias}, {self.dtype}"
            )
        W, dW = self._tensors.views, self._gradients.views
        functions = [ACTIVATIONS[name]() for name in activations] + [self.objective.activation]
        self.layers: list[Layer] = []
        for i, function in enumerate(functions, start=1):
            tensors = W[f"W{i}"], W.get(f"b{i}"), dW[f"W{i}"], dW.get(f"b{i}")
            self.layers.append(Layer(*tensors, function, small_product, i < len(functions)))
        self._ones: Array = np.ones(0, self.dtype)
        self._rows = 0

    @property
    def parameters(self) -> dict[str, Array]:
        """Views W1 (outputs, inputs), b1 (outputs,), ... into `flat_parameters`."""
        return self._tensors.views

    @property
    def gradients(self) -> dict[str, Array]:
        """Views of the same names and shapes into `flat_gradients`.

        After a plain step of gradient descent in `Trainer` they are those of η L.
        """
        return self._gradients.views

    @property
    def flat_parameters(self) -> Array:
        """All parameters as one vector."""
        return self._tensors.flat

    @property
    def flat_gradients(self) -> Array:
        """All gradients as one vector, in the order of the parameters."""
        return self._gradients.flat

    def load(self, parameters: Mapping[str, Array]) -> None:
        """Copy parameters in, cast to this network's dtype; raise ValueError for other names or shapes."""
        self._tensors.load(parameters)

    @quiet
    def forward(self, X: Array) -> Array:
        """Return Y_hat (n, outputs) for X (n, features).

        Raises:
            ValueError: X has another width, or no rows.
        """
        return self.propagate(self.batch(X, "X", self.sizes[0])).copy()

    @quiet
    def loss(self, X: Array, Y: Array) -> float:
        """Return the loss of a batch: the mean over samples of the sum over outputs [L].

        Args:
            X: inputs (n, features); Y: targets (n, outputs).

        Raises:
            ValueError: X or Y has another width or no rows, they differ in number, or the loss is not defined
                for such targets.
        """
        batch, targets = self.batch(X, "X", self.sizes[0]), self.batch(Y, "Y", self.sizes[-1])
        if len(targets) != len(batch):
            raise ValueError(f"X has {len(batch)} rows and Y has {len(targets)}")
        A = self.propagate(batch)
        return self.objective.value(self.layers[-1].Z, A, targets)

    @quiet
    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        """Return the loss of a batch and the gradients of all parameters (views, overwritten by the next).

        Arguments and errors are those of `loss`.
        """
        loss = self.loss(X, Y)
        self.propagate_back(self.batch(Y, "Y", self.sizes[-1]))
        return loss, self.gradients

    @quiet
    def input_gradient(self, X: Array, Y: Array) -> Array:
        """Return ∂L/∂X (n, features) of the batch. Arguments and errors are those of `loss`."""
        self.loss_and_gradients(X, Y)
        dX = np.empty((len(X), self.sizes[0]), self.dtype)
        self.layers[0].error_below(dX)  # dX = dZ_1 W_1  (n, features)  [B4]
        return dX

    def propagate(self, X: Array) -> Array:
        """Run the forward pass on a batch of this network's dtype, unchecked.

        Return Y_hat in a buffer that the next batch overwrites.
        """
        if len(X) != self._rows:
            self._reserve(X)
        A = X
        for layer in self.layers:
            A = layer.forward(A)
        return A

    def propagate_back(self, Y: Array, weight: Weight | None = None) -> None:
        """Run the backward pass for the batch that `propagate` saw last; fill the gradients.

        `weight`, if it is given, is the factor of each sample's loss in place of 1/n, the mean.
        """
        above = self.layers[-1]
        weight = 1.0 / len(Y) if weight is None else weight
        self.objective.error(above.Z, above.A, Y, above.dA, above.dZ, weight)  # dZ_L = ∂L/∂Z_L  [B0], or [B1]
        above.gradients()  # dW_L = dZ_Lᵀ A_{L-1}, db_L = dZ_Lᵀ 1  [B2] [B3]
        for layer in reversed(self.layers[:-1]):
            above.error_below(layer.dA)  # dA_l = dZ_{l+1} W_{l+1}  (n, k)  [B4]
            layer.error()  # dZ_l = dA_l ⊙ σ_l'(Z_l)  (n, k)  [B1]
            layer.gradients()  # dW_l = dZ_lᵀ A_{l-1}, db_l = dZ_lᵀ 1  [B2] [B3]
            above = layer

    def _reserve(self, X: Array) -> None:
        n, self._rows = len(X), 0  # 0 for as long as not all is reserved
        if n > len(self._ones):
            self._ones = np.ones(n, self.dtype)
        A = X
        for layer in self.layers:
            layer.reserve(A, self._ones[:n])
            A = layer.A
        self._rows = n

    def batch(self, values: Array, name: str, width: int) -> Array:
        """Return the values as a row-major (n, width) array of this network's dtype, or raise ValueError."""
        batch: Array = np.ascontiguousarray(values, self.dtype)
        if batch.ndim != 2 or batch.shape[1] != width or not len(batch):
            raise ValueError(
                f"{name} has the shape {np.shape(values)}; this network needs (n, {width}), n >= 1"
            )
        return batch


def check_architecture(sizes: Sequence[int], activations: Sequence[str], output: str) -> None:
    """Raise ValueError where widths and activations make no network."""
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"sizes must be two or more widths of at least 1; got {tuple(sizes)}")
    if len(activations) != len(sizes) - 2:
        raise ValueError(f"{len(sizes) - 2} hidden layers need as many activations; got {len(activations)}")
    for name in activations:
        if name not in ACTIVATIONS:
            raise ValueError(f"unknown activation {name!r}; these are known: {', '.join(ACTIVATIONS)}")
    if output == "softmax" and sizes[-1] < 2:
        raise ValueError("softmax needs at least 2 outputs; with 1 it is constant")
