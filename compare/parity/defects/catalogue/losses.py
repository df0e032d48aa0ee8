"""Another loss than the one asked for."""

from collections.abc import Callable

import numpy as np

from compare.network import Network
from compare.parity.defects.catalogue.outputs import loss_is
from compare.parity.defects.defect import Defect, output, where
from compare.parity.defects.stage import Site
from handwritten.losses import LOSSES
from handwritten.objectives import OBJECTIVES, make_objective


def add_epsilon(site: Site) -> None:
    """log(p + ε) in place of log p."""
    stage, layer, epsilon = site.stage, site.layer, site.amount

    def error() -> None:
        layer.dA[...] = -stage.Y / (layer.A + epsilon) / site.n
        if stage.network.loss == "binary_cross_entropy":
            layer.dA += (1 - stage.Y) / (1 - layer.A + epsilon) / site.n
        layer.activation.backward(layer.dA, layer.Z, layer.A, layer.dZ)

    def loss() -> float:
        terms = stage.Y * np.log(layer.A + epsilon)
        if stage.network.loss == "binary_cross_entropy":
            terms += (1 - stage.Y) * np.log(1 - layer.A + epsilon)
        return float(-terms.sum() / site.n)

    site.instead("error", error)
    stage.loss = loss


def minimise(name: str) -> Callable[[Site], None]:
    """The loss and error of another loss on the same output."""

    def vary(site: Site) -> None:
        stage, layer, loss = site.stage, site.layer, LOSSES[name]()
        pair = make_objective(stage.network.output, name)

        def error() -> None:
            pair.error(layer.Z, layer.A, stage.Y, layer.dA, layer.dZ, 1 / stage.n)

        site.instead("error", error)
        stage.loss = lambda: loss.value(layer.A, stage.Y)

    return vary


def other_losses() -> list[Defect]:
    """Each loss on networks that ask for another."""

    def defined(name: str) -> Callable[[Network, int, int], bool]:
        return lambda network, n, layer: network.loss != name and (network.output, name) in OBJECTIVES

    return [
        Defect(
            "other-loss",
            "L",
            f"you differentiated {name.replace('_', ' ')}, and the loss asked for is another one",
            where(output, defined(name)),
            minimise(name),
            "network",
        )
        for name in LOSSES
    ]


OTHER_LOSSES = (
    *other_losses(),
    Defect(
        "log-epsilon",
        "S3",
        "you added about {amount} inside the logarithm: log(p + ε) changes the gradient of every output",
        loss_is("cross_entropy", "binary_cross_entropy"),
        add_epsilon,
        "network",
        amount=1e-7,
        fitted=True,
    ),
)
