"""The tolerance: no correct computation is rejected, from tiny to saturating weights; little else passes."""

import numpy as np
import pytest

from benchmarks.architectures import draw_case
from benchmarks.parity_margin import honest_margins
from compare.network import Network
from compare.parity.rounding import growth
from compare.parity.tolerance import relative_error, rounded_to, tolerances
from handwritten import MLP


@pytest.mark.parametrize("block", range(6))
def test_no_correct_gradient_is_rejected_on_random_architectures(block):
    for seed in range(20 * block, 20 * block + 20):
        for margin in honest_margins(seed):
            assert margin.ratio <= 1, f"draw_case({seed}): {margin}"


def test_tolerance_lies_close_to_what_rounding_does():
    ratios = [margin.ratio for seed in range(8) for margin in honest_margins(seed) if margin.ratio > 0]
    assert np.quantile(ratios, 0.99) > 0.01


def test_float64_tolerance_is_far_below_the_smallest_defect_people_make():
    allowed = [
        tolerance
        for seed in range(40)
        for tolerance in [tolerances_of(draw_case(seed, widest=100, longest=64))["W1"]]
        if np.isfinite(tolerance)
    ]
    assert np.median(allowed) < 1e-13


def tolerances_of(case, dtype="float64"):
    return tolerances(case.network, case.parameters, case.X, case.Y, dtype)


def network_with_loss(sizes, activation, output, loss):
    return Network(tuple(sizes), (activation,) * (len(sizes) - 2), output, loss, bias=True)


def by_hand(network, parameters, X, Y, dtype):
    mlp = MLP(*network.arguments, dtype)
    mlp.load(parameters)
    mlp.loss_and_gradients(X, Y)
    return {name: values.astype(float) for name, values in mlp.gradients.items()}


def test_sums_of_like_terms_may_round_all_in_one_direction(rng):
    n = 3000
    network = network_with_loss((3, 4, 2), "sigmoid", "sigmoid", "squared_error")
    parameters = {name: rng.normal(size=shape) for name, shape in network.parameter_shapes.items()}
    parameters = {name: rounded_to(values, "float32") for name, values in parameters.items()}
    X = rounded_to(np.tile(rng.random(3), (n, 1)), "float32")
    Y = np.tile([0.0, 1.0], (n, 1))
    dZ = np.full(n, np.float32(0.1234567), np.float32)
    one_by_one = np.float32(0)
    for value in dZ:
        one_by_one += value
    error = abs(float(one_by_one) - n * float(dZ[0])) / (n * float(dZ[0])) / 2.0**-24
    assert np.sqrt(n) < error <= 8 * np.sqrt(growth(n))
    allowed = tolerances(network, parameters, X, Y, "float32")
    given, wanted = (by_hand(network, parameters, X, Y, dtype) for dtype in ("float32", "float64"))
    for name in wanted:
        assert relative_error(given[name], wanted[name]) <= allowed[name]


def test_relu_unit_that_is_zero_up_to_rounding_may_fall_on_either_side():
    network = network_with_loss((2, 2, 1), "relu", "identity", "squared_error")
    parameters = {
        "W1": np.array([[1.0, -1.0], [1.0, 2.0]]),
        "b1": np.zeros(2),
        "W2": np.array([[1.0, 1.0]]),
        "b2": np.zeros(1),
    }
    X, Y = np.array([[0.3, 0.3 - 1e-17], [0.2, 0.1]]), np.array([[1.0], [0.5]])
    above = by_hand(network, parameters | {"b1": np.array([1e-17, 0])}, X, Y, "float64")
    below = by_hand(network, parameters | {"b1": np.array([-1e-17, 0])}, X, Y, "float64")
    kinked = relative_error(above["W1"], below["W1"])
    assert kinked > 0.01
    assert kinked <= tolerances(network, parameters, X, Y, "float64")["W1"]
    away = tolerances(network, parameters | {"b1": np.array([1e-9, 0])}, X, Y, "float64")
    assert away["W1"] < 1e-13


def test_cancellation_in_a_confident_output_is_allowed_for_and_no_more():
    network = network_with_loss((1, 1, 2), "identity", "softmax", "cross_entropy")
    parameters = {
        "W1": np.ones((1, 1)),
        "b1": np.zeros(1),
        "W2": np.array([[20.0], [-8.0]]),
        "b2": np.zeros(2),
    }
    X, Y = np.array([[1.0], [0.9]]), np.array([[1.0, 0.0], [1.0, 0.0]])
    confident = tolerances(network, parameters, X, Y, "float64")["W2"]
    unsure = tolerances(network, parameters | {"W2": np.array([[0.2], [-0.1]])}, X, Y, "float64")["W2"]
    assert confident > 1e3 * unsure
    assert confident < 1e-2


def test_tensor_lost_to_rounding_has_a_tolerance_of_one_or_more():
    network = network_with_loss((1, 2, 2), "sigmoid", "softmax", "binary_cross_entropy")
    parameters = {name: np.full(shape, 1.0) for name, shape in network.parameter_shapes.items()}
    parameters["W2"] = np.array([[40.0, 40.0], [-40.0, -40.0]])
    X, Y = np.array([[1.0], [0.5]]), np.array([[0.0, 1.0], [0.0, 1.0]])
    assert tolerances(network, parameters, X, Y, "float32")["loss"] >= 1


def test_relative_error_of_unlike_shapes_or_of_no_number_is_infinite():
    assert relative_error(np.ones(3), np.ones((3, 1))) == np.inf
    assert relative_error(np.array([np.nan]), np.ones(1)) == np.inf
    assert relative_error(np.zeros(2), np.zeros(2)) == 0
    assert relative_error(np.array([1e-300]), np.zeros(1)) == np.inf
