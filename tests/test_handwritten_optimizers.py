"""The update rules against `torch.optim`, to the letter and with its defaults."""

import inspect

import numpy as np
import pytest
import torch
from test_handwritten_gradients import (
    PRESET_OBJECTIVES,
    preset_batch,
    preset_dataset,
    preset_network,
)

import torch_impl
from compare.batches import epoch_batches
from compare.experiment_file import preset_names
from compare.initial_weights import draw_parameters
from compare.parity.tolerance import relative_error
from handwritten import MLP, OPTIMIZERS, SGD, Adam, AdamW, RMSprop, Trainer
from torch_impl import make_optimizer, training_step

RULES = {
    "sgd": ("sgd", {"lr": 0.1}),
    "momentum": ("sgd", {"lr": 0.05, "momentum": 0.9}),
    "dampening": ("sgd", {"lr": 0.05, "momentum": 0.9, "dampening": 0.3}),
    "nesterov": ("sgd", {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "sgd-decay": ("sgd", {"lr": 0.1, "weight_decay": 0.01}),
    "nesterov-decay": ("sgd", {"lr": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    "rmsprop": ("rmsprop", {"lr": 1e-3}),
    "rmsprop-momentum": ("rmsprop", {"lr": 1e-3, "momentum": 0.8, "alpha": 0.9, "weight_decay": 0.01}),
    "adam": ("adam", {"lr": 1e-3}),
    "adam-decay": ("adam", {"lr": 1e-3, "beta1": 0.8, "beta2": 0.99, "eps": 1e-6, "weight_decay": 0.01}),
    "adamw": ("adamw", {"lr": 1e-3}),
    "adamw-decay": ("adamw", {"lr": 1e-3, "beta1": 0.8, "weight_decay": 0.1}),
}
STEPS = 100
# Every rule on the default preset; the plain ones on every preset.
RULES_OF = {preset: tuple(RULES) if preset == "digits" else ("sgd", "adam") for preset in preset_names()}
CASES = [
    pytest.param(*preset.values, rule, id=f"{preset.id}-{rule}")
    for preset in PRESET_OBJECTIVES
    for rule in RULES_OF[preset.values[0]]
]


def by_torch(name, values, options):
    """A vector with torch's optimizer on it, under our option names."""
    vector = torch.nn.Parameter(torch.tensor(values))
    return vector, make_optimizer(name, [vector], options)


@pytest.mark.parametrize(("preset", "objective", "rule"), CASES)
def test_hundred_steps_on_every_preset_end_where_torch_optim_does(preset, objective, rule):
    name, options = RULES[rule]
    dataset = preset_dataset(preset)
    network = preset_network(preset, objective, dataset)
    X, Y = preset_batch(dataset, network, n=90)
    parameters = draw_parameters(network, "pytorch", 3)
    arguments = network.arguments

    mlp = MLP(*arguments)
    mlp.load(parameters)
    optimizer = OPTIMIZERS[name](mlp.flat_parameters, mlp.flat_gradients, **options)
    model = torch_impl.MLP(*arguments)
    model.load(parameters)
    torch_optimizer = make_optimizer(name, model.parameters(), options)

    batches = [rows for epoch in range(STEPS) for rows in epoch_batches(len(X), 40, 0, epoch)][:STEPS]
    assert {len(rows) for rows in batches} == {40, 10}
    Trainer(mlp, optimizer, X, Y).train(batches)
    for rows in batches:
        training_step(model, torch_optimizer, torch.tensor(X[rows]), torch.tensor(Y[rows]))
    for tensor, reference in model.export().items():
        assert relative_error(mlp.parameters[tensor], reference) < 1e-10, tensor
        assert not np.array_equal(reference, parameters[tensor])


@pytest.mark.parametrize("rule", RULES)
def test_steps_equal_torch_optims_on_gradients_of_every_size_and_with_a_changed_rate(rule, rng):
    name, options = RULES[rule]
    parameters = rng.normal(size=40)
    gradients = np.zeros(40)
    optimizer = OPTIMIZERS[name](parameters, gradients, **options)
    vector, torch_optimizer = by_torch(name, parameters.copy(), options)
    scales = 10.0 ** np.linspace(-12, 4, 40)
    scales[::7] = 0  # a weight behind a pixel that is always black
    for step in range(60):
        gradients[:] = rng.normal(size=40) * scales
        if step == 30:
            optimizer.lr /= 10
            torch_optimizer.param_groups[0]["lr"] /= 10
        vector.grad = torch.tensor(gradients)
        optimizer.step()
        torch_optimizer.step()
        reference = vector.detach().numpy()
        assert relative_error(parameters, reference) < 1e-13, f"step {step + 1}"
        np.testing.assert_allclose(parameters, reference, rtol=1e-10)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SGD, torch.optim.SGD),
        (RMSprop, torch.optim.RMSprop),
        (Adam, torch.optim.Adam),
        (AdamW, torch.optim.AdamW),
    ],
)
def test_defaults_are_torchs(ours, theirs):
    own = {name: p.default for name, p in inspect.signature(ours).parameters.items()}
    torchs = {name: p.default for name, p in inspect.signature(theirs).parameters.items()}
    if "betas" in torchs:
        torchs["beta1"], torchs["beta2"] = torchs["betas"]
    options = set(own) - {"parameters", "gradients"}
    assert {name: own[name] for name in options} == {name: torchs[name] for name in options}


def one_step(name, theta, g, **options):
    parameters = np.array([theta])
    OPTIMIZERS[name](parameters, np.array([g]), **options).step()
    return parameters[0]


def test_first_momentum_step_is_not_dampened():
    assert one_step("sgd", 1.0, 2.0, lr=0.1, momentum=0.9, dampening=0.5) == pytest.approx(1 - 0.1 * 2)


@pytest.mark.parametrize("g", [1e-8, 1.0])
def test_epsilon_stands_outside_the_root_and_after_the_bias_correction(g):
    assert one_step("adam", 0.0, g, lr=0.1, eps=1e-8) == pytest.approx(-0.1 * g / (g + 1e-8), rel=1e-9, abs=0)
    root = (0.01 * g * g) ** 0.5
    assert one_step("rmsprop", 0.0, g, lr=0.1, eps=1e-8) == pytest.approx(
        -0.1 * g / (root + 1e-8), rel=1e-9, abs=0
    )


def test_decay_is_decoupled_in_adamw_alone():
    assert one_step("adamw", 5.0, 0.0, lr=0.1, weight_decay=0.1) == pytest.approx(5 * (1 - 0.01))
    assert one_step("adam", 5.0, 0.0, lr=0.1, weight_decay=0.1) == pytest.approx(5 - 0.1, rel=1e-6)
    assert one_step("sgd", 5.0, 0.0, lr=0.1, weight_decay=0.1) == pytest.approx(5 * (1 - 0.01))


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_step_reads_the_gradients_and_keeps_the_dtype(rule, dtype, rng):
    name, options = RULES[rule]
    parameters, gradients = (rng.normal(size=9).astype(dtype) for _ in range(2))
    before, same = gradients.copy(), parameters
    optimizer = OPTIMIZERS[name](parameters, gradients, **options)
    for _ in range(3):
        optimizer.step()
    np.testing.assert_array_equal(gradients, before)
    assert optimizer.parameters is same
    assert parameters.dtype == np.dtype(dtype)


def test_two_optimizers_do_not_share_their_memory(rng):
    gradients = rng.normal(size=5)
    alone, first, second = np.zeros(5), np.zeros(5), np.zeros(5)
    lone = Adam(alone, gradients)
    pair = [Adam(first, gradients), Adam(second, gradients)]
    for _ in range(4):
        lone.step()
        for optimizer in pair:
            optimizer.step()
    np.testing.assert_array_equal(first, alone)
    np.testing.assert_array_equal(second, alone)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("sgd", {"lr": -1.0}, "lr must be a number of at least 0; got -1.0"),
        ("sgd", {"lr": float("nan")}, "lr"),
        ("sgd", {"lr": float("inf")}, "lr"),
        ("sgd", {"momentum": -0.1}, "momentum"),
        ("sgd", {"weight_decay": -0.1}, "weight_decay"),
        ("sgd", {"nesterov": True}, "nesterov needs a momentum"),
        ("sgd", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "dampening of 0"),
        ("rmsprop", {"eps": -1e-8}, "eps"),
        ("rmsprop", {"alpha": -0.1}, "alpha"),
        ("rmsprop", {"alpha": 1.5}, "alpha"),
        ("adam", {"beta1": 1.0}, r"beta1 must lie in \[0, 1\)"),
        ("adam", {"beta2": -0.1}, "beta2"),
        ("adamw", {"weight_decay": -1.0}, "weight_decay"),
    ],
)
def test_option_outside_its_range_is_refused(name, options, message):
    with pytest.raises(ValueError, match=message) as refused:
        OPTIMIZERS[name](np.zeros(2), np.zeros(2), **options)
    assert "\n" not in str(refused.value)
