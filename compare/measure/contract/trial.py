"""On what an implementation is tried: a few small networks with their update rules, and data for each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.batches import first_batches
from compare.implementation import Array, UpdateRule
from compare.implementations.defaults import completed
from compare.initial_weights import draw_parameters
from compare.network import Network
from compare.parity.drift import drift_tolerances, trajectory
from compare.parity.tolerance import rounded_to

ROWS, BATCH, STEPS = 20, 8, 12
"""Rows of the training set, rows a batch (the last of an epoch has 4), and steps of a training."""


@dataclass(frozen=True)
class Case:
    """A network, an update rule and a dtype."""

    network: Network
    rule: UpdateRule
    dtype: str

    @property
    def label(self) -> str:
        """What it is, in a line."""
        sizes = "-".join(map(str, self.network.sizes))
        bias = "" if self.network.bias else ", no bias"
        hidden = "/".join(self.network.activations)
        return f"{sizes} {hidden} {self.network.objective}{bias}, {self.rule.name}, {self.dtype}"


def case(hidden: str, objective: str, rule: str, dtype: str, bias: bool = True, **options: Any) -> Case:
    """Return the case of a network 4-...-3; `hidden` names the activation of each layer of five units."""
    output, loss = objective.split("+")
    activations = tuple(hidden.split("/"))
    sizes = (4, *[5] * len(activations), 3)
    return Case(Network(sizes, activations, output, loss, bias), UpdateRule(rule, options), dtype)


CASES = (
    case("tanh", "softmax+cross_entropy", "sgd", "float64", lr=0.5),
    case("tanh", "softmax+cross_entropy", "sgd", "float32", lr=0.5),
    case("tanh", "softmax+cross_entropy", "sgd", "float64", lr=0.5, weight_decay=0.1),
    case("sigmoid", "softmax+cross_entropy", "adam", "float64", lr=0.01),
    case("tanh", "sigmoid+squared_error", "adam", "float32", lr=0.01),
    case("relu/tanh", "identity+squared_error", "rmsprop", "float32", bias=False, lr=0.01),
    case("sigmoid", "sigmoid+binary_cross_entropy", "adamw", "float64", lr=0.01, weight_decay=0.1),
    case("identity", "identity+squared_error", "sgd", "float64", lr=0.1, momentum=0.9, nesterov=True),
    case("sigmoid", "softmax+cross_entropy", "sgd", "float64", lr=0.5),
    case("sigmoid", "softmax+cross_entropy", "sgd", "float32", lr=0.5),
)
"""Every optimizer, both dtypes, with and without biases, fused and composed losses; last, the default's."""


class Trial:
    """One case on trial: its data, and fresh implementations of it."""

    def __init__(self, build: Callable[..., Any], case: Case) -> None:
        self.build, self.case = build, case
        rng = np.random.default_rng(0)
        network, dtype = case.network, case.dtype
        drawn = draw_parameters(network, "pytorch", seed=0)
        self.given: dict[str, Array] = {name: values.astype(dtype) for name, values in drawn.items()}
        self.X: Array = rng.uniform(0, 1, (ROWS, network.sizes[0])).astype(dtype)
        self.Y: Array = np.eye(network.sizes[-1], dtype=dtype)[np.arange(ROWS) % network.sizes[-1]]
        self.batches = [rows for rows in first_batches(ROWS, BATCH, 0, STEPS) if rows is not None]
        self.exact = {name: rounded_to(values, dtype) for name, values in self.given.items()}

    def fresh(self) -> Any:
        """Build the implementation anew, from copies."""
        case = self.case
        given = {name: values.copy() for name, values in self.given.items()}
        return self.build(case.network, given, case.rule, case.dtype)

    def trained(self, batches: list[Array]) -> dict[str, Array]:
        """Return the parameters of a fresh one after a step a batch."""
        trainable = completed(self.fresh())
        trainable.load(self.X.copy(), self.Y.copy())
        trainable.train(batches)
        return trainable.parameters()

    def right(self) -> tuple[list[dict[str, Array]], dict[str, float]]:
        """Return the right parameters after every step, and how far rounding may carry from them."""
        arguments = (self.case.network, self.exact, self.X, self.Y, self.batches, self.case.rule)
        states = list(trajectory(*arguments, None, "float64"))
        return states, drift_tolerances(*arguments, self.case.dtype)
