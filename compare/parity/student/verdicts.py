"""The records of a verdict on somebody's own back-propagation."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Comparison:
    """One tensor beside the reference; `relative_error` is normwise."""

    tensor: str
    relative_error: float
    tolerance: float
    passed: bool


@dataclass(frozen=True)
class Finding:
    """One cause, in words; `layer` where it sits in one."""

    defect: str
    layer: int | None
    tensors: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class GradientCheck:
    """The verdict on one function."""

    passed: bool
    loss: Comparison
    tensors: tuple[Comparison, ...]
    diagnosis: tuple[Finding, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...]
    witness_error: float

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict ready for JSON, but for numbers that are not finite."""
        loss = asdict(self.loss)
        del loss["tensor"]
        return {
            "passed": self.passed,
            "loss": loss,
            "tensors": [asdict(row) for row in self.tensors],
            "diagnosis": [asdict(finding) | {"tensors": list(finding.tensors)} for finding in self.diagnosis],
            "changed": list(self.changed),
            "notes": list(self.notes),
            "witness_error": self.witness_error,
        }
