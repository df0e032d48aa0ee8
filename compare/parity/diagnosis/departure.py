"""Gradients that no known defect leads to: where they depart first, and what is still right."""

from collections.abc import Mapping, Sequence

import numpy as np

from compare.implementation import Array
from compare.parity.diagnosis.explanations import Explanation, by_layer
from compare.parity.diagnosis.matching import Candidate, Matcher, layer_of
from compare.parity.diagnosis.wording import listed, see
from compare.parity.tolerance import relative_error


def unexplained(matcher: Matcher, part: Candidate, values: Mapping[str, Array]) -> Explanation:
    """Say which tensor departs first on the way back, and what is still right."""
    wrong = [name for name in matcher.names if not matcher.is_from(part, name, values[name])]
    layer = layer_of(wrong[0])
    first = [name for name in wrong if layer_of(name) == layer]
    later = [name for name in wrong if layer_of(name) != layer]
    allowed = "With that allowed for, " if part.defects else ""
    departs = " and ".join(departure(matcher, part, name, values[name]) for name in first)
    message = f"{allowed}{departs}, first on the way back. {still_right(matcher, part, first, later)}"
    if later:
        message += f" What is wrong further down ({listed(later)}) may follow from it."
    return Explanation("unexplained", layer, by_layer(wrong), message)


def departure(matcher: Matcher, part: Candidate, name: str, value: Array) -> str:
    """Say how far one tensor is off."""
    expected = part.gradients[name]
    if value.shape != expected.shape:
        return f"{name} has the shape {value.shape} instead of {expected.shape}"
    if not np.isfinite(value).all():
        return f"{name} contains numbers that are not finite"
    error = relative_error(value, expected)
    return f"{name} departs by {error:.2g} of its size (rounding explains {matcher.tolerances[name]:.1g})"


def still_right(matcher: Matcher, part: Candidate, first: Sequence[str], later: Sequence[str]) -> str:
    """Say what the tensors that are right prove, and so where the mistake is."""
    layer, network = layer_of(first[0]), matcher.network
    if network.bias and len(first) == 1:
        other = ("W" if first[0][0] == "b" else "b") + str(layer)
        if other[0] == "b" and later:
            return (
                f"{other} is right, so the sums of dZ{layer} over the samples are right; but as "
                f"{listed(later)} are wrong too, its rows may be out of step with the samples: see whether "
                f"inputs and labels are in the same order.{equation_of(first[0])}"
            )
        return f"{other} is right, so dZ{layer} is right, and the mistake is after it.{equation_of(first[0])}"
    if layer == network.depth:
        label = "B0" if network.is_fused else "B1"
        return f"That points to the error of the output layer, dZ{layer}.{see(label)}"
    above = [name for name in matcher.names if layer_of(name) == layer + 1]
    explained = "explained" if part.changed.intersection(above) else "right"
    verb = "are" if len(above) > 1 else "is"
    return (
        f"{listed(above)} {verb} {explained}, so dZ{layer + 1} is known, and the mistake is on the way from "
        f"there to dZ{layer}.{see('B4', 'B1')}"
    )


def equation_of(name: str) -> str:
    """Point to the equation of a tensor."""
    return see("B3" if name[0] == "b" else "B2")
