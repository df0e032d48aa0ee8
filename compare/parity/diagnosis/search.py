"""Finding the fewest defects that together lead to the given gradients.

The backward pass computes the output layer first, so the gradients of that layer show its defects alone.
What explains the highest layer that is wrong is found first, then what explains the next one on top of it.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from compare.implementation import Array
from compare.parity.defects.defect import Suspect
from compare.parity.diagnosis.matching import Candidate, Matcher, layer_of

MOST_DEFECTS = 3
"""How many defects at once are looked for."""
LARGEST_EPSILON = 1e-2
"""A larger number inside a logarithm is no guard against log 0."""
FIT_STEPS = 4
"""Secant steps to a strength: one where the gradient is linear in it, a few for log(p + ε)."""
FIT_TOLERANCE = 1e-3
"""A fit that leaves more of the gradient unexplained is none."""
FEWEST_NUMBERS = 4
"""A strength is not fitted to fewer entries than these."""
LARGEST_STRENGTH = 1e4
"""No learning rate or weight decay is larger."""


class Search:
    """The search for the defects behind some gradients.

    Args:
        matcher: the catalogue on this network and batch.
        values: the gradients, by name.

    After `several`, `best` holds the defects that explain most, from the output layer down.
    """

    def __init__(self, matcher: Matcher, values: Mapping[str, Array]) -> None:
        self.matcher, self.values = matcher, values
        self.right = matcher.candidate(())
        self.best = self.right

    def alone(self) -> list[Candidate]:
        """Return each single defect that explains everything, the commonest first."""
        return self.matcher.singles_like(self.values)

    def fitted(self) -> list[Candidate]:
        """Return each single defect that explains everything with a strength that is found."""
        fitted = (single for single in self._options(self.right) if single.defects[0].defect.fitted)
        candidates = (self._with(self.right, single) for single in fitted)
        return [c for c in candidates if c is not None and not self.layer_wrong(c)]

    def several(self) -> list[Candidate]:
        """Return the sets of two defects, or of three if no two do it, that explain everything."""
        partial = {0: [self.right], 1: self._progress(self._one_more(self.right))}
        for total in range(2, MOST_DEFECTS + 1):
            on_top = (more for part in partial[total - 1] for more in self._one_more(part))
            together = (more for part in partial[total - 2] for more in self._two_more(part))
            candidates = [*self._progress(on_top), *self._progress(together)]
            if found := [candidate for candidate in candidates if not self.layer_wrong(candidate)]:
                return found
            partial[total] = candidates
        return []

    def layer_wrong(self, candidate: Candidate) -> int:
        """Return the highest layer that these defects do not explain, or 0."""
        wrong = (
            layer_of(name)
            for name in self.matcher.names
            if not self.matcher.is_from(candidate, name, self.values[name])
        )
        return next(wrong, 0)

    def _progress(self, candidates: Iterable[tuple[int, Candidate]]) -> list[Candidate]:
        """Keep the candidates that explain all of the layer they were made for; note the best."""
        kept = []
        for layer, candidate in candidates:
            wrong = self.layer_wrong(candidate)
            if wrong < layer:
                kept.append(candidate)
                if wrong < self.layer_wrong(self.best):
                    self.best = candidate
        return kept

    def _one_more(self, start: Candidate) -> Iterator[tuple[int, Candidate]]:
        """Add a defect that begins to show in the highest layer not explained so far."""
        layer = self.layer_wrong(start)
        for option in self._options(start):
            if (candidate := self._with(start, option)) is not None:
                yield layer, candidate

    def _two_more(self, start: Candidate) -> Iterator[tuple[int, Candidate]]:
        """Add two defects that both begin to show in the highest layer not explained so far."""
        layer, options = self.layer_wrong(start), self._options(start)
        plain = [option for option in options if not option.defects[0].defect.fitted]
        firsts = [c for option in plain if (c := self._with(start, option)) is not None]
        for first, second in itertools.combinations(firsts, 2):
            if self._compatible(first, second, layer):
                yield layer, self.matcher.candidate((*first.defects, second.defects[-1]))
        for first in firsts:
            for option in options:
                if option.defects[0].defect.fitted and (c := self._with(first, option)) is not None:
                    yield layer, c

    def _options(self, start: Candidate) -> list[Candidate]:
        """Return the single defects that begin to show in the highest layer not explained so far."""
        layer = self.layer_wrong(start)
        return [
            single
            for single in self.matcher.singles
            if max(map(layer_of, single.changed)) == layer and single.defects[0] not in start.defects
        ]

    def _with(self, start: Candidate, single: Candidate) -> Candidate | None:
        """Return the defects of a start and one more, its strength fitted; None where no strength fits."""
        suspect: Suspect | None = single.defects[0]
        if single.defects[0].defect.fitted:
            suspect = self._fit(start.defects, single.defects[0], self.layer_wrong(start))
            if suspect is None or not self.matcher.candidate((suspect,)).changed:
                return None
        elif not start.defects:
            return single
        return None if suspect is None else self.matcher.candidate((*start.defects, suspect))

    def _compatible(self, first: Candidate, second: Candidate, layer: int) -> bool:
        """Tell whether two defects of a layer may be there together.

        A tensor that only one of them changes must be explained by that one.
        """
        for name in (name for name in self.matcher.names if layer_of(name) == layer):
            for one, other in ((first, second), (second, first)):
                alone = name in one.changed and name not in other.changed
                if alone and not self.matcher.is_from(one, name, self.values[name]):
                    return False
        return True

    def _fit(self, others: tuple[Suspect, ...], suspect: Suspect, layer: int) -> Suspect | None:
        """Find the strength with which a defect explains a layer, on top of others; None where none does."""
        wanted = self._layer_vector(self.values, layer)
        if not np.isfinite(wanted).all():
            return None
        low, high = suspect.amount, 2 * suspect.amount
        for _ in range(FIT_STEPS):
            start, end = (
                self._layer_vector(self.matcher.gradients((*others, replace(suspect, amount=amount))), layer)
                for amount in (low, high)
            )
            if not start.size == end.size == wanted.size >= FEWEST_NUMBERS:
                return None
            along, missing = end - start, wanted - start
            squared = float(along @ along)
            step = float(missing @ along) / squared if squared else 0.0
            if not np.linalg.norm(missing - step * along) <= FIT_TOLERANCE * np.linalg.norm(wanted):
                return None
            before, low = low, low + (high - low) * step
            if low == 0 or abs(low - before) <= 1e-12 * abs(low) or suspect.defect.id != "log-epsilon":
                break
            high = 1.5 * low
        if low == 0 or abs(low) > LARGEST_STRENGTH:
            return None
        if suspect.defect.id == "log-epsilon" and not 0 < low <= LARGEST_EPSILON:
            return None
        return replace(suspect, amount=low)

    def _layer_vector(self, gradients: Mapping[str, Array], layer: int) -> Array:
        parts = [gradients[name].ravel() for name in self.matcher.names if layer_of(name) == layer]
        return np.concatenate(parts)
