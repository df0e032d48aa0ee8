"""Which mistake an update rule has: every one of the catalogue is tried on the same gradients, then pairs."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from compare.implementation import Array
from compare.parity.updates.defect import UpdateDefect
from compare.parity.updates.defects import defects_of
from compare.parity.updates.paths import path_errors, path_tolerances, textbook_path
from compare.parity.updates.question import UpdateQuestion
from compare.parity.updates.rules import RULES

Explained = tuple[tuple[UpdateDefect, ...], tuple[str, ...]]
"""Mistakes made together, and the tensors they were made in."""


def explain(question: UpdateQuestion, path: Array, reference: Array) -> list[Explained]:
    """Return what explains a path to rounding: single mistakes first, pairs only where no single one does.

    A mistake may have been made in some tensors alone; the others must then be right.
    """
    defects = defects_of(question.rule)
    usual = matching(question, path, reference, [(defect,) for defect in defects])
    if usual:
        return usual
    scale = scaled(question, path, reference)
    if scale:
        return scale
    apart = [
        (one, other)
        for one, other in itertools.combinations(defects, 2)
        if not one.changes.keys() & other.changes.keys()
    ]
    return matching(question, path, reference, apart)


def matching(
    question: UpdateQuestion, path: Array, reference: Array, candidates: Sequence[tuple[UpdateDefect, ...]]
) -> list[Explained]:
    """Return the candidates that lead along this path; in all tensors, or if there is none, in some."""
    right = agreeing(question, path, reference)
    found: list[tuple[bool, Explained]] = []
    for defects in candidates:
        rule = RULES[question.rule]
        for defect in defects:
            rule = defect.applied(rule)
        wrong = textbook_path(question, rule)
        matches = agreeing(question, path, wrong)
        if (matches | right).all():
            names = [
                name
                for name, match, good in zip(question.shapes, matches, right, strict=True)
                if match and not good
            ]
            found.append((bool(matches.all()), (defects, tuple(names))))
    anywhere = any(everywhere for everywhere, _ in found)
    return [explained for everywhere, explained in found if everywhere or not anywhere]


def agreeing(question: UpdateQuestion, path: Array, other: Array) -> Array:
    """Return for every tensor whether two paths agree at all steps, in what is not finite as well."""
    finite = np.where(np.isfinite(other), other, 0)
    allowed = np.nan_to_num(path_tolerances(question, finite), nan=0.0, posinf=0.0)
    agree: Array = np.all(path_errors(question, path, other) <= allowed, axis=0)
    return agree


def scaled(question: UpdateQuestion, path: Array, reference: Array) -> list[Explained]:
    """Return the one factor by which all steps are too long, where there is one."""
    rule = RULES[question.rule]
    still = textbook_path(question, {**rule, "theta": lambda s: s.decayed})[0]
    step, own = still - reference[0], still - path[0]
    with np.errstate(invalid="ignore", over="ignore"):
        ratio = float(np.dot(own, step) / np.dot(step, step))
    if not np.isfinite(ratio) or ratio == 0:
        return []
    defect = UpdateDefect(
        "scaled",
        (question.rule,),
        "O1",
        f"Every step is {ratio:.6g} times as long as it is to be; is lr multiplied or divided twice?",
        {"theta": lambda s: s.decayed - ratio * s.step},
    )
    return matching(question, path, reference, [(defect,)])


def parting(question: UpdateQuestion, path: Array, reference: Array) -> Iterator[tuple[str, int | None]]:
    """Yield every tensor with the first step at which it leaves the tolerance."""
    wrong = ~(path_errors(question, path, reference) <= path_tolerances(question, reference))
    for number, name in enumerate(question.shapes):
        steps = np.flatnonzero(wrong[:, number])
        yield name, int(steps[0]) + 1 if len(steps) else None


def unexplained(question: UpdateQuestion, tensor: str, step: int) -> str:
    """Say where a path parts that nothing in the catalogue explains, and where to look."""
    where = f"No mistake of the catalogue explains this. The first to part is {tensor}, at step {step}"
    if step == 1:
        return f"{where}: compare the rule itself, and the start values of what is kept in the state."
    if step == question.halved_at:
        return f"{where}, where lr is halved: look at what keeps an old lr."
    return f"{where}, after {step - 1} right ones: look at what is kept from step to step in the state."
