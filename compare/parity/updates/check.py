"""Is somebody's own update rule the one asked for, and if not, which mistake was made?"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.parity.student.answer import joined
from compare.parity.student.gradient_check import Ask, printed
from compare.parity.student.process import CheckError, Reply, Target, ask_student
from compare.parity.student.verdicts import Finding
from compare.parity.updates.diagnosis import explain, parting, unexplained
from compare.parity.updates.paths import handwritten_path, path_errors, path_tolerances, textbook_path
from compare.parity.updates.question import UpdateQuestion


@dataclass(frozen=True)
class TensorPath:
    """One parameter after all steps beside the reference; `first_step`: where it left the tolerance."""

    tensor: str
    relative_error: float
    tolerance: float
    passed: bool
    first_step: int | None


@dataclass(frozen=True)
class UpdateCheck:
    """The verdict on one update rule; `witness_error`: how far the textbook's form is from the reference."""

    tensors: tuple[TensorPath, ...]
    diagnosis: tuple[Finding, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...]
    witness_error: float

    @property
    def passed(self) -> bool:
        """Whether the rule is the one asked for."""
        return not self.diagnosis and all(row.passed for row in self.tensors)

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict ready for JSON, but for numbers that are not finite."""
        parted = [(row.first_step, row.tensor) for row in self.tensors if row.first_step is not None]
        step, tensor = min(parted, key=lambda entry: entry[0], default=(None, None))
        return {
            "passed": self.passed,
            "first_step": step,
            "first_tensor": tensor,
            "tensors": [asdict(row) for row in self.tensors],
            "diagnosis": [asdict(finding) | {"tensors": list(finding.tensors)} for finding in self.diagnosis],
            "changed": list(self.changed),
            "notes": list(self.notes),
            "witness_error": self.witness_error,
        }


def check_updates(
    target: Target, question: UpdateQuestion, timeout: float, ask: Ask = ask_student
) -> UpdateCheck:
    """Ask an update rule for the parameters after each step, and judge them.

    Raises:
        CheckError: there is no answer that could be judged.
    """
    reference, textbook = handwritten_path(question), textbook_path(question)
    allowed = path_tolerances(question, reference)
    apart = path_errors(question, textbook, reference)
    if not (apart <= allowed).all():
        raise CheckError(
            "reference",
            f"our own two forms of {question.rule} part by {apart.max():.1e} with these hyperparameters; "
            f"the rule is lost to rounding there, or this is a mistake of ours",
        )
    request = {"hyperparameters": [dict(values) for values in question.hyperparameters]}
    reply = ask(target, "updates", request | {"neutral": question.neutral}, question.handed_out(), timeout)
    path, again = (path_of(question, reply, call) for call in (0, 1))
    rows = tuple(compared(question, path, reference))
    findings = unsteady(question, path, again, allowed)
    if not all(row.passed for row in rows):
        findings += diagnosis(question, path, reference)
    changed = tuple(reply.record["changed"])
    return UpdateCheck(rows, tuple(findings), changed, tuple(remarks(question, reply)), float(apart.max()))


def path_of(question: UpdateQuestion, reply: Reply, call: int) -> Array:
    """Return the path of one of the student's runs, in float64."""
    states = []
    for step in range(1, question.steps + 1):
        tensors = {name: reply.arrays[f"{call} {step} {name}"] for name in question.shapes}
        for name, values in tensors.items():
            if values.dtype.kind == "c":
                raise CheckError("value", f"{name} is complex after step {step}; return real numbers")
        states.append(question.joined(tensors).astype(np.float64))
    return np.array(states)


def compared(question: UpdateQuestion, path: Array, reference: Array) -> list[TensorPath]:
    """Compare every tensor after the step where it is farthest from its tolerance."""
    errors, allowed = path_errors(question, path, reference), path_tolerances(question, reference)
    rows = []
    for number, (name, first) in enumerate(parting(question, path, reference)):
        worst = int(np.argmax(errors[:, number] / allowed[:, number]))
        error, tolerance = float(errors[worst, number]), float(allowed[worst, number])
        rows.append(TensorPath(name, error, tolerance, first is None, first))
    return rows


def diagnosis(question: UpdateQuestion, path: Array, reference: Array) -> list[Finding]:
    """Return the causes, best first, or where the path parts if there is none in the catalogue.

    Raises:
        CheckError: the parameters are not finite, and no mistake of the catalogue explains it.
    """
    findings = []
    for defects, tensors in explain(question, path, reference):
        findings.append(
            Finding(
                "+".join(defect.id for defect in defects),
                None,
                tensors,
                " Besides: ".join(
                    f"{defect.message} See [{defect.equation}] in docs/derivation.md." for defect in defects
                ),
            )
        )
    if findings:
        return findings
    steps = [(step, name) for name, step in parting(question, path, reference) if step is not None]
    first, tensor = min(steps, key=lambda entry: entry[0])
    if not np.isfinite(path[first - 1]).all():
        raise CheckError(
            "value",
            f"{tensor} is not finite after step {first}; a division by 0, or the root of a negative number?",
        )
    names = tuple(name for step, name in steps)
    return [Finding("unexplained", None, names, unexplained(question, tensor, first))]


def unsteady(question: UpdateQuestion, path: Array, again: Array, allowed: Array) -> list[Finding]:
    """Report a rule that takes another path when it starts anew with an empty state."""
    wrong = ~(path_errors(question, again, path) <= allowed)
    if not wrong.any():
        return []
    names = tuple(name for name, of_tensor in zip(question.shapes, wrong.T, strict=True) if of_tensor.any())
    message = (
        "Run a second time from the start with an empty state, it takes another path: something is kept "
        "outside `state` (a global, an attribute, a default argument), or drawn at random."
    )
    return [Finding("not-repeatable", None, names, message)]


def remarks(question: UpdateQuestion, reply: Reply) -> list[str]:
    """Return what else is worth knowing about a rule."""
    notes, record = [], reply.record
    if record["changed"]:
        notes.append(f"it changes the gradients {joined(record['changed'])} in place")
    coarse = sorted({values.dtype.name for values in reply.arrays.values()} - {"float64", "longdouble"})
    if coarse:
        notes.append(f"parameters came back as {joined(coarse)}; the check is in float64")
    if record["left_out"]:
        notes.append(f"it does not take {joined(record['left_out'])}, and need not: off here")
    for name in ("momentum", "weight_decay"):
        if name in question.neutral:
            flag = f"--{name.replace('_', '-')} {0.9 if name == 'momentum' else 0.1}"
            notes.append(f"{name} is 0 here, so nothing about it is checked; {flag} would")
    notes += [f"NumPy warned, {text}" for text in record["warnings"]]
    if reply.printed_lines:
        notes.append(printed(reply))
    return notes
