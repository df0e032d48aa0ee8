"""The fairness lint: what would explain a gap is found where it can be, and declared where it cannot."""

import json

import numpy as np
import pytest
from contestant_support import experiment, write_csv
from ungated import leave_undrawn

from compare import finishing
from compare import run as command
from compare.batches import epoch_batches
from compare.implementation import UpdateRule
from compare.implementations.defaults import completed
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.implementations.numpy_textbook import NumpyTextbook
from compare.measure.inspection import inspect
from compare.measure.laboratory import Laboratory
from compare.parity.batch import draw_batch
from compare.parity.epoch import alternatives, explain, trained
from compare.parity.gate import check_parity
from compare.parity.verdicts import Difference
from compare.render.fairness_notes import fairness_notes
from data import load_dataset


class OwnWeights(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        super().__init__(network, {name: values / 2 for name, values in parameters.items()}, rule, dtype)


class Double(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        super().__init__(network, parameters, rule, "float64")


class LearningByLooking(HandwrittenNumpy):
    def evaluate(self, X, Y):
        self.mlp.flat_parameters[:] += 1
        return super().evaluate(X, Y)


class Scribbling(HandwrittenNumpy):
    def trace(self, X, Y):
        trace = super().trace(X, Y)
        X += 1
        return trace


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return load_dataset(write_csv(tmp_path_factory.mktemp("fairness") / "three.csv"))


@pytest.mark.parametrize(
    ("kind", "subjects"),
    [
        (HandwrittenNumpy, []),
        (OwnWeights, ["initial weights"]),
        (Double, ["dtype"]),
        (LearningByLooking, ["evaluation"]),
        (Scribbling, ["inputs"]),
        (NumpyTextbook, ["batches"]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_differs_once_it_is_built_is_found(kind, subjects, data):
    batch = draw_batch(experiment(), data, "softmax+cross_entropy", "float32")
    given = {name: values.astype("float32") for name, values in batch.parameters.items()}
    X, Y = batch.X.astype("float32"), batch.Y.astype("float32")
    built = completed(kind(batch.network, dict(given), UpdateRule("sgd", {"lr": 0.1}), "float32"))
    assert [subject for subject, _ in inspect(built, given, X, Y, "float32")] == subjects


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_training_that_leaves_ours_is_explained_by_what_it_does_and_ours_by_nothing(rule, data):
    made = experiment(training={"epochs": 1, "lr": 0.1}, factors={"optimizers": [rule]})
    batch = draw_batch(made, data, "softmax+cross_entropy", "float64")
    update = UpdateRule(rule, {"lr": 0.1})
    batches = [rows for rows in epoch_batches(50, 20, 0, 0) if rows is not None]
    assert [len(rows) for rows in batches] == [20, 20, 10]
    ours = trained(batch, update, [(rows, 1.0) for rows in batches])
    assert explain(ours, batch, batches, update, 1e-12) is None
    for alternative in alternatives(batches, outputs=3, n=50):
        told = explain(trained(batch, update, alternative.steps), batch, batches, update, 1e-12)
        assert told == (alternative.subject, alternative.difference)


PLUGINS = """
import numpy as np
from compare.implementations.handwritten_numpy import HandwrittenNumpy

class DropsThePartial(HandwrittenNumpy):
    def train(self, batches):
        super().train(rows for rows in batches if rows is None or len(rows) != 10)

class MeanOverElements(HandwrittenNumpy):
    deviations = {"sgd": "it divides by the outputs too", "threads": "two of them"}
    def __init__(self, network, parameters, rule, dtype):
        rule = type(rule)(rule.name, {**rule.options, "lr": rule.options["lr"] / 3})
        super().__init__(network, parameters, rule, dtype)

class Narrow(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        if network.output == "sigmoid":
            raise NotImplementedError("no sigmoid on the output")
        super().__init__(network, parameters, rule, dtype)
"""


@pytest.fixture(scope="module")
def outcome(data, tmp_path_factory):
    """The parity check of three contestants that differ, each in one way."""
    file = tmp_path_factory.mktemp("plugins") / "mine.py"
    file.write_text(PLUGINS)
    names = [f"{file}:{name}" for name in ("DropsThePartial", "MeanOverElements", "Narrow")]
    objectives = ["softmax+cross_entropy", "sigmoid+squared_error"]
    made = experiment(
        training={"epochs": 1, "lr": 0.1}, factors={"implementations": names, "objectives": objectives}
    )
    with Laboratory(made, data) as laboratory:
        return made, check_parity(laboratory, lambda what: None)


def test_failed_trainings_are_explained_and_declared_ones_are_no_failures(outcome):
    _, parity = outcome
    assert {name for name, _ in parity.failures} == {"mine.py:DropsThePartial"}
    drops = Difference("mine.py:DropsThePartial", "last batch", "it drops the last, partial batch", True)
    assert drops in parity.differences
    mean = "it takes the mean over the elements, not over the rows"
    assert Difference("mine.py:MeanOverElements", "reduction", mean, True) in parity.differences
    assert Difference("mine.py:MeanOverElements", "threads", "two of them", False) in parity.differences
    assert set(parity.deviations.values()) == {"it divides by the outputs too"}
    assert not parity.all_equal


def test_refusal_is_of_its_cell_alone(outcome):
    made, parity = outcome
    refused = [cell for cell in made.cells() if parity.refusal_of(cell)]
    assert {(cell.implementation, cell.objective) for cell in refused} == {
        ("mine.py:Narrow", "sigmoid+squared_error")
    }
    assert parity.refusal_of(refused[0]) == "no sigmoid on the output"
    assert parity.failure_of(refused[0]) is None


def test_refused_and_deviating_cells_are_in_the_table_with_their_reasons(
    tmp_path, capsys, outcome, monkeypatch
):
    _, parity = outcome
    leave_undrawn(monkeypatch.setattr)
    monkeypatch.setattr(finishing, "check_parity", lambda laboratory, report: parity)
    csv, file, out = write_csv(tmp_path / "three.csv"), tmp_path / "mine.py", tmp_path / "out"
    file.write_text(PLUGINS)
    names = ",".join(["numpy", f"{file}:MeanOverElements", f"{file}:Narrow"])
    arguments = ["--dataset", str(csv), "--hidden", "5", "--epochs", "1", "--seeds", "0", "--processes", "0"]
    arguments += ["--implementations", names, "--batch-sizes", "16", "--objectives", "sigmoid+squared_error"]
    assert command.main([*arguments, "--lr", "0.1", "--quiet", "--output", str(out)]) in (0, 1)
    told = capsys.readouterr().out
    assert "mine.py:Narrow took no part: no sigmoid on the output." in " ".join(told.split())
    assert "mine.py:MeanOverElements differs by design: it divides by the outputs too." in " ".join(
        told.split()
    )
    assert told.index("Fairness: what differs") < told.index("All rows:")
    document = json.loads((out / "results.json").read_text())
    status = {row["implementation"]: row["status"] for row in document["summary"]}
    assert status == {
        "numpy": "ok",
        "mine.py:MeanOverElements": "differs by design: it divides by the outputs too",
        "mine.py:Narrow": "refused: no sigmoid on the output",
    }
    assert {run["status"] for run in document["runs"]} == {"ok", "refused"}
    assert {row["compile_seconds"] for row in document["summary"]} == {None}
    assert document["fairness"]
    text = (out / "table.md").read_text()
    assert "## Fairness" in text
    assert "refused: no sigmoid on the output" in text


def test_notes_tell_found_and_declared_apart_and_escape_what_a_plugin_says():
    rows = [
        {"implementation": "b.py:B", "subject": "threads", "difference": "<b>`x`", "detected": False},
        {"implementation": None, "subject": "dtype", "difference": "another", "detected": True},
    ]
    lines = fairness_notes(rows).splitlines()
    assert lines[1].strip() == "all, dtype: another (found)."
    assert "(declared)" in lines[2]
    github = fairness_notes(rows, "github")
    assert "<b>" not in github
    assert "`x`" not in github.replace("\\`", "")
    assert "no difference was found" in fairness_notes([])
    assert np.all([len(line) <= 112 for line in fairness_notes([]).splitlines()])
