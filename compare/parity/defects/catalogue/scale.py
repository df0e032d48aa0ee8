"""Gradients that are right but for a constant factor."""

from collections.abc import Callable, Sequence

from compare.network import Network
from compare.parity.defects.defect import Defect, Places, everywhere, hidden, output, where
from compare.parity.defects.factors import gradient_factors
from compare.parity.defects.stage import Site

TOLD = {
    "missing-mean": "you did not divide by the number of samples: {ratio}. The mean's 1/n belongs into the "
    "derivative of the loss, once",
    "averaged-twice": "you averaged twice: {ratio}. The mean's 1/n is in the derivative of the loss, and no "
    "later equation divides by n again",
    "mean-over-elements": "you averaged over the outputs as well: {ratio}. The loss is a sum over the "
    "outputs and a mean over the samples only",
    "factor-two": "a factor 2 is too many: {ratio}. A loss with ½ has a derivative without 2; or are "
    "gradients added to those of an earlier call?",
    "sign-flipped": "the sign is wrong: {ratio}. The error is Y_hat - Y, and the update subtracts it",
    "mean-over-n-minus-one": "you divided by n - 1: {ratio}",
}


def value(identifier: str, network: Network, n: int) -> float:
    """Return the factor a defect stands for; 1 where it changes nothing."""
    found = [factor.value for factor in gradient_factors(network, n) if factor.id == identifier]
    return found[0] if found else 1.0


def changes(identifier: str) -> Callable[[Network, int, int], bool]:
    """Tell whether the factor is another than 1."""
    return lambda network, n, layer: value(identifier, network, n) != 1


def scale_error(identifier: str) -> Callable[[Site], None]:
    """Multiply dZ: the gradients of this layer and all below."""

    def vary(site: Site) -> None:
        factor = value(identifier, site.stage.network, site.n)
        site.after("error", lambda: site.layer.dZ.__imul__(factor))

    return vary


def scale_gradients(identifier: str) -> Callable[[Site], None]:
    """Multiply dW and db of this layer, and leave the error that goes on as it is."""

    def vary(site: Site) -> None:
        scale_weights(identifier)(site)
        if site.layer.db is not None:
            scale_bias(identifier)(site)

    return vary


def scale_by_amount(site: Site) -> None:
    """Multiply dZ by a constant."""
    site.after("error", lambda: site.layer.dZ.__imul__(site.amount))


def scale_layer_by_amount(site: Site) -> None:
    """Multiply dW and db of this layer by a constant."""

    def scale() -> None:
        site.layer.dW.__imul__(site.amount)
        if site.layer.db is not None:
            site.layer.db.__imul__(site.amount)

    site.after("gradients", scale)


def scale_weights(identifier: str) -> Callable[[Site], None]:
    """Multiply dW of this layer."""

    def vary(site: Site) -> None:
        factor = value(identifier, site.stage.network, site.n)
        site.after("gradients", lambda: site.layer.dW.__imul__(factor))

    return vary


def scale_bias(identifier: str) -> Callable[[Site], None]:
    """Multiply db of this layer."""

    def vary(site: Site) -> None:
        factor, db = value(identifier, site.stage.network, site.n), site.layer.db
        if db is not None:
            site.after("gradients", lambda: db.__imul__(factor))

    return vary


def any_of_several(network: Network, n: int) -> Sequence[int]:
    """All layers, where there are more than one."""
    return everywhere(network, n) if network.depth > 1 else ()


def inner(network: Network, n: int) -> Sequence[int]:
    """The layers that are neither first nor last."""
    return range(2, network.depth)


def several_hidden(network: Network, n: int) -> Sequence[int]:
    """The hidden layers, where there are more than one."""
    return hidden(network, n) if network.depth > 2 else ()


def everything(identifier: str) -> Defect:
    """The whole gradient times a factor."""
    places: Places = where(output, changes(identifier))
    return Defect(identifier, "L", TOLD[identifier], places, scale_error(identifier), "network")


def one_layer(identifier: str) -> Defect:
    """The gradients of one layer times a factor."""
    places = where(any_of_several, changes(identifier))
    return Defect(identifier, "B2", TOLD[identifier], places, scale_gradients(identifier), "layer")


def from_a_layer_down(identifier: str) -> Defect:
    """The gradients of one layer and of all below it times a factor."""
    told = TOLD[identifier] + ". It begins {at} and goes on to every layer below"
    places = where(inner, changes(identifier))
    return Defect(identifier, "B4", told, places, scale_error(identifier), "layer")


WHOLE = tuple(everything(identifier) for identifier in TOLD)

PARTS = (
    *(one_layer(identifier) for identifier in TOLD),
    *(from_a_layer_down(identifier) for identifier in TOLD),
    Defect(
        "averaged-twice",
        "B4",
        "you divide by n = {n} again in every layer on the way back, so each layer further down is 1/{n} of "
        "what it should be once more. The mean's 1/n enters once, with the loss",
        where(several_hidden, changes("averaged-twice")),
        scale_error("averaged-twice"),
        "network",
    ),
    Defect(
        "weights-missing-mean",
        "B2",
        "you did not divide the weights' gradient by the number of samples: {ratio}. The biases are right",
        where(everywhere, lambda network, n, layer: network.bias and n > 1),
        scale_weights("missing-mean"),
    ),
    Defect(
        "weights-averaged-twice",
        "B2",
        "you averaged the weights' gradient twice: {ratio}. The biases are right",
        where(everywhere, lambda network, n, layer: network.bias and n > 1),
        scale_weights("averaged-twice"),
    ),
)

SCALED = (
    Defect(
        "scaled",
        "L",
        "your gradient is {amount} times the right one, entry by entry: the derivation is right but for a "
        "constant",
        output,
        scale_by_amount,
        "network",
        amount=0.37,
        fitted=True,
    ),
    Defect(
        "scaled",
        "B2",
        "your gradient is {amount} times the right one, entry by entry: the derivation is right but for a "
        "constant",
        any_of_several,
        scale_layer_by_amount,
        "layer",
        amount=0.37,
        fitted=True,
    ),
)
