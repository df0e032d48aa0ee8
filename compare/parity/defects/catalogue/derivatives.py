"""Mistakes in the derivative of an activation, [B1]: of hidden layers, and of outputs without a softmax."""

from collections.abc import Callable

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.defect import Defect, Places, everywhere, hidden, where
from compare.parity.defects.stage import Site
from handwritten.activations import ACTIVATIONS
from handwritten.layer import Layer

SMOOTH = ("sigmoid", "tanh")
CONSTANT = frozenset([("relu", "sigmoid"), ("relu", "softmax")])
"""relu' at the values of an activation that is always positive is 1, as if there were no derivative."""


def error_is(formula: Callable[[Layer], Array]) -> Callable[[Site], None]:
    """Compute dZ from dA by another formula."""

    def vary(site: Site) -> None:
        def error() -> None:
            site.find_output_error()
            site.layer.dZ[...] = formula(site.layer)

        site.instead("error", error)

    return vary


def differentiate_at_activation(site: Site) -> None:
    """σ'(a) in place of σ'(z)."""

    def error() -> None:
        site.find_output_error()
        layer, activated = site.layer, np.empty_like(site.layer.A)
        layer.activation.forward(layer.A, activated)
        layer.activation.backward(layer.dA, layer.A, activated, layer.dZ)

    site.instead("error", error)


def differentiate_preactivation(site: Site) -> None:
    """The formula in a, evaluated with z for a."""

    def error() -> None:
        site.find_output_error()
        layer = site.layer
        layer.activation.backward(layer.dA, layer.Z, layer.Z, layer.dZ)

    site.instead("error", error)


def differentiate_other(name: str) -> Callable[[Site], None]:
    """The derivative of another activation."""

    def vary(site: Site) -> None:
        def error() -> None:
            site.find_output_error()
            layer = site.layer
            ACTIVATIONS[name]().backward(layer.dA, layer.Z, layer.A, layer.dZ)

        site.instead("error", error)

    return vary


def differentiate_layer(offset: int) -> Callable[[Site], None]:
    """The derivative at the values of a neighbouring layer."""

    def vary(site: Site) -> None:
        def error() -> None:
            layer, other = site.layer, site.layer_at(site.number + offset)
            layer.activation.backward(layer.dA, other.Z, other.A, layer.dZ)

        site.instead("error", error)

    return vary


def differentiate_twice(site: Site) -> None:
    """The right derivative, once more."""
    layer = site.layer
    site.after("error", lambda: layer.activation.backward(layer.dZ.copy(), layer.Z, layer.A, layer.dZ))


def activated_by(places: Places, *names: str) -> Places:
    """Keep the places whose activation is one of these."""
    return where(places, lambda network, n, layer: network.functions[layer - 1] in names)


def beside(offset: int) -> Places:
    """The hidden layers with a derivative whose neighbour has the same width."""

    def alike(network: Network, n: int, layer: int) -> bool:
        other = layer + offset
        if not 1 <= other <= network.depth or network.sizes[layer] != network.sizes[other]:
            return False
        own, others = network.functions[layer - 1], network.functions[other - 1]
        return own != "identity" and (own, others) not in CONSTANT

    return where(hidden, alike)


def other_derivatives() -> list[Defect]:
    """The derivative of each activation on layers that have another; what gives a factor 1 is left out."""
    pairs: dict[str, tuple[str, ...]] = {
        "sigmoid": ("tanh", "relu", "identity"),
        "tanh": ("sigmoid", "relu", "identity"),
        "relu": ("tanh", "identity"),
    }
    return [
        Defect(
            "other-derivative",
            "B1",
            f"you used the derivative of {name} {{at}}, whose activation is another one",
            activated_by(everywhere, *of),
            differentiate_other(name),
        )
        for name, of in pairs.items()
    ]


DERIVATIVES = (
    Defect(
        "missing-activation-derivative",
        "B1",
        "the activation's derivative is missing {at}: the error went through as if σ' were 1",
        activated_by(hidden, *SMOOTH, "relu"),
        error_is(lambda layer: layer.dA),
    ),
    Defect(
        "derivative-at-activation",
        "B1",
        "you took σ'(a) for σ'(z) {at}: the derivative function was given the activation A{l}, but "
        "expects the pre-activation Z{l}",
        activated_by(everywhere, *SMOOTH),
        differentiate_at_activation,
    ),
    Defect(
        "derivative-at-preactivation",
        "B1",
        "you put the pre-activation into the formula for the activation {at}: z (1 - z) where it is "
        "a (1 - a), or 1 - z² where it is 1 - a²",
        activated_by(everywhere, *SMOOTH),
        differentiate_preactivation,
    ),
    Defect(
        "wrong-derivative-formula",
        "D2",
        "you took 1 - a for tanh' {at}: the square is missing, it is 1 - a²",
        activated_by(everywhere, "tanh"),
        error_is(lambda layer: layer.dA * (1 - layer.A)),
    ),
    Defect(
        "wrong-derivative-formula",
        "D1",
        "you took 1 - a for the derivative of sigmoid {at}; it is a (1 - a)",
        activated_by(everywhere, "sigmoid"),
        error_is(lambda layer: layer.dA * (1 - layer.A)),
    ),
    Defect(
        "wrong-derivative-formula",
        "B1",
        "you multiplied by the activation {at}, where its derivative belongs",
        activated_by(everywhere, *SMOOTH, "relu", "identity"),
        error_is(lambda layer: layer.dA * layer.A),
    ),
    Defect(
        "extra-activation-derivative",
        "B1",
        "you multiplied by the activation's derivative twice {at}",
        activated_by(hidden, *SMOOTH),
        differentiate_twice,
    ),
    *other_derivatives(),
    Defect(
        "derivative-of-wrong-layer",
        "B1",
        "you took the derivative at the values of the layer below {at}: it must be at Z{l}",
        beside(-1),
        differentiate_layer(-1),
    ),
    Defect(
        "derivative-of-wrong-layer",
        "B1",
        "you took the derivative at the values of the layer above {at}: it must be at Z{l}",
        beside(+1),
        differentiate_layer(+1),
    ),
    Defect(
        "mask-from-error",
        "D3",
        "relu let the error through where the error is positive {at}; it must be where Z{l} is positive",
        activated_by(everywhere, "relu"),
        error_is(lambda layer: layer.dA * (layer.dA > 0)),
    ),
)

KINKS = (
    Defect(
        "relu-at-zero",
        "D3",
        "no mistake, another convention: you take 1 for relu' at exactly 0, where this project takes 0",
        activated_by(everywhere, "relu"),
        error_is(lambda layer: layer.dA * (layer.Z >= 0)),
    ),
    Defect(
        "relu-at-zero",
        "D3",
        "no mistake, another convention: you take ½ for relu' at exactly 0, where this project takes 0",
        activated_by(everywhere, "relu"),
        error_is(lambda layer: layer.dA * np.heaviside(layer.Z, 0.5)),
    ),
)
"""They change something only where a pre-activation is exactly 0."""
