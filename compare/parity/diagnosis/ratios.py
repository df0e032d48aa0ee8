"""Gradients that are constant multiples of the right ones: which tensors, and by how much."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.parity.defects.factors import (
    Factor,
    gradient_factors,
    other_factors,
    recognise,
    recognise_product,
)
from compare.parity.diagnosis.matching import Matcher


@dataclass(frozen=True)
class Group:
    """The tensors, in the order of the backward pass, that are off by one ratio; with what it may mean."""

    ratio: float
    tensors: tuple[str, ...]
    meanings: tuple[Factor, ...]
    product: tuple[Factor, ...]


def constant_ratios(matcher: Matcher, values: Mapping[str, Array]) -> list[Group]:
    """Return the groups of tensors off by one ratio each; [] unless that is all that is wrong.

    Where every tensor is off, one ratio may be common to all, and some have another on top of it: of these
    accounts the shortest is returned. A tensor with one entry is a multiple of any other, so its ratio
    counts only if it means something or another tensor has it too.
    """
    ratios: dict[str, float] = {}
    for name in matcher.names:
        ratio = constant_ratio(matcher, name, values[name]) if matcher.is_wrong(name, values[name]) else 1.0
        if ratio is None:
            return []
        ratios[name] = ratio
    accounts = [groups_beside(matcher, ratios, common) for common in dict.fromkeys([1.0, *ratios.values()])]
    best = min(accounts, key=lambda groups: sum(map(cost, groups)))
    for group in best:
        entries = sum(values[name].size for name in group.tensors)
        if entries == 1 and group.ratio != 0 and not (group.meanings or group.product):
            return []
    return best


def groups_beside(matcher: Matcher, ratios: Mapping[str, float], common: float) -> list[Group]:
    """Describe ratios as one that is common to all tensors, and what some have on top of it."""
    if common == 0:
        common = 1.0
    rest = {name: ratio / common for name, ratio in ratios.items()}
    off = {name: ratio for name, ratio in rest.items() if abs(ratio - 1) > 2 * matcher.match_tolerance(name)}
    groups = [describe(matcher, names, off) for names in gathered(matcher, off)]
    if common == 1:
        return groups
    return [describe(matcher, matcher.names, dict.fromkeys(matcher.names, common)), *groups]


def cost(group: Group) -> float:
    """Return how many mistakes a ratio stands for; one that means nothing counts as more."""
    if group.product:
        return 2
    return 1 if group.meanings or group.ratio == 0 else 1.5


def constant_ratio(matcher: Matcher, name: str, value: Array) -> float | None:
    """Return the ratio of a tensor to the right one, or None where it is not constant."""
    right = matcher.right[name]
    if value.shape != right.shape or not np.isfinite(value).all() or not right.any():
        return None
    ratio = float(np.vdot(right, value) / np.vdot(right, right))
    if not value.any():
        return 0.0
    off = float(np.linalg.norm(value - ratio * right) / np.linalg.norm(value))
    return ratio if off <= matcher.match_tolerance(name) else None


def gathered(matcher: Matcher, ratios: Mapping[str, float]) -> list[list[str]]:
    """Put together the tensors whose ratios are the same."""
    groups: list[list[str]] = []
    for name, ratio in ratios.items():
        for group in groups:
            other = ratios[group[0]]
            allowed = matcher.match_tolerance(name) + matcher.match_tolerance(group[0])
            if abs(ratio - other) <= allowed * abs(other):
                group.append(name)
                break
        else:
            groups.append([name])
    return groups


def describe(matcher: Matcher, names: list[str], ratios: Mapping[str, float]) -> Group:
    """Say what the ratio of some tensors may mean."""
    largest = max(names, key=lambda name: matcher.right[name].size)
    ratio, tolerance = ratios[largest], matcher.match_tolerance(largest)
    named = gradient_factors(matcher.network, matcher.n)
    meanings = recognise(ratio, named, tolerance)
    product = [] if meanings else recognise_product(ratio, named, tolerance)
    if not meanings and not product:
        meanings = recognise(ratio, other_factors(matcher.network, matcher.n), tolerance)
    return Group(ratio, tuple(names), tuple(meanings), tuple(product))
