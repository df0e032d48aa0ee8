"""The update rules as their sources write them, for the arrays of any library; nothing is changed in place.

Each is a pure function of a parameter, its gradient and what the rule remembers of it, so that NumPy and
PyTorch can run it line by line and a compiler can make one kernel of it. The rules are those of
`torch.optim`, to the letter.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Numbers = Any
"""What changes from step to step and is the same for every parameter: a sequence of scalars."""
Memory = tuple[Any, ...]


@dataclass(frozen=True)
class Rule:
    """An update rule.

    Args:
        slots: arrays that are remembered for each parameter, all zero at first.
        apply: (θ, g, memory, numbers) -> (θ, memory).
        numbers: the numbers of a step, 1 the first.
    """

    slots: int
    apply: Callable[[Any, Any, Memory, Numbers], tuple[Any, Memory]]
    numbers: Callable[[int], tuple[float, ...]] = field(default=lambda t: ())


def sgd(
    lr: float,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> Rule:
    """v ← μ v + (1 - τ) g, undamped at the first step; θ ← θ - η v, or θ - η (g + μ v) with Nesterov."""

    def apply(theta: Any, g: Any, memory: Memory, numbers: Numbers) -> tuple[Any, Memory]:
        if weight_decay:
            g = g + weight_decay * theta
        if not momentum:
            return theta - lr * g, ()
        v = momentum * memory[0] + (numbers[0] * g if dampening else g)
        return theta - lr * (g + momentum * v if nesterov else v), (v,)

    return Rule(bool(momentum), apply, lambda t: (1.0 if t == 1 else 1.0 - dampening,))


def rmsprop(
    lr: float,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
) -> Rule:
    """s ← α s + (1 - α) g²; θ ← θ - η g / (√s + ε), with momentum v ← μ v + g / (√s + ε), θ ← θ - η v."""

    def apply(theta: Any, g: Any, memory: Memory, numbers: Numbers) -> tuple[Any, Memory]:
        if weight_decay:
            g = g + weight_decay * theta
        s = alpha * memory[0] + (1 - alpha) * g**2
        step = g / (s**0.5 + eps)
        if not momentum:
            return theta - lr * step, (s,)
        v = momentum * memory[1] + step
        return theta - lr * v, (s, v)

    return Rule(1 + bool(momentum), apply)


def adam(
    lr: float,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> Rule:
    """Algorithm 1 of Kingma & Ba (2015): θ ← θ - η m̂ / (√v̂ + ε), m̂ = m / (1 - β₁ᵗ), v̂ = v / (1 - β₂ᵗ)."""

    def apply(theta: Any, g: Any, memory: Memory, numbers: Numbers) -> tuple[Any, Memory]:
        if weight_decay and decoupled:
            theta = (1 - lr * weight_decay) * theta
        elif weight_decay:
            g = g + weight_decay * theta
        m = beta1 * memory[0] + (1 - beta1) * g
        v = beta2 * memory[1] + (1 - beta2) * g**2
        m_hat, v_hat = numbers[0] * m, numbers[1] * v
        return theta - lr * m_hat / (v_hat**0.5 + eps), (m, v)

    return Rule(2, apply, lambda t: (1 / (1 - beta1**t), 1 / (1 - beta2**t)))


def adamw(lr: float, weight_decay: float = 1e-2, **options: float) -> Rule:
    """Adam with decoupled weight decay (Loshchilov & Hutter, 2019): θ ← (1 - η λ) θ first."""
    return adam(lr, weight_decay=weight_decay, decoupled=True, **options)


RULES: dict[str, Callable[..., Rule]] = {"sgd": sgd, "rmsprop": rmsprop, "adam": adam, "adamw": adamw}
"""The rules by name; each takes the options of `torch.optim` by the project's names."""


def rule_of(name: str, options: Mapping[str, Any]) -> Rule:
    """Return the rule of an experiment."""
    return RULES[name](**options)
