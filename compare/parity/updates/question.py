"""The question that somebody's own update rule is asked: parameters, and gradients for a number of steps."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from compare.experiment import Experiment
from compare.implementation import Array
from compare.network import Network
from handwritten import OPTIMIZERS

SIZES = (5, 4, 3)
"""Widths of the network whose parameters are updated: unlike, so that no two tensors have one shape."""


@dataclass(frozen=True, eq=False)
class UpdateQuestion:
    """An update rule, its hyperparameters at each step, initial parameters and the gradients of each step.

    Everything is in float64; the vectors hold all tensors one after the other.
    """

    rule: str
    hyperparameters: tuple[Mapping[str, Any], ...]
    shapes: Mapping[str, tuple[int, ...]]
    parameters: Array
    gradients: tuple[Array, ...]

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.gradients)

    @property
    def halved_at(self) -> int:
        """The first step that is taken with half the learning rate."""
        return self.steps // 2 + 1

    @property
    def tensor(self) -> Array:
        """Number of the tensor that each entry of a vector belongs to."""
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        return np.repeat(np.arange(len(sizes)), sizes)

    @property
    def is_weight(self) -> Array:
        """Whether each entry of a vector belongs to a weight matrix."""
        return np.array([name.startswith("W") for name in self.shapes])[self.tensor]

    @property
    def neutral(self) -> list[str]:
        """The hyperparameters that do nothing at their value, so that a function need not take them."""
        values = self.hyperparameters[0]
        off = [key for key in ("momentum", "weight_decay", "nesterov", "dampening") if not values.get(key, 1)]
        return [*off, "dampening"] if "momentum" in off and "dampening" in values else off

    def split(self, vector: Array) -> dict[str, Array]:
        """Return the tensors of a vector by name."""
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes.values()])
        parts = np.split(vector, ends[:-1])
        return {
            name: part.reshape(shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)
        }

    def joined(self, tensors: Mapping[str, Array]) -> Array:
        """Return tensors as one vector."""
        return np.concatenate([np.ravel(tensors[name]) for name in self.shapes])

    def handed_out(self) -> dict[str, Array]:
        """Return the arrays as the student's process gets them."""
        arrays = {f"parameter {name}": values for name, values in self.split(self.parameters).items()}
        for step, gradient in enumerate(self.gradients, start=1):
            arrays |= {f"gradient {step} {name}": values for name, values in self.split(gradient).items()}
        return arrays


def pose_update_question(experiment: Experiment, steps: int) -> UpdateQuestion:
    """Draw parameters and gradients for the experiment's first optimizer and seed.

    Every parameter has gradients of a size of its own: from far below eps, where eps decides, to ten. The
    learning rate is halved half way, so that a velocity that holds the old one shows.
    """
    rule, seed = experiment.factors.optimizers[0], experiment.run.seeds[0]
    values = all_hyperparameters(rule) | experiment.optimizer_options(rule)
    shapes = Network(SIZES, ("identity",), "identity", "squared_error", True).parameter_shapes
    rng = np.random.default_rng([seed, 2])
    size = sum(int(np.prod(shape)) for shape in shapes.values())
    scales = 10 ** rng.uniform(-3, 1, size)
    near_eps = float(values.get("eps", 1e-8)) * 10 ** rng.uniform(-2, 2, size)
    scales[::3] = near_eps[::3]
    half = {**values, "lr": values["lr"] / 2}
    return UpdateQuestion(
        rule=rule,
        hyperparameters=tuple(values if step < steps // 2 else half for step in range(steps)),
        shapes=shapes,
        parameters=rng.standard_normal(size),
        gradients=tuple(scales * rng.standard_normal(size) for _ in range(steps)),
    )


def all_hyperparameters(rule: str) -> dict[str, Any]:
    """Return all options of an optimizer with their defaults, by the names that the command line has."""
    arguments = inspect.signature(OPTIMIZERS[rule]).parameters.values()
    return {one.name: one.default for one in arguments if one.default is not inspect.Parameter.empty}
