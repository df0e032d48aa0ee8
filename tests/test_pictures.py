"""What the networks see: which test rows are told, which images are chosen, and what is kept of it."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
from made_documents import document, runs_of
from made_runs import cell, run
from test_results import SCHEMA

from compare.analysis.document import results_document
from compare.analysis.pictures import MOST_CELLS, MOST_MISTAKES, Images, chosen, pictures_of
from compare.experiment import Experiment
from compare.measure.training import Split, predicted
from compare.pictures import MOST_ROWS, sample_rows
from compare.results import ResultsError, Run, row_of_run
from data import load_dataset
from data.images import image_shape


def images(labels, classes=3, side=2):
    labels = np.array(labels)
    X = np.linspace(0, 1, len(labels) * side**2, dtype=np.float32).reshape(len(labels), -1)
    return Images(X, labels, [f"class {at}" for at in range(classes)], (side, side))


def told(name, predictions, **fields):
    return run(cell(name), predictions=tuple(predictions), **fields)


@pytest.mark.parametrize(
    ("columns", "has_names", "shape"),
    [
        (["pixel_0_0", "pixel_0_1", "pixel_0_2", "pixel_1_0", "pixel_1_1", "pixel_1_2"], True, (2, 3)),
        (["pixel_0_1", "pixel_0_0"], True, None),
        ([f"pixel{at}" for at in range(16)], True, (4, 4)),
        ([f"pixel{at}" for at in range(15)], True, None),
        ([f"measure_{at}" for at in range(16)], True, None),
        ([f"feature_{at}" for at in range(1, 17)], False, None),
        ([f"feature_{at}" for at in range(1, 785)], False, (28, 28)),
        ([f"gene_{at}" for at in range(784)], True, None),
        ([], True, None),
    ],
)
def test_columns_are_an_image_only_where_they_say_so_or_are_mnists(columns, has_names, shape):
    assert image_shape(columns, has_names) == shape


@pytest.mark.parametrize(("name", "shape"), [("digits", (8, 8)), ("breast-cancer", None), ("nuclei", None)])
def test_embedded_datasets_know_whether_they_are_images(name, shape):
    assert load_dataset(name).image_shape == shape


@pytest.mark.parametrize("count", [1, 7, MOST_ROWS, 10_000])
def test_sampled_rows_are_distinct_evenly_spread_and_not_too_many(count):
    rows = sample_rows(count)
    assert len(rows) == min(count, MOST_ROWS)
    assert rows == sorted(set(rows))
    assert 0 <= rows[0] <= rows[-1] < count
    assert len(set(np.diff(rows))) <= 1


def test_prediction_is_the_largest_output_and_none_where_one_is_no_number():
    class Fixed:
        def __init__(self, Y_hat):
            self.Y_hat = np.array(Y_hat)

        def evaluate(self, X, Y):
            return 0.0, self.Y_hat

    test = Split(np.zeros((2, 4)), np.zeros((2, 3)), np.zeros(2, dtype=int))
    assert predicted(Fixed([[0.1, 0.7, 0.2], [0.5, 0.1, 0.4]]), test) == [1, 0]
    assert predicted(Fixed([[0.7], [0.5]]), test) == [1, 0]
    assert predicted(Fixed([[np.nan, 0.7], [0.5, 0.1]]), test) is None


def test_predictions_of_a_run_survive_json_and_are_left_out_where_there_are_none():
    with_them = told("numpy", [0, 2, 1])
    assert Run.from_json(json.loads(json.dumps(with_them.to_json()))) == with_them
    assert "predictions" not in run().to_json()
    assert Run.from_json(run().to_json()).predictions is None


@pytest.mark.parametrize("value", ["012", [0.5], [-1], 3, [True]])
def test_predictions_that_are_no_classes_are_refused(value):
    with pytest.raises(ResultsError, match="predictions must be a list of classes"):
        Run.from_json({**run().to_json(), "predictions": value})


def test_most_mistaken_images_come_first_and_right_ones_of_every_class_follow():
    labels = np.arange(30) % 3
    answers = np.array([labels, labels])
    answers[0, [4, 9]] += 1
    answers[1, 9] += 1
    found = chosen(answers, labels)
    assert found[:2] == [9, 4]
    assert [int(labels[at]) for at in found[2:8]] == [0, 0, 1, 1, 2, 2] or len(set(labels[found[2:5]])) == 3
    assert len(found) % 8 == 0
    assert len(set(found)) == len(found)


def test_images_are_not_too_many_however_much_is_mistaken():
    labels = np.zeros(500, dtype=int)
    answers = np.ones((1, 500), dtype=int)
    answers[0, 400:] = 0
    found = chosen(answers, labels)
    assert found[:MOST_MISTAKES] == list(range(MOST_MISTAKES))
    assert len(found) == 40


def test_pictures_hold_bytes_names_of_classes_and_what_each_cell_said():
    made = pictures_of(images([0, 1, 2]), [told("numpy", [0, 1, 1]), told("torch", [0, 1, 2])])
    assert made is not None
    assert (made["height"], made["width"]) == (2, 2)
    first = made["items"][0]
    assert first["label"] == "class 2"
    assert first["predicted"] == {"numpy": "class 1", "torch": "class 2"}
    assert first["pixels"] == [185, 209, 232, 255]
    jsonschema.validate(document(runs_of(["torch"]), pictures=made), SCHEMA)


def test_runs_that_ended_badly_or_tell_of_other_rows_are_not_asked():
    bad = [told("numpy", [0, 1, 1], status="diverged", reason="loss"), told("torch", [0, 1])]
    assert pictures_of(images([0, 1, 2]), [*bad, run(cell("plain"))]) is None


def test_of_very_many_cells_the_foremost_implementations_are_kept():
    runs = [told(f"c{at}", [0, 1, 2]) for at in range(MOST_CELLS + 3)]
    made = pictures_of(images([0, 1, 2]), runs, (f"c{MOST_CELLS + 2}",))
    assert made is not None
    read = made["items"][0]["predicted"]
    assert len(read) == MOST_CELLS
    assert f"c{MOST_CELLS + 2}" in read


def test_results_hold_the_pictures_and_the_runs_not_their_predictions():
    experiment = Experiment.from_dict({"name": "made", "training": {"epochs": 1}})
    told = (replace(one, predictions=(0, 1)).to_json() for one in runs_of(["numpy", "torch"]))
    runs = [row_of_run(one) for one in told]
    made = results_document(experiment, {}, {"passed": True, "tensors": [], "trajectory": []}, runs)
    assert not any("predictions" in one for one in made["runs"])
    assert "pictures" not in made
