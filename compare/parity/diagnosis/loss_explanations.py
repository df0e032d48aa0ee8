"""What is told of a loss that is not ours: a mistake of its own, or another convention."""

import math

import numpy as np

from compare.parity.defects.factors import Factor, loss_factors, recognise
from compare.parity.diagnosis.explanations import Explanation, by_layer
from compare.parity.diagnosis.matching import Matcher
from compare.parity.diagnosis.wording import see


def loss_only(matcher: Matcher, loss: float, gradients_are_right: bool) -> Explanation:
    """Explain a loss that is wrong while the gradients belong to the right one."""
    start = (
        "loss: your gradients are right, but your loss"
        if gradients_are_right
        else "loss: it is wrong besides: it"
    )
    if not math.isfinite(loss):
        return Explanation("loss-only", None, ("loss",), f"{start} is {loss}.{see('L')}")
    if factor := recognised_loss(matcher, loss):
        how = f"is {factor.shown} ours: {factor.because}"
    elif epsilon := epsilon_in_log(matcher, loss):
        how = (
            f"is that of log(p + {epsilon:g}): an epsilon inside the logarithm, which keeps it finite and "
            f"changes the loss by {loss - matcher.loss:.2g}. It is a convention; the check has none"
        )
    else:
        how = f"is {loss:.12g}, ours {matcher.loss:.12g}, a difference of {loss - matcher.loss:.2g}"
    return Explanation("loss-only", None, ("loss",), f"{start} {how}.{see('L')}")


def epsilon_in_log(matcher: Matcher, loss: float) -> float | None:
    """Return the power of ten inside a cross-entropy's logarithms that leads to a loss, if one does."""
    if matcher.network.loss == "squared_error":
        return None
    Y = matcher.stage.Y
    A = matcher.stage.mlp.forward(matcher.stage.X).astype(np.float64)
    for exponent in range(3, 17):
        epsilon = 10.0**-exponent
        terms = Y * np.log(A + epsilon)
        if matcher.network.loss == "binary_cross_entropy":
            terms += (1 - Y) * np.log(1 - A + epsilon)
        with_epsilon = float(-np.sum(terms) / matcher.n)
        moved = abs(with_epsilon - matcher.loss)
        if moved and abs(loss - with_epsilon) <= max(0.01 * moved, matcher.loss_tolerance * abs(loss)):
            return epsilon
    return None


def convention(matcher: Matcher, loss: float, alone: bool) -> Explanation:
    """Explain a loss that is defined differently, with gradients that are consistent with it."""
    factor = recognised_loss(matcher, loss)
    ratio = loss / matcher.loss
    shown = f"{factor.shown} ours: {factor.because}" if factor else f"{ratio:.6g} times ours"
    right = "your gradients are right for your loss" if alone else "your gradients belong to your loss"
    message = f"{right}; your loss is {shown}. It is a convention, not a mistake.{see('L')}"
    return Explanation("loss-convention", None, ("loss", *by_layer(matcher.names)), message)


def recognised_loss(matcher: Matcher, loss: float) -> Factor | None:
    """Return what the ratio of a loss to ours tells, if anything."""
    if not matcher.loss:
        return None
    factors = loss_factors(matcher.network, matcher.n)
    found = recognise(loss / matcher.loss, factors, matcher.loss_tolerance)
    return found[0] if found else None
