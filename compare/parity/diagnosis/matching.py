"""The gradients of every defect on one network and batch, ready to be compared with others."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects import CATALOGUE, rehearse, suspects
from compare.parity.defects.defect import Defect, Suspect
from compare.parity.defects.stage import Returned, Stage
from compare.parity.tolerance import relative_error, rounded_to, tolerances

SLACK = 4
"""A defective pass may round that much worse than the right one, which the tolerances are made for."""
FAINTEST_SINGLE = 2e-9
"""Smaller errors than these, a thirtieth of float32's unit roundoff, are not float32's."""
LARGEST_MATCH = 1e-4
"""No defect is named by a match coarser than this, however much rounding would allow."""


@dataclass(frozen=True)
class Candidate:
    """The loss and gradients of some defects, and which tensors these change.

    Args:
        defects: one or more, all present at once.
        loss: of the batch.
        gradients: by name.
        changed: names of the tensors that differ from the right ones by more than rounding.
    """

    defects: tuple[Suspect, ...]
    loss: float
    gradients: Returned
    changed: frozenset[str]


class Matcher:
    """One network and one batch, with the gradients of every defect.

    Args:
        network: the architecture and objective.
        parameters: their values, by name.
        X: inputs, (n, features); Y: targets, (n, outputs).
        dtype: of the gradients to be explained; all inputs are rounded to it first.
    """

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], X: Array, Y: Array, dtype: str
    ) -> None:
        rounded = {name: rounded_to(value, dtype) for name, value in parameters.items()}
        X, Y = rounded_to(X, dtype), rounded_to(Y, dtype)
        self.network, self.n, self.dtype = network, len(X), dtype
        self.tolerances = tolerances(network, parameters, X, Y, dtype)
        self.single_tolerances = tolerances(network, parameters, X, Y, "float32")
        self.stage = Stage(network, rounded, X, Y)
        self.loss, self.right = rehearse(self.stage, ())
        self.names = sorted(self.right, key=lambda name: (-layer_of(name), name))
        everyone = (self.candidate((suspect,)) for suspect in suspects(network, self.n))
        self.singles = [candidate for candidate in everyone if candidate.changed]
        self._order = {id(defect): place for place, defect in enumerate(CATALOGUE)}
        self._norms = np.array([[norm(s.gradients[name]) for name in self.names] for s in self.singles])

    def candidate(self, defects: tuple[Suspect, ...]) -> Candidate:
        """Return what these defects lead to."""
        loss, gradients = rehearse(self.stage, defects)
        changed = frozenset(name for name in self.names if self.is_wrong(name, gradients[name]))
        return Candidate(defects, loss, gradients, changed)

    def gradients(self, defects: tuple[Suspect, ...]) -> Returned:
        """Return the gradients with these defects."""
        return rehearse(self.stage, defects)[1]

    def is_wrong(self, name: str, value: Array) -> bool:
        """Tell whether a gradient differs from the right one by more than rounding."""
        return not relative_error(value, self.right[name]) <= self.tolerances[name]

    def is_from(self, candidate: Candidate, name: str, value: Array) -> bool:
        """Tell whether a gradient is, to rounding, the one that some defects lead to."""
        if name not in candidate.changed:
            return not self.is_wrong(name, value)
        expected, right = candidate.gradients[name], self.right[name]
        return mismatch(name, value, expected, right) <= self.match_tolerance(name)

    def match_tolerance(self, name: str) -> float:
        """Return the largest relative error between a defect's gradient and one that has this defect."""
        return min(SLACK * self.tolerances[name], LARGEST_MATCH)

    @property
    def loss_tolerance(self) -> float:
        """Return the largest relative error of a loss that rounding explains."""
        return SLACK * self.tolerances["loss"]

    def is_single_precision(self, values: Mapping[str, Array]) -> bool:
        """Tell whether gradients of a float64 computation are as exact as float32 would be, and no more.

        Float32 anywhere on the way leaves its mark on half of the tensors or more.
        """
        errors = {name: relative_error(values[name], self.right[name]) for name in self.names}
        wrong = [name for name in self.names if self.is_wrong(name, values[name])]
        return (
            self.dtype == "float64"
            and all(errors[name] <= min(self.single_tolerances[name], LARGEST_MATCH) for name in self.names)
            and 2 * len(wrong) >= len(self.names)
            and all(errors[name] >= FAINTEST_SINGLE for name in wrong)
        )

    def order(self, defect: Defect) -> int:
        """Return the place of a defect in the catalogue."""
        return self._order[id(defect)]

    def explained_by(self, candidate: Candidate, values: Mapping[str, Array]) -> bool:
        """Tell whether all gradients are, to rounding, those that some defects lead to."""
        return all(self.is_from(candidate, name, values[name]) for name in self.names)

    def singles_like(self, values: Mapping[str, Array]) -> list[Candidate]:
        """Return the single defects that explain all gradients, the commonest first."""
        sizes = np.array([norm(values[name]) for name in self.names])
        reach = np.array([norm(self.right[name]) for name in self.names])
        tolerance = np.array([max(SLACK * self.tolerances[name], LARGEST_MATCH) for name in self.names])
        with np.errstate(invalid="ignore"):
            far = np.abs(sizes - self._norms) > tolerance * np.maximum(np.maximum(sizes, reach), self._norms)
        near = [single for single, apart in zip(self.singles, far, strict=True) if not apart.any()]
        return [single for single in near if self.explained_by(single, values)]


def mismatch(name: str, value: Array, expected: Array, right: Array) -> float:
    """Return the relative error of a gradient against the one that a defect leads to.

    A bias that kept the samples' axis may have it on either side. What has another shape than the right
    gradient may be zero but for rounding (the error of a softmax sums to 0 over the outputs), so there the
    right gradient's size counts if it is larger.
    """
    sides = [value, value.T] if name.startswith("b") and min(value.shape, default=0) > 1 else [value]
    if expected.shape == right.shape:
        return min(relative_error(side, expected) for side in sides)
    size = max(norm(expected), norm(right))
    errors = [norm(side - expected) for side in sides if side.shape == expected.shape]
    return min(errors, default=np.inf) / size if size else np.inf


def layer_of(name: str) -> int:
    """Return the layer that a parameter belongs to."""
    return int(name[1:])


def norm(value: Array) -> float:
    """Return the Euclidean norm of all entries."""
    return float(np.linalg.norm(value.ravel()))
