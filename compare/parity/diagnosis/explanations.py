"""From what was found to what is told: the explanations of a diagnosis."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compare.implementation import Array
from compare.parity.defects.catalogue.scale import TOLD
from compare.parity.defects.defect import Suspect
from compare.parity.diagnosis.matching import Candidate, Matcher, layer_of
from compare.parity.diagnosis.ratios import Group
from compare.parity.diagnosis.wording import gradient_is, listed, see, sentence, titled, told

BIAS_ONLY = {"averaged-twice": "bias-averaged-twice", "missing-mean": "bias-missing-mean"}
WEIGHTS_ONLY = {"averaged-twice": "weights-averaged-twice", "missing-mean": "weights-missing-mean"}
MOST_TIES = 4
"""How many other defects are named that cannot be told from the one found."""
CLIPPED = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Norms that people clip gradients to."""


@dataclass(frozen=True)
class Explanation:
    """One thing that is wrong.

    Args:
        defect: its id; "unexplained" where no known defect leads to the gradients.
        layer: the layer it sits at; None where it is no single one.
        tensors: those it makes wrong, first layer first; "loss" where it is the loss.
        message: what was done, how it was recognised, and the equation of the derivation to look at.
    """

    defect: str
    layer: int | None
    tensors: tuple[str, ...]
    message: str


def by_layer(names: Sequence[str]) -> tuple[str, ...]:
    """Return names of tensors, first layer first, W before b."""
    return tuple(sorted(names, key=lambda name: (layer_of(name), name)))


def of_candidate(
    matcher: Matcher, candidate: Candidate, others: Sequence[Candidate], with_its_loss: bool = False
) -> list[Explanation]:
    """Explain each defect of a set; `others` explain the gradients as well."""
    explanations = [of_suspect(matcher, suspect) for suspect in candidate.defects]
    titles = dict.fromkeys(titled(other.defects) for other in others)
    titles.pop(titled(candidate.defects), None)
    more = " The loss that you return goes with it." if with_its_loss else ""
    if titles:
        shown = "; ".join(list(titles)[:MOST_TIES])
        more += f" On this network and batch, {shown} would give the same gradients."
    first, *rest = explanations
    return [replace(first, message=first.message + more), *rest]


def of_suspect(matcher: Matcher, suspect: Suspect, wrong: Sequence[str] = ()) -> Explanation:
    """Explain one defect; `wrong` names the tensors it shows in, where that is not all it can change."""
    tensors = by_layer([*(wrong or matcher.candidate((suspect,)).changed)])
    message = told(suspect, tensors, matcher.network, matcher.n)
    return Explanation(suspect.defect.id, suspect.layer, tensors, message)


def of_group(matcher: Matcher, group: Group, values: Mapping[str, Array]) -> list[Explanation]:
    """Explain tensors that are off by one ratio."""
    if group.ratio == 0:
        return of_zeros(matcher, group.tensors)
    kinds, equation = kind_of(matcher, group.tensors)
    factors = group.product or group.meanings[:1]
    if not factors or factors[0].id == "scaled":
        return [of_scale(matcher, group, values, equation)]
    tensors, layer = by_layer(group.tensors), layer_of_all(matcher, group.tensors)
    after = see(equation) + beside(group)
    return [
        Explanation(
            kinds.get(factor.id, factor.id),
            layer,
            tensors,
            f"{listed(tensors)}: {sentence(TOLD[factor.id].format(ratio=gradient_is(factor)))}{after}",
        )
        for factor in factors
    ]


def beside(group: Group) -> str:
    """Say what else is to be said of a ratio: that it is a product, or that it has other meanings."""
    text = f" Two factors together make {group.ratio:.6g} times." if group.product else ""
    if {factor.id for factor in group.product} == {"factor-two", "mean-over-elements"}:
        text += " PyTorch's MSELoss has both unless it is told otherwise."
    if others := [factor.id for factor in group.meanings[1:]]:
        text += f" On this network and batch, {' or '.join(others)} would give the same gradients."
    return text


def of_zeros(matcher: Matcher, tensors: Sequence[str]) -> list[Explanation]:
    """Explain tensors that are zero and should not be."""
    explanations = []
    for kind, letter, equation in (("weights-missing", "W", "B2"), ("bias-missing", "b", "B3")):
        zeros = by_layer([name for name in tensors if name.startswith(letter)])
        everyone = [name for name in matcher.names if name.startswith(letter)]
        together = [zeros] if len(zeros) == len(everyone) else [(name,) for name in zeros]
        for names in together:
            message = f"{listed(names)}: the gradient is missing: what you return is zero.{see(equation)}"
            explanations.append(Explanation(kind, layer_of_all(matcher, names), names, message))
    return explanations


def of_scale(matcher: Matcher, group: Group, values: Mapping[str, Array], equation: str) -> Explanation:
    """Explain a ratio that is no known defect's."""
    tensors = by_layer(group.tensors)
    because = f" ({group.meanings[0].because})" if group.meanings else ""
    message = (
        f"{listed(tensors)}: your gradient is {group.ratio:.6g} times the right one{because}, entry by "
        f"entry: the derivation is right but for this constant.{see(equation)}"
    )
    if len(tensors) == len(matcher.names):
        size = math.sqrt(sum(float(np.vdot(values[name], values[name])) for name in tensors))
        if -1 < group.ratio < 0:
            message += f" Do you return the update -η g, with η = {-group.ratio:.6g}?"
        if any(abs(size - norm) <= 1e-6 * norm for norm in CLIPPED):
            message += f" All of it together has the norm {size:.6g}: do you clip or normalise it?"
    return Explanation("scaled", layer_of_all(matcher, group.tensors), tensors, message)


def of_many_ratios(groups: Sequence[Group]) -> Explanation:
    """Explain tensors that are each off by a ratio of their own."""
    tensors = by_layer([name for group in groups for name in group.tensors])
    ratios = ", ".join(f"{listed(group.tensors)} {group.ratio:.6g} times" for group in groups)
    message = (
        f"{listed(tensors)}: entry by entry a constant times the right gradient: {ratios}. A factor "
        f"enters again in every layer on the way back.{see('B4')}"
    )
    return Explanation("scaled", None, tensors, message)


def kind_of(matcher: Matcher, tensors: Sequence[str]) -> tuple[dict[str, str], str]:
    """Return the ids that differ, and the equation, where only biases or only weights are off."""
    letters = {name[0] for name in tensors}
    if letters == {"b"}:
        return BIAS_ONLY, "B3"
    if letters == {"W"} and matcher.network.bias:
        return WEIGHTS_ONLY, "B2"
    return {}, "L" if len(tensors) == len(matcher.names) else "B2"


def layer_of_all(matcher: Matcher, tensors: Sequence[str]) -> int | None:
    """Return the one layer of some tensors, or the one from which all below are among them, or None."""
    last, top = matcher.network.depth, max(layer_of(name) for name in tensors)
    own = {name for name in matcher.names if layer_of(name) == top}
    down = {name for name in matcher.names if layer_of(name) <= top}
    alone = own.issuperset(tensors) and last > 1
    return top if alone or (down == set(tensors) and top < last) else None
