"""Mistakes of the forward pass: the gradients are right for another network, whose loss is another, too."""

from collections.abc import Callable

from compare.network import Network
from compare.parity.defects.catalogue.biases import with_bias
from compare.parity.defects.defect import Defect, everywhere, hidden, output, where
from compare.parity.defects.stage import Site
from handwritten.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from handwritten.objectives import OBJECTIVES, Composed


def leave_bias_out(site: Site) -> None:
    """Compute Z = A Wᵀ; the bias's gradient is computed all the same."""
    site.stage.replace(site.layer, "b_row", None)


def activate_by(name: str) -> Callable[[Site], None]:
    """Give a hidden layer another activation, forward and backward."""
    return lambda site: site.stage.replace(site.layer, "activation", ACTIVATIONS[name]())


def put_out_by(name: str) -> Callable[[Site], None]:
    """Give the output layer another activation, forward and backward."""

    def vary(site: Site) -> None:
        pair = Composed(name, site.stage.network.loss)
        site.stage.replace(site.layer, "activation", pair.activation)
        site.stage.replace(site.stage.mlp, "objective", pair)

    return vary


def other_activation(name: str) -> Defect:
    """Another activation in a hidden layer."""
    return Defect(
        "other-activation",
        "F2",
        f"you used {name} {{at}} where another activation was asked for",
        where(hidden, lambda network, n, layer: network.functions[layer - 1] != name),
        activate_by(name),
    )


def other_output(name: str) -> Defect:
    """Another activation in the output layer."""

    def defined(network: Network, n: int, layer: int) -> bool:
        return (
            network.output != name
            and (name, network.loss) in OBJECTIVES
            and (name != "softmax" or network.sizes[-1] > 1)
        )

    return Defect(
        "other-output",
        "F2",
        f"your outputs go through {name}, where another output activation was asked for",
        where(output, defined),
        put_out_by(name),
        "layer",
    )


FORWARD = (
    Defect(
        "bias-not-added",
        "F1",
        "you left the bias out of the forward pass {at}",
        where(everywhere, with_bias),
        leave_bias_out,
    ),
    *(other_activation(name) for name in ACTIVATIONS),
    *(other_output(name) for name in OUTPUT_ACTIVATIONS),
)
