"""Mistakes in the error of the output layer: the derivative of the loss, and of the output activation."""

import numpy as np

from compare.implementation import Array
from compare.network import FUSED
from compare.parity.defects.catalogue.derivatives import activated_by, differentiate_twice, error_is
from compare.parity.defects.defect import Defect, Places, output, where
from compare.parity.defects.stage import Site
from handwritten.activations import OUTPUT_ACTIVATIONS
from handwritten.objectives import make_objective


def objective(*pairs: tuple[str, str]) -> Places:
    """The output layer, where the objective is one of these pairs."""
    return where(output, lambda network, n, layer: (network.output, network.loss) in pairs)


def loss_is(*losses: str) -> Places:
    """The output layer, where the loss is one of these."""
    return where(output, lambda network, n, layer: network.loss in losses)


def softmaxed(A: Array) -> Array:
    """Return the softmax of every row."""
    twice = np.empty_like(A)
    OUTPUT_ACTIVATIONS["softmax"]().forward(A, twice)
    return twice


def double_softmax(site: Site) -> None:
    """Loss and error of softmax(softmax(Z)), both softmaxes differentiated."""
    stage, layer = site.stage, site.layer
    pair = make_objective("softmax", stage.network.loss)
    doubled = np.empty_like(layer.A)

    def error() -> None:
        doubled[...] = softmaxed(layer.A)
        pair.error(layer.A, doubled, stage.Y, np.empty_like(doubled), layer.dA, 1 / stage.n)
        layer.activation.backward(layer.dA, layer.Z, layer.A, layer.dZ)

    site.instead("error", error)
    stage.loss = lambda: pair.value(layer.A, softmaxed(layer.A), stage.Y)


def double_softmax_once(site: Site) -> None:
    """The error (softmax(Y_hat) - Y) / n."""
    stage, layer = site.stage, site.layer

    def error() -> None:
        layer.dZ[...] = (softmaxed(layer.A) - stage.Y) / site.n

    site.instead("error", error)


def without_labels(site: Site) -> None:
    """Y_hat / n in place of (Y_hat - Y) / n."""
    layer, network = site.layer, site.stage.network

    def error() -> None:
        if network.is_fused:
            layer.dZ[...] = layer.A / site.n
        else:
            layer.dA[...] = layer.A / site.n
            layer.activation.backward(layer.dA, layer.Z, layer.A, layer.dZ)

    site.instead("error", error)


def multiply_by_diagonal(site: Site) -> None:
    """a (1 - a) after an error that has the whole Jacobian, or is fused, already."""
    site.after("error", lambda: site.layer.dZ.__imul__(site.layer.A * (1 - site.layer.A)))


OUTPUTS = (
    Defect(
        "missing-output-derivative",
        "B1",
        "the derivative of the output activation is missing: dZ{l} was taken to be dA{l}, the derivative of "
        "the loss",
        activated_by(output, *(set(OUTPUT_ACTIVATIONS) - {"identity"})),
        error_is(lambda layer: layer.dA),
        "layer",
    ),
    Defect(
        "extra-output-derivative",
        "B0",
        "you multiplied by the derivative of the output activation once more: with softmax and "
        "cross-entropy, or sigmoid and binary cross-entropy, Y_hat - Y contains it already",
        objective(*FUSED),
        differentiate_twice,
        "layer",
    ),
    Defect(
        "extra-output-derivative",
        "B1",
        "you multiplied by the derivative of the output activation twice",
        where(
            activated_by(output, "sigmoid", "tanh", "softmax"),
            lambda network, n, layer: not network.is_fused,
        ),
        differentiate_twice,
        "layer",
    ),
    Defect(
        "extra-output-derivative",
        "D5",
        "you multiplied by a (1 - a) once more, after the derivative of softmax",
        activated_by(output, "softmax"),
        multiply_by_diagonal,
        "layer",
    ),
    Defect(
        "softmax-elementwise",
        "D5",
        "you took a (1 - a) for the derivative of softmax: that is only the diagonal of its Jacobian, every "
        "output depends on every z of its row",
        activated_by(output, "softmax"),
        error_is(lambda layer: layer.dA * layer.A * (1 - layer.A)),
        "layer",
    ),
    Defect(
        "double-softmax",
        "F2",
        "softmax was applied twice: once to Z{l}, and again to the outputs, inside the loss",
        objective(
            ("softmax", "cross_entropy"), ("softmax", "squared_error"), ("softmax", "binary_cross_entropy")
        ),
        double_softmax,
        "layer",
    ),
    Defect(
        "double-softmax",
        "B0",
        "softmax was applied twice: the error is softmax(Y_hat) - Y where it should be Y_hat - Y",
        activated_by(output, "softmax"),
        double_softmax_once,
        "layer",
    ),
    Defect(
        "labels-not-subtracted",
        "B0",
        "the targets were not subtracted: the error is Y_hat / n where it should be (Y_hat - Y) / n",
        objective(*FUSED),
        without_labels,
        "layer",
    ),
    Defect(
        "labels-not-subtracted",
        "L1'",
        "the targets were not subtracted: the error is Y_hat / n where it should be (Y_hat - Y) / n",
        loss_is("squared_error"),
        without_labels,
        "layer",
    ),
)
