"""The tolerance of trajectories: rounding stays inside, a wrong rule does not."""

import numpy as np
import pytest

from compare.batches import first_batches
from compare.implementation import UpdateRule
from compare.initial_weights import draw_parameters
from compare.network import Network
from compare.parity.drift import drift_tolerances
from compare.parity.tolerance import relative_error, rounded_to
from handwritten import MLP, OPTIMIZERS

NETWORK = Network((6, 5, 3), ("tanh",), "softmax", "cross_entropy", bias=True)
STEPS = 40


@pytest.fixture
def batch(rng):
    X = rounded_to(rng.random((30, 6)), "float32")
    return X, np.eye(3)[rng.integers(3, size=30)], first_batches(30, 12, 0, STEPS)


def trained(batch, name, dtype, network=NETWORK, **options):
    X, Y, batches = batch
    mlp = MLP(*network.arguments, dtype)
    mlp.load({k: rounded_to(v, "float32") for k, v in draw_parameters(network, "pytorch", 0).items()})
    optimizer = OPTIMIZERS[name](mlp.flat_parameters, mlp.flat_gradients, **options)
    states = {}
    for step, rows in enumerate(batches, start=1):
        mlp.loss_and_gradients(X[rows], Y[rows])
        optimizer.step()
        states |= {f"{step} {name}": values.copy() for name, values in mlp.parameters.items()}
    return states


def allowed(batch, name, dtype, network=NETWORK, **options):
    X, Y, batches = batch
    parameters = {k: rounded_to(v, "float32") for k, v in draw_parameters(network, "pytorch", 0).items()}
    return drift_tolerances(network, parameters, X, Y, batches, UpdateRule(name, options), dtype)


RULES = [("sgd", {"lr": 0.5}), ("sgd", {"lr": 0.1, "momentum": 0.9}), ("adam", {"lr": 0.01}), ("rmsprop", {})]


@pytest.mark.parametrize(("name", "options"), RULES)
def test_float32_training_stays_within_the_tolerance_of_float32(batch, name, options):
    exact, rounded = (trained(batch, name, dtype, **options) for dtype in ("float64", "float32"))
    tolerances = allowed(batch, name, "float32", **options)
    errors = {key: relative_error(rounded[key], exact[key]) for key in exact}
    assert all(errors[key] <= tolerances[key] for key in errors)
    assert max(errors[key] / tolerances[key] for key in errors) > 0.005
    assert max(tolerances.values()) < 1e-3


@pytest.mark.parametrize(("name", "options"), RULES)
def test_float32_training_leaves_the_tolerance_of_float64(batch, name, options):
    exact, rounded = (trained(batch, name, dtype, **options) for dtype in ("float64", "float32"))
    tolerances = allowed(batch, name, "float64", **options)
    assert any(relative_error(rounded[key], exact[key]) > tolerances[key] for key in exact)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("sgd", {"lr": 0.1, "momentum": 0.9}, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("adam", {"lr": 0.01}, {"lr": 0.01, "eps": 1e-7}),
        ("adam", {"lr": 0.01}, {"lr": 0.01, "beta2": 0.99}),
        ("rmsprop", {"lr": 0.01}, {"lr": 0.01, "alpha": 0.9}),
    ],
)
def test_another_rule_leaves_the_tolerance(batch, name, right, wrong):
    tolerances = allowed(batch, name, "float64", **right)
    ours, theirs = (trained(batch, name, "float64", **options) for options in (right, wrong))
    assert any(relative_error(theirs[key], ours[key]) > tolerances[key] for key in ours)


DEEP = Network((6, 5, 5, 5, 3), ("sigmoid",) * 3, "identity", "squared_error", bias=True)


def test_at_a_rate_whose_first_steps_change_everything_rounding_stays_inside_and_another_rule_does_not(batch):
    at, wrong = {"lr": 0.3}, {"lr": 0.3, "alpha": 0.9}
    exact, rounded = (trained(batch, "rmsprop", dtype, DEEP, **at) for dtype in ("float64", "float32"))
    tolerances = allowed(batch, "rmsprop", "float32", DEEP, **at)
    assert max(relative_error(rounded[key], exact[key]) / tolerances[key] for key in exact) < 0.5
    theirs = trained(batch, "rmsprop", "float64", DEEP, **wrong)
    assert any(relative_error(theirs[key], exact[key]) > tolerances[key] for key in exact)


def test_where_rounding_alone_decides_nothing_is_compared_from_then_on(batch):
    tolerances = allowed(batch, "sgd", "float32", lr=300.0)
    finite = [int(key.split()[0]) for key, value in tolerances.items() if np.isfinite(value)]
    infinite = [int(key.split()[0]) for key, value in tolerances.items() if not np.isfinite(value)]
    assert infinite
    assert 0 < max(finite) < min(infinite)
