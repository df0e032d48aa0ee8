"""The network as the derivations write it, for the arrays of any library: every line makes new arrays.

The labels are those of docs/derivation.md. `handwritten/` has the same equations without allocation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from compare.network import Network

Tensors = Mapping[str, Any]


@dataclass(frozen=True)
class Library:
    """The functions that an array library calls by names of its own; `tiny`: the smallest normal number."""

    exp: Callable[[Any], Any]
    log: Callable[[Any], Any]
    log1p: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    tanh: Callable[[Any], Any]
    softmax: Callable[[Any], Any]
    log_sum_exp: Callable[[Any], Any]
    tiny: float


@dataclass(frozen=True)
class Pass:
    """Pre-activations Z and activations A of all layers, the input first among the activations."""

    Z: list[Any]
    A: list[Any]


class Textbook:
    """Forward and backward of a network, as functions of its parameters."""

    def __init__(self, network: Network, library: Library) -> None:
        self.network, self.library = network, library
        self._activations: dict[str, Callable[[Any], Any]] = {
            "sigmoid": library.sigmoid,
            "tanh": library.tanh,
            "relu": lambda Z: Z.clip(0),
            "identity": lambda Z: Z,
            "softmax": library.softmax,
        }

    def forward(self, parameters: Tensors, X: Any) -> Pass:
        """Return every Z and A."""
        passed = Pass([], [X])
        for layer, activation in enumerate(self.network.functions, start=1):
            Z = passed.A[-1] @ parameters[f"W{layer}"].T  # Z = A_in Wᵀ  (n, k)  [F1]
            if self.network.bias:
                Z = Z + parameters[f"b{layer}"]  # + 1 b
            passed.Z.append(Z)
            passed.A.append(self._activations[activation](Z))  # A = σ(Z)  (n, k)  [F2]
        return passed

    def loss(self, passed: Pass, Y: Any) -> Any:
        """Return the mean over the rows of the sum over the outputs [L]; from Z for the fused pairs."""
        Z, Y_hat, lib = passed.Z[-1], passed.A[-1], self.library
        if self.network.objective == "softmax+cross_entropy":
            total = (lib.log_sum_exp(Z) - (Y * Z).sum(1)).sum()  # [S1]
        elif self.network.objective == "sigmoid+binary_cross_entropy":
            total = (Z.clip(0) - Z * Y + lib.log1p(lib.exp(-abs(Z)))).sum()  # [S2]
        elif self.network.loss == "squared_error":
            total = 0.5 * ((Y_hat - Y) ** 2).sum()  # [L1]
        elif self.network.loss == "binary_cross_entropy":
            total = -(Y * self._log(Y_hat) + (1 - Y) * self._log(1 - Y_hat)).sum()  # [L2]
        else:
            total = -(Y * self._log(Y_hat)).sum()  # [L3]
        return total / len(Y)

    def backward(self, parameters: Tensors, passed: Pass, Y: Any) -> tuple[dict[str, Any], Any]:
        """Return the gradients of the parameters, and dZ of the first layer."""
        dZ = self._output_error(passed, Y)
        gradients = {}
        for layer in range(self.network.depth, 0, -1):
            gradients[f"W{layer}"] = dZ.T @ passed.A[layer - 1]  # dW = dZᵀ A_in  (k, m)  [B2]
            if self.network.bias:
                gradients[f"b{layer}"] = dZ.sum(0)  # db = dZᵀ 1  (k,)  [B3]
            if layer > 1:
                dA = dZ @ parameters[f"W{layer}"]  # dA_in = dZ W  (n, m)  [B4]
                name = self.network.activations[layer - 2]
                dZ = self._derivative(name, dA, passed.Z[layer - 2], passed.A[layer - 1])
        return {name: gradients[name] for name in self.network.parameter_shapes}, dZ

    def _output_error(self, passed: Pass, Y: Any) -> Any:
        Z, Y_hat = passed.Z[-1], passed.A[-1]
        if self.network.is_fused:
            return (Y_hat - Y) / len(Y)  # dZ = (Y_hat - Y) / n  [B0]
        if self.network.loss == "squared_error":
            dA = (Y_hat - Y) / len(Y)  # [L1']
        elif self.network.loss == "binary_cross_entropy":
            dA = (self._quotient(1 - Y, 1 - Y_hat) - self._quotient(Y, Y_hat)) / len(Y)  # [L2']
        else:
            dA = -self._quotient(Y, Y_hat) / len(Y)  # [L3']
        return self._derivative(self.network.output, dA, Z, Y_hat)

    @staticmethod
    def _derivative(name: str, dA: Any, Z: Any, A: Any) -> Any:
        """Return dZ = dA ⊙ σ'(Z) [B1]."""
        match name:
            case "sigmoid":
                return dA * A * (1 - A)  # [D1]
            case "tanh":
                return dA * (1 - A**2)  # [D2]
            case "relu":
                return dA * (Z > 0)  # [D3]
            case "softmax":
                return A * (dA - (dA * A).sum(1)[:, None])  # [D5]
            case _:
                return dA  # [D4]

    def _log(self, values: Any) -> Any:
        return self.library.log(values.clip(self.library.tiny))  # [S3]

    def _quotient(self, Y: Any, values: Any) -> Any:
        """Return y / p, and 0 where the floor of the logarithm acts [S3]."""
        return Y / values.clip(self.library.tiny) * (values >= self.library.tiny)
