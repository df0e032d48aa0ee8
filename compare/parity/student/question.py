"""The question that somebody's own back-propagation is asked: a network, its parameters and a batch."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from compare.experiment import Experiment
from compare.implementation import Array
from compare.initial_weights import draw_parameters
from compare.measure.task import network_of
from compare.network import Network
from compare.parity.student.process import CheckError
from compare.targets import target_matrix
from data import Dataset
from handwritten import MLP

Layout = Literal["rows", "columns"]


@dataclass(frozen=True, eq=False)
class Question:
    """What is handed out, in the dtype it is handed out in.

    Args:
        network: architecture and objective.
        parameters: W1 (outputs, inputs), b1 (outputs,), ...
        X: inputs (n, features); Y: targets (n, outputs).
        dtype: "float32" or "float64".
        dataset: where the batch is from.
        seed: of the parameters and the batch.
    """

    network: Network
    parameters: dict[str, Array]
    X: Array
    Y: Array
    dtype: str
    dataset: str
    seed: int

    def handed_out(self, layout: Layout, column_biases: bool) -> dict[str, Array]:
        """Return the arrays as the student's process gets them.

        In columns X is (features, n) and Y (outputs, n); biases are (outputs, 1) where that is asked for.
        """
        columns = layout == "columns"
        arrays = {"X": self.X.T.copy() if columns else self.X, "Y": self.Y.T.copy() if columns else self.Y}
        for name, values in self.parameters.items():
            as_column = column_biases and name.startswith("b")
            arrays[f"parameter {name}"] = values[:, np.newaxis] if as_column else values
        return arrays

    def in_float64(self) -> tuple[dict[str, Array], Array, Array]:
        """Return parameters, X and Y with the same, rounded values in float64."""
        parameters = {name: values.astype(np.float64) for name, values in self.parameters.items()}
        return parameters, self.X.astype(np.float64), self.Y.astype(np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return what was asked, without the arrays, ready for JSON."""
        return {
            **self.network.to_dict(),
            "rows": len(self.X),
            "dtype": self.dtype,
            "dataset": self.dataset,
            "seed": self.seed,
        }


def pose_question(experiment: Experiment, dataset: Dataset) -> Question:
    """Draw parameters and a batch for the experiment's first objective, dtype, batch size and seed.

    Raises:
        CheckError: the network does not go with the dataset, or the dataset has too few rows.
    """
    factors, seed = experiment.factors, experiment.run.seeds[0]
    objective, dtype = factors.objectives[0], factors.dtypes[0]
    Y, network = dataset.Y_train, network_of(experiment, dataset, objective)
    rows = np.random.default_rng([seed, 1]).permutation(len(Y))
    size = factors.batch_sizes[0]
    if isinstance(size, int):
        if size > len(rows):
            raise CheckError("usage", f"--batch-size: {dataset.name} has only {len(rows)} training rows")
        rows = rows[:size]
    parameters = draw_parameters(network, experiment.model.init, seed)
    question = Question(
        network=network,
        parameters={name: values.astype(dtype) for name, values in parameters.items()},
        X=dataset.X_train[rows].astype(dtype),
        Y=target_matrix(Y[rows], network.sizes[-1], dtype),
        dtype=dtype,
        dataset=dataset.name,
        seed=seed,
    )
    try:
        MLP(*network.arguments).loss(question.X, question.Y)
    except ValueError as error:
        raise CheckError("usage", f"{objective} on {dataset.name}: {error}") from None
    return question


def blind_spots(question: Question) -> list[str]:
    """Return what this question cannot tell apart, and what would do."""
    network, rows = question.network, len(question.X)
    spots = []
    if rows == 1:
        spots.append(
            "a batch of one row hides a mean that is forgotten or taken twice; check with --batch-size 37"
        )
    if rows in network.sizes and rows > 1:
        spots.append(f"the batch has as many rows as a layer has units ({rows}), which hides mixed-up axes")
    if len(network.sizes) > 2 and set(network.activations) <= {"relu", "identity"}:
        names = " and ".join(dict.fromkeys(network.activations))
        spots.append(
            f"{names}: a derivative taken at a instead of z is the same; check with --activation sigmoid too"
        )
    return spots
