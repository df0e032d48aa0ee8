"""The contestant `sklearn`: scikit-learn's `MLPClassifier` and `MLPRegressor`, a `partial_fit` a batch."""

import math
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from compare.implementation import Array, UpdateRule
from compare.network import Network

ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu", "identity": "identity"}
OBJECTIVES = ("softmax+cross_entropy", "sigmoid+binary_cross_entropy", "identity+squared_error")
OPTIONS = {
    "lr": "learning_rate_init",
    "momentum": "momentum",
    "nesterov": "nesterovs_momentum",
    "beta1": "beta_1",
    "beta2": "beta_2",
    "eps": "epsilon",
}
"""Its names for the options of an update rule; it has no others."""


class SklearnMLP:
    """A multilayer perceptron of scikit-learn, given our weights and update rule, without its penalty.

    `partial_fit` takes one step on the rows that it is given. Its checks of every batch are part of it.
    """

    deviations: ClassVar[dict[str, str]] = {
        "adam": "its ε is added before the bias correction, not after it",
        "loss": "it keeps outputs a rounding error away from 0 and 1 in the logarithms",
        "batches": "each is checked anew by partial_fit",
    }

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None:
        refuse(network, rule)
        self.network, self.dtype = network, dtype
        options: dict[str, Any] = {OPTIONS[name]: value for name, value in rule.options.items()}
        if rule.name == "sgd":
            options = {"momentum": 0.0, "nesterovs_momentum": False} | options
        kind = MLPRegressor if network.loss == "squared_error" else MLPClassifier
        self.mlp = kind(
            hidden_layer_sizes=network.sizes[1:-1],
            activation=ACTIVATIONS[(*network.activations, "identity")[0]],
            solver=rule.name,
            alpha=0.0,
            shuffle=False,
            batch_size=2**31,  # at most a batch is all rows it is given
            tol=0.0,
            n_iter_no_change=math.inf,
            random_state=0,
            **options,
        )
        self._take(parameters)

    def _take(self, parameters: Mapping[str, Array]) -> None:
        """Let it make its weights by a step on nothing, put ours in their place, and forget the step."""
        outputs = self.network.sizes[-1]
        rows = np.zeros((max(outputs, 2), self.network.sizes[0]), self.dtype)
        Y = np.eye(len(rows), outputs, dtype=self.dtype)
        self._fit(rows, self._labels(Y), first=True)
        for layer in range(1, self.network.depth + 1):
            self.mlp.coefs_[layer - 1] = parameters[f"W{layer}"].T.copy()
            self.mlp.intercepts_[layer - 1] = parameters[f"b{layer}"].copy()
        del self.mlp._optimizer

    def _labels(self, Y: Array) -> Array:
        """Return the targets in the form that scikit-learn wants: class numbers, 0 and 1, or real rows."""
        if self.network.output == "softmax":
            labels: Array = Y.argmax(axis=1)
            return labels
        return Y[:, 0] if Y.shape[1] == 1 else Y

    def _fit(self, X: Array, labels: Array, first: bool = False) -> None:
        outputs = self.network.sizes[-1]
        classes = {"classes": np.arange(max(outputs, 2))} if first and self._classifies else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            warnings.filterwarnings("ignore", "Got `batch_size`")
            self.mlp.partial_fit(X, labels, **classes)

    @property
    def _classifies(self) -> bool:
        return self.network.loss != "squared_error"

    def step(self, X: Array, Y: Array) -> None:
        self._fit(X, self._labels(Y))

    def predict(self, X: Array) -> Array:
        Y_hat: Array = self.mlp.predict_proba(X) if self._classifies else self.mlp.predict(X)
        if Y_hat.ndim == 1:
            return Y_hat[:, np.newaxis]
        return Y_hat[:, 1:] if self._classifies and self.network.sizes[-1] == 1 else Y_hat

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        pairs = list(zip(self.mlp.coefs_, self.mlp.intercepts_, strict=True))
        activations = [X, *(None for _ in pairs)]
        empty = [[np.empty_like(pair[which]) for pair in pairs] for which in (0, 1)]
        loss, coefs, intercepts = self.mlp._backprop(X, Y, None, activations, [None] * len(pairs), *empty)
        if not self._classifies:
            loss *= self.network.sizes[-1]  # its squared error is a mean over the outputs too
        gradients = {}
        for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True), start=1):
            gradients[f"W{layer}"], gradients[f"b{layer}"] = coef.T.copy(), intercept
        return float(loss), gradients

    def parameters(self) -> dict[str, Array]:
        own = {}
        for layer, (coef, intercept) in enumerate(
            zip(self.mlp.coefs_, self.mlp.intercepts_, strict=True), start=1
        ):
            own[f"W{layer}"], own[f"b{layer}"] = coef.T.copy(), intercept.copy()
        return own


def refuse(network: Network, rule: UpdateRule) -> None:
    """Raise NotImplementedError for what scikit-learn's networks do not have."""
    faults = {
        f"it has no {network.objective}": network.objective not in OBJECTIVES,
        "with two classes it has one sigmoid output, not two of a softmax": (
            network.output == "softmax" and network.sizes[-1] == 2
        ),
        "all its hidden layers have one activation": len(set(network.activations)) > 1,
        "its layers always have a bias": not network.bias,
        f"it has no {rule.name}": rule.name not in ("sgd", "adam"),
        "it has no dampening": bool(rule.options.get("dampening")),
        "its penalty leaves the biases out, so it is no weight decay": bool(rule.options.get("weight_decay")),
    }
    for fault, holds in faults.items():
        if holds:
            raise NotImplementedError(f"scikit-learn: {fault}")
