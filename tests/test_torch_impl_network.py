"""The nn.Module of torch_impl: architecture, parameters in and out, and the trace of one batch."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from torch_impl import MLP, OBJECTIVES, TorchImplError

SEED = 20241
PAIRS = sorted(OBJECTIVES)
PAIR_IDS = [f"{output}+{loss}" for output, loss in PAIRS]
SIZES = (5, 4, 4, 6, 3)
HIDDEN = ("sigmoid", "tanh", "relu")


@pytest.fixture
def rng():
    print(f"seed {SEED}")
    return np.random.default_rng(SEED)


def draw_parameters(rng, sizes, bias=True):
    parameters = {}
    for number, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        parameters[f"W{number}"] = rng.normal(scale=inputs**-0.5, size=(outputs, inputs))
        if bias:
            parameters[f"b{number}"] = rng.normal(size=outputs)
    return parameters


def build(
    rng, sizes=SIZES, activations=HIDDEN, pair=("softmax", "cross_entropy"), bias=True, dtype=torch.float64
):
    model = MLP(sizes, activations, *pair, bias=bias, dtype=dtype)
    model.load(draw_parameters(rng, sizes, bias))
    return model


def draw_batch(rng, samples=6, sizes=SIZES):
    return rng.normal(size=(samples, sizes[0])), rng.dirichlet(np.ones(sizes[-1]), size=samples)


PLAIN_ACTIVATIONS = {
    "sigmoid": lambda Z: 1 / (1 + torch.exp(-Z)),
    "tanh": lambda Z: (torch.exp(Z) - torch.exp(-Z)) / (torch.exp(Z) + torch.exp(-Z)),
    "relu": lambda Z: Z * (Z > 0),
    "identity": lambda Z: Z,
    "softmax": lambda Z: torch.exp(Z) / torch.exp(Z).sum(dim=1, keepdim=True),
}
PLAIN_LOSSES = {
    "squared_error": lambda y_hat, Y: 0.5 * (y_hat - Y) ** 2,
    "binary_cross_entropy": lambda y_hat, Y: -(Y * torch.log(y_hat) + (1 - Y) * torch.log(1 - y_hat)),
    "cross_entropy": lambda y_hat, Y: -Y * torch.log(y_hat),
}


def plain_loss(activations, output, loss, Y):
    """Return the loss as an unfused function of (X, W1, b1, ...) that shares no code with the network."""

    def of_inputs_and_parameters(X, *parameters):
        A = X
        names = [*activations, output]
        for name, W, b in zip(names, parameters[::2], parameters[1::2], strict=True):
            A = PLAIN_ACTIVATIONS[name](A @ W.T + b)
        return PLAIN_LOSSES[loss](A, Y).sum() / len(X)

    return of_inputs_and_parameters


def relative_error(value, reference):
    return np.linalg.norm(value - reference) / np.linalg.norm(reference)


@pytest.mark.parametrize("pair", PAIRS, ids=PAIR_IDS)
def test_trace_equals_a_literal_function_that_gradcheck_verifies(rng, pair):
    model = build(rng, pair=pair)
    X, Y = draw_batch(rng)
    trace = model.trace(X, Y)
    function = plain_loss(HIDDEN, *pair, torch.tensor(Y))
    arguments = {"X": X, **model.export()}
    tensors = [torch.tensor(value, requires_grad=True) for value in arguments.values()]
    assert torch.autograd.gradcheck(function, tensors)
    loss = function(*tensors)
    assert trace.loss == pytest.approx(loss.item(), rel=1e-13)
    assert set(trace.gradients) == set(arguments)
    for name, expected in zip(arguments, torch.autograd.grad(loss, tensors), strict=True):
        assert trace.gradients[name].shape == arguments[name].shape
        assert np.any(trace.gradients[name])
        assert relative_error(trace.gradients[name], expected.numpy()) < 1e-13, name


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("pair", PAIRS, ids=PAIR_IDS)
def test_trace_gradients_are_those_of_backward_on_the_training_path(rng, pair, bias, dtype):
    model = build(rng, pair=pair, bias=bias, dtype=dtype)
    X, Y = draw_batch(rng)
    trace = model.trace(X, Y)
    assert all(parameter.grad is None for parameter in model.parameters())
    inputs = torch.tensor(X, dtype=dtype, requires_grad=True)
    loss = model.loss(model(inputs), torch.tensor(Y, dtype=dtype))
    loss.backward()
    assert trace.loss == loss.item()
    gradients = [parameter.grad for parameter in model.parameters()] + [inputs.grad]
    assert list(trace.gradients) == [*model.export(), "X"]
    for (name, value), expected in zip(trace.gradients.items(), gradients, strict=True):
        assert value.dtype == expected.numpy().dtype
        np.testing.assert_array_equal(value, expected.numpy(), err_msg=name)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_trace_values_are_the_layers_in_numpy(rng, bias):
    sizes, activations = (5, 4, 3, 6, 2, 3), ("sigmoid", "tanh", "relu", "identity")
    model = build(rng, sizes=sizes, activations=activations, pair=("sigmoid", "cross_entropy"), bias=bias)
    X, Y = draw_batch(rng, sizes=sizes)
    values, parameters = model.trace(X, Y).values, model.export()
    numpy_activations = {
        "sigmoid": lambda Z: 1 / (1 + np.exp(-Z)),
        "tanh": np.tanh,
        "relu": lambda Z: np.maximum(Z, 0),
        "identity": lambda Z: Z,
    }
    A = X
    for number, name in enumerate([*activations, "sigmoid"], start=1):
        Z = A @ parameters[f"W{number}"].T + parameters.get(f"b{number}", 0)
        A = numpy_activations[name](Z)
        np.testing.assert_allclose(values[f"Z{number}"], Z, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(values[f"A{number}"], A, rtol=1e-12, atol=1e-14)
    assert list(values) == [f"{letter}{number}" for number in range(1, 6) for letter in "ZA"]
    np.testing.assert_array_equal(model.predict(torch.tensor(X)).numpy(), values["A5"])
    np.testing.assert_array_equal(model(torch.tensor(X)).detach().numpy(), values["Z5"])


def test_trace_arrays_share_no_memory(rng):
    model = build(rng, activations=("identity",) * 3, pair=("identity", "squared_error"))
    values = model.trace(*draw_batch(rng)).values
    values["Z1"][:] = 0
    values["Z4"][:] = 0
    assert values["A1"].any()
    assert values["A4"].any()


def test_trace_takes_read_only_arrays_and_class_indices(rng):
    model = build(rng)
    X, _ = draw_batch(rng)
    labels = rng.integers(3, size=6)
    one_hot = np.eye(3)[labels]
    for array in (X, labels, one_hot):
        array.flags.writeable = False
    by_index, by_one_hot = model.trace(X, labels), model.trace(X, one_hot)
    assert by_index.loss == pytest.approx(by_one_hot.loss, rel=1e-14)
    for name, gradient in by_index.gradients.items():
        assert relative_error(gradient, by_one_hot.gradients[name]) < 1e-14


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
def test_load_then_export_returns_the_same_arrays_in_the_derivation_s_shapes(rng, bias, dtype):
    parameters = draw_parameters(rng, SIZES, bias)
    model = MLP(SIZES, HIDDEN, "softmax", "cross_entropy", bias=bias, dtype=dtype)
    model.load(parameters)
    exported = model.export()
    assert list(exported) == list(parameters)
    for name, array in parameters.items():
        expected = array.astype(np.float32 if dtype == torch.float32 else np.float64)
        assert exported[name].dtype == expected.dtype
        np.testing.assert_array_equal(exported[name], expected)


def test_load_and_export_copy(rng):
    parameters = draw_parameters(rng, SIZES)
    model = MLP(SIZES, HIDDEN, "softmax", "cross_entropy")
    model.load(parameters)
    before = model.export()
    parameters["W1"][:] = 0
    model.export()["W2"][:] = 0
    for name, array in model.export().items():
        np.testing.assert_array_equal(array, before[name])


def test_load_names_every_parameter_that_does_not_fit_and_copies_none(rng):
    model = build(rng)
    before = model.export()
    parameters = draw_parameters(rng, SIZES)
    parameters["W3"] = parameters["W3"].T
    parameters["V"] = parameters.pop("b4")
    with pytest.raises(TorchImplError) as refusal:
        model.load(parameters)
    message = str(refusal.value)
    assert "W3 (4, 6), wanted (6, 4)" in message
    assert "b4 missing, wanted (3,)" in message
    assert "V (3,), wanted none" in message
    assert "W1" not in message
    assert "\n" not in message
    for name, array in model.export().items():
        np.testing.assert_array_equal(array, before[name])


def test_network_without_bias_refuses_bias_arrays(rng):
    model = MLP(SIZES, HIDDEN, "softmax", "cross_entropy", bias=False)
    with pytest.raises(TorchImplError, match=r"b1 \(4,\), wanted none"):
        model.load(draw_parameters(rng, SIZES))


def test_network_is_nan_until_loaded_and_construction_draws_no_random_numbers():
    state = torch.get_rng_state()
    model = MLP(SIZES, HIDDEN, "softmax", "cross_entropy")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(np.isnan(array).all() for array in model.export().values())
    assert model(torch.zeros(2, 5, dtype=torch.float64)).isnan().all()


def test_derivative_of_relu_at_zero_is_zero():
    model = MLP((1, 1, 1), ("relu",), "relu", "squared_error")
    model.load({"W1": np.zeros((1, 1)), "b1": np.zeros(1), "W2": np.ones((1, 1)), "b2": np.ones(1)})
    hidden_at_zero = model.trace(np.ones((2, 1)), np.zeros((2, 1))).gradients
    assert hidden_at_zero["b2"] == [1.0]
    assert hidden_at_zero["b1"] == [0.0]
    model.load({"W1": np.ones((1, 1)), "b1": np.zeros(1), "W2": np.ones((1, 1)), "b2": -np.ones(1)})
    output_at_zero = model.trace(np.ones((2, 1)), np.ones((2, 1))).gradients
    assert output_at_zero["b2"] == [0.0]


def test_network_without_hidden_layers_works(rng):
    model = build(rng, sizes=(5, 3), activations=())
    assert list(model.trace(*draw_batch(rng)).gradients) == ["W1", "b1", "X"]


def test_predict_records_no_graph(rng):
    assert not build(rng).predict(torch.zeros(2, 5, dtype=torch.float64)).requires_grad


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": (5,)}, "at least an input and an output"),
        ({"sizes": (5, 0, 3)}, "each 1 or more"),
        ({"activations": ()}, "0 activations for 1 hidden layers"),
        ({"activations": ("swish",)}, "unknown hidden activation 'swish'"),
        ({"activations": ("softmax",)}, "unknown hidden activation 'softmax'"),
        ({"sizes": (5, 4, 1)}, "softmax needs at least 2 outputs"),
        ({"dtype": torch.float16}, "unknown dtype torch.float16"),
        ({"output": "relu"}, r"relu\+cross_entropy is not defined; defined are .*softmax\+cross_entropy"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_impossible_network_is_refused(changes, message):
    possible = {
        "sizes": (5, 4, 3),
        "activations": ("tanh",),
        "output": "softmax",
        "loss": "cross_entropy",
        "dtype": torch.float64,
    }
    MLP(**possible)
    with pytest.raises(TorchImplError, match=message):
        MLP(**possible | changes)


def test_targets_that_torch_would_broadcast_are_refused(rng):
    sizes = (5, 4, 1)
    model = build(rng, sizes=sizes, activations=("tanh",), pair=("sigmoid", "cross_entropy"))
    Z = model(torch.zeros(6, 5, dtype=torch.float64))
    with pytest.raises(TorchImplError, match=r"targets have shape \(6,\), the outputs \(6, 1\)"):
        model.loss(Z, torch.zeros(6, dtype=torch.float64))


@pytest.mark.parametrize(
    ("X", "Y", "message"),
    [
        (np.ones((6, 4)), np.ones((6, 3)), r"X has shape \(6, 4\), wanted \(n, 5\)"),
        (np.ones(5), np.ones((1, 3)), r"X has shape \(5,\)"),
        (np.ones((0, 5)), np.ones((0, 3)), "n of at least 1"),
        (np.ones((6, 5)), np.ones((5, 3)), r"targets have shape \(5, 3\), the outputs \(6, 3\)"),
        (np.ones((6, 5)), np.full(6, 3), "6 whole class indices from 0 to 2"),
        (np.ones((6, 5)), np.full(6, -100), "6 whole class indices from 0 to 2"),
        (np.ones((6, 5)), np.ones(6), "6 whole class indices"),
        (np.ones((6, 5)), np.ones(5, dtype=int), "6 whole class indices"),
    ],
    ids=["features", "one-row", "empty", "samples", "label-3", "label--100", "float-labels", "label-count"],
)
def test_batch_that_does_not_fit_is_refused(rng, X, Y, message):
    with pytest.raises(TorchImplError, match=message):
        build(rng).trace(X, Y)
