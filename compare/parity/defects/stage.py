"""The hand-written network on a stage: any step of its backward pass can be changed, and put back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from operator import itemgetter
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.network import Network
from handwritten import MLP
from handwritten.layer import Layer
from handwritten.losses import LOSSES

Change = Callable[[], object]
Returned = dict[str, Array]


class Last(IntEnum):
    """What may be done with the gradients at the end, in this order."""

    REPLACE = 0
    ADD = 1
    RESHAPE = 2


class Step:
    """One step of the pass, a method of the hand-written code, and what is done instead of it or after it."""

    def __init__(self, original: Callable[..., Any]) -> None:
        self.original = original
        self.instead: Change | None = None
        self.after: list[Change] = []

    def __call__(self, *buffers: Array) -> None:
        """Do the step as it is varied."""
        if self.instead is None:
            self.original(*buffers)
        else:
            self.instead()
        for change in self.after:
            change()


class Stage:
    """One network, one batch, and its backward pass, to be run as it is and with changes.

    Args:
        network: the architecture and objective.
        parameters: their values, by name.
        X: inputs, (n, features); Y: targets, (n, outputs).
        dtype: in which the pass is computed.
    """

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        X: Array,
        Y: Array,
        dtype: str = "float64",
    ) -> None:
        self.network = network
        self.mlp = MLP(*network.arguments, np.dtype(dtype))
        self.mlp.load(parameters)
        self.X, self.Y = (np.ascontiguousarray(values, dtype) for values in (X, Y))
        self.n = len(self.X)
        self.last = len(self.mlp.layers)
        self.at_the_end: list[tuple[Last, Callable[[Returned], None]]] = []
        self.loss: Callable[[], float] | None = None
        self._undo: list[Change] = []
        self._stale = False
        self._forward()

    def run(self) -> tuple[float, Returned]:
        """Return the loss and copies of the gradients of the pass as it stands on the stage."""
        with np.errstate(all="ignore"):
            if self._stale:
                self._forward()
            loss = self.plain_loss if self.loss is None else self.loss()
            self.mlp.propagate_back(self.Y)
            returned = {name: gradient.copy() for name, gradient in self.mlp.gradients.items()}
            for _, change in sorted(self.at_the_end, key=itemgetter(0)):
                change(returned)
        return loss, returned

    def step(self, owner: object, name: str) -> Step:
        """Return the step that is the method `name` of a layer or the objective, ready to be changed."""
        step = vars(owner).get(name)
        if not isinstance(step, Step):
            step = Step(getattr(owner, name))
            setattr(owner, name, step)
            self._undo.append(lambda: delattr(owner, name))
        return step

    def replace(self, owner: object, name: str, value: object) -> None:
        """Give an attribute another value, and run the forward pass anew."""
        kept = getattr(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, kept))
        self._stale = True

    def reset(self) -> None:
        """Take all changes back."""
        while self._undo:
            self._undo.pop()()
        self.at_the_end.clear()
        self.loss = None
        if self._stale:
            self._forward()
            self._stale = False

    def _forward(self) -> None:
        with np.errstate(all="ignore"):
            A = self.mlp.propagate(self.X)
            self.plain_loss = self.mlp.objective.value(self.mlp.layers[-1].Z, A, self.Y)


@dataclass(frozen=True)
class Site:
    """One layer on the stage, where a variation is put; `amount` is its strength, where it has one."""

    stage: Stage
    number: int
    amount: float

    @property
    def layer(self) -> Layer:
        """The layer itself."""
        return self.layer_at(self.number)

    @property
    def n(self) -> int:
        """Rows of the batch."""
        return self.stage.n

    @property
    def is_output(self) -> bool:
        """Whether this is the output layer."""
        return self.number == self.stage.last

    def layer_at(self, number: int) -> Layer:
        """Return another layer, counted from 1."""
        return self.stage.mlp.layers[number - 1]

    def activation_at(self, number: int) -> Array:
        """Return A of a layer, X being that of layer 0."""
        return self.layer_at(number).A if number else self.stage.X

    def step(self, name: str) -> Step:
        """Return the step "error", "gradients" or "error_below" of this layer."""
        if name == "error" and self.is_output:
            return self.stage.step(self.stage.mlp.objective, "error")
        return self.stage.step(self.layer, name)

    def instead(self, name: str, change: Change) -> None:
        """Do something in place of a step."""
        self.step(name).instead = change

    def after(self, name: str, change: Change) -> None:
        """Do something after a step."""
        self.step(name).after.append(change)

    def at_the_end(self, order: Last, change: Callable[[Returned], None]) -> None:
        """Do something with the returned gradients."""
        self.stage.at_the_end.append((order, change))

    def find_output_error(self) -> None:
        """Write dA = ∂L/∂Y_hat if this is the output layer, by the loss's own derivative, fused or not."""
        if self.is_output:
            LOSSES[self.stage.network.loss]().gradient(
                self.layer.A, self.stage.Y, self.layer.dA, 1 / self.stage.n
            )
