"""The title and the settings of a report."""

import pytest

from compare.experiment import load_experiment
from compare.render.settings import settings_lines, title_of


def lines(note="", **overrides):
    experiment = load_experiment("digits", overrides).to_dict()
    environment = {"data": {"source": "UCI digits", "split": "fixed", "scaling": "by 16"}, "note": note}
    return dict(
        line.split(": ", 1) for line in settings_lines({"experiment": experiment, "environment": environment})
    )


@pytest.mark.parametrize(
    ("title", "dataset", "told"),
    [
        ("Digits: by hand", "digits", "Digits: by hand"),
        ("Digits: by hand", "breast-cancer", "Digits: by hand (on breast-cancer)"),
        ("MNIST: a claim", "digits", "MNIST: a claim (on digits)"),
        ("Digits: by hand", "b", "Digits: by hand (on b)"),
        ("Anything", None, "Anything"),
    ],
)
def test_title_names_the_dataset_that_was_used(title, dataset, told):
    assert title_of({"title": title}, dataset) == told


def test_settings_say_what_a_reader_needs_to_run_it_again():
    told = lines()
    assert told["network"] == "hidden layers 32; sigmoid; with biases; initial weights: pytorch"
    assert told["training"] == "60 epochs; target 0.95; lr 0.5 (sgd)"
    assert told["seeds"] == "0, 1, 2, 3, 4"
    assert told["data"] == "UCI digits; fixed; by 16"
    assert "note" not in told


def test_learning_rates_are_those_of_the_optimizers_that_ran():
    assert lines(**{"factors.optimizers": ["adam"]})["training"].endswith("lr 0.01 (adam)")


def test_learning_rates_that_were_tuned_are_not_told_as_those_of_the_runs():
    told = lines(**{"training.tune_lr": 3})["training"]
    assert told.endswith("lr 0.5 (sgd); for the runs each regime's lr was tuned, 3 tried around that")


def test_fallback_and_shortening_are_noted():
    assert lines(note="Fell back to digits")["note"] == "Fell back to digits"
