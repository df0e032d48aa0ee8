"""A pass through a small network, for the tests of what the derivations show."""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from compare.analysis.back_propagation import BackPropagation, back_propagate
from compare.analysis.derivation import derivation_of
from compare.initial_weights import draw_parameters
from compare.network import Network


def make_pass(sizes, hidden, objective, bias=True, rows=7, seed=0) -> BackPropagation:
    """Back-propagate normal inputs; targets fit the loss: one-hot, zeros and ones, or real."""
    output, loss = objective.split("+")
    network = Network(tuple(sizes), (hidden,) * (len(sizes) - 2), output, loss, bias)
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, sizes[0]))
    if loss == "squared_error":
        Y = rng.standard_normal((rows, sizes[-1]))
    elif loss == "cross_entropy":
        Y = np.eye(sizes[-1])[rng.integers(sizes[-1], size=rows)]
    else:
        Y = rng.integers(2, size=(rows, sizes[-1])).astype(float)
    return back_propagate(network, draw_parameters(network, "pytorch", seed), X, Y)


def spoilt(passed: BackPropagation, tensor: str, by=1e-9) -> BackPropagation:
    """Return the same pass with one gradient off by a relative error."""
    return replace(passed, gradients={**passed.gradients, tensor: passed.gradients[tensor] * (1 + by)})


def derive(*passes: BackPropagation) -> dict[str, Any]:
    """Return the derivation of results.json for the passes of an experiment, read back from JSON."""
    derivation: dict[str, Any] = json.loads(json.dumps(derivation_of(passes, seed=0), allow_nan=False))
    return derivation
