"""What the five seed tests share: drawing a system's arrays and comparing two of them to rounding."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

TOLERANCE = 1e-12


def assert_matches(actual, literal, what: str) -> None:
    """Fail unless ``||actual - literal|| <= 1e-12 ||literal||`` and both have the same shape."""
    actual, literal = np.asarray(actual), np.asarray(literal)
    assert actual.dtype == np.float64, f"{what} is {actual.dtype}, not float64"
    assert actual.shape == literal.shape, f"{what} is {actual.shape}, the source has {literal.shape}"
    error, scale = np.linalg.norm(actual - literal), np.linalg.norm(literal)
    assert error <= TOLERANCE * scale, f"{what} is off by {error:.3g} at a norm of {scale:.3g}"


def assert_all_match(actual: Mapping[str, np.ndarray], literal: Mapping[str, np.ndarray]) -> None:
    """Hold every named tensor of ``actual`` to the one of the same name in ``literal``."""
    assert set(actual) == set(literal)
    for name in literal:
        assert_matches(actual[name], literal[name], name)


def draw_parameters(rng, sizes: Sequence[int], bias: bool = True) -> dict[str, np.ndarray]:
    """``W1, b1, W2, ...`` of the given widths, W (outputs, inputs) and b (outputs,), uniform in [-1, 1]."""
    parameters = {}
    for layer, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{layer}"] = rng.uniform(-1, 1, (outputs, inputs))
        if bias:
            parameters[f"b{layer}"] = rng.uniform(-1, 1, outputs)
    return parameters


def one_hot(rng, samples: int, classes: int) -> np.ndarray:
    """(samples, classes) with a single 1 in every row."""
    return np.eye(classes)[rng.integers(classes, size=samples)]
