"""The weights and the batch that parity is checked on, drawn once and the same for everyone."""

from dataclasses import dataclass

import numpy as np

from compare.experiment import Experiment
from compare.implementation import Array
from compare.initial_weights import draw_parameters
from compare.measure.task import network_of
from compare.network import Network
from compare.parity.tolerance import rounded_to
from compare.targets import target_matrix
from data import Dataset

ROWS = 50
"""Rows of the batch that gradients are compared on: enough that a mean differs from a sum."""


@dataclass(frozen=True, eq=False)
class ParityBatch:
    """A network with its initial parameters and a batch, in float64, all rounded to a dtype before.

    Args:
        network: architecture and objective.
        parameters: W1 (outputs, inputs), b1 (outputs,), ...
        X: inputs (n, features); Y: targets (n, outputs).
        seed: of the parameters.
    """

    network: Network
    parameters: dict[str, Array]
    X: Array
    Y: Array
    seed: int


def draw_batch(experiment: Experiment, dataset: Dataset, objective: str, dtype: str) -> ParityBatch:
    """Return the batch for an objective: rows of the training set, weights of the experiment's first seed."""
    network, seed = network_of(experiment, dataset, objective), experiment.run.seeds[0]
    rows = np.random.default_rng(0).permutation(len(dataset.X_train))[:ROWS]
    drawn = draw_parameters(network, experiment.model.init, seed)
    Y = target_matrix(dataset.Y_train[rows], network.sizes[-1], "float64")
    return ParityBatch(
        network=network,
        parameters={name: rounded_to(values, dtype) for name, values in drawn.items()},
        X=rounded_to(dataset.X_train[rows], dtype),
        Y=rounded_to(Y, dtype),
        seed=seed,
    )
