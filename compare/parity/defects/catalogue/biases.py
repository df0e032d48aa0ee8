"""Mistakes in the gradient of the bias, [B3]."""

from collections.abc import Callable

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.catalogue.scale import scale_bias
from compare.parity.defects.defect import Defect, everywhere, where
from compare.parity.defects.stage import Last, Returned, Site


def with_bias(network: Network, n: int, layer: int) -> bool:
    """Tell whether there is one."""
    return network.bias


def with_rows(network: Network, n: int, layer: int) -> bool:
    """Tell whether there is a bias, and more than one sample."""
    return network.bias and n > 1


def with_units(network: Network, n: int, layer: int) -> bool:
    """Tell whether there is more than one bias."""
    return network.bias and network.sizes[layer] > 1


def with_derivative(network: Network, n: int, layer: int) -> bool:
    """Tell whether dA and dZ of a layer are both computed, and differ."""
    known = layer < network.depth or not network.is_fused
    return known and network.functions[layer - 1] != "identity"


def returned(formula: Callable[[Site], Array]) -> Callable[[Site], None]:
    """Return something else as db, of whatever shape; the formula is evaluated when dZ is known."""

    def vary(site: Site) -> None:
        kept: list[Array] = []

        def at_the_end(gradients: Returned) -> None:
            gradients[f"b{site.number}"] = kept.pop()

        site.after("gradients", lambda: kept.append(np.array(formula(site))))
        site.at_the_end(Last.REPLACE, at_the_end)

    return vary


def reshaped(shape: tuple[int, int]) -> Callable[[Site], None]:
    """Return db with an axis too many."""

    def vary(site: Site) -> None:
        def at_the_end(gradients: Returned) -> None:
            name = f"b{site.number}"
            gradients[name] = gradients[name].reshape(shape)

        site.at_the_end(Last.RESHAPE, at_the_end)

    return vary


BIASES = (
    Defect(
        "bias-averaged-twice",
        "B3",
        "you averaged twice: {ratio}. It is a sum over the samples: the mean's 1/n is in dZ already",
        where(everywhere, with_rows),
        scale_bias("averaged-twice"),
    ),
    Defect(
        "bias-missing-mean",
        "B3",
        "you summed over the samples without averaging: {ratio}. The weights are averaged as they should be",
        where(everywhere, with_rows),
        scale_bias("missing-mean"),
    ),
    Defect(
        "bias-not-summed",
        "B3",
        "you did not sum over the samples: what you return is dZ itself, a row for each of the {n} samples",
        where(everywhere, with_rows),
        returned(lambda site: site.layer.dZ),
    ),
    Defect(
        "bias-missing",
        "B3",
        "the gradient of the bias is missing: what you return is zero",
        where(everywhere, with_bias),
        returned(lambda site: np.zeros(len(site.layer.W))),
    ),
    Defect(
        "bias-summed-completely",
        "B3",
        "you summed over the units as well as over the samples, so that one number is left. "
        "It is a sum over the samples only: dZ.sum(axis=0)",
        where(everywhere, with_units),
        returned(lambda site: site.layer.dZ.sum()),
    ),
    Defect(
        "bias-summed-over-units",
        "B3",
        "you summed along the wrong axis: over the units, which leaves a number for each of the {n} samples",
        where(everywhere, with_units),
        returned(lambda site: site.layer.dZ.sum(axis=1)),
    ),
    Defect(
        "wrong-shape",
        "B3",
        "the values are right, but as a row (1, k) instead of (k,): an axis of length 1 is left over from "
        "the sum (keepdims), and adds itself wherever the array is used",
        where(everywhere, with_bias),
        reshaped((1, -1)),
    ),
    Defect(
        "wrong-shape",
        "B3",
        "the values are right, but as a column (k, 1) instead of (k,): subtracted from a vector (k,), it "
        "broadcasts to (k, k) without an error message",
        where(everywhere, with_units),
        reshaped((-1, 1)),
    ),
    Defect(
        "bias-not-accumulated",
        "B3",
        "you return the last sample's part only: add over the samples instead of assigning",
        where(everywhere, with_rows),
        returned(lambda site: site.layer.dZ[-1]),
    ),
    Defect(
        "bias-before-derivative",
        "B3",
        "you summed dA{l}, the error before the activation's derivative, instead of dZ{l}",
        where(everywhere, lambda network, n, layer: network.bias and with_derivative(network, n, layer)),
        returned(lambda site: site.layer.dA.sum(axis=0)),
    ),
)
