"""A training that leaves ours within its first epoch: is it a batch, an order or a mean that differs?

The alternatives are tried with the hand-written training in float64; the one that ends where the contestant
ends is named.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.implementation import Array, UpdateRule
from compare.parity.batch import ParityBatch
from compare.parity.tolerance import relative_error
from compare.plural import counted
from handwritten import MLP, OPTIMIZERS


@dataclass(frozen=True)
class Alternative:
    """Another training: the rows of its steps, and a factor of the gradient for each."""

    subject: str
    difference: str
    steps: Sequence[tuple[Array, float]]


def alternatives(batches: Sequence[Array], outputs: int, n: int) -> Iterator[Alternative]:
    """Yield the ways in which an epoch's batches are usually got wrong; the last batch is a partial one."""
    full, last = len(batches[0]), len(batches[-1])
    if last < full:
        whole = [(rows, 1.0) for rows in batches[:-1]]
        yield Alternative("last batch", "it drops the last, partial batch", whole)
        weight = last / full
        told = f"it divides the last batch, of {counted(last, 'row')}, by {full}"
        yield Alternative("last batch", told, [*whole, (batches[-1], weight)])
    scales = {
        "it takes the mean over the elements, not over the rows": 1 / outputs,
        "it takes the mean over the elements, and no ½": 2 / outputs,
        "it leaves out the ½ of the squared error": 2.0,
    }
    for told, scale in scales.items():
        if scale != 1:
            yield Alternative("reduction", told, [(rows, scale) for rows in batches])
    sums = [(rows, float(len(rows))) for rows in batches]
    yield Alternative("reduction", "it takes the sum over the rows, not the mean", sums)
    in_order = [(np.arange(start, min(start + full, n)), 1.0) for start in range(0, n, full)]
    yield Alternative("shuffling", "it takes the rows in their own order, unshuffled", in_order)


def explain(
    ended: Mapping[str, Array],
    batch: ParityBatch,
    batches: Sequence[Array],
    rule: UpdateRule,
    tolerance: float,
) -> tuple[str, str] | None:
    """Return subject and difference of the alternative that ends an epoch where the contestant ended."""
    for alternative in alternatives(batches, batch.network.sizes[-1], len(batch.X)):
        end = trained(batch, rule, alternative.steps)
        errors = [relative_error(ended[name], end[name]) for name in end if name in ended]
        if len(errors) == len(end) and max(errors) <= tolerance:
            return alternative.subject, alternative.difference
    return None


def trained(batch: ParityBatch, rule: UpdateRule, steps: Sequence[tuple[Array, float]]) -> dict[str, Array]:
    """Train by hand in float64; each step's gradient is multiplied by its factor."""
    network = batch.network
    mlp = MLP(*network.arguments)
    mlp.load(batch.parameters)
    options: Any = rule.options
    optimizer = OPTIMIZERS[rule.name](mlp.flat_parameters, mlp.flat_gradients, **options)
    with np.errstate(all="ignore"):
        for rows, factor in steps:
            mlp.loss_and_gradients(batch.X[rows], batch.Y[rows])
            mlp.flat_gradients[:] *= factor
            optimizer.step()
    return {name: values.copy() for name, values in mlp.parameters.items()}
