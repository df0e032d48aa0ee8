"""Mistakes in passing the error on to the layer below, [B4]."""

from collections.abc import Callable

import numpy as np

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.catalogue.biases import with_derivative
from compare.parity.defects.defect import Defect, Places, above_the_first, where
from compare.parity.defects.stage import Site


def passed(formula: Callable[[Site], Array]) -> Callable[[Site], None]:
    """Compute dA of the layer below by another formula."""

    def vary(site: Site) -> None:
        def error_below() -> None:
            site.layer_at(site.number - 1).dA[...] = formula(site)

        site.instead("error_below", error_below)

    return vary


def square(network: Network, n: int, layer: int) -> bool:
    """Tell whether W has as many rows as columns, and more than one."""
    return network.sizes[layer] == network.sizes[layer - 1] > 1


def passes_as_it_is(network: Network, n: int, layer: int) -> bool:
    """Tell whether dZ can stand, or broadcast, where dA of the layer below belongs."""
    return network.sizes[layer] in (1, network.sizes[layer - 1])


def neighbour(offset: int) -> Places:
    """The layers whose neighbour has weights of the same shape."""

    def alike(network: Network, n: int, layer: int) -> bool:
        other = layer + offset
        if not 1 <= other <= network.depth:
            return False
        return network.sizes[layer - 1 : layer + 1] == network.sizes[other - 1 : other + 1]

    return where(above_the_first, alike)


PASSING = (
    Defect(
        "updated-weights",
        "B4",
        "the error went back through W{l} after its update (with a learning rate of {amount}); it must be "
        "the W{l} of the forward pass",
        above_the_first,
        passed(lambda site: site.layer.dZ @ (site.layer.W - site.amount * site.layer.dW)),
        amount=0.1,
        fitted=True,
    ),
    Defect(
        "weights-transposed",
        "B4",
        "the error went back through the transpose of W{l}: with rows as samples it is dZ{l} W{l}, and only "
        "because W{l} is square did no shape complain",
        where(above_the_first, square),
        passed(lambda site: site.layer.dZ @ site.layer.W.T),
    ),
    Defect(
        "error-not-weighted",
        "B4",
        "the error of the layer above was passed on as it is, not multiplied by W{l}",
        where(above_the_first, passes_as_it_is),
        passed(lambda site: site.layer.dZ),
    ),
    Defect(
        "wrong-layer-weights",
        "B4",
        "the error went back through the weights of the layer below; it must be W{l}",
        neighbour(-1),
        passed(lambda site: site.layer.dZ @ site.layer_at(site.number - 1).W),
    ),
    Defect(
        "wrong-layer-weights",
        "B4",
        "the error went back through the weights of the layer above; it must be W{l}",
        neighbour(+1),
        passed(lambda site: site.layer.dZ @ site.layer_at(site.number + 1).W),
    ),
    Defect(
        "derivative-not-passed-back",
        "B4",
        "you passed dA{l} back, the error before the activation's derivative, instead of dZ{l}",
        where(above_the_first, with_derivative),
        passed(lambda site: site.layer.dA @ site.layer.W),
    ),
    Defect(
        "absolute-weights",
        "B4",
        "the error went back through the absolute values of W{l}",
        above_the_first,
        passed(lambda site: site.layer.dZ @ np.abs(site.layer.W)),
    ),
)
