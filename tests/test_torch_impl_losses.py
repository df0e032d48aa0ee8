"""The losses of torch_impl mean over samples of the sum over outputs, held to plain NumPy formulas."""

import numpy as np
import pytest
import torch

from torch_impl import OBJECTIVES, TorchImplError
from torch_impl.losses import find_objective

SEED = 20240
PAIRS = sorted(OBJECTIVES)
PAIR_IDS = [f"{output}+{loss}" for output, loss in PAIRS]
FUSED = [("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy")]
UNFUSED_LOGS = [("sigmoid", "cross_entropy"), ("softmax", "binary_cross_entropy")]


def numpy_output(output, Z):
    exponentials = np.exp(Z - Z.max(axis=1, keepdims=True))
    return {
        "identity": Z,
        "sigmoid": 1 / (1 + np.exp(-Z)),
        "tanh": np.tanh(Z),
        "relu": np.maximum(Z, 0),
        "softmax": exponentials / exponentials.sum(axis=1, keepdims=True),
    }[output]


def numpy_loss(loss, y_hat, Y):
    with np.errstate(invalid="ignore", divide="ignore"):
        per_sample = {
            "squared_error": lambda: (0.5 * (y_hat - Y) ** 2).sum(axis=1),
            "binary_cross_entropy": lambda: -(Y * np.log(y_hat) + (1 - Y) * np.log(1 - y_hat)).sum(axis=1),
            "cross_entropy": lambda: -(Y * np.log(y_hat)).sum(axis=1),
        }[loss]()
    return per_sample.mean()


@pytest.fixture
def batch():
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    Z = rng.normal(scale=2, size=(7, 4))
    return Z, rng.dirichlet(np.ones(4), size=7), np.eye(4)[rng.integers(4, size=7)]


@pytest.mark.parametrize(("output", "loss"), PAIRS, ids=PAIR_IDS)
@pytest.mark.parametrize("kind", ["soft", "one_hot"])
def test_loss_is_the_mean_over_samples_of_the_sum_over_outputs(batch, output, loss, kind):
    Z, soft, one_hot = batch
    Y = soft if kind == "soft" else one_hot
    expected = numpy_loss(loss, numpy_output(output, Z), Y)
    value = find_objective(output, loss)(torch.tensor(Z), torch.tensor(Y))
    assert value.shape == ()
    assert value.item() == pytest.approx(expected, rel=1e-13, abs=0)


def test_exactly_the_nine_documented_pairs_are_defined():
    assert set(OBJECTIVES) == {
        *((output, "squared_error") for output in ("identity", "sigmoid", "tanh", "relu", "softmax")),
        *(
            (output, loss)
            for output in ("sigmoid", "softmax")
            for loss in ("binary_cross_entropy", "cross_entropy")
        ),
    }


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        (output, loss)
        for output in ("identity", "tanh", "relu")
        for loss in ("binary_cross_entropy", "cross_entropy")
    ]
    + [("step", "squared_error"), ("softmax", "hinge")],
)
def test_undefined_pair_is_refused_in_one_line_that_names_it_and_the_defined_ones(output, loss):
    with pytest.raises(TorchImplError) as refusal:
        find_objective(output, loss)
    message = str(refusal.value)
    assert message.startswith(f"{output}+{loss} is not defined")
    assert "\n" not in message
    assert all(f"{pair[0]}+{pair[1]}" in message for pair in PAIRS)


def test_torch_defaults_average_over_elements_where_ours_average_over_samples(batch):
    Z, _, one_hot = map(torch.tensor, batch)
    outputs = Z.shape[1]

    def ratio(default, output, loss):
        return (default(Z, one_hot) / find_objective(output, loss)(Z, one_hot)).item()

    assert ratio(torch.nn.MSELoss(), "identity", "squared_error") == pytest.approx(2 / outputs, rel=1e-14)
    assert ratio(torch.nn.BCEWithLogitsLoss(), "sigmoid", "binary_cross_entropy") == pytest.approx(
        1 / outputs, rel=1e-14
    )
    assert ratio(torch.nn.CrossEntropyLoss(), "softmax", "cross_entropy") == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("output", "loss"), FUSED, ids=["+".join(pair) for pair in FUSED])
def test_fused_pair_is_exact_for_logits_of_ten_thousand(output, loss, dtype):
    Z = torch.tensor([[1e4, -1e4], [1e4, -1e4]], dtype=dtype, requires_grad=True)
    Y = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=dtype)
    value = find_objective(output, loss)(Z, Y)
    value.backward()
    # right sample: 0; wrong sample: 2e4 either as log-odds (softmax) or as the sum of two outputs (sigmoid)
    assert value.item() == 1e4
    assert Z.grad.tolist() == [[0.0, 0.0], [0.5, -0.5]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(("output", "loss"), UNFUSED_LOGS, ids=["+".join(pair) for pair in UNFUSED_LOGS])
def test_unfused_log_of_a_saturated_output_is_floored_with_gradient_zero(output, loss, dtype):
    Z = torch.tensor([[-1e4, 1e4]], dtype=dtype, requires_grad=True)
    Y = torch.tensor([[1.0, 0.0]], dtype=dtype)
    value = find_objective(output, loss)(Z, Y)
    value.backward()
    floored_logs = 2 if loss == "binary_cross_entropy" else 1
    assert value.item() == pytest.approx(-floored_logs * np.log(torch.finfo(dtype).tiny), rel=1e-6)
    assert Z.grad.tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_class_indices_and_one_hot_targets_mean_the_same_loss_and_gradient(batch, dtype):
    Z, _, one_hot = batch
    by_target = []
    for Y in (torch.tensor(one_hot, dtype=dtype), torch.tensor(one_hot.argmax(axis=1))):
        logits = torch.tensor(Z, dtype=dtype, requires_grad=True)
        value = find_objective("softmax", "cross_entropy")(logits, Y)
        value.backward()
        by_target.append((value.detach(), logits.grad))
    tolerance = 8 * torch.finfo(dtype).eps
    torch.testing.assert_close(by_target[0], by_target[1], rtol=tolerance, atol=tolerance)


def test_last_partial_batch_keeps_its_own_mean(batch):
    Z, soft, _ = map(torch.tensor, batch)
    for pair in PAIRS:
        objective = find_objective(*pair)
        weighted = (4 * objective(Z[:4], soft[:4]) + 3 * objective(Z[4:], soft[4:])) / 7
        assert weighted.item() == pytest.approx(objective(Z, soft).item(), rel=1e-14), pair
