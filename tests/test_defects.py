import re
from pathlib import Path

import numpy as np
import pytest
from parity_networks import PAIRS, make_case

from compare.network import Network
from compare.parity.defects import CATALOGUE, gradients_with, rehearse, suspects
from compare.parity.defects.stage import Stage
from compare.parity.diagnosis.wording import EQUATIONS, told
from compare.parity.tolerance import relative_error
from handwritten import MLP

DERIVATION = Path(__file__).parents[1] / "docs" / "derivation.md"
PROMISED = [
    "missing-mean",
    "averaged-twice",
    "mean-over-elements",
    "factor-two",
    "sign-flipped",
    "transposed",
    "missing-activation-derivative",
    "derivative-at-activation",
    "derivative-at-preactivation",
    "missing-output-derivative",
    "extra-output-derivative",
    "double-softmax",
    "labels-not-subtracted",
    "bias-not-summed",
    "bias-averaged-twice",
    "bias-missing",
    "updated-weights",
    "preactivation-as-input",
    "wrong-layer-input",
    "scaled",
]


def gradients_of(case, identifier, layer, told_of=""):
    chosen = [
        suspect
        for suspect in suspects(case.network, len(case.X))
        if (suspect.defect.id, suspect.layer) == (identifier, layer) and told_of in suspect.defect.told
    ]
    return gradients_with(*case.data, chosen[:1])


def right_gradients(case):
    return gradients_with(*case.data, [])


def hand_pass(case):
    network = case.network
    mlp = MLP(*network.arguments)
    mlp.load(case.parameters)
    mlp.loss_and_gradients(case.X, case.Y)
    return mlp


@pytest.fixture(scope="module")
def three():
    return make_case((4, 5, 5, 3), ("tanh", "sigmoid"), "softmax", "cross_entropy")


def test_catalogue_has_every_promised_defect():
    assert set(PROMISED) <= {defect.id for defect in CATALOGUE}


@pytest.mark.parametrize("bias", [True, False])
def test_without_defects_the_gradients_are_the_handwritten_ones(bias):
    case = make_case((4, 5, 3), ("tanh",), "sigmoid", "squared_error", bias)
    loss, gradients = right_gradients(case)
    mlp = hand_pass(case)
    assert loss == mlp.loss(case.X, case.Y)
    assert all(np.array_equal(gradients[name], mlp.gradients[name]) for name in mlp.gradients)
    assert gradients.keys() == mlp.gradients.keys()


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
def test_every_suspect_changes_something_and_leaves_the_stage_as_it_was(pair):
    case = make_case((4, 5, 5, 3), ("tanh", "sigmoid"), *pair)
    stage = Stage(*case.data)
    loss, right = rehearse(stage, [])
    for suspect in suspects(case.network, len(case.X)):
        if suspect.defect.id == "relu-at-zero":
            continue
        _, varied = rehearse(stage, [suspect])
        # (float32 shows at 1e-9, everything else far above; 1e-13 is rounding)
        worst = max(relative_error(varied[name], right[name]) for name in right)
        assert worst > 1e-10, (suspect.defect.id, suspect.layer)
        again_loss, again = rehearse(stage, [])
        assert again_loss == loss
        assert all(np.array_equal(again[name], right[name]) for name in right), suspect.defect.id


def test_transposed_has_the_other_shape(three):
    _, right = right_gradients(three)
    _, wrong = gradients_of(three, "transposed", 1)
    assert np.array_equal(wrong["W1"], right["W1"].T)
    assert np.array_equal(wrong["W2"], right["W2"])


def test_missing_mean_multiplies_all_by_the_batch_size(three):
    _, right = right_gradients(three)
    _, wrong = gradients_of(three, "missing-mean", None)
    assert all(np.allclose(wrong[name], 11 * right[name], rtol=1e-12) for name in right)


def test_bias_not_summed_returns_the_errors_themselves(three):
    _, wrong = gradients_of(three, "bias-not-summed", 2)
    assert wrong["b2"].shape == (11, 5)
    assert np.array_equal(wrong["b2"], hand_pass(three).layers[1].dZ)


def test_dropped_sample_equals_a_batch_without_it(three):
    fewer = make_case(three.network.sizes, three.network.activations, "softmax", "cross_entropy")
    without = type(fewer)(fewer.network, fewer.parameters, fewer.X[:-1], fewer.Y[:-1])
    _, right = right_gradients(without)
    _, wrong = gradients_of(
        three,
        "sample-dropped",
        None,
        told_of="last of the {n} samples is left out, and the sum of the others divided by one less",
    )
    assert all(np.allclose(wrong[name], right[name], rtol=1e-11) for name in right)


