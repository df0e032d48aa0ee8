"""Update rules: gradient descent with momentum, RMSprop, Adam and AdamW, with PyTorch's rules and defaults.

Each acts in place on two vectors, the parameters θ and their gradients g (`MLP.flat_parameters` and
`MLP.flat_gradients`), and allocates only when it is made. The gradients are read, never changed.
"""

import math
from typing import Protocol

import numpy as np

from handwritten.arrays import Array, zeros_like


class Optimizer(Protocol):
    """An update rule bound to a vector of parameters and one of gradients."""

    def step(self) -> None:
        """Change the parameters once by the current gradients."""


class SGD:
    """Stochastic gradient descent [O1], momentum with dampening and Nesterov's variant [O2], decay [O3].

    v ← g at the first step, then v ← μ v + (1 - τ) g; θ ← θ - η v, or θ - η (g + μ v) with Nesterov.
    Other texts fold the rate into the velocity, v ← μ v - η g, which differs as soon as η changes.

    Args:
        parameters: θ, a vector, changed in place.
        gradients: g, a vector of the same length.
        lr: η >= 0.
        momentum: μ in [0, 1).
        dampening: τ in [0, 1]; the first v is undamped.
        weight_decay: λ >= 0, added as λ θ to the gradient, biases included.
        nesterov: look ahead; needs momentum and no dampening.

    Raises:
        ValueError: a value outside its range.
    """

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:
        check_non_negative(lr=lr, weight_decay=weight_decay)
        check_decay(momentum=momentum)
        if not 0 <= dampening <= 1:
            raise ValueError(f"dampening must lie in [0, 1]; got {dampening}")
        if nesterov and (momentum == 0 or dampening != 0):
            raise ValueError("nesterov needs a momentum above 0 and a dampening of 0")
        self.parameters, self.gradients = parameters, gradients
        self.lr, self.momentum, self.dampening = lr, momentum, dampening
        self.weight_decay, self.nesterov = weight_decay, nesterov
        self._decayed = zeros_like(parameters) if weight_decay else None
        self._velocity = zeros_like(parameters) if momentum else None
        self._scratch = zeros_like(parameters)
        self._steps = 0

    @property
    def is_plain(self) -> bool:
        """Whether a step is θ ← θ - η g and nothing else."""
        return not (self.momentum or self.weight_decay)

    def step_of_scaled(self) -> None:
        """Take a plain step where the gradients hold the learning rate already: they are those of η L."""
        self.parameters -= self.gradients  # θ ← θ - η g  [O1]
        self._steps += 1

    def step(self) -> None:
        direction = with_decay(self.gradients, self.parameters, self.weight_decay, self._decayed)
        if self._velocity is not None:
            direction = self._momentum(direction, self._velocity)
        np.multiply(direction, self.lr, out=self._scratch)
        self.parameters -= self._scratch  # θ ← θ - η g  [O1]
        self._steps += 1

    def _momentum(self, g: Array, v: Array) -> Array:
        """Update the velocity v with g; return the direction of the step."""
        if self._steps == 0:
            v[...] = g  # undamped  [O2]
        else:
            np.multiply(g, 1.0 - self.dampening, out=self._scratch)
            v *= self.momentum
            v += self._scratch  # v ← μ v + (1 - τ) g  [O2]
        if not self.nesterov:
            return v
        np.multiply(v, self.momentum, out=self._scratch)
        self._scratch += g  # g + μ v  [O2]
        return self._scratch


class RMSprop:
    """The gradient divided by the root of its running mean square [O4].

    s ← α s + (1 - α) g²; θ ← θ - η g / (√s + ε), or with momentum v ← μ v + g / (√s + ε), θ ← θ - η v.

    Args:
        parameters: θ, a vector, changed in place.
        gradients: g, a vector of the same length.
        lr: η >= 0.
        alpha: α in [0, 1), the decay of the mean square.
        eps: ε >= 0, added outside the root.
        weight_decay: λ >= 0, added as λ θ to the gradient [O3].
        momentum: μ in [0, 1).

    Raises:
        ValueError: a value outside its range.
    """

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        check_non_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        check_decay(alpha=alpha, momentum=momentum)
        self.parameters, self.gradients = parameters, gradients
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.weight_decay, self.momentum = weight_decay, momentum
        self._decayed = zeros_like(parameters) if weight_decay else None
        self._velocity = zeros_like(parameters) if momentum else None
        self._mean_square = zeros_like(parameters)
        self._scratch = zeros_like(parameters)

    def step(self) -> None:
        g = with_decay(self.gradients, self.parameters, self.weight_decay, self._decayed)
        s, scratch = self._mean_square, self._scratch
        np.multiply(g, g, out=scratch)
        scratch *= 1.0 - self.alpha
        s *= self.alpha
        s += scratch  # s ← α s + (1 - α) g²  [O4]
        np.sqrt(s, out=scratch)
        scratch += self.eps
        np.divide(g, scratch, out=scratch)  # g / (√s + ε)  [O4]
        if self._velocity is not None:
            self._velocity *= self.momentum
            self._velocity += scratch  # v ← μ v + g / (√s + ε)  [O4]
            np.copyto(scratch, self._velocity)
        scratch *= self.lr
        self.parameters -= scratch  # θ ← θ - η g / (√s + ε), or θ - η v  [O4]


