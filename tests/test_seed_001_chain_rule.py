"""Seed 001 as its source has it: any number of layers, one recursion from the last to the first.

dL/dz(l) = dL/da(l) * sigma'(z(l)),  dL/dw(l) = dL/dz(l) a(l-1)^T,  dL/da(l-1) = w(l)^T dL/dz(l),
for one sample, in columns.
"""

import numpy as np
import pytest
from seed_support import assert_all_match, assert_matches, draw_parameters, one_hot

from handwritten import MLP, SGD

# L weight layers have L + 1 widths
WIDTHS = {4: (3, 5, 4, 6, 3), 5: (4, 4, 4, 4, 4, 4), 6: (5, 3, 6, 2, 4, 7, 2)}
OBJECTIVES = [
    pytest.param(*pair, id="+".join(pair))
    for pair in [
        ("identity", "squared_error"),
        ("sigmoid", "squared_error"),
        ("sigmoid", "cross_entropy"),
        ("softmax", "cross_entropy"),
    ]
]

SIGMA = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "tanh": np.tanh, "identity": lambda z: z}
SIGMA_PRIME = {
    "sigmoid": lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
    "tanh": lambda z: 1 / np.cosh(z) ** 2,
    "identity": np.ones_like,
}


def softmax(z):
    return np.exp(z) / np.sum(np.exp(z))


def softmax_jacobian(z):
    """da_i/dz_j = a_i (delta_ij - a_j), written out as a matrix."""
    a = softmax(z)
    return np.diagflat(a) - a @ a.T


def recursion(parameters, activations, output, loss, x, y):
    """Forward, error, blame backward for one column x: the loss, all z(l), and the gradients."""
    L = len(activations) + 1
    a, z = {0: x}, {}
    for layer in range(1, L + 1):
        z[layer] = parameters[f"W{layer}"] @ a[layer - 1] + parameters[f"b{layer}"][:, np.newaxis]
        if layer < L:
            a[layer] = SIGMA[activations[layer - 1]](z[layer])
    a[L] = softmax(z[L]) if output == "softmax" else SIGMA[output](z[L])

    squared = loss == "squared_error"
    value = 0.5 * np.sum((a[L] - y) ** 2) if squared else -np.sum(y * np.log(a[L]))
    dL_da = a[L] - y if squared else -y / a[L]

    gradients = {}
    for layer in range(L, 0, -1):
        if layer == L and output == "softmax":
            delta = softmax_jacobian(z[layer]).T @ dL_da
        else:
            delta = dL_da * SIGMA_PRIME[output if layer == L else activations[layer - 1]](z[layer])
        gradients[f"W{layer}"] = delta @ a[layer - 1].T
        gradients[f"b{layer}"] = delta[:, 0]
        dL_da = parameters[f"W{layer}"].T @ delta
        assert delta.shape == z[layer].shape
        assert gradients[f"W{layer}"].shape == parameters[f"W{layer}"].shape
        assert dL_da.shape == a[layer - 1].shape
    return value, z, gradients


def mean_over_samples(parameters, activations, output, loss, X, Y):
    """The recursion for every row of a batch, averaged: the loss, Z of each layer in rows, the gradients."""
    rows = zip(X, Y, strict=True)
    samples = [recursion(parameters, activations, output, loss, x[:, None], y[:, None]) for x, y in rows]
    Z = {layer: np.stack([z[layer][:, 0] for _, z, _ in samples]) for layer in samples[0][1]}
    gradients = {name: np.mean([g[name] for _, _, g in samples], axis=0) for name in parameters}
    return np.mean([value for value, _, _ in samples]), Z, gradients


def draw_system(L, hidden, output, loss, batch, seed):
    """A loaded MLP of L layers, its parameters and hidden activations, and a batch."""
    rng = np.random.default_rng(seed)
    sizes = WIDTHS[L]
    alternating = tuple(("sigmoid", "tanh")[layer % 2] for layer in range(L - 1))
    activations = alternating if hidden == "mixed" else (hidden,) * (L - 1)
    parameters = draw_parameters(rng, sizes)
    X = rng.standard_normal((batch, sizes[0]))
    Y = one_hot(rng, batch, sizes[-1]) if loss == "cross_entropy" else rng.standard_normal((batch, sizes[-1]))
    mlp = MLP(sizes, activations, output, loss, bias=True, dtype=np.float64)
    mlp.load(parameters)
    return mlp, parameters, activations, X, Y


@pytest.mark.parametrize("L", [4, 5, 6])
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "mixed"])
@pytest.mark.parametrize(("output", "loss"), OBJECTIVES)
@pytest.mark.parametrize("batch", [1, 5])
def test_recursion_over_the_layers_gives_every_gradient(L, hidden, output, loss, batch):
    mlp, parameters, activations, X, Y = draw_system(L, hidden, output, loss, batch, seed=L)
    literal = mean_over_samples(parameters, activations, output, loss, X, Y)
    literal_loss, literal_Z, literal_gradients = literal

    loss_value, gradients = mlp.loss_and_gradients(X, Y)

    assert_matches(loss_value, literal_loss, "loss")
    assert_all_match(gradients, literal_gradients)
    mlp.forward(X)
    for layer in range(1, L + 1):
        assert_matches(mlp.layers[layer - 1].Z, literal_Z[layer], f"Z{layer}")


@pytest.mark.parametrize("seed", [0, 1])
def test_mean_over_the_outputs_without_the_half_is_two_over_m_times_our_squared_error(seed):
    """The source's mean-squared error is 1/m sum (a - y)^2; the project's is 1/2 sum (a - y)^2."""
    mlp, parameters, _, X, Y = draw_system(4, "tanh", "identity", "squared_error", batch=1, seed=seed)
    m = Y.shape[1]
    a = {0: X.T}
    for layer in (1, 2, 3, 4):
        z = parameters[f"W{layer}"] @ a[layer - 1] + parameters[f"b{layer}"][:, np.newaxis]
        a[layer] = z if layer == 4 else np.tanh(z)
    mean_squared_error = np.mean((a[4] - Y.T) ** 2)
    gradient_of_W4 = (2 / m * (a[4] - Y.T)) @ a[3].T

    loss, gradients = mlp.loss_and_gradients(X, Y)

    assert_matches(2 / m * loss, mean_squared_error, "mean-squared error")
    assert_matches(2 / m * gradients["W4"], gradient_of_W4, "its derivative for W4")


@pytest.mark.parametrize(("output", "loss"), OBJECTIVES)
def test_three_rounds_of_forward_error_blame_update_stay_on_the_source_path(output, loss):
    learning_rate = 0.1
    mlp, parameters, activations, X, Y = draw_system(5, "mixed", output, loss, batch=5, seed=11)
    optimizer = SGD(mlp.flat_parameters, mlp.flat_gradients, lr=learning_rate)
    for _ in range(3):
        _, _, gradients = mean_over_samples(parameters, activations, output, loss, X, Y)
        parameters = {name: parameters[name] - learning_rate * gradients[name] for name in parameters}

        mlp.loss_and_gradients(X, Y)
        optimizer.step()

        assert_all_match(mlp.parameters, parameters)
