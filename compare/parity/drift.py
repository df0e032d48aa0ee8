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
"""Steps after which the sizes of the rounding errors are worked out anew, at the latest."""
UPDATE = 4.0
"""Relative rounding error of an update, in units of u: a short chain of operations."""
MOVED = 0.1
"""They are so at once where a tensor has moved by this part of its norm: at high rates it does in a step."""
CHAOS = 1e-3
"""Relative distance of all parameters from which on rounding decides where they go; nothing is compared."""


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
        By "STEP NAME", such as "12 W1"; not finite where there is nothing to compare: where the parameters
        are so large that a product of one factor a layer, squared, overflows, and from the step on at which
        rounding alone has carried two trainings so far apart (`CHAOS`) that small errors do not stay small.
    """
    arguments = (network, parameters, X, Y, batches, rule)
    tolerances = {}
    largest = float(np.finfo(dtype).max) ** (0.5 / network.depth)
    lost = False
    with np.errstate(all="ignore"):
        paths = [list(trajectory(*arguments, None, dtype))]
        for replicate in range(REPLICATES):
            paths.append(list(trajectory(*arguments, np.random.default_rng(replicate), dtype)))
        for step, (undisturbed, *disturbed) in enumerate(zip(*paths, strict=True), start=1):
            lost = lost or not max(distance(other, undisturbed) for other in disturbed) < CHAOS
            for name, values in undisturbed.items():
                apart = max(float(np.linalg.norm(other[name] - values)) for other in disturbed)
                if lost or np.abs(values).max() > largest:
                    apart = np.inf
                relative = apart / float(np.linalg.norm(values)) if values.any() else 0.0
                tolerances[f"{step} {name}"] = CONFIDENCE * relative + step * UNIT_ROUNDOFF[dtype]
    return tolerances


def distance(one: Mapping[str, Array], other: Mapping[str, Array]) -> float:
    """Return how far apart all parameters together are, relative to those of the other."""
    apart = sum(float(np.sum((one[name] - values) ** 2)) for name, values in other.items())
    size = sum(float(np.sum(values**2)) for values in other.values())
    return float(np.sqrt(np.float64(apart) / size)) if apart else 0.0


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
    looked_at: dict[str, Array] = {}
    u = UNIT_ROUNDOFF[dtype]
    for step, rows in enumerate(batches):
        X_batch, Y_batch = (X, Y) if rows is None else (X[rows], Y[rows])
        mlp.loss_and_gradients(X_batch, Y_batch)
        if rng is not None:
            if step % EVERY == 0 or moved(mlp.parameters, looked_at):
                looked_at = {name: values.copy() for name, values in mlp.parameters.items()}
                model = RoundingModel(network, mlp.parameters, X_batch, Y_batch, dtype)
                spreads = {name: u * np.sqrt(v) for name, v in model.run().variances.items()}
            for name, gradient in mlp.gradients.items():
                gradient += spreads[name] * rng.standard_normal(gradient.shape)
        before = mlp.flat_parameters.copy()
        optimizer.step()
        if rng is not None:
            change = mlp.flat_parameters - before
            spread = u * np.hypot(mlp.flat_parameters, UPDATE * change)
            mlp.flat_parameters[:] += spread * rng.standard_normal(len(spread))
        yield {name: values.copy() for name, values in mlp.parameters.items()}


def moved(parameters: Mapping[str, Array], before: Mapping[str, Array]) -> bool:
    """Whether a tensor is so far from where it was that rounding errors may have another size."""
    return any(
        not np.linalg.norm(parameters[name] - values) <= MOVED * np.linalg.norm(values)
        for name, values in before.items()
    )
