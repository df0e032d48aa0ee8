"""Seed 004 as its source has it: 2-3-2-1, no activation, no bias; every derivative is a sum over paths.

w^l_jk leads from node j of layer l to node k of layer l + 1, nodes counted from 1. A weight matrix is
(outputs, inputs), so W_l[k - 1, j - 1] = w^l_jk: the source's first index is the column.
"""

from itertools import product
from math import prod

import numpy as np
import pytest
from seed_support import assert_all_match, assert_matches, draw_parameters

from handwritten import MLP

SIZES = (2, 3, 2, 1)


def path_derivatives(parameters, x):
    """y_out, and d y_out / d w^l_jk for every (l, j, k), by walking every path to the output."""
    w = {
        (layer, j + 1, k + 1): parameters[f"W{layer}"][k, j]
        for layer in (1, 2, 3)
        for k, j in np.ndindex(parameters[f"W{layer}"].shape)
    }
    y_out, derivative = 0.0, dict.fromkeys(w, 0.0)
    for nodes in product(*(range(1, size + 1) for size in SIZES)):
        path = [(layer, nodes[layer - 1], nodes[layer]) for layer in (1, 2, 3)]
        source = x[nodes[0] - 1]
        y_out += source * prod(w[edge] for edge in path)
        for edge in path:
            derivative[edge] += source * prod(w[other] for other in path if other != edge)
    return y_out, derivative


def literal_derivatives(W1, W2, W3, x):
    """The fourteen derivatives of y_out, each written out as the source writes the first."""
    (w1_11, w1_21), (w1_12, w1_22), (w1_13, w1_23) = W1
    (w2_11, w2_21, w2_31), (w2_12, w2_22, w2_32) = W2
    ((w3_11, w3_21),) = W3
    x_1, x_2 = x
    return {
        (1, 1, 1): (w3_11 * w2_11 + w3_21 * w2_12) * x_1,
        (1, 1, 2): (w3_11 * w2_21 + w3_21 * w2_22) * x_1,
        (1, 1, 3): (w3_11 * w2_31 + w3_21 * w2_32) * x_1,
        (1, 2, 1): (w3_11 * w2_11 + w3_21 * w2_12) * x_2,
        (1, 2, 2): (w3_11 * w2_21 + w3_21 * w2_22) * x_2,
        (1, 2, 3): (w3_11 * w2_31 + w3_21 * w2_32) * x_2,
        (2, 1, 1): w3_11 * (w1_11 * x_1 + w1_21 * x_2),
        (2, 1, 2): w3_21 * (w1_11 * x_1 + w1_21 * x_2),
        (2, 2, 1): w3_11 * (w1_12 * x_1 + w1_22 * x_2),
        (2, 2, 2): w3_21 * (w1_12 * x_1 + w1_22 * x_2),
        (2, 3, 1): w3_11 * (w1_13 * x_1 + w1_23 * x_2),
        (2, 3, 2): w3_21 * (w1_13 * x_1 + w1_23 * x_2),
        (3, 1, 1): (w2_11 * w1_11 + w2_21 * w1_12 + w2_31 * w1_13) * x_1
        + (w2_11 * w1_21 + w2_21 * w1_22 + w2_31 * w1_23) * x_2,
        (3, 2, 1): (w2_12 * w1_11 + w2_22 * w1_12 + w2_32 * w1_13) * x_1
        + (w2_12 * w1_21 + w2_22 * w1_22 + w2_32 * w1_23) * x_2,
    }


def as_matrices(derivative):
    """The derivatives in the shapes of W1, W2, W3: W_l[k - 1, j - 1] belongs to w^l_jk."""
    shapes = {f"W{layer}": (SIZES[layer], SIZES[layer - 1]) for layer in (1, 2, 3)}
    matrices = {name: np.empty(shape) for name, shape in shapes.items()}
    for (layer, j, k), value in derivative.items():
        matrices[f"W{layer}"][k - 1, j - 1] = value
    return matrices


def matrix_form(W1, W2, W3, X, dL_dy_out):
    """[P1], the samples in the columns of X (2, n); dL_dy_out (1, n)."""
    Z1, Z2 = W1 @ X, W2 @ W1 @ X
    assert (Z1.shape[0], Z2.shape[0]) == (3, 2)
    gradients = {
        "W1": (W3 @ W2).T @ dL_dy_out @ X.T,  # (3, 1) (1, n) (n, 2)
        "W2": W3.T @ dL_dy_out @ Z1.T,  # (2, 1) (1, n) (n, 3)
        "W3": dL_dy_out @ Z2.T,  # (1, n) (n, 2)
    }
    assert {name: g.shape for name, g in gradients.items()} == {"W1": (3, 2), "W2": (2, 3), "W3": (1, 2)}
    return gradients


def draw_system(batch, seed):
    """A loaded MLP, its parameters, and a batch with real targets."""
    rng = np.random.default_rng(seed)
    parameters = draw_parameters(rng, SIZES, bias=False)
    X, Y = rng.standard_normal((batch, 2)), rng.standard_normal((batch, 1))
    mlp = MLP(SIZES, ("identity", "identity"), "identity", "squared_error", bias=False, dtype=np.float64)
    mlp.load(parameters)
    return mlp, parameters, X, Y


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_of_the_fourteen_derivatives_is_its_sum_of_path_products(seed):
    """A target of y_out - 1 makes dL/dy_out one, so that dL/dw is d y_out / d w itself."""
    mlp, parameters, X, _ = draw_system(1, seed)
    y_out, derivative = path_derivatives(parameters, X[0])
    literal = literal_derivatives(**parameters, x=X[0])
    assert len(derivative) == len(literal) == 14

    assert_matches(mlp.forward(X)[0, 0], y_out, "y_out")
    _, gradients = mlp.loss_and_gradients(X, np.array([[y_out - 1]]))

    for (layer, j, k), value in literal.items():
        assert_matches(derivative[layer, j, k], value, f"sum over the paths through w^{layer}_{j}{k}")
        assert_matches(gradients[f"W{layer}"][k - 1, j - 1], value, f"d y_out / d w^{layer}_{j}{k}")


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_batch_gradient_is_the_mean_of_error_times_path_sums(batch, seed):
    mlp, parameters, X, Y = draw_system(batch, seed)
    total = {name: np.zeros_like(W) for name, W in parameters.items()}
    for x, y in zip(X, Y[:, 0], strict=True):
        y_out, derivative = path_derivatives(parameters, x)
        for name, matrix in as_matrices(derivative).items():
            total[name] += (y_out - y) * matrix

    _, gradients = mlp.loss_and_gradients(X, Y)

    assert_all_match(gradients, {name: matrix / batch for name, matrix in total.items()})


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_matrix_form_gives_the_same_gradients(batch, seed):
    mlp, parameters, X, Y = draw_system(batch, seed)
    W1, W2, W3 = parameters.values()
    dL_dy_out = (W3 @ W2 @ W1 @ X.T - Y.T) / batch

    _, gradients = mlp.loss_and_gradients(X, Y)

    assert_all_match(gradients, matrix_form(W1, W2, W3, X.T, dL_dy_out))
    assert_matches(mlp.input_gradient(X, Y), ((W3 @ W2 @ W1).T @ dL_dy_out).T, "dL/dX")
