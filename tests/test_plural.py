"""One of a thing is told in the singular, wherever it is counted."""

import re

import made_documents
import pytest
from made_runs import cell, parity, run, tensor, trajectory

from compare.analysis.budgets import budgets
from compare.analysis.summary import summarise
from compare.experiment import Experiment
from compare.plural import counted, number_of, part_of, verb_of
from compare.render.latex import table_tex
from compare.render.markdown import table_markdown
from compare.render.settings import training_told
from compare.render.terminal import results_paragraphs

COUNTED = "epoch update second seed thread step process round block run row setting sample path core timing"
ONE_OF_MANY = re.compile(rf"(?<![\w.,-])1 (?:{'|'.join(COUNTED.split())})(?:e?s)\b(?!')")


@pytest.mark.parametrize(
    ("count", "noun", "told"),
    [
        (1, "epoch", "1 epoch"),
        (0, "epoch", "0 epochs"),
        (2, "process", "2 processes"),
        (1, "process", "1 process"),
        (1.0, "second", "1 second"),
        (0.5, "second", "0.5 seconds"),
    ],
)
def test_noun_is_in_the_singular_behind_one_alone(count, noun, told):
    assert counted(count, noun) == told


@pytest.mark.parametrize(
    ("part", "whole", "told"),
    [
        (0, 5, "0 of 5 runs are"),
        (1, 5, "1 of 5 runs is"),
        (5, 5, "5 of 5 runs are"),
        (1, 1, "1 of 1 run is"),
        (0, 1, "0 of 1 run is"),
    ],
)
def test_noun_follows_the_whole_and_the_verb_the_part_of_several(part, whole, told):
    assert part_of(part, whole, "run") == told


def test_verb_is_in_the_singular_of_one_alone():
    assert [verb_of("was", "were", count) for count in (0, 1, 2)] == ["were", "was", "were"]


def test_number_that_reads_as_one_is_one():
    assert number_of(f"{0.9999:.2g}", "second") == "1 second"


def ones():
    """A document of one seed, one epoch, one update, one thread, one process and one round."""
    short = {"epochs": 1, "updates": 1, "seconds": 1.0}
    runs = [run(cell(name, batch_size=size), **short) for name in ("numpy", "torch") for size in ("full", 8)]
    steps = [trajectory(steps=1, passed=False, first_step=1, first_tensor="W1", relative_error=0.5)]
    wrong = parity(tensor(), steps=steps)
    experiment = {"name": "one", "training": {"epochs": 1, "target": 0.9}}
    document = made_documents.document(runs, parity=wrong, budgets=budgets(runs), experiment=experiment)
    environment = {"cores": 1, "data": {"training_rows": 8, "test_rows": 4}}
    return {**document, "summary": summarise(runs, "torch", 0.9), "environment": environment}


def test_no_text_of_a_result_says_one_of_many():
    document = ones()
    told = [*results_paragraphs(document), table_markdown(document), table_tex(document)]
    text = "\n".join(told)
    assert "1 epoch" in text
    assert "1 update" in text
    assert "after 1 step their" in text
    assert not ONE_OF_MANY.findall(text)


@pytest.mark.parametrize(
    ("training", "told"),
    [({"epochs": 1}, "1 epoch"), ({"updates": 1}, "1 update"), ({"seconds": 0.5}, "0.5 seconds")],
)
def test_length_of_training_is_told_in_its_number(training, told):
    assert training_told(training, []) == told


@pytest.mark.parametrize(
    ("epochs", "seeds", "told"),
    [
        (1, [0], "--fast: 1 of 1 seed, 1 of 1 epoch, times from 2 x 1 block"),
        (60, [0, 1, 2], "--fast: 2 of 3 seeds, 12 of 60 epochs, times from 2 x 1 block"),
    ],
)
def test_shortening_is_told_in_its_number(epochs, seeds, told):
    table = {"training": {"epochs": epochs}, "run": {"seeds": seeds, "rounds": 1}}
    assert Experiment.from_dict(table).fast().shortened == told
