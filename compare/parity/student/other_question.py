"""Whether an answer is the right one to another question: another objective, another activation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from compare.implementation import Array
from compare.names import ACTIVATIONS, OBJECTIVES
from compare.network import Network
from compare.parity.student.question import Question
from compare.parity.tolerance import relative_error, tolerances
from handwritten import MLP


@dataclass(frozen=True)
class Other:
    """The question that an answer is right for, but for factors of its loss and of its gradients."""

    network: Network
    of_loss: float
    of_gradients: float


def other_question(
    question: Question, loss: float, gradients: Mapping[str, Array], dtype: str
) -> Other | None:
    """Return a network of the same shape whose loss and gradients these are to rounding, or None.

    Tried are all objectives, with the hidden activations as they are and with any one for all layers. Loss
    and gradients may each have a factor of those in use: a half of squares, a mean instead of a sum.
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
        usual = usual_factors(len(X), network.sizes[-1])
        of_loss = factor_of(loss, wanted_loss, usual)
        of_gradients = factor_of(flat(gradients), flat(wanted), usual)
        if relative_error(np.array(loss), np.array(of_loss * wanted_loss)) <= allowed["loss"] and all(
            relative_error(gradients[name], of_gradients * wanted[name]) <= allowed[name] for name in wanted
        ):
            return Other(network, of_loss, of_gradients)
    return None


def usual_factors(n: int, outputs: int) -> list[float]:
    """Return what losses differ by from text to text: the half of squares, sums or means of either axis."""
    return [
        half * rows * columns
        for half in (1.0, 2.0, 0.5)
        for rows in (1.0, n, 1 / n)
        for columns in (1.0, outputs, 1 / outputs)
    ]


def factor_of(value: Array | float, wanted: Array | float, usual: list[float]) -> float:
    """Return the one of the usual factors that brings `wanted` nearest to `value`."""
    return min(usual, key=lambda factor: relative_error(np.asarray(value), factor * np.asarray(wanted)))


def flat(gradients: Mapping[str, Array]) -> Array:
    """Return all gradients as one vector, in the order of their names."""
    return np.concatenate([np.asarray(gradients[name], np.float64).ravel() for name in sorted(gradients)])


def others(network: Network) -> Iterator[Network]:
    """Yield networks of the same shape with another objective or another activation."""
    hidden = len(network.activations)
    activations = dict.fromkeys([network.activations, *((name,) * hidden for name in ACTIVATIONS)])
    for names, objective in product(activations, OBJECTIVES):
        output, loss = objective.split("+")
        other = replace(network, activations=names, output=output, loss=loss)
        if other != network and not (output == "softmax" and network.sizes[-1] < 2):
            yield other


def told(other: Other, asked: Network) -> str:
    """Say which question was answered, and with which flags to ask it."""
    network, flags, what = other.network, list[str](), list[str]()
    if network.activations != asked.activations:
        flags.append(f"--activation {network.activations[0]}")
        what.append(f"{network.activations[0]} in the hidden layers")
    if network.objective != asked.objective:
        flags.append(f"--objective {network.objective}")
        what.append(network.objective)
    if other.of_loss == other.of_gradients == 1:
        right = "Your loss and gradients are exactly right for another network"
    else:
        right = (
            f"But for factors, your answer is right for another network ({other.of_loss:.4g} times its loss, "
            f"{other.of_gradients:.4g} times its gradients)"
        )
    if_so = f"If that is what you mean to compute, check it with {' '.join(flags)}."
    return f"{right}: {' and '.join(what)}. {if_so}"
