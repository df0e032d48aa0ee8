"""The hand-written gradients against autograd, at the edges of floating point, and the network's manners."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from seed_support import draw_parameters, one_hot

import torch_impl
from compare.experiment import load_experiment
from compare.experiment_file import preset_names
from compare.initial_weights import draw_parameters as draw_initial
from compare.network import Network
from compare.parity.tolerance import relative_error, tolerances
from compare.targets import output_width, target_matrix
from data import load_dataset
from handwritten import ACTIVATIONS, MLP, OBJECTIVES

DTYPES = {"float32": torch.float32, "float64": torch.float64}
PAIRS = [pytest.param(output, loss, id=f"{output}+{loss}") for output, loss in sorted(OBJECTIVES)]
PRESET_OBJECTIVES = [
    pytest.param(preset, objective, id=f"{preset}-{objective}")
    for preset in preset_names()
    for objective in load_experiment(preset).factors.objectives
]


def by_hand(network, parameters, X, Y):
    """Loss and gradients, the input's as "X"."""
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    dX = mlp.input_gradient(X, Y)
    return mlp.loss(X, Y), {name: gradient.copy() for name, gradient in mlp.gradients.items()} | {"X": dX}


def by_autograd(network, parameters, X, Y, dtype="float64"):
    arguments = network.arguments
    model = torch_impl.MLP(*arguments, DTYPES[dtype])
    model.load(parameters)
    trace = model.trace(X, Y)
    return trace.loss, trace.gradients


def targets_for(rng, loss, n, outputs):
    if loss == "squared_error":
        return rng.uniform(-1, 1, (n, outputs))
    return one_hot(rng, n, outputs)


@st.composite
def networks(draw):
    output, loss = draw(st.sampled_from(sorted(OBJECTIVES)))
    depth = draw(st.integers(1, 5))
    sizes = draw(st.lists(st.integers(1, 40), min_size=depth, max_size=depth))
    outputs = draw(st.integers(2 if output == "softmax" else 1, 40))
    names = st.sampled_from(sorted(ACTIVATIONS))
    activations = draw(st.lists(names, min_size=depth - 1, max_size=depth - 1))
    return Network((*sizes, outputs), tuple(activations), output, loss, draw(st.booleans()))


