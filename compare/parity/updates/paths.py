"""Paths of parameters, (steps, parameters): the reference's, the textbook's, and how far two lie apart."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.parity.rounding import UNIT_ROUNDOFF
from compare.parity.updates.question import UpdateQuestion
from compare.parity.updates.rules import RULES, Rule, trajectory
from handwritten import OPTIMIZERS

ROUNDINGS = 8
"""Rounding errors that a step may add to a parameter, and to every term of the sum its step is."""


def handwritten_path(question: UpdateQuestion) -> Array:
    """Return the path of the hand-written optimizer."""
    parameters, gradients = question.parameters.copy(), question.parameters.copy()
    options: Mapping[str, Any] = question.hyperparameters[0]
    optimizer = OPTIMIZERS[question.rule](parameters, gradients, **options)
    states = []
    for gradient, values in zip(question.gradients, question.hyperparameters, strict=True):
        gradients[:] = gradient
        optimizer.lr = values["lr"]
        optimizer.step()
        states.append(parameters.copy())
    return np.array(states)


def textbook_path(question: UpdateQuestion, rule: Rule | None = None) -> Array:
    """Return the path of the textbook's rule, or of another one in its place."""
    return np.array(
        list(
            trajectory(
                rule or RULES[question.rule],
                question.parameters,
                question.gradients,
                question.hyperparameters,
                question.tensor,
                question.is_weight,
            )
        )
    )


def path_tolerances(question: UpdateQuestion, path: Array) -> Array:
    """Return the largest relative errors (steps, tensors) that rounding in float64 explains along a path.

    Each step rounds the parameters, and is itself a sum over the steps so far: after t steps the error of a
    tensor is at most c u Σ_s (‖θ_s‖ + s ‖θ_s - θ_(s-1)‖), with c = `ROUNDINGS`.
    """
    before = np.vstack([question.parameters, path[:-1]])
    steps = np.arange(1, question.steps + 1)[:, np.newaxis]
    rounded = norms(question, path) + steps * norms(question, path - before)
    with np.errstate(divide="ignore", invalid="ignore"):
        tolerance: Array = (
            ROUNDINGS * UNIT_ROUNDOFF["float64"] * np.cumsum(rounded, axis=0) / norms(question, path)
        )
    return tolerance


def path_errors(question: UpdateQuestion, path: Array, reference: Array) -> Array:
    """Return the normwise relative errors (steps, tensors) of a path.

    What is not finite on both sides counts as equal, on one side alone as infinitely wrong.
    """
    finite, wanted = np.isfinite(path), np.isfinite(reference)
    both = finite & wanted
    distance = norms(question, np.where(both, path, 0) - np.where(both, reference, 0))
    sizes = norms(question, np.where(both, reference, 0))
    unlike = norms(question, (finite != wanted).astype(float)) > 0
    errors = np.divide(distance, sizes, out=np.where(distance > 0, np.inf, 0.0), where=sizes > 0)
    return np.where(unlike, np.inf, errors)


def norms(question: UpdateQuestion, path: Array) -> Array:
    """Return the norm of every tensor at every step, (steps, tensors)."""
    starts = np.searchsorted(question.tensor, np.arange(len(question.shapes)))
    roots: Array = np.sqrt(np.add.reduceat(path**2, starts, axis=1))
    return roots
