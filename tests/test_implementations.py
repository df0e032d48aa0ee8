"""One contract for every contestant: what it is given, what it must return, and what it must leave alone."""

import numpy as np
import pytest

from compare.implementation import UpdateRule
from compare.implementations import IMPLEMENTATIONS, load_implementation
from compare.implementations.defaults import completed
from compare.initial_weights import draw_parameters
from compare.names import IMPLEMENTATIONS as KNOWN_NAMES
from compare.names import OBJECTIVES
from compare.network import Network
from compare.parity.tolerance import relative_error

RULE = UpdateRule("sgd", {"lr": 0.5})


def network_for(objective, bias=True):
    return Network((4, 5, 3), ("tanh",), *objective.split("+"), bias)


def batch(rng, network, n=9, dtype="float64"):
    X = rng.uniform(0, 1, (n, network.sizes[0])).astype(dtype)
    Y = np.eye(network.sizes[-1], dtype=dtype)[rng.integers(network.sizes[-1], size=n)]
    X.flags.writeable = Y.flags.writeable = False  # a contestant must not change what it is given
    return X, Y


def build(name, network, rule=RULE, dtype="float64", seed=0):
    parameters = {key: v.astype(dtype) for key, v in draw_parameters(network, "pytorch", seed).items()}
    return completed(load_implementation(name)(network, parameters, rule, dtype)), parameters


def assert_same(values, wanted, tolerance=1e-13):
    assert values.keys() == wanted.keys()
    for name, reference in wanted.items():
        assert relative_error(values[name], reference) <= tolerance, name


def test_every_name_that_an_experiment_may_give_has_its_class():
    assert set(KNOWN_NAMES) == set(IMPLEMENTATIONS)


def test_unknown_name_is_refused():
    with pytest.raises(KeyError, match="caffe"):
        load_implementation("caffe")


# the others refuse much, or compile; tests/test_contract.py holds them to the same
PLAIN = ("numpy", "torch", "numpy-textbook", "torch-manual", "torch-dataloader", "torch-fused")
everyone = pytest.mark.parametrize("name", PLAIN)
each_objective = pytest.mark.parametrize("objective", OBJECTIVES)


@everyone
@pytest.mark.parametrize("bias", [True, False])
def test_parameters_come_back_as_they_were_given_and_as_copies(name, bias):
    contestant, parameters = build(name, network_for("softmax+cross_entropy", bias))
    returned = contestant.parameters()
    assert list(returned) == list(parameters)
    for key, values in returned.items():
        np.testing.assert_array_equal(values, parameters[key])
        values[...] = 99
    assert_same(contestant.parameters(), parameters, 0)


@everyone
@each_objective
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_trace_has_every_value_and_gradient_in_the_cells_dtype_and_changes_nothing(
    name, objective, dtype, rng
):
    network = network_for(objective)
    contestant, parameters = build(name, network, dtype=dtype)
    X, Y = batch(rng, network, dtype=dtype)
    trace = contestant.trace(X, Y)
    assert isinstance(trace.loss, float)
    assert set(trace.gradients) >= set(parameters)
    tensors = trace.values | trace.gradients
    shapes = {"Z1": (9, 5), "A1": (9, 5), "Z2": (9, 3), "A2": (9, 3), "X": X.shape}
    shapes |= {key: values.shape for key, values in parameters.items()}
    for key, values in tensors.items():
        assert values.shape == shapes[key], key
        assert values.dtype == np.dtype(dtype), key
    assert_same(contestant.parameters(), parameters, 0)
    again = contestant.trace(X, Y)
    assert again.loss == trace.loss
    assert_same(again.values | again.gradients, tensors, 0)