@given(networks(), st.integers(1, 64), st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_loss_and_gradients_of_any_network_equal_autograds_to_rounding(network, n, seed):
    rng = np.random.default_rng(seed)
    parameters = draw_initial(network, "pytorch", seed)
    X = rng.uniform(-1, 1, (n, network.sizes[0]))
    Y = targets_for(rng, network.loss, n, network.sizes[-1])
    loss, gradients = by_hand(network, parameters, X, Y)
    wanted_loss, wanted = by_autograd(network, parameters, X, Y)
    allowed = tolerances(network, parameters, X, Y, "float64")
    assert loss == pytest.approx(wanted_loss, rel=1e-13)
    assert gradients.keys() == wanted.keys()
    for name, reference in wanted.items():
        error = relative_error(gradients[name], reference)
        # a gradient that nearly cancels has fewer good digits than 13, by autograd and by hand alike
        assert error <= max(allowed[name], 1e-15), f"{name} is off by {error:.1e}"


@cache
def preset_dataset(preset):
    data = load_experiment(preset).data
    return load_dataset(data.fallback or data.dataset)


def preset_network(preset, objective, dataset):
    experiment = load_experiment(preset)
    real_targets = dataset.Y_train.shape[1] if dataset.Y_train.ndim == 2 else 0
    outputs = output_width(len(dataset.classes), real_targets, objective)
    sizes = (dataset.X_train.shape[1], *experiment.model.hidden, outputs)
    return Network(sizes, experiment.activations(), *objective.split("+"), experiment.model.bias)


def preset_batch(dataset, network, n=200):
    return (
        dataset.X_train[:n].astype(np.float64),
        target_matrix(dataset.Y_train[:n], network.sizes[-1], "float64"),
    )


def assert_gradients_equal(network, X, Y, seed=0):
    parameters = draw_initial(network, "pytorch", seed)
    loss, gradients = by_hand(network, parameters, X, Y)
    wanted_loss, wanted = by_autograd(network, parameters, X, Y)
    assert loss == pytest.approx(wanted_loss, rel=1e-13)
    assert gradients.keys() == wanted.keys() == {*network.parameter_shapes, "X"}
    for name, reference in wanted.items():
        assert np.linalg.norm(reference) > 0
        assert relative_error(gradients[name], reference) < 1e-13, name


@pytest.mark.parametrize("n", [1, 31, 200])
@pytest.mark.parametrize(("preset", "objective"), PRESET_OBJECTIVES)
def test_every_gradient_of_every_preset_equals_autograds_on_its_own_data(preset, objective, n):
    dataset = preset_dataset(preset)
    network = preset_network(preset, objective, dataset)
    assert_gradients_equal(network, *preset_batch(dataset, network, n))


@pytest.mark.parametrize("objective", load_experiment("mnist").factors.objectives)
def test_gradients_of_the_mnist_preset_equal_autograds_on_mnist_itself(objective, mnist_directory):
    dataset = load_mnist(mnist_directory)
    network = preset_network("mnist", objective, dataset)
    assert network.sizes == (784, 100, 10)
    assert_gradients_equal(network, *preset_batch(dataset, network))


@cache
def load_mnist(directory):
    return load_dataset("mnist", directory)


def literal_loss(output, loss, Z, Y):
    """The mean over samples of the sum over outputs, one number at a time (design.md section 3)."""
    total = 0.0
    for z_row, y_row in zip(Z, Y, strict=True):
        activation = {
            "identity": lambda z: z,
            "sigmoid": lambda z: 1 / (1 + math.exp(-z)),
            "tanh": math.tanh,
            "relu": lambda z: max(z, 0.0),
            "softmax": lambda z, row=z_row: math.exp(z) / sum(map(math.exp, row)),
        }[output]
        for z, y in zip(z_row, y_row, strict=True):
            a = activation(z)
            total += {
                "squared_error": lambda a, y: (a - y) ** 2 / 2,
                "binary_cross_entropy": lambda a, y: -(y * math.log(a) + (1 - y) * math.log(1 - a)),
                "cross_entropy": lambda a, y: -(y * math.log(a)),
            }[loss](a, y)
    return total / len(Z)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_loss_is_the_mean_over_samples_of_the_sum_over_outputs(output, loss, rng):
    mlp = MLP((3, 4), (), output, loss)
    mlp.load(draw_parameters(rng, (3, 4)))
    X = rng.uniform(-1, 1, (6, 3))
    Y = rng.dirichlet(np.ones(4), 6)
    value = mlp.loss(X, Y)
    assert value == pytest.approx(literal_loss(output, loss, mlp.layers[-1].Z, Y), rel=1e-13)


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_gradients_of_a_repeated_batch_are_those_of_the_batch(output, loss, rng):
    mlp = MLP((3, 5, 4), ("tanh",), output, loss)
    mlp.load(draw_parameters(rng, (3, 5, 4)))
    X, Y = rng.uniform(-1, 1, (6, 3)), one_hot(rng, 6, 4)
    once, gradients = mlp.loss_and_gradients(X, Y)
    wanted = {name: gradient.copy() for name, gradient in gradients.items()}
    thrice, gradients = mlp.loss_and_gradients(np.tile(X, (3, 1)), np.tile(Y, (3, 1)))
    assert thrice == pytest.approx(once, rel=1e-13)
    for name, gradient in gradients.items():
        assert relative_error(gradient, wanted[name]) < 1e-13, name


def one_sample(output, loss, logits, dtype):
    """A network whose pre-activations are the given logits for X = 1, and that X."""
    mlp = MLP((1, len(logits)), (), output, loss, dtype=dtype)
    mlp.load({"W1": np.array(logits)[:, None], "b1": np.zeros(len(logits))})
    return mlp, np.ones((1, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("logits", "Y", "loss", "error"),
    [
        pytest.param([1e4, -1e4], [0, 1], 2e4, [1, -1], id="wrong"),
        pytest.param([1e4, -1e4], [1, 0], 0, [0, 0], id="right"),
        pytest.param([1e4, 1e4], [1, 0], math.log(2), [-0.5, 0.5], id="both-high"),
        pytest.param([-1e4, -1e4], [1, 0], math.log(2), [-0.5, 0.5], id="both-low"),
    ],
)
def test_fused_softmax_is_exact_for_logits_of_ten_thousand(logits, Y, loss, error, dtype):
    mlp, X = one_sample("softmax", "cross_entropy", logits, dtype)
    value, gradients = mlp.loss_and_gradients(X, np.array([Y]))
    assert value == pytest.approx(loss, rel=1e-6)
    np.testing.assert_array_equal(gradients["b1"], error)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("logit", "y", "loss", "error"),
    [(1e4, 0, 1e4, 1), (1e4, 1, 0, 0), (-1e4, 1, 1e4, -1), (-1e4, 0, 0, 0), (0, 1, math.log(2), -0.5)],
)
def test_fused_sigmoid_is_exact_for_logits_of_ten_thousand(logit, y, loss, error, dtype):
    mlp, X = one_sample("sigmoid", "binary_cross_entropy", [logit], dtype)
    value, gradients = mlp.loss_and_gradients(X, np.array([[y]]))
    assert value == pytest.approx(loss, rel=1e-6)
    np.testing.assert_array_equal(gradients["b1"], [error])


def test_fused_losses_keep_the_digits_of_a_small_loss():
    sigmoid, X = one_sample("sigmoid", "binary_cross_entropy", [40.0], "float64")
    assert sigmoid.loss(X, np.ones((1, 1))) == pytest.approx(math.exp(-40), rel=1e-12, abs=0)
    softmax, X = one_sample("softmax", "cross_entropy", [0.0, -30.0], "float64")
    assert softmax.loss(X, np.array([[1.0, 0.0]])) == pytest.approx(math.exp(-30), rel=1e-2, abs=0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [1, 10, 80, 86, 88, 95, 120, 700, 707, 709, 720, 740, 760, 1e4])
@pytest.mark.parametrize("Y", [[1, 0], [0, 1], [0.25, 0.75]], ids=["right", "wrong", "soft"])
@pytest.mark.parametrize("loss", ["binary_cross_entropy", "squared_error"])
def test_saturated_softmax_has_the_floored_derivative_of_autograd(loss, Y, gap, dtype):
    mlp, X = one_sample("softmax", loss, [0.0, -gap], dtype)
    value, gradients = mlp.loss_and_gradients(X, np.array([Y]))
    network = Network((1, 2), (), "softmax", loss, True)
    parameters = {name: np.array(values) for name, values in mlp.parameters.items()}
    wanted_loss, wanted = by_autograd(
        network, parameters, X.astype(dtype), np.array([Y]).astype(dtype), dtype
    )
    assert value == pytest.approx(wanted_loss, rel=1e-5)
    assert np.abs(gradients["b1"]).max() <= 2
    np.testing.assert_allclose(gradients["b1"], wanted["b1"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_output_saturated_at_the_wrong_end_has_a_finite_loss_and_no_gradient(dtype):
    mlp, X = one_sample("softmax", "binary_cross_entropy", [1000.0, -1000.0], dtype)
    value, gradients = mlp.loss_and_gradients(X, np.array([[0.0, 1.0]]))
    assert value == pytest.approx(-2 * math.log(np.finfo(dtype).tiny), rel=1e-6)
    np.testing.assert_array_equal(gradients["b1"], [0, 0])  # [S3]: constant where the floor acts


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gap", [5, 60, 87, 100, 700, 708, 745, 1e4])
def test_saturated_sigmoid_with_cross_entropy_has_the_floored_derivative(gap, dtype):
    mlp, X = one_sample("sigmoid", "cross_entropy", [-gap], dtype)
    _, gradients = mlp.loss_and_gradients(X, np.ones((1, 1)))
    y_hat = mlp.layers[-1].A[0, 0]
    floored = y_hat < np.finfo(dtype).tiny
    assert gradients["b1"][0] == pytest.approx(0 if floored else y_hat - 1, rel=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_sigmoid_of_a_very_negative_number_is_zero_without_a_warning(dtype):
    mlp, X = one_sample("sigmoid", "squared_error", [-1e4, 1e4], dtype)
    np.testing.assert_array_equal(mlp.forward(X), [[0, 1]])
    _, gradients = mlp.loss_and_gradients(X, np.array([[1, 0]]))
    np.testing.assert_array_equal(gradients["b1"], [0, 0])


@pytest.mark.parametrize("where", ["hidden", "output"])
def test_derivative_of_relu_at_zero_is_zero(where):
    hidden = where == "hidden"
    sizes, activations, output = ((1, 2, 1), ("relu",), "identity") if hidden else ((1, 1), (), "relu")
    mlp = MLP(sizes, activations, output, "squared_error")
    mlp.flat_parameters[:] = 0
    if hidden:
        mlp.parameters["W2"][:] = 1
        mlp.parameters["b1"][:] = [0, 1]
    _, gradients = mlp.loss_and_gradients(np.ones((1, 1)), np.full((1, 1), 3.0))
    np.testing.assert_array_equal(gradients["b1"], [0, -2] if hidden else [0])


def test_no_gradient_is_left_over_from_the_batch_before(rng):
    mlp = MLP((3, 5, 2), ("relu",), "softmax", "binary_cross_entropy")
    mlp.load(draw_parameters(rng, (3, 5, 2)))
    small, large = ((rng.uniform(-1, 1, (n, 3)), one_hot(rng, n, 2)) for n in (4, 9))
    mlp.loss_and_gradients(*small)
    fresh = mlp.flat_gradients.copy()
    for batch in (large, small):
        mlp.loss_and_gradients(*batch)
    np.testing.assert_array_equal(mlp.flat_gradients, fresh)


ALL_OUTPUTS = ["identity", "sigmoid", "tanh", "relu", "softmax"]
ALL_LOSSES = ["squared_error", "binary_cross_entropy", "cross_entropy"]
REFUSED = sorted({(o, e) for o in ALL_OUTPUTS for e in ALL_LOSSES} - OBJECTIVES)


def test_nine_pairs_of_output_and_loss_are_defined_and_six_are_refused():
    assert len(OBJECTIVES) == 9
    assert len(REFUSED) == 6


@pytest.mark.parametrize(("output", "loss"), [*REFUSED, ("sigmoid", "hinge"), ("swish", "squared_error")])
def test_undefined_pair_is_refused_naming_those_that_are_defined(output, loss):
    with pytest.raises(ValueError, match=r"is not defined.*softmax\+cross_entropy") as refused:
        MLP((2, 3), (), output, loss)
    assert f"{output}+{loss}" in str(refused.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(((4, 1), (), "softmax", "cross_entropy"), "at least 2 outputs", id="softmax-of-one"),
        pytest.param(((4,), (), "identity", "squared_error"), "two or more widths", id="no-layer"),
        pytest.param(((4, 0, 1), ("tanh",), "identity", "squared_error"), "at least 1", id="empty-layer"),
        pytest.param(((4, 3, 1), (), "identity", "squared_error"), "1 hidden layers", id="too-few"),
        pytest.param(((4, 1), ("tanh",), "identity", "squared_error"), "0 hidden layers", id="too-many"),
        pytest.param(
            ((4, 3, 1), ("gelu",), "identity", "squared_error"), "unknown activation 'gelu'", id="gelu"
        ),
        pytest.param(
            ((4, 3, 2), ("softmax",), "identity", "squared_error"), "'softmax'", id="hidden-softmax"
        ),
    ],
)
def test_impossible_network_is_refused_in_one_line(arguments, message):
    with pytest.raises(ValueError, match=message) as refused:
        MLP(*arguments)
    assert "\n" not in str(refused.value)


def small_network():
    return MLP((4, 3, 2), ("sigmoid",), "softmax", "cross_entropy")


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        pytest.param(
            np.zeros((5, 3)), np.zeros((5, 2)), r"X has the shape \(5, 3\).*\(n, 4\)", id="features"
        ),
        pytest.param(np.zeros(4), np.zeros((1, 2)), r"X has the shape \(4,\)", id="vector"),
        pytest.param(np.zeros((0, 4)), np.zeros((0, 2)), r"X has the shape \(0, 4\).*n >= 1", id="empty"),
        pytest.param(np.zeros((5, 4)), np.zeros((5, 3)), r"Y has the shape \(5, 3\).*\(n, 2\)", id="outputs"),
        pytest.param(np.zeros((5, 4)), np.zeros(5), r"Y has the shape \(5,\)", id="labels"),
        pytest.param(np.zeros((5, 4)), np.tile([1.0, 0.0], (4, 1)), "4.*5|5.*4", id="fewer-targets"),
        pytest.param(np.zeros((5, 4)), np.array([[1.0, 0.0]]), "1.*5|5.*1", id="one-target"),
    ],
)
def test_wrong_shape_is_one_clear_line(X, Y, message):
    mlp = small_network()
    for method in (mlp.loss, mlp.loss_and_gradients, mlp.input_gradient):
        with pytest.raises(ValueError, match=message) as refused:
            method(X, Y)
        assert "\n" not in str(refused.value)
        assert "broadcast" not in str(refused.value)


def test_fused_softmax_refuses_targets_that_do_not_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1"):
        small_network().loss(np.zeros((2, 4)), np.zeros((2, 2)))


@pytest.mark.parametrize("dtype", ["int64", "float16", "complex128"])
def test_dtype_other_than_float32_and_float64_is_refused(dtype):
    with pytest.raises(ValueError, match=r"float32.*float64"):
        MLP((4, 2), (), "softmax", "cross_entropy", dtype=dtype)


def test_load_copies_and_casts(rng):
    mlp = MLP((4, 3, 2), ("sigmoid",), "softmax", "cross_entropy", dtype=np.float32)
    given_ = draw_parameters(rng, (4, 3, 2))
    mlp.load(given_)
    before = {name: values.copy() for name, values in mlp.parameters.items()}
    for values in given_.values():
        values[...] = 99
    for name, values in mlp.parameters.items():
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, before[name])
        assert not np.any(values == 99)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda p: p.pop("b2"), "W1, b1, W2, b2; got W1, b1, W2", id="missing"),
        pytest.param(lambda p: p.update(W3=np.zeros((2, 2))), "got .*W3", id="additional"),
        pytest.param(lambda p: p.clear(), "got none", id="nothing"),
        pytest.param(lambda p: p.update(W2=p["W2"].T), r"W2 .*\(3, 2\).*\(2, 3\)", id="transposed"),
        pytest.param(lambda p: p.update(b2=p["b2"][:, None]), r"b2 .*\(2, 1\).*\(2,\)", id="column"),
        pytest.param(lambda p: p.update(b2=np.float64(0)), r"b2 .*\(\).*\(2,\)", id="scalar"),
    ],
)
def test_load_refuses_what_does_not_fit_and_changes_nothing(change, message, rng):
    mlp = small_network()
    parameters = draw_parameters(rng, (4, 3, 2))
    change(parameters)
    with pytest.raises(ValueError, match=message) as refused:
        mlp.load(parameters)
    assert "\n" not in str(refused.value)
    assert not mlp.flat_parameters.any()


