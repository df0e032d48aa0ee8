"""The contestant `numpy-textbook`: the formulas in NumPy as the sources write them, allocation and all."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compare.implementation import Array, Trace, UpdateRule
from compare.implementations.textbook import Library, Textbook
from compare.implementations.textbook_rules import rule_of
from compare.network import Network


def sigmoid(Z: Array) -> Array:
    """Return 1 / (1 + e^-z)."""
    A: Array = 1 / (1 + np.exp(-Z))
    return A


def softmax(Z: Array) -> Array:
    """Return the softmax of each row, shifted by its largest entry [S1]."""
    powers = np.exp(Z - Z.max(axis=1, keepdims=True))
    A: Array = powers / powers.sum(axis=1, keepdims=True)
    return A


def log_sum_exp(Z: Array) -> Array:
    """Return log Σ e^z of each row [S1]."""
    largest = Z.max(axis=1)
    logarithm: Array = largest + np.log(np.exp(Z - largest[:, np.newaxis]).sum(axis=1))
    return logarithm


class NumpyTextbook:
    """Every line makes a new array, and every parameter is updated by itself."""

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None:
        tiny = float(np.finfo(dtype).tiny)
        library = Library(np.exp, np.log, np.log1p, sigmoid, np.tanh, softmax, log_sum_exp, tiny)
        self.textbook = Textbook(network, library)
        self.rule = rule_of(rule.name, rule.options)
        self.own = {name: values.copy() for name, values in parameters.items()}
        self.memory: dict[str, Any] = {
            name: (np.zeros_like(values),) * self.rule.slots for name, values in self.own.items()
        }
        self.steps = 0

    @np.errstate(all="ignore")
    def step(self, X: Array, Y: Array) -> None:
        passed = self.textbook.forward(self.own, X)
        gradients, _ = self.textbook.backward(self.own, passed, Y)
        self.steps += 1
        numbers = self.rule.numbers(self.steps)
        for name, g in gradients.items():
            self.own[name], self.memory[name] = self.rule.apply(self.own[name], g, self.memory[name], numbers)

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        trace = self.trace(X, Y)
        return trace.loss, {name: trace.gradients[name] for name in self.own}

    @np.errstate(all="ignore")
    def predict(self, X: Array) -> Array:
        Y_hat: Array = self.textbook.forward(self.own, X).A[-1]
        return Y_hat.copy()  # without layers that compute anything, it would be X itself

    @np.errstate(all="ignore")
    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        passed = self.textbook.forward(self.own, X)
        return float(self.textbook.loss(passed, Y)), passed.A[-1]

    @np.errstate(all="ignore")
    def trace(self, X: Array, Y: Array) -> Trace:
        passed = self.textbook.forward(self.own, X)
        gradients, dZ = self.textbook.backward(self.own, passed, Y)
        values = {}
        for layer, (Z, A) in enumerate(zip(passed.Z, passed.A[1:], strict=True), start=1):
            values[f"Z{layer}"], values[f"A{layer}"] = Z, A
        loss = float(self.textbook.loss(passed, Y))
        return Trace(loss, values, gradients | {"X": dZ @ self.own["W1"]})

    def parameters(self) -> dict[str, Array]:
        return {name: values.copy() for name, values in self.own.items()}
