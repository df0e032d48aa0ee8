"""Initial weights: drawn once per seed in float64, handed to every implementation."""

import hashlib
import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from compare.network import Network

Parameters = dict[str, NDArray[np.float64]]
Draw = Callable[[np.random.Generator, int, int, tuple[int, ...]], NDArray[np.float64]]


def uniform_fan_in(
    rng: np.random.Generator, fan_in: int, fan_out: int, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Draw from U(-1/√fan_in, 1/√fan_in): what PyTorch's Linear starts from."""
    bound = 1 / math.sqrt(fan_in)
    return rng.uniform(-bound, bound, shape)


def xavier_uniform(
    rng: np.random.Generator, fan_in: int, fan_out: int, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Draw weights from U(-√(6/(fan_in+fan_out)), +...) (Glorot & Bengio, 2010); biases are zero."""
    bound = math.sqrt(6 / (fan_in + fan_out)) if len(shape) == 2 else 0.0
    return rng.uniform(-bound, bound, shape)


def he_normal(
    rng: np.random.Generator, fan_in: int, fan_out: int, shape: tuple[int, ...]
) -> NDArray[np.float64]:
    """Draw weights from N(0, 2/fan_in) (He et al., 2015); biases are zero."""
    return rng.normal(0, math.sqrt(2 / fan_in) if len(shape) == 2 else 0.0, shape)


INITIALISATIONS: dict[str, Draw] = {
    "pytorch": uniform_fan_in,
    "xavier": xavier_uniform,
    "he": he_normal,
}
"""The ways to draw initial weights, by name."""


def draw_parameters(network: Network, init: str, seed: int) -> Parameters:
    """Return the initial parameters of a seed, first layer first, W before b, in float64."""
    rng = np.random.default_rng([seed, 0])
    parameters = {}
    for name, shape in network.parameter_shapes.items():
        layer = int(name[1:])
        fan_in, fan_out = network.sizes[layer - 1], network.sizes[layer]
        parameters[name] = INITIALISATIONS[init](rng, fan_in, fan_out, shape)
    return parameters


def fingerprint(parameters: Mapping[str, NDArray[np.floating]]) -> str:
    """Return the SHA-256 of the parameters' names, shapes and values in float64."""
    digest = hashlib.sha256()
    for name, values in parameters.items():
        digest.update(f"{name}{values.shape}".encode())
        digest.update(np.ascontiguousarray(values, np.float64).tobytes())
    return digest.hexdigest()