@pytest.mark.parametrize("bias", [True, False])
def test_parameters_and_gradients_are_views_that_share_out_one_vector_each(bias):
    mlp = MLP((4, 3, 2), ("sigmoid",), "softmax", "cross_entropy", bias)
    shapes = {"W1": (3, 4), "b1": (3,), "W2": (2, 3), "b2": (2,)}
    wanted = {name: shape for name, shape in shapes.items() if bias or name.startswith("W")}
    for flat, views in ((mlp.flat_parameters, mlp.parameters), (mlp.flat_gradients, mlp.gradients)):
        assert {name: view.shape for name, view in views.items()} == wanted
        assert list(views) == list(wanted)
        assert flat.ndim == 1
        flat[:] = -1
        for view in views.values():
            assert np.shares_memory(view, flat)
            view += 1  # each entry belongs to exactly one view
        np.testing.assert_array_equal(flat, np.zeros_like(flat))
    assert not np.shares_memory(mlp.flat_parameters, mlp.flat_gradients)


def test_changing_the_flat_parameters_changes_the_output(rng):
    mlp = small_network()
    X = rng.uniform(-1, 1, (5, 4))
    before = mlp.forward(X)
    mlp.flat_parameters[:] = rng.normal(size=mlp.flat_parameters.shape)
    after = mlp.forward(X)
    A = 1 / (1 + np.exp(-(X @ mlp.parameters["W1"].T + mlp.parameters["b1"])))
    E = np.exp(A @ mlp.parameters["W2"].T + mlp.parameters["b2"])
    np.testing.assert_allclose(after, E / E.sum(axis=1, keepdims=True), rtol=1e-13)
    assert not np.allclose(before, after)


