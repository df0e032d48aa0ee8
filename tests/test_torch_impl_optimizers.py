"""The optimizers of torch_impl are torch.optim's, under the project's option names."""

import numpy as np
import pytest
import torch

from torch_impl import MLP, OPTIMIZERS, TorchImplError, make_optimizer, training_step

SEED = 20242

CASES = {
    "sgd-default": ("sgd", {}, lambda p: torch.optim.SGD(p)),
    "sgd-all": (
        "sgd",
        {"lr": 0.3, "momentum": 0.8, "dampening": 0.2, "weight_decay": 0.05},
        lambda p: torch.optim.SGD(p, lr=0.3, momentum=0.8, dampening=0.2, weight_decay=0.05),
    ),
    "sgd-nesterov": (
        "sgd",
        {"lr": 0.3, "momentum": 0.8, "nesterov": True},
        lambda p: torch.optim.SGD(p, lr=0.3, momentum=0.8, nesterov=True),
    ),
    "rmsprop-default": ("rmsprop", {}, lambda p: torch.optim.RMSprop(p)),
    "rmsprop-all": (
        "rmsprop",
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-3, "weight_decay": 0.05, "momentum": 0.7},
        lambda p: torch.optim.RMSprop(p, lr=0.02, alpha=0.9, eps=1e-3, weight_decay=0.05, momentum=0.7),
    ),
    "adam-default": ("adam", {}, lambda p: torch.optim.Adam(p)),
    "adam-all": (
        "adam",
        {"lr": 0.02, "beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.05},
        lambda p: torch.optim.Adam(p, lr=0.02, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.05),
    ),
    "adam-beta2-only": ("adam", {"beta2": 0.9}, lambda p: torch.optim.Adam(p, betas=(0.9, 0.9))),
    "adamw-default": ("adamw", {}, lambda p: torch.optim.AdamW(p)),
    "adamw-all": (
        "adamw",
        {"lr": 0.02, "beta1": 0.8, "beta2": 0.99, "eps": 1e-3, "weight_decay": 0.3},
        lambda p: torch.optim.AdamW(p, lr=0.02, betas=(0.8, 0.99), eps=1e-3, weight_decay=0.3),
    ),
}


def build_model(dtype=torch.float64):
    rng = np.random.default_rng(SEED)
    model = MLP((4, 5, 3), ("tanh",), "softmax", "cross_entropy", dtype=dtype)
    model.load({name: rng.normal(size=array.shape) for name, array in model.export().items()})
    return model


@pytest.fixture
def batch():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED + 1)
    return torch.tensor(rng.normal(size=(8, 4))), torch.tensor(rng.integers(3, size=8))


@pytest.mark.parametrize(("name", "options", "by_hand"), CASES.values(), ids=CASES)
def test_steps_equal_those_of_the_torch_optimizer_built_by_hand(batch, name, options, by_hand):
    X, labels = batch
    ours, theirs = build_model(), build_model()
    start = ours.export()
    optimizer, reference = make_optimizer(name, ours.parameters(), options), by_hand(theirs.parameters())
    for step in range(3):
        training_step(ours, optimizer, X, labels)
        reference.zero_grad()
        torch.nn.CrossEntropyLoss()(theirs(X), labels).backward()
        reference.step()
        for key, array in ours.export().items():
            np.testing.assert_array_equal(array, theirs.export()[key], err_msg=f"{key} after step {step + 1}")
            assert not np.array_equal(array, start[key])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_option_reaches_torch(name):
    values = {"lr": 0.02, "momentum": 0.7, "dampening": 0.1, "weight_decay": 0.05, "nesterov": False}
    values |= {"alpha": 0.9, "eps": 1e-3, "beta1": 0.8, "beta2": 0.95}
    options = {option: values[option] for option in OPTIMIZERS[name][1]}
    group = make_optimizer(name, build_model().parameters(), options).param_groups[0]
    received = group | dict(zip(("beta1", "beta2"), group.get("betas", ()), strict=False))
    assert {option: received[option] for option in options} == options


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_no_special_implementation_is_asked_for(name):
    optimizer = make_optimizer(name, build_model().parameters(), {})
    assert optimizer.defaults["foreach"] is None
    assert not optimizer.defaults.get("fused")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("adagrad", {}, "unknown optimizer 'adagrad': choose sgd, rmsprop, adam, adamw"),
        ("sgd", {"beta1": 0.9}, "sgd has no option beta1: it takes lr, momentum"),
        ("adam", {"momentum": 0.9, "alpha": 0.9}, "adam has no option momentum, alpha: it takes lr, beta1"),
        ("rmsprop", {"centered": True}, "rmsprop has no option centered"),
        ("sgd", {"lr": -1.0}, "sgd: Invalid learning rate"),
        ("sgd", {"nesterov": True}, "sgd: Nesterov momentum requires"),
        ("adamw", {"beta2": 1.5}, "adamw: Invalid beta parameter"),
        ("sgd", {"lr": "fast"}, "sgd: "),
    ],
)
def test_wrong_name_option_or_value_is_refused_in_one_line(name, options, message):
    with pytest.raises(TorchImplError, match=message) as refusal:
        make_optimizer(name, build_model().parameters(), options)
    assert "\n" not in str(refusal.value)


def test_training_step_lowers_the_loss(batch):
    model = build_model()
    before = model.loss(model(batch[0]), batch[1]).item()
    training_step(model, make_optimizer("sgd", model.parameters(), {"lr": 0.1}), *batch)
    assert model.loss(model(batch[0]), batch[1]).item() < before


def test_training_step_does_not_accumulate_gradients(batch):
    model = build_model()
    optimizer = make_optimizer("sgd", model.parameters(), {"lr": 0.0})
    training_step(model, optimizer, *batch)
    once = [parameter.grad.clone() for parameter in model.parameters()]
    training_step(model, optimizer, *batch)
    for gradient, parameter in zip(once, model.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=0, atol=0)
