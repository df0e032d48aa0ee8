"""What is told of a loss that is not ours: a mistake of its own, or another convention."""

import math

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
    else:
        how = f"is {loss:.6g}, ours {matcher.loss:.6g}"
    return Explanation("loss-only", None, ("loss",), f"{start} {how}.{see('L')}")


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
