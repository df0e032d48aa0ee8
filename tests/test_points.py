"""Accuracies and their differences: with digits enough to check one against the other."""

import re

import made_documents
import pytest
from made_runs import cell, run

from compare.analysis.budgets import budgets
from compare.analysis.digits import interval_texts, points_text, points_texts, signed_points
from compare.render import budgets_table
from compare.render.attribution_sentences import sentence
from compare.render.attribution_table import attribution_columns
from compare.render.budgets_table import budgets_columns
from compare.render.columns import percent
from compare.render.figures.attribution import amount
from compare.render.regimes import regime_sentences
from compare.render.tables import summary_columns


@pytest.mark.parametrize(
    ("triple", "told"),
    [
        ((73.7326, 67.8, 79.7), ("73.7", "68", "80")),
        ((31.476, 0.0, 87.93), ("31.5", "0", "88")),
        ((98.02, 97.52, 98.53), ("98.0", "97.5", "98.5")),
        ((86.0, 85.95, 86.05), ("86.00", "85.95", "86.05")),
        ((97.123456, 97.1234, 97.1235), ("97.1", "97.1", "97.1")),
        ((-0.08, -3.07, 2.9), ("-0.1", "-3", "3")),
        ((93.593, None, None), ("93.6",)),
        ((-0.04, None, None), ("0.0",)),
    ],
)
def test_point_has_a_tenth_and_bounds_the_digits_that_they_support(triple, told):
    assert points_texts(*triple, landmark=0.0) == told


@pytest.mark.parametrize("fraction", [-0.0, -1e-9, -0.0004, -0.000049])
@pytest.mark.parametrize("known", [True, False])
def test_nothing_is_written_with_a_minus(fraction, known):
    at = 100 * fraction
    bounds = (at, at) if known else (None, None)
    row = {"outcome": "test_accuracy", "factor": "dtype", "from": "a", "to": "b", "levels": 2, "seeds": 1}
    row |= {"paired_by": "seed", "contribution": fraction, "low": None, "high": None, "total": fraction}
    told = [
        budgets_table.points(at, *bounds).text,
        budgets_table.points(at, -3.0 if known else None, 3.0 if known else None).point,
        *points_texts(at, *bounds),
        percent(dict.fromkeys(("test_accuracy", "test_accuracy_low", "test_accuracy_high"), -0.0)).text,
        attribution_columns([row])["effect"][1].text,
        amount(fraction, is_time=False),
        sentence([row], "test_accuracy"),
    ]
    assert not [text for text in told if re.search(r"-0(\.0+)?(?![\d.])", text)]


@pytest.mark.parametrize(
    ("points", "told"),
    [(24.26, "+24.3"), (-24.26, "-24.3"), (0.04, "+0.0"), (-0.04, "+0.0"), (-0.06, "-0.1")],
)
def test_difference_in_points_has_a_sign_and_a_tenth(points, told):
    assert signed_points(points) == budgets_table.points(points, None, None).text == told


def test_point_that_a_tenth_would_make_nothing_keeps_a_digit_beside_its_bounds():
    assert points_texts(0.04, -3.0, 3.0, landmark=0.0) == ("0.04", "-3", "3")


def test_bound_is_not_rounded_onto_no_difference():
    assert points_texts(5.2, 0.3, 10.1, landmark=0.0) == ("5.2", "0.3", "10.1")


@pytest.mark.parametrize(
    ("points", "told"), [(62.05, "62.0"), (2.0, "2.0"), (0.28, "0.28"), (0.0144, "0.014")]
)
def test_distance_is_told_to_a_tenth_or_to_two_digits(points, told):
    assert points_text(points) == told


@pytest.fixture(params=[2, 3, 5])
def ends(request, rng):
    """Runs of three batch sizes whose accuracies are far apart from seed to seed."""
    return [
        run(cell("torch", batch_size=size), seed, accuracy=float(rng.integers(0, 360)) / 359)
        for size in ("full", 64, 8)
        for seed in range(request.param)
    ]


def test_differences_of_the_table_are_those_of_its_accuracies(ends):
    columns = budgets_columns([row for row in budgets(ends) if row["held"] == "epochs"])
    base, *others = (float(value.point) for value in columns["test accuracy %"])
    told = [float(value.point) for value in columns["difference, points"][1:]]
    assert told == pytest.approx([other - base for other in others], abs=0.1501)


def test_sentences_tell_the_numbers_of_the_table(ends):
    rows = [row for row in budgets(ends) if row["held"] == "epochs"]
    shown = [value.point for value in budgets_columns(rows)["test accuracy %"]]
    sentences = list(regime_sentences(rows, "torch"))
    assert len(sentences) == 2
    for told, accuracy in zip(sentences, shown[1:], strict=True):
        assert f" has {accuracy}% test accuracy and full batch {shown[0]}%" in told


def test_main_table_tells_an_uncertain_accuracy_to_a_tenth():
    document = made_documents.document(made_documents.runs_of(["torch"]))
    (row, *_) = document["summary"]
    row |= {"test_accuracy": 0.31476, "test_accuracy_low": 0.0, "test_accuracy_high": 0.8793}
    assert summary_columns([row], "torch")["test accuracy %"][0].text == "31.5 [0, 88]"


def test_bounds_that_are_worlds_apart_are_told_by_their_magnitudes():
    assert interval_texts(0.0009, 1.2e-10, 12963.5) == ("0.00090", "1e-10", "1e+04")
    assert interval_texts(4000.0, 0.0001, 1.8e11)[1:] == ("1e-04", "2e+11")
    assert interval_texts(4.0, 0.01, 1500.0)[1:] == ("0.01", "1500")
