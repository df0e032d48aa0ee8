"""The catalogue of mistakes in update rules, with those of the step [O1] and of the decay [O3] [O6]."""

from compare.parity.updates.defect import UpdateDefect, made
from compare.parity.updates.mean_square import MEAN_SQUARE
from compare.parity.updates.moments import MOMENTS
from compare.parity.updates.momentum import MOMENTUM

ALL, COUPLED = "sgd rmsprop adam adamw", "sgd rmsprop adam"

STEPS = (
    made(
        "sign-flipped",
        ALL,
        "O1",
        "The step is added where it is to be subtracted: this climbs the loss instead of descending it.",
        theta=lambda s: s.decayed + s.step,
    ),
    made("not-updated", ALL, "O1", "The parameters come back unchanged.", theta=lambda s: s.theta),
    made(
        "plain-descent",
        "rmsprop adam adamw",
        "O1",
        "The step is lr times the gradient alone, as in plain gradient descent.",
        step=lambda s: s.lr * s.g,
    ),
    made(
        "first-lr-kept",
        ALL,
        "O1",
        "It goes on with the lr of the first step. lr is halved half way here; take it anew in every call.",
        theta=lambda s: s.decayed - (s.step if s.first else s.step * s.first_lr / s.lr),
        first_lr=lambda s: s.lr if s.first else s.first_lr,
    ),
)

DECAY = (
    made(
        "weight-decay-forgotten",
        COUPLED,
        "O3",
        "weight_decay is not applied: λ θ is to be added to the gradient, biases included.",
        g=lambda s: s.gradient,
    ),
    made(
        "weight-decay-forgotten",
        "adamw",
        "O6",
        "weight_decay is not applied: θ is to be multiplied by 1 - lr λ before the step.",
        decayed=lambda s: s.theta,
    ),
    made(
        "decoupled-instead-of-l2",
        COUPLED,
        "O3",
        "The decay acts on the parameters directly, as in AdamW. L2 decay was asked for: λ θ is added to the "
        "gradient, before anything else happens to it.",
        g=lambda s: s.gradient,
        decayed=lambda s: (1 - s.lr * s.weight_decay) * s.theta,
    ),
    made(
        "l2-instead-of-decoupled",
        "adamw",
        "O6",
        "λ θ is added to the gradient, as in Adam with L2 decay. AdamW keeps it out of m and v and "
        "multiplies θ by 1 - lr λ instead.",
        g=lambda s: s.gradient + s.weight_decay * s.theta,
        decayed=lambda s: s.theta,
    ),
    made(
        "weight-decay-doubled",
        COUPLED,
        "O3",
        "2 λ θ is added to the gradient: the penalty is taken as λ Σ θ², without the ½.",
        g=lambda s: s.gradient + 2 * s.weight_decay * s.theta,
    ),
    made(
        "weight-decay-sign-flipped",
        COUPLED,
        "O3",
        "λ θ is subtracted from the gradient, so that parameters grow.",
        g=lambda s: s.gradient - s.weight_decay * s.theta,
    ),
    made(
        "weight-decay-sign-flipped",
        "adamw",
        "O6",
        "θ is multiplied by 1 + lr λ, so that it grows.",
        decayed=lambda s: (1 + s.lr * s.weight_decay) * s.theta,
    ),
    made(
        "biases-not-decayed",
        COUPLED,
        "O3",
        "Only the weights decay. Many texts exempt the biases; PyTorch's rule does not.",
        g=lambda s: s.gradient + s.weight_decay * s.is_weight * s.theta,
    ),
    made(
        "biases-not-decayed",
        "adamw",
        "O6",
        "Only the weights decay. Many texts exempt the biases; PyTorch's rule does not.",
        decayed=lambda s: (1 - s.lr * s.weight_decay * s.is_weight) * s.theta,
    ),
    made(
        "decay-without-lr",
        "adamw",
        "O6",
        "θ is multiplied by 1 - λ, without lr: the paper's λ is lr times the λ of this rule.",
        decayed=lambda s: (1 - s.weight_decay) * s.theta,
    ),
    made(
        "decay-after-step",
        "adamw",
        "O6",
        "The decay multiplies the parameters after the step, so that it shrinks the step too.",
        decayed=lambda s: s.theta,
        theta=lambda s: (1 - s.lr * s.weight_decay) * (s.decayed - s.step),
    ),
)

CATALOGUE = (*STEPS, *DECAY, *MOMENTUM, *MEAN_SQUARE, *MOMENTS)
"""All mistakes; where several have the same effect, the first is named first."""


def defects_of(rule: str) -> list[UpdateDefect]:
    """Return the mistakes that can be made in a rule."""
    return [defect for defect in CATALOGUE if rule in defect.rules]
