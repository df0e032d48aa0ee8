import numpy as np
import pytest

from data.labels import LabelError, class_names, encode


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        pytest.param(["10", "9", "2"], ("2", "9", "10"), id="numbers in numeric order"),
        pytest.param(["-1", "1"], ("-1", "1"), id="negative numbers"),
        pytest.param(["3.0", "03", "3", "1e1", "0.5"], ("0.5", "3", "10"), id="one number, one class"),
        pytest.param(["b", "B", "a", "10"], ("10", "B", "a", "b"), id="words in alphabetic order"),
        pytest.param(["NA", "DE"], ("DE", "NA"), id="NA is a word among words"),
        pytest.param(
            ["9007199254740993", "9007199254740992"], ("9007199254740992", "9007199254740993"), id="large"
        ),
    ],
)
def test_classes_are_ordered(labels, classes):
    assert class_names(labels) == classes


def test_two_classes_become_0_and_1():
    codes = encode(["1", "-1", "1.0"], class_names(["-1", "1"]))
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 0, 1]


@pytest.mark.parametrize("stray", ["NA", "nan", "inf", "None", "null"])
def test_a_missing_label_among_numbers_is_refused(stray):
    with pytest.raises(LabelError, match="is not a number, the other labels are") as caught:
        class_names(["1", "2", stray, "1", stray])
    assert caught.value.row == 2


def test_a_header_taken_for_data_is_refused():
    with pytest.raises(LabelError, match="if this is a header, remove it") as caught:
        class_names(["label", "1", "2"])
    assert caught.value.row == 0


def test_a_label_unknown_in_training_is_refused_with_its_first_row():
    with pytest.raises(LabelError, match="'4' does not occur in the training data") as caught:
        encode(["1", "4", "2", "4"], ("1", "2"))
    assert caught.value.row == 1
