"""How large the rounding errors of a forward and backward pass can be expected to be, tensor by tensor.

Every quantity of the pass is followed by the variance of its rounding error, in units of u² (u: unit
roundoff). Errors of different operations are taken as independent with mean zero, so variances add and pass
through a product with the square of its other factor; a sum of N terms of sizes |t| adds N (Σ |t|)², which
is the probabilistic bound √N u Σ |t| of Higham & Mary (2019), squared. Following variances keeps the bound
near the errors themselves at any depth, where bounds on the worst case grow with the product of all widths.
Terms that are all alike round in the same direction, though, and their errors add up to N u Σ |t| / 4 when
they are summed one after the other; that is taken where it is more.

What a rounding error can turn over altogether is counted in full: a relu whose z is zero up to rounding, and
a logarithm's argument that vanishes in the dtype.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.network import Network
from handwritten import MLP

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}
"""Half the spacing of the numbers just above 1."""

ULPS = 4.0
"""Relative error of an elementary function or a short chain of operations, in units of u."""

CONFIDENCE = 8.0
"""λ: how many standard deviations still count as rounding; 1 - 2 exp(-λ²/2) of normal errors are less."""

TURNED = 4.0
"""Relu units of one column, zero up to rounding, that may all turn over the same way at full size."""


@dataclass(frozen=True)
class Pass:
    """Values of a forward and backward pass in float64, and the variances of their errors in units of u²."""

    values: dict[str, Array]
    variances: dict[str, Array]


class RoundingModel:
    """The variances for one network, batch and dtype; `run` returns them with the values they belong to.

    Args:
        network: architecture and objective; parameters: its parameters, already rounded to the dtype.
        X: inputs (n, features); Y: targets (n, outputs), rounded likewise.
        dtype: whose rounding is meant, "float32" or "float64".
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], X: Array, Y: Array, dtype: str
    ) -> None:
        self.network, self.X, self.Y = network, X, Y
        self.u = UNIT_ROUNDOFF[dtype]
        self.tiny = float(np.finfo(dtype).tiny)
        self.mlp = MLP(*network.arguments)
        self.mlp.load(parameters)
        self.values: dict[str, Array] = {}
        self.variances: dict[str, Array] = {}

    def run(self) -> Pass:
        """Follow the variances forward and backward."""
        with np.errstate(all="ignore"):
            self.values["X"] = self.mlp.input_gradient(self.X, self.Y)
            self.values["loss"] = np.array(self.mlp.loss(self.X, self.Y))
            self._forward()
            self._loss()
            self._backward()
        return Pass(self.values, self.variances)

    def _forward(self) -> None:
        A_in, variance = self.X, np.zeros_like(self.X)
        functions = self.network.functions
        for number, (layer, function) in enumerate(zip(self.mlp.layers, functions, strict=True), start=1):
            sizes = np.abs(A_in) @ np.abs(layer.W.T)
            if layer.b is not None:
                sizes += np.abs(layer.b)
            of_Z = variance @ (layer.W.T) ** 2 + growth(A_in.shape[1] + 1) * sizes**2
            variance = self._activation(function, layer.Z, layer.A, of_Z)
            A_in = layer.A
            self.values |= {f"Z{number}": layer.Z, f"A{number}": layer.A}
            self.variances |= {f"Z{number}": of_Z, f"A{number}": variance}

    def _activation(self, function: str, Z: Array, A: Array, of_Z: Array) -> Array:
        """Return the variance of A = σ(Z): σ'(Z)² that of Z, and the function's own."""
        variance: Array
        if function == "softmax":
            shift = Z.max(axis=1, keepdims=True) - Z
            shared = np.sum(A**2 * of_Z, axis=1, keepdims=True)
            own = (ULPS + shift) ** 2 + A.shape[1]
            variance = A**2 * (of_Z + shared + own) + (self.tiny / self.u) ** 2
            return variance
        own_size = 0.0 if function in ("relu", "identity") else ULPS
        variance = slope(function, Z, A) ** 2 * of_Z + (own_size * A) ** 2 + (self.tiny / self.u) ** 2
        return variance

    def _slope_variance(self, function: str, A: Array, of_A: Array) -> Array:
        """Return the variance of σ'(Z) as it is computed from A."""
        variance: Array = np.zeros_like(A)
        if function == "sigmoid":
            variance = (1 - 2 * A) ** 2 * of_A + (ULPS * A * (1 - A)) ** 2 + A**2
        elif function == "tanh":
            variance = 4 * A**2 * of_A + (ULPS * (1 - A**2)) ** 2 + A**4
        return variance

    def _backward(self) -> None:
        layers, network = self.mlp.layers, self.network
        functions = network.functions
        of_dZ = self._output_error()
        for number in range(len(layers), 0, -1):
            layer = layers[number - 1]
            A_in = layers[number - 2].A if number > 1 else self.X
            of_A_in = self.variances[f"A{number - 1}"] if number > 1 else np.zeros_like(self.X)
            n, k = layer.dZ.shape
            self.values[f"W{number}"] = layer.dW
            own = growth(n) * (np.abs(layer.dZ.T) @ np.abs(A_in)) ** 2
            self.variances[f"W{number}"] = of_dZ.T @ A_in**2 + (layer.dZ.T) ** 2 @ of_A_in + own
            if layer.db is not None:
                self.values[f"b{number}"] = layer.db
                self.variances[f"b{number}"] = (
                    of_dZ.sum(axis=0) + growth(n) * np.abs(layer.dZ).sum(axis=0) ** 2
                )
            of_dA = of_dZ @ layer.W**2 + growth(k) * (np.abs(layer.dZ) @ np.abs(layer.W)) ** 2
            if number == 1:
                self.variances["X"] = of_dA
            else:
                below = layers[number - 2]
                of_dZ = self._through(functions[number - 2], number - 1, below.dA, of_dA)

    def _through(self, function: str, number: int, dA: Array, of_dA: Array) -> Array:
        """Return the variance of dZ = dA ⊙ σ'(Z) of a layer."""
        Z, A = self.values[f"Z{number}"], self.values[f"A{number}"]
        of_Z, of_A = self.variances[f"Z{number}"], self.variances[f"A{number}"]
        derivative = slope(function, Z, A)
        product: Array = derivative**2 * of_dA + dA**2 * self._slope_variance(function, A, of_A)
        product += (ULPS * dA * derivative) ** 2
        if function == "relu":
            turned = np.abs(Z) < CONFIDENCE * self.u * np.sqrt(of_Z)
            product += np.where(turned, (TURNED / CONFIDENCE * dA / self.u) ** 2, 0)
        return product

    def _output_error(self) -> Array:
        """Return the variance of dZ of the output layer."""
        last, number = self.mlp.layers[-1], len(self.mlp.layers)
        A, of_A, n = last.A, self.variances[f"A{number}"], len(self.X)
        output, loss = self.network.output, self.network.loss
        if loss == "squared_error" or self.network.is_fused:
            of_difference = (of_A + (ULPS * (A - self.Y)) ** 2) / n**2
            if self.network.is_fused:
                return of_difference
            of_dA, dA = of_difference, last.dA
        else:
            of_dA, dA = self._quotients(A, of_A), last.dA
        if output != "softmax":
            return self._through(output, number, dA, of_dA)
        inner = np.sum(dA * A, axis=1, keepdims=True)
        of_inner = np.sum(A**2 * of_dA + dA**2 * of_A, axis=1, keepdims=True)
        of_inner += A.shape[1] * np.sum(np.abs(dA * A), axis=1, keepdims=True) ** 2
        spread = of_dA + of_inner + (np.abs(dA) + np.abs(inner)) ** 2
        variance: Array = A**2 * spread + (dA - inner) ** 2 * of_A + (ULPS * last.dZ) ** 2
        return variance

    def _quotients(self, A: Array, of_A: Array) -> Array:
        """Return the variance of the cross-entropies' dA, a sum of quotients y / y_hat."""
        variance = self._quotient(self.Y, A, of_A)
        if self.network.loss == "binary_cross_entropy":
            variance += self._quotient(1 - self.Y, 1 - A, of_A + 1)
        return variance / len(self.X) ** 2

    def _quotient(self, y: Array, p: Array, of_p: Array) -> Array:
        """Return the variance of y / p; where the error of p reaches p, the quotient may be lost."""
        relative = np.minimum(of_p / np.maximum(p, self.tiny) ** 2, 1 / self.u**2) + ULPS**2
        variance: Array = (y / np.maximum(p, self.tiny)) ** 2 * relative
        return variance

    def _loss(self) -> None:
        """Add the variance of the loss: through the outputs, and of the sum over samples and outputs."""
        number, Y, n = len(self.mlp.layers), self.Y, len(self.X)
        last = self.mlp.layers[-1]
        Z, A = last.Z, last.A
        of_Z, of_A = self.variances[f"Z{number}"], self.variances[f"A{number}"]
        output, loss = self.network.output, self.network.loss
        lost = 0.0
        if (output, loss) == ("softmax", "cross_entropy"):
            shift = Z.max(axis=1, keepdims=True) - Z
            terms, through = Y * (shift + 2) + A, (A - Y) ** 2 * of_Z
        elif (output, loss) == ("sigmoid", "binary_cross_entropy"):
            terms, through = np.abs(Z) * (1 + Y) + 1, (A - Y) ** 2 * of_Z
        elif loss == "squared_error":
            terms, through = (A - Y) ** 2, (A - Y) ** 2 * of_A
        else:
            terms, through, lost = self._logarithms(Y, A, of_A)
            if loss == "binary_cross_entropy":
                more = self._logarithms(1 - Y, 1 - A, of_A + 1)
                terms, through, lost = terms + more[0], through + more[1], lost + more[2]
        own = growth(terms.size) * (ULPS * np.sum(terms)) ** 2 + (lost / self.u) ** 2
        if loss == "squared_error":
            own += (self.u * np.sum(of_A)) ** 2  # of second order, and all there is where y_hat = y
        self.variances["loss"] = np.array((np.sum(through) + own) / n**2)

    def _logarithms(self, y: Array, p: Array, of_p: Array) -> tuple[Array, Array, float]:
        """Return sizes and variances of y log p, and the sum of those lost because p's error reaches p."""
        floored = np.maximum(p, self.tiny)
        relative = of_p / floored**2
        lost = relative * self.u**2 > 0.01
        sizes = np.abs(y * np.log(np.maximum(p, np.finfo(float).tiny)))
        floor = np.abs(y * np.log(self.tiny))
        return sizes, np.where(lost, 0, y**2 * relative), float(np.sum(np.maximum(sizes, floor)[lost]))


def growth(N: int) -> float:
    """Return the variance of the error of a sum of N terms, over u² (Σ |t|)²."""
    return max(float(N), (N / 4 / CONFIDENCE) ** 2)


def slope(function: str, Z: Array, A: Array) -> Array:
    """Return σ'(Z), element by element."""
    derivative: Array = np.ones_like(Z)
    if function == "sigmoid":
        derivative = A * (1 - A)
    elif function == "tanh":
        derivative = 1 - A**2
    elif function == "relu":
        derivative = (Z > 0).astype(Z.dtype)
    return derivative
