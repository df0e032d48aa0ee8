"""How far two correct computations of the same tensor may lie apart."""

import math
from collections.abc import Mapping

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.rounding import CONFIDENCE, UNIT_ROUNDOFF, RoundingModel


def tolerances(
    network: Network, parameters: Mapping[str, Array], X: Array, Y: Array, dtype: str
) -> dict[str, float]:
    """Return, for every tensor, the largest normwise relative error that rounding in a dtype explains.

    The tolerance of a tensor T is λ u √(Σ v) / ‖T‖, where v are the variances of `RoundingModel` and λ is
    `CONFIDENCE`. It holds against a reference computed in float64 from parameters, inputs and targets that
    were rounded to the dtype first. A tolerance of 1 or more says that the tensor is lost to rounding.

    Args:
        network: architecture and objective.
        parameters: W1 (outputs, inputs), b1 (outputs,), ...
        X: inputs (n, features); Y: targets (n, outputs).
        dtype: "float32" or "float64".

    Returns:
        By name: "loss", the values "Z1", "A1", ..., the gradients "W1", "b1", ... and "X", the input's.
    """
    rounded = {name: rounded_to(values, dtype) for name, values in parameters.items()}
    passed = RoundingModel(network, rounded, rounded_to(X, dtype), rounded_to(Y, dtype), dtype).run()
    return {
        name: normwise(passed.values[name], variance, dtype) for name, variance in passed.variances.items()
    }


def normwise(values: Array, variance: Array, dtype: str) -> float:
    """Return λ u √(Σ variance) / ‖values‖; infinite where all values are zero and their errors are not."""
    error = CONFIDENCE * UNIT_ROUNDOFF[dtype] * math.sqrt(float(np.sum(variance)))
    size = float(np.linalg.norm(values))
    if math.isnan(error) or not math.isfinite(size):
        return math.inf
    return error / size if size else (0.0 if error == 0 else math.inf)


def rounded_to(values: Array, dtype: str) -> Array:
    """Return the values rounded to a dtype, in float64."""
    rounded: Array = np.asarray(values, dtype).astype(np.float64)
    return rounded


def relative_error(value: Array, reference: Array) -> float:
    """Return the normwise relative error ‖value - reference‖ / ‖reference‖; infinite for unlike shapes."""
    given, wanted = np.asarray(value, np.float64), np.asarray(reference, np.float64)
    if given.shape != wanted.shape or not np.isfinite(given).all():
        return math.inf
    difference = given - wanted
    scale = float(max(np.abs(wanted).max(initial=0), np.abs(difference).max(initial=0)))
    if scale == 0:
        return 0.0
    error, size = (float(np.linalg.norm(part / scale)) for part in (difference, wanted))  # no underflow
    return error / size if size else math.inf