def test_an_output_stays_as_it_was_and_may_be_a_target_of_the_same_network(rng):
    mlp = small_network()
    mlp.flat_parameters[:] = rng.normal(size=mlp.flat_parameters.shape)
    X = rng.uniform(-1, 1, (5, 4))
    outputs = mlp.forward(X)
    kept = outputs.copy()
    loss = mlp.loss(X[::-1], outputs)
    np.testing.assert_array_equal(outputs, kept)
    assert loss == mlp.loss(X[::-1], kept)


def test_forward_and_backward_leave_inputs_and_parameters_alone(rng):
    mlp = small_network()
    mlp.load(draw_parameters(rng, (4, 3, 2)))
    X, Y, parameters = rng.uniform(-1, 1, (5, 4)), one_hot(rng, 5, 2), mlp.flat_parameters.copy()
    X_before, Y_before = X.copy(), Y.copy()
    mlp.input_gradient(X, Y)
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(Y, Y_before)
    np.testing.assert_array_equal(mlp.flat_parameters, parameters)


def test_lists_columns_major_and_other_dtypes_give_the_same_as_plain_arrays(rng):
    mlp = small_network()
    mlp.load(draw_parameters(rng, (4, 3, 2)))
    X, Y = np.round(rng.uniform(-1, 1, (5, 4)), 2), one_hot(rng, 5, 2)
    wanted = mlp.loss(X, Y)
    assert mlp.loss(np.asfortranarray(X), np.asfortranarray(Y)) == wanted
    assert mlp.loss(X.tolist(), Y.astype(int)) == wanted


@pytest.mark.parametrize(("output", "loss"), PAIRS)
def test_float32_stays_float32_throughout(output, loss, rng):
    mlp = MLP((3, 4, 2), ("tanh",), output, loss, dtype="float32")
    mlp.load(draw_parameters(rng, (3, 4, 2)))
    dX = mlp.input_gradient(rng.uniform(-1, 1, (5, 3)), one_hot(rng, 5, 2))
    arrays = [
        dX,
        *mlp.gradients.values(),
        *(getattr(layer, a) for layer in mlp.layers for a in ("Z", "A", "dZ")),
    ]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
