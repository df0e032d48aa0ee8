"""What is wrong with gradients, in words: the defects that lead to them, or where they depart first."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.catalogue.samples import FLOAT32
from compare.parity.defects.defect import Suspect
from compare.parity.diagnosis.departure import unexplained
from compare.parity.diagnosis.explanations import (
    Explanation,
    of_candidate,
    of_group,
    of_many_ratios,
    of_suspect,
)
from compare.parity.diagnosis.loss_explanations import convention, loss_only
from compare.parity.diagnosis.matching import Candidate, Matcher
from compare.parity.diagnosis.ratios import Group, constant_ratios
from compare.parity.diagnosis.search import Search
from compare.parity.tolerance import relative_error

__all__ = ["Examination", "Explanation", "diagnose"]

MOST_GROUPS = 3
"""Tensors off by more different ratios than these are told in one explanation."""
Values = Mapping[str, Array]


def diagnose(
    network: Network, parameters: Values, X: Array, Y: Array, loss: float, gradients: Values, dtype: str
) -> list[Explanation]:
    """Explain a loss and gradients that differ from the right ones.

    The fewest defects win; among as many, those whose loss is the given one; among these, the commonest, in
    the order of the catalogue. Two explanations mean that both mistakes were made.

    Args:
        network: the architecture and objective.
        parameters: their values, by name.
        X: inputs, (n, features); Y: targets, (n, outputs).
        loss: the loss that was given for this batch.
        gradients: the gradients that were given; one that is missing counts as zero.
        dtype: the dtype they were computed in.

    Returns:
        The explanations, the best first; none where everything is right.
    """
    return Examination(network, parameters, X, Y, dtype).explain(loss, gradients)


@dataclass(frozen=True)
class Account:
    """What gradients come from, whether that is all of it, and the losses that go with it."""

    explanations: tuple[Explanation, ...]
    complete: bool
    losses: tuple[float, ...] = ()


class Examination:
    """One network and one batch, on which any number of gradients can be explained; see `diagnose`."""

    def __init__(self, network: Network, parameters: Values, X: Array, Y: Array, dtype: str) -> None:
        self.matcher = Matcher(network, parameters, X, Y, dtype)

    def explain(self, loss: float, gradients: Values) -> list[Explanation]:
        """Return what is wrong with a loss and gradients, the best explanation first."""
        with np.errstate(all="ignore"):  # gradients that are absurdly large overflow on the way
            return self._explain(loss, gradients)

    def _explain(self, loss: float, gradients: Values) -> list[Explanation]:
        right, values = self.matcher.loss, self._completed(gradients)
        account = self._account(values, loss)
        found = list(account.explanations)
        if self._same_loss(loss, right) or any(self._same_loss(loss, other) for other in account.losses):
            return found
        found.append(loss_only(self.matcher, loss, gradients_are_right=not found))
        ratio = loss / right if right else math.inf
        if len(found) > 1 and math.isfinite(ratio) and ratio:
            same = self._account({name: value / ratio for name, value in values.items()}, right)
            if same.complete and (len(same.explanations) + 1 < len(found) or not account.complete):
                return [*same.explanations, convention(self.matcher, loss, alone=not same.explanations)]
        return found

    def _account(self, values: Values, loss: float) -> Account:
        """Explain gradients; the loss decides between defects that lead to the same."""
        matcher, search = self.matcher, Search(self.matcher, values)
        if not search.layer_wrong(search.right):
            return Account((), True)
        if found := search.alone():
            return self._defects(found, loss)
        if groups := constant_ratios(matcher, values):
            return self._ratios(groups, values, search, loss)
        if found := search.fitted():
            return self._defects(found, loss)
        if matcher.is_single_precision(values):
            wrong = [name for name in matcher.names if matcher.is_wrong(name, values[name])]
            return Account((of_suspect(matcher, Suspect(FLOAT32, None, 1.0), wrong),), True)
        if found := search.several():
            return self._defects(found, loss)
        known = of_candidate(matcher, search.best, ()) if search.best.defects else []
        return Account((*known, unexplained(matcher, search.best, values)), False, (search.best.loss,))

    def _ratios(self, groups: Sequence[Group], values: Values, search: Search, loss: float) -> Account:
        """Explain constant ratios, or what leads to them in fewer words."""
        explanations = tuple(e for group in groups for e in of_group(self.matcher, group, values))
        if len(explanations) > 2 and (found := search.several()):
            return self._defects(found, loss)
        if len(groups) > MOST_GROUPS:
            return Account((of_many_ratios(groups),), True)
        return Account(explanations, True)

    def _defects(self, found: Sequence[Candidate], loss: float) -> Account:
        """Choose among sets of defects that all explain the gradients."""
        fit = [candidate for candidate in found if self._same_loss(loss, candidate.loss)] or list(found)
        best = min(fit, key=self._rank)
        own_loss = not self._same_loss(self.matcher.loss, best.loss) and self._same_loss(loss, best.loss)
        explanations = of_candidate(self.matcher, best, sorted(fit, key=self._rank), own_loss)
        return Account(tuple(explanations), True, (best.loss,))

    def _rank(self, candidate: Candidate) -> tuple[int, int]:
        order = [self.matcher.order(suspect.defect) for suspect in candidate.defects]
        return len(order), sum(order)

    def _same_loss(self, loss: float, other: float) -> bool:
        return relative_error(np.array(loss), np.array(other)) <= self.matcher.loss_tolerance

    def _completed(self, gradients: Values) -> dict[str, Array]:
        """Return the gradients in float64, zeros where one is missing."""
        right = self.matcher.right
        return {
            name: np.asarray(gradients.get(name, np.zeros_like(right[name])), np.float64) for name in right
        }
