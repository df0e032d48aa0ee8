"""The gate: who computes the same as the reference, before anybody is timed."""

from collections.abc import Callable

from compare.measure.contestant import ContestantError
from compare.measure.laboratory import Laboratory
from compare.parity.bench import Bench
from compare.parity.verdicts import Parity, TensorParity, TrajectoryParity, reason


def check_parity(laboratory: Laboratory, report: Callable[[str], None]) -> Parity:
    """Compare every implementation with autograd for every objective, dtype and optimizer of the experiment.

    Args:
        laboratory: data, weights and processes.
        report: told what is being compared, in a few words, before each comparison.
    """
    experiment = laboratory.experiment
    dtypes = dict.fromkeys(("float64", *experiment.factors.dtypes))
    tensors: list[TensorParity] = []
    trajectories: list[TrajectoryParity] = []
    failures: dict[tuple[str, str], str] = {}
    for objective in experiment.factors.objectives:
        for dtype in dtypes:
            bench = Bench(laboratory, objective, dtype)
            for implementation in experiment.factors.implementations:
                report(f"{implementation}, {objective}, {dtype}")
                try:
                    tensors += bench.gradients(implementation)
                    if not bench.is_witness(implementation):
                        for optimizer in experiment.factors.optimizers:
                            trajectories.append(bench.trajectory(implementation, optimizer))
                except ContestantError as error:
                    failures[implementation, objective] = f"parity could not be checked: {error}"
    rows: list[TensorParity | TrajectoryParity] = [*tensors, *trajectories]
    for row in rows:
        if not row.passed:
            failures.setdefault((row.implementation, row.objective), reason(row))
    return Parity(tuple(tensors), tuple(trajectories), failures)
