"""Seed 003 as its source has it: no biases, sigmoid, E_k = 1/2 (t_k - o_k)^2, one weight at a time.

Input nodes i, hidden nodes j, output nodes k; w_ij leads from i to j and w_jk from j to k, so that
W1[j, i] = w_ij and W2[k, j] = w_jk. The loops are the source's sums over components.
"""

from math import exp

import numpy as np
import pytest
from seed_support import assert_all_match, assert_matches, draw_parameters, one_hot

from handwritten import MLP, SGD

SHAPES = [pytest.param(s, id="i{}-j{}-k{}".format(*s)) for s in [(4, 3, 2), (3, 3, 3), (2, 5, 1)]]


def sigmoid(x):
    return 1 / (1 + exp(-x))


def outputs_of(w_ij, w_jk, o_i):
    """Outputs o_j of the hidden nodes and o_k of the output nodes for one sample."""
    I, J, K = len(o_i), len(w_jk), len(w_jk[0])  # noqa: E741
    o_j = [sigmoid(sum(w_ij[i][j] * o_i[i] for i in range(I))) for j in range(J)]
    o_k = [sigmoid(sum(w_jk[j][k] * o_j[j] for j in range(J))) for k in range(K)]
    return o_j, o_k


def error_derivatives(w_ij, w_jk, o_i, t):
    """E = sum_k E_k of one sample, dE/dw_ij and dE/dw_jk, component by component."""
    I, J, K = len(o_i), len(w_jk), len(t)  # noqa: E741
    o_j, o_k = outputs_of(w_ij, w_jk, o_i)
    E = sum(0.5 * (t[k] - o_k[k]) ** 2 for k in range(K))

    dE_dw_jk = np.zeros((J, K))
    for j in range(J):
        for k in range(K):
            dE_dw_jk[j, k] = -(t[k] - o_k[k]) * o_k[k] * (1 - o_k[k]) * o_j[j]

    dE_dw_ij = np.zeros((I, J))
    for i in range(I):
        for j in range(J):
            # every output's error reaches hidden node j through w_jk
            dE_do_j = sum(-(t[k] - o_k[k]) * o_k[k] * (1 - o_k[k]) * w_jk[j][k] for k in range(K))
            dE_dw_ij[i, j] = dE_do_j * o_j[j] * (1 - o_j[j]) * o_i[i]
    return E, dE_dw_ij, dE_dw_jk


def draw_system(shape, batch, seed):
    """A loaded MLP, the source's w_ij and w_jk, and a batch of inputs and target vectors t."""
    rng = np.random.default_rng(seed)
    parameters = draw_parameters(rng, shape, bias=False)
    X = rng.uniform(0, 1, (batch, shape[0]))
    T = one_hot(rng, batch, shape[-1]) * 0.98 + 0.01
    mlp = MLP(shape, ("sigmoid",), "sigmoid", "squared_error", bias=False, dtype=np.float64)
    mlp.load(parameters)
    return mlp, parameters["W1"].T, parameters["W2"].T, X, T


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("batch", [1, 6])
@pytest.mark.parametrize("seed", [0, 1])
def test_component_sums_give_every_derivative(shape, batch, seed):
    mlp, w_ij, w_jk, X, T = draw_system(shape, batch, seed)
    samples = [error_derivatives(w_ij, w_jk, o_i, t) for o_i, t in zip(X, T, strict=True)]
    E, dE_dw_ij, dE_dw_jk = (sum(parts) / batch for parts in zip(*samples, strict=True))

    loss, gradients = mlp.loss_and_gradients(X, T)

    assert_matches(loss, E, "E")
    assert_all_match(gradients, {"W1": dE_dw_ij.T, "W2": dE_dw_jk.T})


@pytest.mark.parametrize("shape", SHAPES)
def test_outputs_of_the_nodes_are_the_activations(shape):
    mlp, w_ij, w_jk, X, _ = draw_system(shape, 4, seed=5)
    nodes = [outputs_of(w_ij, w_jk, o_i) for o_i in X]

    output = mlp.forward(X)

    assert_matches(mlp.layers[0].A, [o_j for o_j, _ in nodes], "o_j")
    assert_matches(output, [o_k for _, o_k in nodes], "o_k")


@pytest.mark.parametrize("seed", [0, 1])
def test_update_rules_sample_after_sample_are_gradient_descent_with_batches_of_one(seed):
    """w += alpha (t_k - o_k) o_k (1 - o_k) o_j, and w_ij with the w_jk from before its own update."""
    alpha = 0.7
    mlp, w_ij, w_jk, X, T = draw_system((4, 3, 2), 5, seed)
    optimizer = SGD(mlp.flat_parameters, mlp.flat_gradients, lr=alpha)
    for o_i, t in zip(X, T, strict=True):
        o_j, o_k = outputs_of(w_ij, w_jk, o_i)
        new_w_ij, new_w_jk = w_ij.copy(), w_jk.copy()
        for j in range(3):
            for k in range(2):
                new_w_jk[j, k] += alpha * (t[k] - o_k[k]) * o_k[k] * (1 - o_k[k]) * o_j[j]
            blame = sum((t[k] - o_k[k]) * o_k[k] * (1 - o_k[k]) * w_jk[j, k] for k in range(2))
            for i in range(4):
                new_w_ij[i, j] += alpha * blame * o_j[j] * (1 - o_j[j]) * o_i[i]
        w_ij, w_jk = new_w_ij, new_w_jk

        mlp.loss_and_gradients(o_i[np.newaxis], t[np.newaxis])
        optimizer.step()

        assert_all_match(mlp.parameters, {"W1": w_ij.T, "W2": w_jk.T})


def test_update_on_all_data_at_once_uses_the_mean_of_the_derivatives():
    alpha = 0.7
    mlp, w_ij, w_jk, X, T = draw_system((4, 3, 2), 6, seed=3)
    samples = [error_derivatives(w_ij, w_jk, o_i, t) for o_i, t in zip(X, T, strict=True)]
    _, dE_dw_ij, dE_dw_jk = (sum(parts) / 6 for parts in zip(*samples, strict=True))

    mlp.loss_and_gradients(X, T)
    SGD(mlp.flat_parameters, mlp.flat_gradients, lr=alpha).step()

    assert_all_match(mlp.parameters, {"W1": (w_ij - alpha * dE_dw_ij).T, "W2": (w_jk - alpha * dE_dw_jk).T})
