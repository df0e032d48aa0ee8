"""The gate: everybody computes the same as the reference, before anybody is timed."""

from collections.abc import Callable

from compare.measure.contestant import ContestantError
from compare.measure.laboratory import Laboratory
from compare.parity.bench import Bench
from compare.parity.verdicts import Difference, Parity, TensorParity, TrajectoryParity, reason


def check_parity(laboratory: Laboratory, report: Callable[[str], None]) -> Parity:
    """Compare every implementation with autograd for every objective, dtype and optimizer of the experiment.

    Args:
        laboratory: data, weights and processes.
        report: told what is being compared, in a few words, before each comparison.
    """
    experiment = laboratory.experiment
    gate = Gate(experiment.factors.optimizers)
    for objective in experiment.factors.objectives:
        for dtype in dict.fromkeys(("float64", *experiment.factors.dtypes)):
            bench = Bench(laboratory, objective, dtype)
            for implementation in experiment.contestants:
                report(f"{implementation}, {objective}, {dtype}")
                try:
                    gate.examine(bench, implementation)
                except ContestantError as error:
                    why = f"parity could not be checked: {error}"
                    gate.failures[implementation, objective] = why
    return gate.verdict()


class Gate:
    """What has been found so far, of everybody."""

    def __init__(self, optimizers: tuple[str, ...]) -> None:
        self.optimizers = optimizers
        self.tensors: list[TensorParity] = []
        self.trajectories: list[TrajectoryParity] = []
        self.failures: dict[tuple[str, str], str] = {}
        self.refusals: dict[tuple[str, str, str, str], str] = {}
        self.declared: dict[str, dict[str, str]] = {}
        self.differences: list[Difference] = []

    def examine(self, bench: Bench, implementation: str) -> None:
        """Compare one implementation on one bench, with the optimizers that it does not refuse."""
        able = [optimizer for optimizer in self.optimizers if self._accepts(bench, implementation, optimizer)]
        if not able:
            return
        self.tensors += bench.gradients(implementation, able[0])
        finer = bench.precision(implementation, able[0])
        if finer is not None:
            self.differences.append(Difference(implementation, *finer, detected=True))
        for optimizer in able if not bench.is_witness(implementation) else ():
            row = bench.trajectory(implementation, optimizer)
            self.trajectories.append(row)
            for threads in bench.experiment.factors.threads[1:]:
                self.trajectories.append(bench.trajectory(implementation, optimizer, threads=threads))
            found = None if row.passed else bench.epoch(implementation, optimizer)
            if found is not None:
                self.differences.append(Difference(implementation, *found, detected=True))

    def _accepts(self, bench: Bench, implementation: str, optimizer: str) -> bool:
        """Let it be built and looked at; note what differs, and why it refuses."""
        found = bench.inspection(implementation, optimizer)
        if found["refused"] is not None:
            self.refusals[implementation, bench.objective, optimizer, bench.dtype] = found["refused"]
            return False
        self.declared[implementation] = found["deviations"]
        for subject, difference in found["differences"]:
            self.differences.append(Difference(implementation, subject, difference, detected=True))
        return True

    def verdict(self) -> Parity:
        """Sort the comparisons that failed into failures and declared deviations."""
        deviations: dict[tuple[str, str, str | None], str] = {}
        rows: list[TensorParity | TrajectoryParity] = [*self.tensors, *self.trajectories]
        for row in rows:
            if row.passed:
                continue
            optimizer = row.optimizer if isinstance(row, TrajectoryParity) else None
            excuse = self.declared.get(row.implementation, {}).get(optimizer or "gradients")
            if excuse is None:
                self.failures.setdefault((row.implementation, row.objective), reason(row))
            else:
                deviations[row.implementation, row.objective, optimizer] = excuse
        told = [
            Difference(name, subject, sentence, detected=False)
            for name, sentences in self.declared.items()
            for subject, sentence in sentences.items()
            if subject not in ("sgd", "rmsprop", "adam", "adamw") or subject in self.optimizers
        ]
        return Parity(
            tuple(self.tensors),
            tuple(self.trajectories),
            self.failures,
            deviations,
            self.refusals,
            tuple(dict.fromkeys([*self.differences, *told])),
        )
