"""The third witness, and who is said to stand alone."""

import numpy as np
import pytest

from compare.implementation import UpdateRule
from compare.implementations.torch_eager import TorchEager
from compare.names import OBJECTIVES
from compare.network import Network
from compare.parity.complex_step import complex_loss, directional_derivatives, projected_error
from compare.parity.tolerance import tolerances
from compare.parity.witnesses import ComplexStep, hear_witnesses, judge


def setting(objective, rng, activations=("tanh", "sigmoid"), bias=True):
    output, loss = objective.split("+")
    network = Network((4, 6, 5, 3), activations, output, loss, bias)
    parameters = {name: 0.7 * rng.normal(size=shape) for name, shape in network.parameter_shapes.items()}
    if output == "relu" and bias:
        parameters["b3"] += 2
    return network, parameters, rng.random((7, 4)), np.eye(3)[rng.integers(3, size=7)]


def autograd(network, parameters, X, Y):
    trace = TorchEager(network, parameters, UpdateRule("sgd", {}), "float64").trace(X, Y)
    return trace.gradients | {"loss": np.array(trace.loss)}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("activations", [("tanh", "sigmoid"), ("relu", "identity")], ids="+".join)
def test_complex_step_agrees_with_autograd_to_rounding(objective, activations, rng):
    arguments = setting(objective, rng, activations)
    wanted = autograd(*arguments)
    assert complex_loss(*arguments).real == pytest.approx(float(wanted["loss"]), rel=1e-13)
    for name, gradient in wanted.items():
        if name != "loss":
            directions = rng.normal(size=(4, *gradient.shape))
            derivatives = directional_derivatives(*arguments, name, directions)
            assert projected_error(gradient, directions, derivatives) < 1e-12


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("objective", ["softmax+cross_entropy", "sigmoid+binary_cross_entropy"])
def test_complex_step_of_a_fused_pair_neither_overflows_nor_loses_digits(objective, scale, rng):
    network, parameters, X, Y = setting(objective, rng)
    parameters["W3"] *= scale
    value = complex_loss(network, parameters, X, Y)
    assert np.isfinite(value)
    wanted = autograd(network, parameters, X, Y)
    witness = ComplexStep(network, parameters, X, Y)
    allowed = tolerances(network, parameters, X, Y, "float64")
    for name in ("W3", "b3", "W1", "X"):
        assert witness.error(name, wanted[name]) <= allowed[name]


def test_estimate_along_directions_is_the_normwise_error(rng):
    network, parameters, X, Y = setting("softmax+cross_entropy", rng)
    right = autograd(network, parameters, X, Y)["W2"]
    estimates = []
    for _ in range(200):
        wrong = right + 1e-6 * np.linalg.norm(right) * normalised(rng.normal(size=right.shape))
        directions = rng.normal(size=(4, *right.shape))
        derivatives = directional_derivatives(network, parameters, X, Y, "W2", directions)
        estimates.append(projected_error(wrong, directions, derivatives))
    assert np.sqrt(np.mean(np.square(estimates))) == pytest.approx(1e-6, rel=0.1)
    assert min(estimates) > 1e-7


def normalised(values):
    return values / np.linalg.norm(values)


@pytest.mark.parametrize(
    ("errors", "alone"),
    [
        ((1e-16, 1e-16, 1e-16), None),
        ((1e-3, 1e-3, 1e-16), "contestant"),
        ((1e-3, 1e-16, 1e-3), "autograd"),
        ((1e-16, 1e-3, 1e-3), "complex step"),
        ((1e-3, 1e-3, 1e-3), "all"),
    ],
)
def test_the_one_that_disagrees_with_two_that_agree_stands_alone(errors, alone):
    assert judge("W1", *errors, tolerance=1e-14).alone == alone


def test_a_wrong_gradient_is_alone_against_the_two_others(rng):
    arguments = setting("sigmoid+cross_entropy", rng)
    wanted = autograd(*arguments)
    allowed = tolerances(*arguments, "float64")
    wrong = wanted | {"b2": wanted["b2"] * (1 + 1e-9)}
    said = {t.tensor: t.alone for t in hear_witnesses(wrong, wanted, ComplexStep(*arguments), allowed)}
    assert said.pop("b2") == "contestant"
    assert set(said.values()) == {None}


def test_a_misconception_that_both_sides_share_does_not_pass(rng):
    arguments = setting("sigmoid+cross_entropy", rng)
    shared = {name: 2 * values for name, values in autograd(*arguments).items()}
    allowed = tolerances(*arguments, "float64")
    said = hear_witnesses(shared, shared, ComplexStep(*arguments), allowed)
    assert {t.alone for t in said} == {"complex step"}
