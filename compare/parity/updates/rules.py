"""Each update rule as the textbook states it: a list of equations, evaluated one after the other.

This is a witness independent of `handwritten/optimizers.py`, which computes in place and rearranges. Here a
rule is a dict from the name of a quantity to its equation, a function of everything known so far; a mistake
in a rule is one of its equations exchanged for another (`defects.py`). Labels such as [O5] are those
of `docs/derivation.md`. All quantities are vectors over all parameters.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from compare.implementation import Array

Equation = Callable[[Any], Any]
Rule = Mapping[str, Equation]

SGD: Rule = {
    "decayed": lambda s: s.theta,
    "g": lambda s: s.gradient + s.weight_decay * s.theta,  # [O3]
    "v": lambda s: s.g if s.first or not s.momentum else s.momentum * s.v + (1 - s.dampening) * s.g,  # [O2]
    "direction": lambda s: s.g + s.momentum * s.v if s.nesterov else s.v,  # [O2]
    "step": lambda s: s.lr * s.direction,  # [O1]
    "theta": lambda s: s.decayed - s.step,
}

RMSPROP: Rule = {
    "decayed": lambda s: s.theta,
    "g": lambda s: s.gradient + s.weight_decay * s.theta,  # [O3]
    "s": lambda s: s.alpha * s.s + (1 - s.alpha) * s.g**2,  # [O4]
    "scaled": lambda s: s.g / (np.sqrt(s.s) + s.eps),  # [O4]
    "v": lambda s: s.momentum * s.v + s.scaled,  # [O4]
    "step": lambda s: s.lr * s.v,
    "theta": lambda s: s.decayed - s.step,
}

ADAM: Rule = {
    "decayed": lambda s: s.theta,
    "g": lambda s: s.gradient + s.weight_decay * s.theta,  # [O3]
    "m": lambda s: s.beta1 * s.m + (1 - s.beta1) * s.g,  # [O5]
    "v": lambda s: s.beta2 * s.v + (1 - s.beta2) * s.g**2,  # [O5]
    "m_hat": lambda s: s.m / (1 - s.beta1**s.t),  # [O5]
    "v_hat": lambda s: s.v / (1 - s.beta2**s.t),  # [O5]
    "step": lambda s: s.lr * s.m_hat / (np.sqrt(s.v_hat) + s.eps),  # [O5]
    "theta": lambda s: s.decayed - s.step,
}

ADAMW: Rule = {
    **ADAM,
    "decayed": lambda s: (1 - s.lr * s.weight_decay) * s.theta,  # [O6]
    "g": lambda s: s.gradient,
}

RULES: dict[str, Rule] = {"sgd": SGD, "rmsprop": RMSPROP, "adam": ADAM, "adamw": ADAMW}
"""The textbook's rules by name."""


def trajectory(
    rule: Rule,
    theta: Array,
    gradients: Sequence[Array],
    hyperparameters: Sequence[Mapping[str, Any]],
    tensor: Array,
    is_weight: Array,
) -> Iterator[Array]:
    """Yield the parameters after each step.

    Args:
        rule: equations in the order in which they are evaluated.
        theta: initial parameters, a vector.
        gradients: one vector a step.
        hyperparameters: of each step, by the names that the command line has.
        tensor: number of the tensor that each entry belongs to, from 0.
        is_weight: whether each entry belongs to a weight matrix.
    """
    zero = np.zeros_like(theta)
    s = SimpleNamespace(theta=theta, m=zero, v=zero, s=zero, g=zero, tensor=tensor, is_weight=is_weight)
    s.tensors = int(tensor.max()) + 1
    for t, (gradient, values) in enumerate(zip(gradients, hyperparameters, strict=True), start=1):
        vars(s).update(values, gradient=gradient, t=t, first=t == 1)
        with np.errstate(all="ignore"):
            for name, equation in rule.items():
                setattr(s, name, equation(s))
        yield s.theta