def test_missing_activation_derivative_is_the_gradient_of_the_formula_without_it(three):
    mlp = hand_pass(three)
    dA2 = mlp.layers[2].dZ @ mlp.layers[2].W
    _, wrong = gradients_of(three, "missing-activation-derivative", 2)
    assert np.allclose(wrong["W2"], dA2.T @ mlp.layers[0].A, rtol=1e-12)
    assert np.allclose(wrong["b1"], ((dA2 @ mlp.layers[1].W) * (1 - mlp.layers[0].A ** 2)).sum(axis=0))


def test_updated_weights_change_only_the_layers_below(three):
    mlp = hand_pass(three)
    updated = mlp.layers[2].W - 0.1 * mlp.layers[2].dW
    dA2 = mlp.layers[2].dZ @ updated
    dZ2 = dA2 * mlp.layers[1].A * (1 - mlp.layers[1].A)
    _, right = right_gradients(three)
    _, wrong = gradients_of(three, "updated-weights", 3)
    assert np.array_equal(wrong["W3"], right["W3"])
    assert np.allclose(wrong["W2"], dZ2.T @ mlp.layers[0].A, rtol=1e-12)


def test_double_softmax_has_the_loss_and_gradient_of_two(three):
    def loss_at(shift):
        parameters = dict(three.parameters)
        parameters["b3"] = three.parameters["b3"] + np.array([shift, 0, 0])
        mlp = MLP(three.network.sizes, three.network.activations, "softmax", "cross_entropy")
        mlp.load(parameters)
        A = mlp.forward(three.X)
        twice = np.exp(A) / np.exp(A).sum(axis=1, keepdims=True)
        return -np.sum(three.Y * np.log(twice)) / len(A)

    loss, wrong = gradients_of(three, "double-softmax", 3)
    assert loss == pytest.approx(loss_at(0.0), rel=1e-12)
    assert wrong["b3"][0] == pytest.approx((loss_at(1e-5) - loss_at(-1e-5)) / 2e-5, rel=1e-6)


def test_other_loss_is_the_gradient_of_that_loss():
    asked = make_case((4, 5, 3), ("tanh",), "sigmoid", "squared_error")
    other = Network(asked.network.sizes, asked.network.activations, "sigmoid", "cross_entropy", True)
    loss, right = gradients_with(other, asked.parameters, asked.X, asked.Y, [])
    wrong_loss, wrong = gradients_of(asked, "other-loss", None, told_of="differentiated cross entropy")
    assert wrong_loss == loss
    assert all(np.array_equal(wrong[name], right[name]) for name in right)


def test_two_defects_act_together(three):
    suspect = {(s.defect.id, s.layer): s for s in suspects(three.network, 11)}
    both = [suspect["missing-mean", None], suspect["transposed", 2]]
    _, right = right_gradients(three)
    _, wrong = gradients_with(*three.data, both)
    assert np.allclose(wrong["W2"], 11 * right["W2"].T, rtol=1e-12)


def test_suspects_fit_the_network():
    sigmoid = {
        s.defect.id for s in suspects(Network((4, 5, 3), ("relu",), "sigmoid", "squared_error", False), 5)
    }
    assert (
        not {"double-softmax", "softmax-elementwise", "bias-not-summed", "derivative-of-wrong-layer"}
        & sigmoid
    )
    assert "mask-from-error" in sigmoid
    one = {s.defect.id for s in suspects(Network((4, 5, 1), ("tanh",), "sigmoid", "squared_error", True), 1)}
    assert not {"missing-mean", "averaged-twice", "mean-over-elements", "sample-dropped"} & one


def test_a_defect_of_every_layer_is_a_suspect_of_its_own():
    network = Network((4, 5, 5, 3), ("tanh", "tanh"), "softmax", "cross_entropy", True)
    layers = [s.layer for s in suspects(network, 5) if s.defect.id == "transposed"]
    assert layers == [1, 2, 3, None]


def test_equations_are_labels_of_the_derivation():
    document = DERIVATION.read_text(encoding="utf-8")
    labels = set(re.findall(r"\*\*\[([^\]]+)\]\*\*", document))
    assert {defect.equation for defect in CATALOGUE} - {""} <= EQUATIONS.keys()
    assert EQUATIONS.keys() <= labels


def test_every_message_is_a_sentence_without_blanks_to_fill():
    network = Network((4, 5, 5, 3), ("tanh", "relu"), "softmax", "cross_entropy", True)
    for suspect in suspects(network, 7):
        message = told(suspect, ["W1"], network, 7)
        assert message.startswith("W1: ")
        assert not re.search(r"[{}]|\.\.|  |: \.|None", message), message
        if suspect.defect.equation:
            assert f"See [{suspect.defect.equation}] " in message
