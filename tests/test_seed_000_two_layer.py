"""Seed 000 as its source has it: column vectors, Hadamard and outer products, one sample at a time, unfused.

x (n, 1), W1 (h, n), b1 (h, 1), W2 (m, h), b2 (m, 1); sigmoid on both layers; y_hat (m, 1).
"""

import numpy as np
import pytest
from seed_support import assert_all_match, assert_matches, draw_parameters, one_hot

from handwritten import MLP, SGD

SHAPES = [pytest.param(s, id="n{}-h{}-m{}".format(*s)) for s in [(4, 5, 3), (3, 3, 3), (6, 2, 1)]]
LOSSES = ["cross_entropy", "binary_cross_entropy"]  # the two readings of "cross-entropy" in the source


def sigma(z):
    return 1 / (1 + np.exp(-z))


def sigma_prime(z):
    return sigma(z) * (1 - sigma(z))


def loss_and_derivative(reading, y, y_hat):
    """L of one sample, and dL/dy_hat element by element."""
    if reading == "cross_entropy":
        return -np.sum(y * np.log(y_hat)), -y / y_hat
    return -np.sum(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)), -y / y_hat + (1 - y) / (1 - y_hat)


def one_sample(parameters, x, y, reading):
    """Forward and backward of one column x against the column y: loss, gradients, and dL/dz1."""
    W1, W2 = parameters["W1"], parameters["W2"]
    b1, b2 = parameters["b1"][:, np.newaxis], parameters["b2"][:, np.newaxis]
    (h, n), m = W1.shape, len(y)
    assert (x.shape, y.shape) == ((n, 1), (m, 1))

    z1 = W1 @ x + b1
    h1 = sigma(z1)
    z2 = W2 @ h1 + b2
    y_hat = sigma(z2)
    assert z1.shape == h1.shape == (h, 1)
    assert z2.shape == y_hat.shape == (m, 1)

    loss, dL_dy_hat = loss_and_derivative(reading, y, y_hat)
    dL_dz2 = dL_dy_hat * sigma_prime(z2)
    dL_dW2 = dL_dz2 @ h1.T
    dL_db2 = dL_dz2
    assert dL_dy_hat.shape == dL_dz2.shape == (m, 1)
    assert dL_dW2.shape == W2.shape == (m, h)
    assert dL_db2.shape == b2.shape

    dL_dz1 = (W2.T @ dL_dz2) * sigma_prime(z1)
    dL_dW1 = np.outer(dL_dz1, x)
    dL_db1 = dL_dz1
    assert dL_dz1.shape == (h, 1)
    assert dL_dW1.shape == W1.shape == (h, n)
    assert dL_db1.shape == b1.shape
    gradients = {"W1": dL_dW1, "b1": dL_db1[:, 0], "W2": dL_dW2, "b2": dL_db2[:, 0]}
    return loss, gradients, dL_dz1


def mean_gradients(samples):
    """The mean over the samples of each tensor of their gradients."""
    return {name: np.mean([sample[name] for sample in samples], axis=0) for name in samples[0]}


def draw_system(shape, batch, seed, reading):
    """A loaded MLP, its parameters, and a batch with the samples in rows."""
    rng = np.random.default_rng(seed)
    parameters = draw_parameters(rng, shape)
    X = rng.standard_normal((batch, shape[0]))
    several_true = rng.integers(2, size=(batch, shape[-1])).astype(float)
    Y = one_hot(rng, batch, shape[-1]) if reading == "cross_entropy" else several_true
    mlp = MLP(shape, ("sigmoid",), "sigmoid", reading, bias=True, dtype=np.float64)
    mlp.load(parameters)
    return mlp, parameters, X, Y


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("reading", LOSSES)
@pytest.mark.parametrize("seed", [0, 1])
def test_batch_gradient_is_the_mean_of_the_gradients_of_its_columns(shape, batch, reading, seed):
    mlp, parameters, X, Y = draw_system(shape, batch, seed, reading)
    losses, samples, _ = zip(
        *(one_sample(parameters, X[[i]].T, Y[[i]].T, reading) for i in range(batch)), strict=True
    )

    loss, gradients = mlp.loss_and_gradients(X, Y)

    assert_matches(loss, np.mean(losses), "loss")
    assert_all_match(gradients, mean_gradients(samples))


@pytest.mark.parametrize("reading", LOSSES)
def test_each_component_of_the_first_gradient_is_error_j_times_input_k(reading):
    mlp, parameters, X, Y = draw_system((4, 5, 3), 1, seed=2, reading=reading)
    x = X[0]
    _, _, dL_dz1 = one_sample(parameters, X.T, Y.T, reading)

    _, gradients = mlp.loss_and_gradients(X, Y)

    for j in range(5):
        for k in range(4):
            assert_matches(gradients["W1"][j, k], dL_dz1[j, 0] * x[k], f"dL/dW1_{j}{k}")


@pytest.mark.parametrize("batch", [1, 7])
@pytest.mark.parametrize("reading", LOSSES)
def test_one_step_of_gradient_descent_subtracts_the_rate_times_the_gradient(batch, reading):
    learning_rate = 0.5
    mlp, parameters, X, Y = draw_system((4, 5, 3), batch, seed=3, reading=reading)
    samples = [one_sample(parameters, X[[i]].T, Y[[i]].T, reading)[1] for i in range(batch)]

    loss_before, _ = mlp.loss_and_gradients(X, Y)
    SGD(mlp.flat_parameters, mlp.flat_gradients, lr=learning_rate).step()

    gradient = mean_gradients(samples)
    stepped = {name: parameters[name] - learning_rate * gradient[name] for name in parameters}
    assert_all_match(mlp.parameters, stepped)
    assert mlp.loss(X, Y) < loss_before
