"""An answer that is right for another objective or activation is told so, instead of being taken apart."""

import pytest
from check_support import RIGHT, clean_imports, in_process, question, write  # noqa: F401

from compare.names import ACTIVATIONS, OBJECTIVES
from compare.parity.student.gradient_check import check_gradients
from compare.parity.student.other_question import others
from compare.parity.student.process import Target

pytestmark = pytest.mark.usefixtures("clean_imports")

VARIANT = """
def f(parameters, X, Y):
    n = len(X)
    Z1 = X @ parameters["W1"].T + parameters["b1"]
    A1 = {hidden}
    A2 = sigmoid(A1 @ parameters["W2"].T + parameters["b2"])
    dZ2 = {scale} * (A2 - Y) * A2 * (1 - A2) / n
    dZ1 = dZ2 @ parameters["W2"] * ({slope}) {mistake}
    loss = {scale} * 0.5 * np.sum((A2 - Y) ** 2) / n
    return loss, {{"W1": dZ1.T @ X, "b1": dZ1.sum(axis=0), "W2": dZ2.T @ A1, "b2": dZ2.sum(axis=0)}}
"""
SIGMOID = {"hidden": "sigmoid(Z1)", "slope": "A1 * (1 - A1)", "mistake": "", "scale": 1}
TANH = {"hidden": "np.tanh(Z1)", "slope": "1 - A1**2", "mistake": "", "scale": 1}


def checked(tmp_path, **words):
    path = write(tmp_path, RIGHT + VARIANT.format(**words))
    return check_gradients(Target(str(path), "f"), question(), "rows", timeout=10, ask=in_process)


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        (SIGMOID, "with --objective sigmoid+squared_error"),
        (TANH, "with --activation tanh --objective sigmoid+squared_error"),
    ],
    ids=["objective", "activation and objective"],
)
def test_right_answer_to_another_question_names_the_flags_that_ask_it(words, flags, tmp_path):
    verdict = checked(tmp_path, **words)
    assert not verdict.passed
    assert [finding.defect for finding in verdict.diagnosis] == ["other-question"]
    assert flags in verdict.diagnosis[0].message


BINARY = """
def f(parameters, X, Y):
    n = len(X)
    A1 = sigmoid(X @ parameters["W1"].T + parameters["b1"])
    A2 = sigmoid(A1 @ parameters["W2"].T + parameters["b2"])
    dZ2 = (A2 - Y) / n
    dZ1 = dZ2 @ parameters["W2"] * A1 * (1 - A1)
    loss = {loss}
    return loss, {{"W1": dZ1.T @ X, "b1": dZ1.sum(axis=0), "W2": dZ2.T @ A1, "b2": dZ2.sum(axis=0)}}
"""


def checked_binary(tmp_path, loss):
    path = write(tmp_path, RIGHT + BINARY.format(loss=loss))
    return check_gradients(Target(str(path), "f"), question(), "rows", timeout=10, ask=in_process)


def test_squares_without_their_half_are_another_question_with_a_factor(tmp_path):
    (finding,) = checked(tmp_path, **SIGMOID | {"scale": 2}).diagnosis
    assert finding.defect == "other-question"
    told = "right for another network (2 times its loss, 2 times its gradients): sigmoid+squared_error"
    assert told in finding.message


def test_a_loss_averaged_over_outputs_too_is_another_question_with_a_factor(tmp_path):
    (finding,) = checked_binary(tmp_path, "-np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))").diagnosis
    assert finding.defect == "other-question"
    assert "times its loss, 1 times its gradients): sigmoid+binary_cross_entropy" in finding.message


def test_gradients_of_one_loss_beside_the_value_of_another_are_not_called_right(tmp_path):
    verdict = checked_binary(tmp_path, "0.5 * np.sum((A2 - Y) ** 2) / n")
    assert "other-question" not in [finding.defect for finding in verdict.diagnosis]


def test_wrong_answer_to_another_question_is_not_called_right(tmp_path):
    verdict = checked(tmp_path, **SIGMOID | {"mistake": "* 2"})
    assert not verdict.passed
    assert "other-question" not in [finding.defect for finding in verdict.diagnosis]


def test_all_objectives_and_activations_are_tried_but_the_one_that_was_asked():
    network = question().network
    tried = list(others(network))
    assert network not in tried
    assert len(tried) == len(OBJECTIVES) * len(ACTIVATIONS) - 1
