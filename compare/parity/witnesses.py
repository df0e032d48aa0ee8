"""Three witnesses of a gradient: a contestant's own, autograd's, and the complex step's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.complex_step import complex_loss, directional_derivatives, projected_error
from compare.parity.tolerance import relative_error

DIRECTIONS = 4
"""Random directions a tensor; the complex step needs one forward pass for each."""


@dataclass(frozen=True)
class Testimony:
    """What the three say of one tensor, as normwise relative errors between two of them each.

    `alone` names the one that disagrees with the two others while these agree ("contestant", "autograd" or
    "complex step"), "all" if no two agree, and is None where all three do.
    """

    tensor: str
    contestant_autograd: float
    contestant_complex_step: float
    autograd_complex_step: float
    tolerance: float
    alone: str | None


class ComplexStep:
    """The complex step's answers for one network, batch and set of parameters, each computed once."""

    def __init__(self, network: Network, parameters: Mapping[str, Array], X: Array, Y: Array) -> None:
        self._arguments = (network, parameters, X, Y)
        self._shapes = {**{name: values.shape for name, values in parameters.items()}, "X": X.shape}
        self._known: dict[str, tuple[Array, Array]] = {}

    def error(self, tensor: str, value: Array) -> float:
        """Return the normwise relative error of a loss or a gradient, estimated along the directions.

        It is infinite where the value has another shape.
        """
        if tensor == "loss":
            return relative_error(value, np.array(complex_loss(*self._arguments).real))
        if value.shape != self._shapes[tensor]:
            return math.inf
        if tensor not in self._known:
            rng = np.random.default_rng(len(self._known))
            directions = rng.standard_normal((DIRECTIONS, *self._shapes[tensor]))
            self._known[tensor] = (
                directions,
                directional_derivatives(*self._arguments, tensor, directions),
            )
        return projected_error(value, *self._known[tensor])


def hear_witnesses(
    contestant: Mapping[str, Array],
    autograd: Mapping[str, Array],
    complex_step: ComplexStep,
    tolerances: Mapping[str, float],
) -> list[Testimony]:
    """Return what the witnesses say of the loss and of every gradient that the contestant gives."""
    return [
        judge(
            tensor,
            relative_error(value, autograd[tensor]),
            complex_step.error(tensor, value),
            complex_step.error(tensor, autograd[tensor]),
            tolerances[tensor],
        )
        for tensor, value in contestant.items()
        if tensor in autograd
    ]


def judge(
    tensor: str, mine: float, mine_complex: float, autograd_complex: float, tolerance: float
) -> Testimony:
    """Say who stands alone; an estimate along directions may be twice the error it estimates."""
    agreed: dict[str, Any] = {
        "complex step": mine <= tolerance,
        "autograd": mine_complex <= 2 * tolerance,
        "contestant": autograd_complex <= 2 * tolerance,
    }
    pairs = [left_out for left_out, agree in agreed.items() if agree]
    alone = None if len(pairs) > 1 else (pairs[0] if pairs else "all")
    return Testimony(tensor, mine, mine_complex, autograd_complex, tolerance, alone)
