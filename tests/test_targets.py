"""How many outputs a network needs, its targets, and the accuracy of its outputs."""

import numpy as np
import pytest

from compare.targets import accuracy, output_width, target_matrix


@pytest.mark.parametrize(
    ("classes", "objective", "outputs"),
    [
        (2, "sigmoid+binary_cross_entropy", 1),
        (2, "sigmoid+squared_error", 1),
        (2, "identity+squared_error", 1),
        (2, "softmax+cross_entropy", 2),
        (2, "softmax+binary_cross_entropy", 2),
        (2, "softmax+squared_error", 2),
        (2, "sigmoid+cross_entropy", 2),
        (3, "sigmoid+binary_cross_entropy", 3),
        (10, "softmax+cross_entropy", 10),
    ],
)
def test_two_classes_need_one_output_unless_the_objective_compares_them(classes, objective, outputs):
    assert output_width(classes, 0, objective) == outputs


@pytest.mark.parametrize("targets", [1, 3])
def test_regression_needs_an_output_a_target(targets):
    assert output_width(0, targets, "identity+squared_error") == targets


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_labels_become_one_hot_rows(dtype):
    Y = target_matrix(np.array([2, 0, 1]), 3, dtype)
    np.testing.assert_array_equal(Y, [[0, 0, 1], [1, 0, 0], [0, 1, 0]])
    assert Y.dtype == np.dtype(dtype)
    assert Y.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_labels_of_two_classes_become_a_column_that_says_the_second(dtype):
    Y = target_matrix(np.array([1, 0, 1]), 1, dtype)
    np.testing.assert_array_equal(Y, [[1], [0], [1]])
    assert Y.dtype == np.dtype(dtype)


def test_real_targets_stay_as_they_are_but_for_their_dtype():
    Y = target_matrix(np.array([[0.25, -1.5]], np.float32), 2, "float64")
    np.testing.assert_array_equal(Y, [[0.25, -1.5]])
    assert Y.dtype == np.float64


def test_label_beyond_the_outputs_is_an_error_and_not_another_class():
    with pytest.raises(IndexError):
        target_matrix(np.array([0, 3]), 3, "float32")


def test_accuracy_is_the_fraction_of_rows_whose_largest_output_is_the_labels():
    Y_hat = np.array([[0.1, 0.9], [0.8, 0.2], [0.4, 0.6], [0.7, 0.3]])
    assert accuracy(Y_hat, np.array([1, 0, 0, 0])) == 0.75


def test_accuracy_of_a_single_output_counts_above_one_half_as_the_second_class():
    Y_hat = np.array([[0.9], [0.51], [0.5], [0.1]])
    assert accuracy(Y_hat, np.array([1, 1, 0, 1])) == 0.75


def test_real_targets_have_no_accuracy():
    assert accuracy(np.zeros((3, 1)), np.zeros((3, 1))) is None


def test_accuracy_is_a_plain_float_for_json():
    assert type(accuracy(np.eye(2, dtype=np.float32), np.array([0, 1]))) is float
