"""Whether an answer is the right one to another question: another objective, another activation."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product

import numpy as np

from compare.implementation import Array
from compare.names import ACTIVATIONS, OBJECTIVES
from compare.network import Network
from compare.parity.student.question import Question
from compare.parity.tolerance import relative_error, tolerances
from handwritten import MLP


def other_question(
    question: Question, loss: float, gradients: Mapping[str, Array], dtype: str
) -> Network | None:
    """Return a network of the same shape whose loss and gradients these are to rounding, or None.

    Tried are all objectives, with the hidden activations as they are and with any one for all layers.
    """
    parameters, X, Y = question.in_float64()
    for network in others(question.network):
        mlp = MLP(*network.arguments)
        mlp.load(parameters)
        try:
            wanted_loss, wanted = mlp.loss_and_gradients(X, Y)
        except ValueError:
            continue
        allowed = tolerances(network, parameters, X, Y, dtype)
        if relative_error(np.array(loss), np.array(wanted_loss)) <= allowed["loss"] and all(
            relative_error(gradients[name], wanted[name]) <= allowed[name] for name in wanted
        ):
            return network
    return None


def others(network: Network) -> Iterator[Network]:
    """Yield networks of the same shape with another objective or another activation."""
    hidden = len(network.activations)
    activations = dict.fromkeys([network.activations, *((name,) * hidden for name in ACTIVATIONS)])
    for names, objective in product(activations, OBJECTIVES):
        output, loss = objective.split("+")
        other = replace(network, activations=names, output=output, loss=loss)
        if other != network and not (output == "softmax" and network.sizes[-1] < 2):
            yield other


def told(network: Network, asked: Network) -> str:
    """Say which question was answered, and with which flags to ask it."""
    flags, what = [], []
    if network.activations != asked.activations:
        flags.append(f"--activation {network.activations[0]}")
        what.append(f"{network.activations[0]} in the hidden layers")
    if network.objective != asked.objective:
        flags.append(f"--objective {network.objective}")
        what.append(network.objective)
    return (
        f"Your loss and gradients are exactly right for another network: {' and '.join(what)}. If that is "
        f"what you mean to compute, check it with {' '.join(flags)}."
    )
