"""Is somebody's own back-propagation right, and if not, what is wrong with it?"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.parity.diagnosis import diagnose
from compare.parity.student.answer import Answer, accept, joined
from compare.parity.student.other_question import other_question, told
from compare.parity.student.process import CheckError, Reply, Target, ask_student
from compare.parity.student.question import Layout, Question, blind_spots
from compare.parity.student.verdicts import Comparison, Finding, GradientCheck
from compare.parity.tolerance import relative_error, tolerances
from compare.parity.witnesses import ComplexStep
from handwritten import MLP

LOST = 1e-2
"""A tensor with a larger tolerance than this is not decided."""
DUE_TO_SHAPES = ("exception", "shape", "value")
"""Kinds of failures that biases of an unexpected shape may lead to."""

Ask = Callable[[Target, str, Mapping[str, Any], Mapping[str, Array], float], Reply]


@dataclass(frozen=True, eq=False)
class Reference:
    """The hand-written network's answer in float64, and how far the complex step is from it.

    `witness_error` is the largest normwise relative error of a tensor, estimated along random directions.
    """

    loss: float
    gradients: dict[str, Array]
    witness_error: float


def check_gradients(
    target: Target, question: Question, layout: Layout, timeout: float, ask: Ask = ask_student
) -> GradientCheck:
    """Ask a function for loss and gradients, and judge its answer.

    In columns the biases are handed out as (outputs, 1); where that does not lead to equal gradients, as
    (outputs,) too, since both ways of writing are in use.

    Raises:
        CheckError: there is no answer that could be judged.
    """
    reference = reference_for(question)

    def attempt(column_biases: bool) -> GradientCheck:
        arrays = question.handed_out(layout, column_biases)
        reply = ask(target, "gradients", {}, arrays, timeout)
        return judge(question, reference, reply, layout == "columns")

    if layout == "rows" or not question.network.bias:
        return attempt(False)
    try:
        first = attempt(True)
    except CheckError as error:
        if error.kind in DUE_TO_SHAPES:
            with contextlib.suppress(CheckError):
                return attempt(False)
        raise
    if not first.passed:
        try:
            second = attempt(False)
        except CheckError:
            return first
        return second if second.passed else first
    return first


def reference_for(question: Question) -> Reference:
    """Compute the reference, and have it confirmed by a witness that shares no code with it.

    Raises:
        CheckError: the two disagree, which no student's function is to blame for.
    """
    network = question.network
    parameters, X, Y = question.in_float64()
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    loss, views = mlp.loss_and_gradients(X, Y)
    gradients = {name: view.copy() for name, view in views.items()}
    allowed = tolerances(network, parameters, X, Y, "float64")
    witness, worst = ComplexStep(network, parameters, X, Y), 0.0
    for name, gradient in gradients.items():
        error = witness.error(name, gradient)
        worst = max(worst, error)
        if error > 2 * allowed[name]:
            raise CheckError(
                "reference",
                f"our own two witnesses disagree on {name} by {error:.1e}; this is a mistake of ours, or the "
                f"network is lost to rounding",
            )
    return Reference(loss, gradients, worst)


def judge(question: Question, reference: Reference, reply: Reply, columns: bool) -> GradientCheck:
    """Compare an answer with the reference and, where it differs, find out why."""
    record = reply.record
    answers = [
        accept(
            {key[2:]: values for key, values in reply.arrays.items() if key.startswith(f"{call} ")},
            entry["keys"],
            entry["lists"],
            question.network,
            len(question.X),
            question.dtype,
            columns,
        )
        for call, entry in enumerate(record["calls"])
    ]
    first = answers[0]
    parameters, X, Y = question.in_float64()
    allowed = tolerances(question.network, parameters, X, Y, first.dtype)
    loss = compared("loss", first.loss, reference.loss, allowed["loss"])
    tensors = tuple(
        compared(name, first.gradients[name], gradient, allowed[name])
        for name, gradient in reference.gradients.items()
    )
    findings = unsteady(answers, allowed)
    equal = loss.passed and all(row.passed for row in tensors)
    if not equal:
        other = other_question(question, first.loss, first.gradients, first.dtype)
        if other is not None:
            wrong = tuple(row.tensor for row in tensors if not row.passed)
            findings.append(Finding("other-question", None, wrong, told(other, question.network)))
        else:
            explanations = diagnose(
                question.network, parameters, X, Y, first.loss, first.gradients, first.dtype
            )
            findings += [Finding(e.defect, e.layer, tuple(e.tensors), e.message) for e in explanations]
    return GradientCheck(
        passed=equal and not findings,
        loss=loss,
        tensors=tensors,
        diagnosis=tuple(findings),
        changed=tuple(record["changed"]),
        notes=tuple(remarks(question, reply, first)),
        witness_error=reference.witness_error,
    )


def compared(tensor: str, value: Any, wanted: Any, tolerance: float) -> Comparison:
    """Compare one tensor with the reference."""
    error = relative_error(value, wanted)
    return Comparison(tensor, error, tolerance, error <= tolerance)


def unsteady(answers: Sequence[Answer], allowed: Mapping[str, float]) -> list[Finding]:
    """Report an answer that changes from one call to the next with the same arguments."""
    first, second = ({"loss": np.array(answer.loss), **answer.gradients} for answer in answers)
    differing = [name for name in first if relative_error(second[name], first[name]) > allowed[name]]
    if not differing:
        return []
    doubled = all(relative_error(second[name], 2 * first[name]) <= allowed[name] for name in differing)
    cause = (
        "the second is twice the first: gradients are added to those of the call before; start from zero"
        if doubled
        else "something is kept between calls, in a global or an attribute, or it is drawn at random"
    )
    message = f"Called twice with the same arguments, it gives two answers for {joined(differing)}: {cause}."
    return [Finding("not-repeatable", None, tuple(name for name in differing if name != "loss"), message)]


def remarks(question: Question, reply: Reply, answer: Answer) -> list[str]:
    """Return what else is worth knowing about an answer."""
    notes = list(answer.notes)
    if reply.record["changed"]:
        notes.insert(
            0,
            f"it changes {joined(reply.record['changed'])} in place; the check handed out copies, but a "
            f"training loop would go on with the changed values",
        )
    notes += [f"NumPy warned, {text}" for text in reply.record["warnings"]]
    if reply.printed_lines:
        notes.append(printed(reply))
    parameters, X, Y = question.in_float64()
    allowed = tolerances(question.network, parameters, X, Y, answer.dtype)
    lost = [name for name, tolerance in allowed.items() if tolerance >= LOST and name in answer.gradients]
    if lost:
        notes.append(
            f"rounding in {answer.dtype} leaves too little of {joined(lost)} to compare at these weights: "
            f"not decided"
        )
    return notes + blind_spots(question)


def printed(reply: Reply) -> str:
    """Say how much a student's file printed."""
    many = reply.printed_lines > 1
    return f"it printed {reply.printed_lines} {'lines, which are' if many else 'line, which is'} not shown"
