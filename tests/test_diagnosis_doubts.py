"""What the diagnosis must not claim: causes that only look like one, and tensors that rounding hides."""

from dataclasses import replace

import numpy as np
import pytest
from check_support import RIGHT, clean_imports, in_process, question, write  # noqa: F401

from compare.parity.diagnosis import diagnose
from compare.parity.student import gradient_check
from compare.parity.student.process import Target
from compare.parity.tolerance import relative_error, tolerances
from handwritten import MLP

pytestmark = pytest.mark.usefixtures("clean_imports")


@pytest.fixture
def right():
    asked = question()
    network = asked.network
    mlp = MLP(*network.arguments)
    mlp.load(asked.parameters)
    loss, gradients = mlp.loss_and_gradients(asked.X, asked.Y)
    return asked, mlp, loss, {name: values.copy() for name, values in gradients.items()}


def explained(asked, loss, gradients):
    return diagnose(asked.network, asked.parameters, asked.X, asked.Y, loss, gradients, "float64")


def test_labels_out_of_step_do_not_make_the_output_error_right(right):
    asked, mlp, loss, _ = right
    _, shuffled = mlp.loss_and_gradients(asked.X, asked.Y[::-1])
    (found,) = explained(asked, loss, shuffled)
    assert found.defect == "unexplained"
    assert "so dZ2 is right" not in found.message
    assert "inputs and labels are in the same order" in found.message


@pytest.mark.parametrize("size", [1e-9, 1e-7])
def test_noise_on_one_tensor_is_not_called_float32(size, right, rng):
    asked, _, loss, gradients = right
    gradients["W1"] *= 1 + size * rng.normal(size=gradients["W1"].shape)
    assert [found.defect for found in explained(asked, loss, gradients)] == ["unexplained"]


def test_finite_differences_are_not_called_float32(right, rng):
    asked, _, loss, gradients = right
    rough = {name: values * (1 + 3e-10 * rng.normal(size=values.shape)) for name, values in gradients.items()}
    assert "float32-inside" not in [found.defect for found in explained(asked, loss, rough)]


def test_float32_names_the_tensors_it_shows_in(right):
    asked, _, loss, gradients = right
    rounded = {name: values.astype(np.float32).astype(float) for name, values in gradients.items()}
    rounded["b2"] = gradients["b2"]
    (found,) = explained(asked, loss, rounded)
    assert found.defect == "float32-inside"
    assert "b2" not in found.tensors


def test_gradients_of_absurd_size_are_not_called_updated_parameters(right):
    asked, _, loss, gradients = right
    huge = {name: 1e250 * values for name, values in gradients.items()}
    assert "parameters-returned" not in [found.defect for found in explained(asked, loss, huge)]


@pytest.mark.parametrize("epsilon", [1e-5, 1e-8, 1e-12])
def test_epsilon_inside_the_logarithm_of_the_loss_is_named(right, epsilon):
    asked, mlp, _, gradients = right
    A = mlp.forward(asked.X)
    loss = float(-np.sum(asked.Y * np.log(A + epsilon)) / len(A))
    (found,) = explained(asked, loss, gradients)
    assert found.defect == "loss-only"
    assert f"log(p + {epsilon:g})" in found.message


def test_loss_that_differs_in_the_tenth_digit_is_told_by_its_difference(right):
    asked, _, loss, gradients = right
    (found,) = explained(asked, loss + 3e-10, gradients)
    assert "a difference of 3e-10" in found.message


def test_correct_loss_of_a_perfect_fit_is_not_rejected(right):
    asked, _, _, _ = right
    network = replace(asked.network, output="sigmoid", loss="squared_error")
    fitted = MLP(*network.arguments)
    fitted.load(asked.parameters)
    Y = fitted.forward(asked.X)
    W1, b1, W2, b2 = (asked.parameters[name] for name in ("W1", "b1", "W2", "b2"))
    loss = 0.0
    for x, y in zip(asked.X, Y, strict=True):
        a1 = 1 / (1 + np.exp(-(W1 @ x + b1)))
        a2 = 1 / (1 + np.exp(-(W2 @ a1 + b2)))
        loss += 0.5 * float(np.sum((a2 - y) ** 2)) / len(Y)
    allowed = tolerances(network, asked.parameters, asked.X, Y, "float64")["loss"]
    assert relative_error(np.array(loss), np.array(fitted.loss(asked.X, Y))) <= allowed


def test_tensor_that_rounding_leaves_nothing_of_is_told_as_not_decided(tmp_path, monkeypatch):
    monkeypatch.setattr(gradient_check, "LOST", 1e-20)
    path = write(tmp_path, RIGHT)
    target = Target(str(path), "answer")
    verdict = gradient_check.check_gradients(target, question(), "rows", timeout=10, ask=in_process)
    assert any("W1" in note and "not decided" in note for note in verdict.notes)
