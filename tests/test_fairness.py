"""The fairness lint: what would explain a gap is found where it can be, and declared where it cannot."""

import json
import re

import pytest
from contestant_support import experiment, write_csv
from ungated import leave_undrawn

from compare import finishing
from compare import run as command
from compare.batches import epoch_batches
from compare.experiment import load_experiment
from compare.experiment_file import preset_names
from compare.implementation import UpdateRule
from compare.implementations.defaults import completed
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.implementations.numpy_textbook import NumpyTextbook
from compare.measure.inspection import inspect
from compare.measure.laboratory import Laboratory
from compare.parity.batch import draw_batch
from compare.parity.epoch import alternatives, explain, trained
from compare.parity.fairness import fairness_of
from compare.parity.gate import check_parity
from compare.parity.verdicts import Difference, Parity
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

class OwnOrder(HandwrittenNumpy):
    def train(self, batches):
        batches = list(batches)
        ends = np.cumsum([len(rows) for rows in batches])[:-1]
        super().train(np.split(np.sort(np.concatenate(batches)), ends))

class FirstOfACall(HandwrittenNumpy):
    def train(self, batches):
        super().train(list(batches)[:1])

class DoubleInside(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        self.told = dtype
        super().__init__(network, parameters, rule, "float64")

    def trace(self, X, Y):
        trace = super().trace(X.astype("float64"), Y.astype("float64"))
        gradients = {name: values.astype(self.told) for name, values in trace.gradients.items()}
        return type(trace)(trace.loss, {}, gradients)

    def evaluate(self, X, Y):
        return super().evaluate(X.astype("float64"), Y.astype("float64"))

    def load(self, X, Y):
        super().load(X.astype("float64"), Y.astype("float64"))

    def parameters(self):
        return {name: values.astype(self.told) for name, values in super().parameters().items()}

class Narrow(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        if network.output == "sigmoid":
            raise NotImplementedError("no sigmoid on the output")
        super().__init__(network, parameters, rule, dtype)
"""


@pytest.fixture(scope="module")
def outcome(data, tmp_path_factory):
    """The parity check of contestants that differ, each in one way."""
    file = tmp_path_factory.mktemp("plugins") / "mine.py"
    file.write_text(PLUGINS)
    names = [f"{file}:{name}" for name in re.findall(r"class (\w+)", PLUGINS)]
    objectives = ["softmax+cross_entropy", "sigmoid+squared_error"]
    made = experiment(
        training={"epochs": 1, "lr": 0.1}, factors={"implementations": names, "objectives": objectives}
    )
    with Laboratory(made, data) as laboratory:
        return made, check_parity(laboratory, lambda what: None)


def test_failed_trainings_are_explained_and_declared_ones_are_no_failures(outcome):
    _, parity = outcome
    failed = {name.removeprefix("mine.py:") for name, _ in parity.failures}
    assert failed == {"DropsThePartial", "OwnOrder", "FirstOfACall"}
    drops = Difference("mine.py:DropsThePartial", "last batch", "it drops the last, partial batch", True)
    assert drops in parity.differences
    mean = "it takes the mean over the elements, not over the rows"
    assert Difference("mine.py:MeanOverElements", "reduction", mean, True) in parity.differences
    assert Difference("mine.py:MeanOverElements", "threads", "two of them", False) in parity.differences
    assert set(parity.deviations.values()) == {"it divides by the outputs too"}
    assert not parity.all_equal


def test_what_is_done_otherwise_within_a_call_of_many_batches_is_found(outcome):
    _, parity = outcome
    told = "it takes the rows in their own order, unshuffled"
    assert Difference("mine.py:OwnOrder", "shuffling", told, True) in parity.differences
    failed = [row for row in parity.trajectory if row.implementation == "mine.py:FirstOfACall"]
    assert {row.first_step for row in failed} == {3}


def test_float64_behind_a_float32_front_is_found_and_nobody_else_is_taken_for_it(outcome):
    _, parity = outcome
    found = {one.implementation for one in parity.differences if one.subject == "dtype"}
    assert found == {"mine.py:DoubleInside"}


QUICK = ("numpy", "torch", "numpy-textbook")


def test_no_preset_raises_a_false_alarm():
    names = [name for name in preset_names() if name != "mnist"]  # its data are to be downloaded
    made = {name: load_experiment(name, {"factors.implementations": list(QUICK)}) for name in names}
    data = {name: load_dataset(one.data.dataset) for name, one in made.items()}
    true = {("numpy", "library"), ("numpy-textbook", "batches"), ("numpy-textbook", "library")}
    with Laboratory(made["digits"], data["digits"]) as laboratory:
        for name, one in made.items():  # in the same processes: the gate hands its own batch to them
            laboratory.experiment, laboratory.data = one, data[name]
            parity = check_parity(laboratory, lambda what: None)
            found = {(told.implementation, told.subject) for told in fairness_of(laboratory, parity)}
            assert (name, found, dict(parity.failures)) == (name, true, {})


@pytest.mark.parametrize(
    ("threads", "told"), [([1], []), ([1, 2], ["numpy"])], ids=["one thread", "two as well"]
)
def test_threads_that_the_hand_written_network_leaves_idle_are_told(threads, told, data):
    factors = {"implementations": ["numpy", "numpy-textbook"], "threads": threads}
    with Laboratory(experiment(factors=factors), data) as laboratory:
        found = fairness_of(laboratory, Parity((), (), {}))
    of_threads = [one for one in found if one.subject == "threads"]
    assert [one.implementation for one in of_threads] == told
    assert all(
        not one.detected and "11,000,000 rows times parameters" in one.difference for one in of_threads
    )


def test_library_is_told_where_it_can_be_and_said_to_be_unknown_elsewhere(data, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("import torch\n" + PLUGINS)
    names = ["numpy", "sklearn", f"{file}:Narrow"]
    with Laboratory(experiment(factors={"implementations": names}), data) as laboratory:
        for name in ("numpy", "sklearn", "mine.py:Narrow"):
            laboratory.contestant(name, 1).start()
        found = fairness_of(laboratory, Parity((), (), {}))
    assert [(one.implementation, one.subject) for one in found] == [("mine.py:Narrow", "library")]
    assert "cannot be seen" in found[0].difference


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
