"""The command that times single training steps: what it prints, and what it does without a library."""

import math
import subprocess
import sys

import pytest

from benchmarks import training_step
from benchmarks.step_contestants import CONTESTANTS, Cell, Data

CELL = Cell((64, 32, 10), "sgd", 32, 96)


def run(*options):
    command = [sys.executable, "-m", "benchmarks.training_step", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def test_table_has_a_line_a_cell_and_ratios_to_the_reference():
    options = ["--shapes", "64-32-10", "--optimizers", "sgd,adam", "--batch-sizes", "8,full", "--rounds", "1"]
    done = run(*options, "--contestants", "handwritten,eager,floor")
    assert done.returncode == 0, done.stderr
    header, _, *lines = done.stdout.splitlines()
    assert [part.strip() for part in header.split("|")[5:-1]] == [
        "handwritten",
        "eager",
        "floor",
        "handwritten / floor",
    ]
    assert len(lines) == 4
    for line in lines:
        handwritten, eager, floor, multiple = (part.split()[0] for part in line.split("|")[5:-1])
        assert all(math.isfinite(float(number)) for number in (handwritten, eager, floor, multiple))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--contestants", "handwritten,caffe"], "caffe"),
        (["--optimizers", "lion"], "lion"),
        (["--batch-sizes", "0"], "0"),
        (["--shapes", "784-10"], "784-10"),
    ],
)
def test_what_it_does_not_know_is_refused_by_name(options, complaint, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["training_step", *options])
    with pytest.raises(SystemExit) as left:
        training_step.main()
    assert left.value.code == 2
    assert complaint in capsys.readouterr().err


def test_contestant_without_its_library_is_left_out_and_named(capsys, monkeypatch):
    monkeypatch.setattr(training_step.importlib.util, "find_spec", lambda name: None)
    assert list(training_step.available(["handwritten", "scikit-learn", "floor"])) == ["handwritten", "floor"]
    assert "scikit-learn is left out: sklearn is not installed" in capsys.readouterr().err


def test_interval_of_a_median_holds_whatever_the_distribution():
    low_to_high = [5.0, 1.0, 3.0, 2.0, 4.0, 100.0, 0.5, 6.0, 7.0, 8.0, 9.0]
    assert training_step.median_interval(low_to_high) == (5.0, 1.0, 9.0)
    assert training_step.median_interval([2.0]) == (2.0, 2.0, 2.0)


def test_everyone_gets_the_same_batches_all_of_one_size():
    data = Data(CELL)
    assert [len(rows) for rows in data.batches] == [32, 32, 32]
    assert len(Data(Cell((64, 32, 10), "sgd", 36, 96)).batches) == 2
    assert Data(Cell((64, 32, 10), "sgd", 96, 96)).batches == [None]


@pytest.mark.parametrize("name", ["handwritten", "eager", "fused", "floor"])
def test_steps_are_counted_in_seconds(name):
    contestant = CONTESTANTS[name](CELL, Data(CELL))
    assert contestant.steps(3) > 0


def test_deeper_networks_are_timed_with_a_hidden_layer_a_width(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["training_step", "--shapes", "14-6-5-4", "--batch-sizes", "8"])
    sgd, adam = training_step.cells(training_step.parse())
    assert (sgd.sizes, adam.optimizer) == ((14, 6, 5, 4), "adam")
    assert sgd.network.activations == ("sigmoid", "sigmoid")
    cell = Cell(sgd.sizes, "sgd", 8, 32)
    assert CONTESTANTS["handwritten"](cell, Data(cell)).steps(3) > 0
