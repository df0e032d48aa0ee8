"""The gradient noise scale B_simple = tr(Sigma) / |G|^2 (McCandlish et al. 2018, arXiv:1812.06162).

g_i is the gradient of sample i's loss with respect to all parameters, G = 1/n sum_i g_i the gradient over the
training set, and Sigma the covariance of the g_i. A batch of B samples gives G with the noise tr(Sigma) / B:
at B = B_simple noise and gradient are equally large; much smaller batches spend updates on noise, much larger
ones spend samples on what one batch had told already.

The norms of the g_i take no gradient per sample. In a fully connected layer g_i is the outer product of the
error dz_i and the input (a_i, 1), so (Goodfellow 2015, arXiv:1510.01799)

    |g_i|^2 = sum over layers of |dz_i|^2 (|a_i|^2 + 1)                     [N1]
    tr(Sigma) = n/(n-1) (1/n sum_i |g_i|^2 - |G|^2)                          [N2]
    B_simple = tr(Sigma) / |G|^2                                             [N3]

(without biases there is no + 1). With n - 1 in [N2], a batch of B different samples has exactly
E|G_B|^2 = |G|^2 + (1/B - 1/n) tr(Sigma), so that two batch sizes tell tr(Sigma) as well. |G|^2 is that of
the training set itself, whose gradient the full batch follows; taken as an estimate for endless data it would
be too large by tr(Sigma)/n.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from compare.analysis.targets_reached import reached
from compare.implementation import Array
from compare.network import Network
from compare.noise_scales import NoisePoint, NoiseScale
from compare.results import Run
from handwritten import MLP

ROWS_AT_ONCE = 4096


def gradient_noise(
    network: Network, parameters: Mapping[str, Array], X: Array, Y: Array
) -> tuple[float, float]:
    """Return |G|^2 and tr(Sigma) in float64 for all n rows of X (n, features) and Y (n, outputs).

    Decoupled weight decay and that of the optimizers are no part of the loss, and none of this.
    """
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    n, squares = len(X), 0.0
    total = np.zeros_like(mlp.flat_gradients)
    with np.errstate(all="ignore"):
        for start in range(0, n, ROWS_AT_ONCE):
            here = slice(start, start + ROWS_AT_ONCE)
            squares += add_gradients(mlp, X[here], Y[here], total)
        total /= n  # G
        norm_squared = float(total @ total)
        trace = (squares / n - norm_squared) * n / (n - 1) if n > 1 else math.nan  # [N2]
    return norm_squared, max(trace, 0.0) if math.isfinite(trace) else math.nan


def add_gradients(mlp: MLP, X: Array, Y: Array, total: Array) -> float:
    """Add the sum of the rows' gradients to `total`; return the sum of their squared norms [N1]."""
    mlp.propagate(mlp.batch(X, "X", mlp.sizes[0]))
    mlp.propagate_back(mlp.batch(Y, "Y", mlp.sizes[-1]), 1.0)  # weight 1: dZ is of single samples' losses
    total += mlp.flat_gradients
    squares = 0.0
    for layer in mlp.layers:
        errors = np.einsum("ij,ij->i", layer.dZ, layer.dZ)  # |dz_i|^2  (n,)
        inputs = np.einsum("ij,ij->i", layer.A_in, layer.A_in)  # |a_i|^2  (n,)
        squares += float(errors @ (inputs + (layer.b is not None)))  # [N1]
    return squares


def noise_rows(
    records: Iterable[NoiseScale], runs: Sequence[Run], target: float | None
) -> list[dict[str, Any]]:
    """Return the records ready for JSON, each with the batch size that it predicts.

    `predicted_batch_size` is the mean of [N3] over the updates of the training (trapezium rule between the
    points), as McCandlish et al. average it over a run: to the update at which the `runs` of the same regime
    and seed first showed the `target`, else to the end (`averaged_updates`). It predicts the batch size at
    which the way to the target takes about twice the fewest updates and twice the fewest samples.
    """
    rows = []
    for record in records:
        arrivals = [
            arrival.updates
            for run in runs
            if target is not None and is_same_training(run, record)
            for arrival in [reached(run, target)]
            if arrival is not None
        ]
        predicted, averaged = mean_over_updates(record.points, min(arrivals, default=None))
        rows.append(record.to_json() | {"averaged_updates": averaged, "predicted_batch_size": predicted})
    return rows


def is_same_training(run: Run, record: NoiseScale) -> bool:
    """Whether a run trained what a record did, perhaps by another implementation."""
    keys = ("objective", "optimizer", "batch_size", "dtype")
    return run.seed == record.seed and all(getattr(run.cell, key) == getattr(record, key) for key in keys)


def mean_over_updates(points: Iterable[NoisePoint], end: int | None) -> tuple[float | None, float | None]:
    """Return the mean noise scale from the first point to `end` (None: the last), and that update."""
    known = [(point.updates, point.noise_scale) for point in points if math.isfinite(point.noise_scale)]
    if not known:
        return None, None
    places, scales = np.array(known, np.float64).T
    last = places[-1] if end is None else min(float(end), places[-1])
    if last <= places[0]:
        return float(scales[0]), 0.0
    inside = places < last
    xs = np.append(places[inside], last)
    ys = np.append(scales[inside], np.interp(last, places, scales))
    return float(np.trapezoid(ys, xs) / (last - places[0])), float(last)
