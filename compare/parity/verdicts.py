"""What the gate says of each tensor and trajectory: the parity part of the results."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from compare.plural import counted
from compare.results import Cell


@dataclass(frozen=True)
class TensorParity:
    """One tensor of one contestant against a witness in float64.

    `against` is "autograd", or "complex step" where the contestant is autograd itself. The complex step's
    error, and who stands `alone` where two of the three agree against one, are given for the loss and the
    gradients in float64, where the third witness speaks.
    """

    implementation: str
    objective: str
    dtype: str
    tensor: str
    relative_error: float
    tolerance: float
    passed: bool
    against: str
    complex_step_error: float | None
    alone: str | None


@dataclass(frozen=True)
class TrajectoryParity:
    """The parameters of one contestant after a number of steps, against autograd's in float64.

    `steps` is how many could be compared, fewer than asked for where the training diverges.
    `relative_error` and `tolerance` are those of the step and tensor where the error is largest beside its
    tolerance; `first_step` and `first_tensor` say where it left the tolerance first. `lr` is the
    learning rate where tuning chose it, None for the experiment's own, `threads` their number where it is
    not the experiment's first.
    """

    implementation: str
    objective: str
    optimizer: str
    dtype: str
    steps: int
    relative_error: float
    tolerance: float
    passed: bool
    first_step: int | None
    first_tensor: str | None
    lr: float | None = None
    threads: int | None = None


@dataclass(frozen=True)
class Difference:
    """Something that might explain a gap, `detected` by trying or declared; None stands for everybody."""

    implementation: str | None
    subject: str
    difference: str
    detected: bool


@dataclass(frozen=True)
class Parity:
    """What the gate found.

    Args:
        tensors: every tensor that was compared; trajectory: every training.
        failures: a reason for every (implementation, objective) that may not run.
        deviations: what an implementation says for its failed comparisons, by implementation, objective
            and, where it is a training that fails, optimizer. It may run, and is marked.
        refusals: why an implementation does not do (objective, optimizer, dtype).
        differences: what was found on the way, or is declared.
    """

    tensors: tuple[TensorParity, ...]
    trajectory: tuple[TrajectoryParity, ...]
    failures: Mapping[tuple[str, str], str]
    deviations: Mapping[tuple[str, str, str | None], str] = field(default_factory=dict)
    refusals: Mapping[tuple[str, str, str, str], str] = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()

    @property
    def all_equal(self) -> bool:
        """Whether every comparison that could be made passed, or failed by design."""
        rows: list[TensorParity | TrajectoryParity] = [*self.tensors, *self.trajectory]
        return all(row.passed or self.excuse(row) for row in rows)

    def excuse(self, row: TensorParity | TrajectoryParity) -> str | None:
        """Return what the implementation says for a comparison that failed."""
        optimizer = row.optimizer if isinstance(row, TrajectoryParity) else None
        return self.deviations.get((row.implementation, row.objective, optimizer))

    def declared(self, implementation: str, subject: str) -> str | None:
        """Return what an implementation declares to do otherwise in a subject, such as an update rule."""
        for one in self.differences:
            if (one.implementation, one.subject, one.detected) == (implementation, subject, False):
                return one.difference
        return None

    def failure_of(self, cell: Cell) -> str | None:
        """Return why a cell may not run."""
        return self.failures.get((cell.implementation, cell.objective))

    def holds_for(self, cell: Cell) -> bool:
        """Whether its implementation neither refuses a cell, nor failed, nor differs in it by design."""
        excused = {(cell.implementation, cell.objective, optimizer) for optimizer in (None, cell.optimizer)}
        fails = self.refusal_of(cell) or self.failure_of(cell)
        return fails is None and excused.isdisjoint(self.deviations)

    def refusal_of(self, cell: Cell) -> str | None:
        """Return why its implementation does not do a cell."""
        return self.refusals.get((cell.implementation, cell.objective, cell.optimizer, cell.dtype))

    def to_dict(self) -> dict[str, Any]:
        """Return the parity part of results.json."""
        return {
            "passed": not self.failures,
            "tensors": [asdict(row) for row in self.tensors],
            "trajectory": [asdict(row) for row in self.trajectory],
            "failures": [
                {"implementation": implementation, "objective": objective, "reason": reason}
                for (implementation, objective), reason in self.failures.items()
            ],
            "deviations": [
                dict(zip(("implementation", "objective", "optimizer", "reason"), (*key, reason), strict=True))
                for key, reason in self.deviations.items()
            ],
        }


def reason(row: TensorParity | TrajectoryParity) -> str:
    """Say in one line why a contestant failed."""
    what = (
        f"gradients: {row.tensor} is off"
        if isinstance(row, TensorParity)
        else f"{row.optimizer}{at_rate(row)}{on_threads(row)}: "
        f"{row.first_tensor} is off from step {row.first_step} on,"
    )
    return f"{what} by {row.relative_error:.1e} in {row.dtype}, tolerance {row.tolerance:.1e}"


def at_rate(row: TrajectoryParity) -> str:
    """Say at which rate, where that is not the experiment's own."""
    return "" if row.lr is None else f" at rate {row.lr:g}"


def on_threads(row: TrajectoryParity) -> str:
    """Say on how many threads, where that is not the experiment's first number of them."""
    return "" if row.threads is None else f" on {counted(row.threads, 'thread')}"
