"""How far rounding may carry the parameters of two correct trainings apart, step by step.

Nothing simple bounds it: an optimizer such as Adam divides small gradients by their own size, errors and
all. So it is tried: the hand-written training is run in float64 once as it is and a few times with rounding
errors put in on purpose, of the sizes that `RoundingModel` gives for the dtype, in every gradient and every
update. λ times the largest distance between the disturbed and the undisturbed parameters is the tolerance.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from compare.implementation import Array, UpdateRule
from compare.network import Network
from compare.parity.rounding import CONFIDENCE, UNIT_ROUNDOFF, RoundingModel
from handwritten import MLP, OPTIMIZERS

REPLICATES = 3
"""Disturbed trainings; the largest of their distances counts."""
EVERY = 10
"""Steps after which the sizes of the rounding errors are worked out anew."""


def drift_tolerances(
    network: Network,
    parameters: Mapping[str, Array],
    X: Array,
    Y: Array,
    batches: Sequence[Array | None],
    rule: UpdateRule,
    dtype: str,
) -> dict[str, float]:
    """Return the tolerance of the relative error of every parameter after every step.

    Args:
        network: architecture and objective.
        parameters: initial parameters, already rounded to the dtype.
        X: training inputs (n, features); Y: targets (n, outputs).
        batches: row numbers of each step, None for all rows.
        rule: optimizer and options.
        dtype: "float32" or "float64".

    Returns:
        By "STEP NAME", such as "12 W1"; not finite where the training diverges, that
        is, from where the parameters are so large that a product of one factor a layer, squared, overflows.
    """
    arguments = (network, parameters, X, Y, batches, rule)
    tolerances = {}
    largest = float(np.finfo(dtype).max) ** (0.5 / network.depth)
    with np.errstate(all="ignore"):
        paths = [list(trajectory(*arguments, None, dtype))]
        for replicate in range(REPLICATES):
            paths.append(list(trajectory(*arguments, np.random.default_rng(replicate), dtype)))
        for step, (undisturbed, *disturbed) in enumerate(zip(*paths, strict=True), start=1):
            for name, values in undisturbed.items():
                distance = max(float(np.linalg.norm(other[name] - values)) for other in disturbed)
                if np.abs(values).max() > largest:
                    distance = np.inf
                relative = distance / float(np.linalg.norm(values)) if values.any() else 0.0
                tolerances[f"{step} {name}"] = CONFIDENCE * relative + step * UNIT_ROUNDOFF[dtype]
    return tolerances


def trajectory(
    network: Network,
    parameters: Mapping[str, Array],
    X: Array,
    Y: Array,
    batches: Sequence[Array | None],
    rule: UpdateRule,
    rng: np.random.Generator | None,
    dtype: str,
) -> Iterator[dict[str, Array]]:
    """Train by hand in float64, with a dtype's rounding errors put in if `rng` is given; yield each state."""
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    options: Any = rule.options
    optimizer = OPTIMIZERS[rule.name](mlp.flat_parameters, mlp.flat_gradients, **options)
    spreads: dict[str, Array] = {}
    u = UNIT_ROUNDOFF[dtype]
    for step, rows in enumerate(batches):
        X_batch, Y_batch = (X, Y) if rows is None else (X[rows], Y[rows])
        mlp.loss_and_gradients(X_batch, Y_batch)
        if rng is not None:
            if step % EVERY == 0:
                model = RoundingModel(network, mlp.parameters, X_batch, Y_batch, dtype)
                spreads = {name: u * np.sqrt(v) for name, v in model.run().variances.items()}
            for name, gradient in mlp.gradients.items():
                gradient += spreads[name] * rng.standard_normal(gradient.shape)
        optimizer.step()
        if rng is not None:
            mlp.flat_parameters[:] *= 1 + u * rng.standard_normal(len(mlp.flat_parameters))
        yield {name: values.copy() for name, values in mlp.parameters.items()}