class Adam:
    """Adaptive moments [O5], bias-corrected as in Algorithm 1 of Kingma & Ba (2015), ε added after it.

    m ← β₁ m + (1 - β₁) g; v ← β₂ v + (1 - β₂) g²; θ ← θ - η m̂ / (√v̂ + ε), m̂ = m / (1 - β₁ᵗ),
    v̂ = v / (1 - β₂ᵗ). The buffers hold M = m / (1 - β₁) and V = v / (1 - β₂): the factors (1 - β) then
    need no pass over memory of their own and enter the two scalars of the step instead [O5'].

    Args:
        parameters: θ, a vector, changed in place.
        gradients: g, a vector of the same length.
        lr: η >= 0.
        beta1: β₁ in [0, 1).
        beta2: β₂ in [0, 1).
        eps: ε >= 0.
        weight_decay: λ >= 0, added as λ θ to the gradient before the moments [O3].

    Raises:
        ValueError: a value outside its range.
    """

    decoupled = False

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:
        check_non_negative(lr=lr, eps=eps, weight_decay=weight_decay)
        check_decay(beta1=beta1, beta2=beta2)
        self.parameters, self.gradients = parameters, gradients
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.weight_decay = weight_decay
        coupled = weight_decay and not self.decoupled
        self._decayed = zeros_like(parameters) if coupled else None
        self._M = zeros_like(parameters)
        self._V = zeros_like(parameters)
        self._scratch = zeros_like(parameters)
        # as arrays of the parameters' type, for the reason given at `arrays.ONE`
        self._beta1, self._beta2 = (np.array(beta, parameters.dtype) for beta in (beta1, beta2))
        self._shift, self._rate = (np.empty((), parameters.dtype) for _ in range(2))
        self._steps = 0

    def step(self) -> None:
        g = self.gradients
        if self.decoupled:
            self.parameters *= 1.0 - self.lr * self.weight_decay  # θ ← (1 - η λ) θ  [O6]
        else:
            g = with_decay(g, self.parameters, self.weight_decay, self._decayed)
        self._count_step()
        M, V, scratch = self._M, self._V, self._scratch
        M *= self._beta1
        M += g  # m ← β₁ m + (1 - β₁) g  [O5]
        np.multiply(g, g, out=scratch)
        V *= self._beta2
        V += scratch  # v ← β₂ v + (1 - β₂) g²  [O5]
        np.sqrt(V, out=scratch)
        scratch += self._shift
        np.divide(M, scratch, out=scratch)
        scratch *= self._rate
        self.parameters -= scratch  # θ ← θ - η m̂ / (√v̂ + ε)  [O5]

    def _count_step(self) -> None:
        """Count a step, and fill the two scalars that depend on their number."""
        self._steps += 1
        q = math.sqrt((1 - self.beta2) / (1 - self.beta2**self._steps))  # √v̂ = q √V  [O5']
        r = self.lr * (1 - self.beta1) / (1 - self.beta1**self._steps)  # η m̂ = r M  [O5']
        self._shift.fill(self.eps / q)
        self._rate.fill(r / q)


class AdamW(Adam):
    """Adam with decoupled weight decay [O6] (Loshchilov & Hutter, 2019): θ ← (1 - η λ) θ, then Adam.

    Arguments and errors are Adam's; weight_decay is λ, which multiplies the parameters and leaves the
    gradient alone.
    """

    decoupled = True

    def __init__(
        self,
        parameters: Array,
        gradients: Array,
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
    ) -> None:
        super().__init__(parameters, gradients, lr, beta1, beta2, eps, weight_decay)


OPTIMIZERS: dict[str, type[SGD] | type[RMSprop] | type[Adam]] = {
    "sgd": SGD,
    "rmsprop": RMSprop,
    "adam": Adam,
    "adamw": AdamW,
}
"""The update rules by name."""


def with_decay(g: Array, parameters: Array, weight_decay: float, decayed: Array | None) -> Array:
    """Return g, or g + λ θ [O3] in the buffer `decayed`."""
    if decayed is None:
        return g
    np.multiply(parameters, weight_decay, out=decayed)
    decayed += g  # g + λ θ  [O3]
    return decayed


def check_non_negative(**values: float) -> None:
    """Raise ValueError naming the first value that is negative or not finite."""
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be a number of at least 0; got {value}")


def check_decay(**values: float) -> None:
    """Raise ValueError naming the first decay rate outside [0, 1)."""
    for name, value in values.items():
        if not 0 <= value < 1:
            raise ValueError(f"{name} must lie in [0, 1); got {value}")