@everyone
@each_objective
def test_one_step_of_gradient_descent_is_the_traced_gradient_times_the_rate(name, objective, rng):
    network = network_for(objective)
    contestant, parameters = build(name, network)
    X, Y = batch(rng, network)
    gradients = contestant.trace(X, Y).gradients
    contestant.load(X, Y)
    contestant.train([None])
    wanted = {key: values - 0.5 * gradients[key] for key, values in parameters.items()}
    assert_same(contestant.parameters(), wanted)


@everyone
def test_batch_of_all_rows_in_any_order_is_the_full_batch(name, rng):
    network = network_for("softmax+cross_entropy")
    X, Y = batch(rng, network)
    ends = []
    for batches in ([None] * 3, [rng.permutation(9) for _ in range(3)]):
        contestant, _ = build(name, network)
        contestant.load(X, Y)
        contestant.train(iter(batches))
        ends.append(contestant.parameters())
    assert_same(*ends)


@everyone
@each_objective
def test_partial_batch_takes_the_mean_over_its_own_rows(name, objective, rng):
    network = network_for(objective)
    X, Y = batch(rng, network)
    contestant, parameters = build(name, network)
    contestant.load(X, Y)
    rows = np.array([7, 2])
    gradients = contestant.trace(X[rows], Y[rows]).gradients
    contestant.train([rows])
    assert_same(
        contestant.parameters(), {key: values - 0.5 * gradients[key] for key, values in parameters.items()}
    )


@everyone
@each_objective
def test_evaluation_gives_loss_and_outputs_and_changes_nothing(name, objective, rng):
    network = network_for(objective)
    contestant, parameters = build(name, network)
    X, Y = batch(rng, network, n=20)
    contestant.load(*batch(rng, network))
    loss, Y_hat = contestant.evaluate(X, Y)
    trace = contestant.trace(X, Y)
    assert loss == pytest.approx(trace.loss, rel=1e-13)
    assert relative_error(Y_hat, trace.values["A2"]) < 1e-15
    assert Y_hat.dtype == np.float64
    kept = Y_hat.copy()
    contestant.train([None])
    np.testing.assert_array_equal(Y_hat, kept)  # a later step does not write into what was returned
    assert contestant.parameters().keys() == parameters.keys()


@everyone
def test_evaluation_between_two_steps_does_not_disturb_training(name, rng):
    network = network_for("sigmoid+squared_error")
    X, Y = batch(rng, network)
    other = batch(rng, network, n=30)
    ends = []
    for evaluating in (False, True):
        contestant, _ = build(name, network, UpdateRule("adam", {"lr": 0.01}))
        contestant.load(X, Y)
        for rows in (np.array([0, 4]), None, np.array([1, 2, 3])):
            contestant.train([rows])
            if evaluating:
                contestant.evaluate(*other)
                contestant.trace(*other)
        ends.append(contestant.parameters())
    assert_same(*ends, 0)


@everyone
@pytest.mark.parametrize(
    "rule",
    [
        UpdateRule("sgd", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
        UpdateRule("rmsprop", {"lr": 0.01, "momentum": 0.5}),
        UpdateRule("adam", {"lr": 0.01, "beta1": 0.8}),
        UpdateRule("adamw", {"lr": 0.01, "weight_decay": 0.1}),
    ],
    ids=lambda rule: rule.name,
)
def test_every_update_rule_ends_where_the_reference_does(name, rule, rng):
    network = network_for("softmax+cross_entropy")
    X, Y = batch(rng, network, n=20)
    batches = [rng.permutation(20)[:7] for _ in range(30)]
    if (name, rule.name) == ("torch-fused", "rmsprop"):
        with pytest.raises(NotImplementedError, match="no fused rmsprop"):
            build(name, network, rule)
        return
    ends = []
    for which in (name, "torch"):
        contestant, parameters = build(which, network, rule)
        contestant.load(X, Y)
        contestant.train(batches)
        ends.append(contestant.parameters())
        assert not np.allclose(ends[-1]["W1"], parameters["W1"], atol=1e-4)
    assert_same(*ends, 1e-10)
