"""Mistakes in the gradient of the weights, [B2], and in what is returned for it."""

from collections.abc import Callable

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.catalogue.biases import with_derivative
from compare.parity.defects.defect import (
    Defect,
    Places,
    everywhere,
    hidden,
    output,
    where,
)
from compare.parity.defects.stage import Last, Returned, Site


def returned(formula: Callable[[Site], Array]) -> Callable[[Site], None]:
    """Return something else as dW, of whatever shape; the formula is evaluated when dZ is known."""

    def vary(site: Site) -> None:
        kept: list[Array] = []

        def at_the_end(gradients: Returned) -> None:
            gradients[f"W{site.number}"] = kept.pop()

        site.after("gradients", lambda: kept.append(np.array(formula(site))))
        site.at_the_end(Last.REPLACE, at_the_end)

    return vary


def transpose(site: Site) -> None:
    """Return dWᵀ."""

    def at_the_end(gradients: Returned) -> None:
        name = f"W{site.number}"
        gradients[name] = gradients[name].T.copy()

    site.at_the_end(Last.RESHAPE, at_the_end)


def add_layer_above(site: Site) -> None:
    """Return the sum of dW of this layer and of the layer above, as it stands in their common buffer."""

    def at_the_end(gradients: Returned) -> None:
        own, above = f"W{site.number}", f"W{site.number + 1}"
        if gradients[own].shape == gradients[above].shape:
            gradients[own] = gradients[own] + gradients[above]

    site.at_the_end(Last.ADD, at_the_end)


def decay(names: str) -> Callable[[Site], None]:
    """Add λ times the parameters whose names begin with one of these letters, and λ/2 Σ θ² to the loss."""

    def vary(site: Site) -> None:
        stage = site.stage

        def loss() -> float:
            decayed = (value for name, value in stage.mlp.parameters.items() if name[0] in names)
            return stage.plain_loss + site.amount / 2 * sum(float(np.vdot(value, value)) for value in decayed)

        stage.loss = loss

        def at_the_end(gradients: Returned) -> None:
            for name, value in stage.mlp.parameters.items():
                if name[0] in names and gradients[name].shape == value.shape:
                    gradients[name] = gradients[name] + site.amount * value

        site.at_the_end(Last.ADD, at_the_end)

    return vary


def update_parameters(site: Site) -> None:
    """Return θ - η g in place of g."""

    def at_the_end(gradients: Returned) -> None:
        for name, value in site.stage.mlp.parameters.items():
            if gradients[name].shape == value.shape:
                gradients[name] = value - site.amount * gradients[name]

    site.at_the_end(Last.ADD, at_the_end)


def layers_from(first: int) -> Places:
    """All layers from a number on."""
    return lambda network, n: range(first, network.depth + 1)


def not_one_by_one(network: Network, n: int, layer: int) -> bool:
    """Tell whether transposing changes anything."""
    return max(network.sizes[layer - 1 : layer + 1]) > 1


def told_from_missing_derivative(network: Network, n: int, layer: int) -> bool:
    """Tell whether dA and dZ differ, and something beside W shows which of them is right."""
    return with_derivative(network, n, layer) and (network.bias or layer > 1)


def shaped_as_above(network: Network, n: int, layer: int) -> bool:
    """Tell whether W and the W of the layer above have one shape."""
    return network.sizes[layer - 1] == network.sizes[layer] == network.sizes[layer + 1]


WEIGHTS = (
    Defect(
        "transposed",
        "B2",
        "you return the transpose: a gradient has the shape of what it belongs to, (outputs, inputs)",
        where(everywhere, not_one_by_one),
        transpose,
    ),
    Defect(
        "preactivation-as-input",
        "B2",
        "you multiply by the pre-activation Z{k} of the layer before; it must be the activation A{k}",
        where(layers_from(2), lambda network, n, layer: network.functions[layer - 2] != "identity"),
        returned(lambda site: site.layer.dZ.T @ site.layer_at(site.number - 1).Z),
    ),
    Defect(
        "wrong-layer-input",
        "B2",
        "you multiply by A{l}, the layer's own output; it must be its input A{k}",
        everywhere,
        returned(lambda site: site.layer.dZ.T @ site.layer.A),
    ),
    Defect(
        "wrong-layer-input",
        "B2",
        "you multiply by the activation of two layers before; it must be A{k}, the layer's own input",
        layers_from(2),
        returned(lambda site: site.layer.dZ.T @ site.activation_at(site.number - 2)),
    ),
    Defect(
        "wrong-layer-input",
        "B2",
        "you multiply by X, the network's input; it must be A{k}, the layer's own input",
        layers_from(3),
        returned(lambda site: site.layer.dZ.T @ site.stage.X),
    ),
    Defect(
        "wrong-layer-error",
        "B2",
        "you multiply by the error of the layer above; it must be dZ{l}",
        hidden,
        returned(lambda site: site.layer_at(site.number + 1).dZ.T @ site.layer.A_in),
    ),
    Defect(
        "weights-missing",
        "B2",
        "the gradient of the weights is missing: what you return is zero",
        everywhere,
        returned(lambda site: np.zeros_like(site.layer.W)),
    ),
    Defect(
        "weights-before-derivative",
        "B2",
        "you multiply by dA{l}, the error before the activation's derivative, instead of dZ{l}",
        where(everywhere, told_from_missing_derivative),
        returned(lambda site: site.layer.dA.T @ site.layer.A_in),
    ),
    Defect(
        "shared-buffer",
        "B2",
        "the gradient of the layer above has been added: do both layers add into one array?",
        where(hidden, shaped_as_above),
        add_layer_above,
    ),
    Defect(
        "weight-decay-added",
        "O3",
        "you added {amount} W to the gradient: an L2 penalty, which is no part of this loss",
        output,
        decay("W"),
        "network",
        amount=0.01,
        fitted=True,
    ),
    Defect(
        "weight-decay-added",
        "O3",
        "you added {amount} times the parameters, weights and biases: an L2 penalty, which is no part of "
        "this loss",
        where(output, lambda network, n, layer: network.bias),
        decay("Wb"),
        "network",
        amount=0.01,
        fitted=True,
    ),
    Defect(
        "parameters-returned",
        "O1",
        "you return updated parameters, the old ones minus {amount} times the gradient, not the gradient",
        output,
        update_parameters,
        "network",
        amount=0.1,
        fitted=True,
    ),
)
