"""What the gate says of each tensor and trajectory: the parity part of the results."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


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
    tolerance; `first_step` and `first_tensor` say where it left the tolerance first.
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


@dataclass(frozen=True)
class Parity:
    """What the gate found; `failures` has a reason for every (implementation, objective) that may not run."""

    tensors: tuple[TensorParity, ...]
    trajectory: tuple[TrajectoryParity, ...]
    failures: Mapping[tuple[str, str], str]

    @property
    def all_equal(self) -> bool:
        """Whether every comparison that could be made passed."""
        return all(row.passed for row in self.tensors) and all(row.passed for row in self.trajectory)

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
        }


def reason(row: TensorParity | TrajectoryParity) -> str:
    """Say in one line why a contestant failed."""
    what = (
        f"gradients: {row.tensor} is off"
        if isinstance(row, TensorParity)
        else f"{row.optimizer}: {row.first_tensor} is off from step {row.first_step} on,"
    )
    return f"{what} by {row.relative_error:.1e} in {row.dtype}, tolerance {row.tolerance:.1e}"
