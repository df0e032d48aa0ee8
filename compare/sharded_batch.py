"""From an experiment to the proof and the times of a full batch spread over the processes of `torchrun`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.analysis.statistics import geometric_ratio_interval
from compare.experiment import Experiment
from compare.implementation import Array, UpdateRule
from compare.implementations.torch_sharded import Group, ShardedTorch, WholeTorch
from compare.initial_weights import draw_parameters
from compare.measure.task import network_of
from compare.network import Network
from compare.parity.sharded import Sharding, compared, reference, shardings
from compare.parity.tolerance import rounded_to, tolerances
from compare.targets import target_matrix
from data import Dataset

BLOCK_SECONDS = 0.1
Document = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Whole:
    """A full batch, its network and the weights, rounded to a dtype and kept in it."""

    network: Network
    parameters: Mapping[str, Array]
    X: Array
    Y: Array
    rule: UpdateRule
    dtype: str

    def on(self, rows: Array) -> ShardedTorch:
        """Return the contestant that has some rows of it."""
        return ShardedTorch(self.network, self.parameters, self.rule, self.dtype, self.X, self.Y, rows)

    def alone(self) -> WholeTorch:
        """Return the contestant that has all of it in one process."""
        return WholeTorch(self.network, self.parameters, self.rule, self.dtype, self.X, self.Y)


def whole_batch(experiment: Experiment, dataset: Dataset, objective: str, dtype: str) -> Whole:
    """Return the training set as one batch, with the weights of the first seed and the first optimizer."""
    network, optimizer = network_of(experiment, dataset, objective), experiment.factors.optimizers[0]
    drawn = draw_parameters(network, experiment.model.init, experiment.run.seeds[0])
    return Whole(
        network,
        {name: values.astype(dtype) for name, values in drawn.items()},
        dataset.X_train.astype(dtype),
        target_matrix(dataset.Y_train, network.sizes[-1], dtype),
        UpdateRule(optimizer, experiment.optimizer_options(optimizer)),
        dtype,
    )


def prove_and_time(experiment: Experiment, dataset: Dataset, group: Group) -> Document:
    """Return the proof for every objective, dtype and sharding, and the times of the last, evenly sharded.

    All processes of the group call this; every one of them does its part, and returns the same proof.
    """
    proofs = []
    for objective in experiment.factors.objectives:
        for dtype in dict.fromkeys(("float64", *experiment.factors.dtypes)):
            whole = whole_batch(experiment, dataset, objective, dtype)
            proofs += prove(whole, group)
    return {
        "processes": group.size,
        "rows": len(dataset.X_train),
        "dataset": dataset.name,
        "sizes": list(whole.network.sizes),
        "threads": experiment.factors.threads[0],
        "proofs": proofs,
        "passed": all(row["passed"] for proof in proofs for row in proof["tensors"]),
        "times": take_times(whole, group, experiment.run.rounds),
    }


def prove(whole: Whole, group: Group) -> list[Document]:
    """Return a proof for each way of sharding, with what plain averaging would have given."""
    parameters = {name: rounded_to(values, whole.dtype) for name, values in whole.parameters.items()}
    X, Y = (rounded_to(values, whole.dtype) for values in (whole.X, whole.Y))
    right = reference(whole.network, parameters, X, Y)
    allowed = tolerances(whole.network, parameters, X, Y, whole.dtype)
    proofs = []
    for sharding in shardings(group.size):
        contestant = whole.on(sharding.rows_of(group.rank, len(X)))
        summed, averaged = contestant.gradients(), contestant.averaged_gradients()
        wrong = max(row["relative_error"] for row in compared(averaged, right, allowed))
        proofs.append(
            {
                "objective": whole.network.objective,
                "dtype": whole.dtype,
                "sharding": sharding.name,
                "rows": sharding.counts(len(X)),
                "tensors": list(compared(summed, right, allowed)),
                "averaging_error": wrong,
            }
        )
    return proofs


def take_times(whole: Whole, group: Group, rounds: int) -> Document:
    """Return the ratio of a step of all processes together to one of a single process, block by block.

    In every round both take a block of as many steps, in an order drawn for the round; while the single
    process works, the others wait.
    """
    every = np.arange(len(whole.X))
    together = whole.on(Sharding("even", (1.0,) * group.size).rows_of(group.rank, len(every)))
    alone = whole.alone() if group.rank == 0 else None
    seconds = max(together.block(3) / 3, 1e-6)
    steps = group.agree(max(1, round(BLOCK_SECONDS / seconds)))
    if alone:
        alone.block(3)
    ratios, rng = [], np.random.default_rng(0)
    for _ in range(rounds):
        taken = {}
        for which in rng.permutation(2):
            group.wait()
            if which == 0:
                taken["together"] = together.block(steps)
            elif alone:
                taken["alone"] = alone.block(steps)
        ratios.append(taken["together"] / taken.get("alone", taken["together"]))
    interval = geometric_ratio_interval(ratios)
    return {
        "steps_a_block": steps,
        "rounds": rounds,
        "seconds_per_step": taken["together"] / steps,
        "ratio": interval.point,
        "ratio_low": interval.low,
        "ratio_high": interval.high,
    }
