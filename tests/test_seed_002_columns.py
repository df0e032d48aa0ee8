"""Seed 002 as its source has it: the samples are columns, one sigmoid output, every shape stated.

m features, n samples, k hidden units. The row form of docs/derivation.md is the same arrays transposed,
with the 1/n in dZ instead of in dW and db.
"""

import numpy as np
import pytest
from seed_support import assert_all_match, assert_matches, draw_parameters

from handwritten import MLP, SGD

SHAPES = [pytest.param(*s, id="m{}-k{}-n{}".format(*s)) for s in [(4, 3, 6), (3, 3, 3), (2, 5, 1), (1, 1, 8)]]
SEEDS = [0, 1]


def sigma(z):
    return 1 / (1 + np.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1 - sigma(z))


def column_form(W1, b1, W2, b2, X, Y):
    """The source, line by line; b1 (k, 1), b2 (1, 1), X (m, n), Y (1, n)."""
    (k, m), n = W1.shape, X.shape[1]
    assert (W1.shape, b1.shape, W2.shape, b2.shape) == ((k, m), (k, 1), (1, k), (1, 1))
    assert (X.shape, Y.shape) == ((m, n), (1, n))

    A0 = X
    Z1 = W1 @ A0 + b1
    A1 = sigma(Z1)
    Z2 = W2 @ A1 + b2
    A2 = sigma(Z2)
    assert Z1.shape == A1.shape == (k, n)
    assert Z2.shape == A2.shape == (1, n)

    dZ2 = A2 - Y
    dW2 = 1 / n * dZ2 @ A1.T
    db2 = 1 / n * np.sum(dZ2, axis=1, keepdims=True)
    assert dZ2.shape == (1, n)
    assert dW2.shape == W2.shape == (1, k)
    assert db2.shape == b2.shape == (1, 1)

    dZ1 = (W2.T @ dZ2) * sigma_prime(Z1)
    dW1 = 1 / n * dZ1 @ A0.T
    db1 = 1 / n * np.sum(dZ1, axis=1, keepdims=True)
    assert dZ1.shape == (k, n)
    assert dW1.shape == W1.shape == (k, m)
    assert db1.shape == b1.shape == (k, 1)
    activations = {"A0": A0, "Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    return activations, {"Z1": dZ1, "Z2": dZ2}, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}


def row_form(W1, b1, W2, b2, X, Y):
    """The project's equations [F1] to [B4]; b1 (k,), b2 (1,), X (n, m), Y (n, 1)."""
    n = len(X)
    A0 = X
    Z1 = A0 @ W1.T + b1
    A1 = sigma(Z1)
    Z2 = A1 @ W2.T + b2
    A2 = sigma(Z2)
    dZ2 = (A2 - Y) / n
    dZ1 = (dZ2 @ W2) * sigma_prime(Z1)
    activations = {"A0": A0, "Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    gradients = {"W1": dZ1.T @ A0, "b1": dZ1.sum(axis=0), "W2": dZ2.T @ A1, "b2": dZ2.sum(axis=0)}
    return activations, {"Z1": dZ1, "Z2": dZ2}, gradients


def draw_system(m, k, n, seed):
    """A loaded MLP, its parameters (b as (outputs,)), and a two-class batch with the samples in rows."""
    rng = np.random.default_rng(seed)
    parameters = draw_parameters(rng, (m, k, 1))
    X, Y = rng.standard_normal((n, m)), rng.integers(2, size=(n, 1)).astype(float)
    mlp = MLP((m, k, 1), ("sigmoid",), "sigmoid", "binary_cross_entropy", bias=True, dtype=np.float64)
    mlp.load(parameters)
    return mlp, parameters, X, Y


def biases_as_columns(parameters):
    return {name: p[:, np.newaxis] if name.startswith("b") else p for name, p in parameters.items()}


def biases_as_vectors(gradients):
    return {name: g[:, 0] if name.startswith("b") else g for name, g in gradients.items()}


@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_batch_in_columns_gives_the_gradients_of_the_batch_in_rows(m, k, n, seed):
    mlp, parameters, X, Y = draw_system(m, k, n, seed)
    activations, _, literal = column_form(**biases_as_columns(parameters), X=X.T, Y=Y.T)
    A2 = activations["A2"]

    loss, gradients = mlp.loss_and_gradients(X, Y)

    assert_matches(loss, -1 / n * np.sum(Y.T * np.log(A2) + (1 - Y.T) * np.log(1 - A2)), "loss")
    assert_all_match(gradients, biases_as_vectors(literal))
    assert_matches(mlp.forward(X), A2.T, "A2")
    assert_matches(mlp.layers[0].Z, activations["Z1"].T, "Z1")
    assert_matches(mlp.layers[0].A, activations["A1"].T, "A1")
    assert_matches(mlp.layers[1].Z, activations["Z2"].T, "Z2")


@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
@pytest.mark.parametrize("seed", SEEDS)
def test_each_array_of_the_column_form_is_the_row_form_transposed(m, k, n, seed):
    _, parameters, X, Y = draw_system(m, k, n, seed)
    columns = biases_as_columns(parameters)
    column_activations, column_dZ, column_gradients = column_form(**columns, X=X.T, Y=Y.T)
    row_activations, row_dZ, row_gradients = row_form(**parameters, X=X, Y=Y)

    for name in ("A0", "Z1", "A1", "Z2", "A2"):
        assert_matches(row_activations[name], column_activations[name].T, name)
    for name in ("Z1", "Z2"):  # the row form already holds the mean's 1/n here
        assert_matches(row_dZ[name], 1 / n * column_dZ[name].T, f"d{name}")
    for name in ("W1", "W2"):  # a weight's gradient has the weight's shape in both: nothing to transpose
        assert_matches(row_gradients[name], column_gradients[name], f"d{name}")
    for name in ("b1", "b2"):
        assert_matches(row_gradients[name][np.newaxis], column_gradients[name].T, f"d{name}")


@pytest.mark.parametrize(("m", "k", "n"), SHAPES)
def test_gradient_descent_is_possible_because_gradients_have_the_parameters_shape(m, k, n):
    learning_rate = 0.3
    mlp, parameters, X, Y = draw_system(m, k, n, seed=4)
    columns = biases_as_columns(parameters)
    _, _, gradients = column_form(**columns, X=X.T, Y=Y.T)
    stepped = {name: columns[name] - learning_rate * gradients[name] for name in columns}
    assert {name: p.shape for name, p in stepped.items()} == {name: p.shape for name, p in columns.items()}

    mlp.loss_and_gradients(X, Y)
    SGD(mlp.flat_parameters, mlp.flat_gradients, lr=learning_rate).step()

    assert_all_match(mlp.parameters, biases_as_vectors(stepped))


def test_without_keepdims_the_bias_update_would_broadcast_to_a_square():
    k, n = 3, 6
    dZ1, b1 = np.ones((k, n)), np.zeros((k, 1))
    assert (b1 - 1 / n * np.sum(dZ1, axis=1, keepdims=True)).shape == (k, 1)
    assert (b1 - 1 / n * np.sum(dZ1, axis=1)).shape == (k, k)
