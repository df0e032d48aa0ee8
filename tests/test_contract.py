"""Every implementation keeps the contract; one that breaks it is told which property, in words."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compare import contract as command
from compare.experiment import load_experiment
from compare.implementations import IMPLEMENTATIONS, load_implementation
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.measure.contract import CASES, PROPERTIES, check_contract

EXAMPLE = Path(__file__).parents[1] / "examples" / "plain_network.py"
REFUSING = {"sklearn": 4, "torch-fused": 1}


@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_every_implementation_keeps_the_contract(name, monkeypatch):
    built = load_implementation(name)
    cases = CASES
    if name == "torch-compile":  # its graphs as they are traced, not compiled: that takes seconds each
        monkeypatch.setattr(built, "backend", "eager")
        cases = CASES[3:4]
    elif name == "jax":  # each shape of every case is compiled
        cases = CASES[4:5]
    answer = check_contract(built, cases)
    for finding in answer["findings"]:
        assert finding["wrong"] is None or finding["excuse"], finding
    assert len(answer["refused"]) == REFUSING.get(name, 0)
    by_design = [finding["property"] for finding in answer["findings"] if finding["excuse"]]
    assert by_design == (["update rule"] if name == "sklearn" else [])


class OwnWeights(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        super().__init__(network, {name: values + 1 for name, values in parameters.items()}, rule, dtype)


class OtherOrder(HandwrittenNumpy):
    def parameters(self):
        return dict(reversed(super().parameters().items()))


class ArrayForLoss(HandwrittenNumpy):
    def loss_and_gradients(self, X, Y):
        loss, gradients = super().loss_and_gradients(X, Y)
        return np.array(loss), gradients


class AlwaysDouble(HandwrittenNumpy):
    def predict(self, X):
        return super().predict(X).astype(np.float64)


class Halved(HandwrittenNumpy):
    def loss_and_gradients(self, X, Y):
        loss, gradients = super().loss_and_gradients(X, Y)
        return loss, gradients | {"W1": gradients["W1"] / 2}


class DropsThePartial(HandwrittenNumpy):
    def train(self, batches):
        super().train(rows for rows in batches if rows is None or len(rows) == 8)


class Scribbling(HandwrittenNumpy):
    def step(self, X, Y):
        super().step(X, Y)
        X *= 2


class Sharing(HandwrittenNumpy):
    def loss_and_gradients(self, X, Y):
        return self.mlp.loss_and_gradients(X, Y)


class Learning(HandwrittenNumpy):
    def evaluate(self, X, Y):
        self.mlp.flat_parameters[0] += 1e-3
        return super().evaluate(X, Y)


class Dicing(HandwrittenNumpy):
    def train(self, batches):
        super().train(batches)
        self.mlp.flat_parameters[0] *= 1 + 1e-12 * np.random.random()  # noqa: NPY002


class DoubleGradients(HandwrittenNumpy):
    def loss_and_gradients(self, X, Y):
        loss, gradients = super().loss_and_gradients(X, Y)
        return loss, {name: values.astype(np.float64) for name, values in gradients.items()}


class WithoutDecay(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        kept = {name: value for name, value in rule.options.items() if name != "weight_decay"}
        super().__init__(network, parameters, replace(rule, options=kept), dtype)


class HalfOfALongTraining(HandwrittenNumpy):
    def train(self, batches):
        batches = list(batches)
        super().train(batches if len(batches) <= 60 else batches[: len(batches) // 2])


class Deferring(HandwrittenNumpy):
    """Notes the batches down under the clock, and trains when it is asked for the parameters."""

    def load(self, X, Y):
        self.noted = []
        super().load(X, Y)

    def train(self, batches):
        self.noted += [rows if rows is None else rows.copy() for rows in batches]

    def parameters(self):
        noted, self.noted = getattr(self, "noted", []), []
        if noted:
            super().train(noted)
        return super().parameters()


class Raising(HandwrittenNumpy):
    def predict(self, X):
        raise FloatingPointError("no more")


@pytest.mark.parametrize(
    ("broken", "where", "told"),
    [
        (OwnWeights, "begins with the parameters given", "W1 is not what was given"),
        (OtherOrder, "begins with the parameters given", "in this order"),
        (ArrayForLoss, "names and shapes", "ndarray, not a float"),
        (AlwaysDouble, "dtype", "predict is float64, not float32"),
        (DoubleGradients, "dtype", "the gradient of W1 is float64, not float32"),
        (WithoutDecay, "update rule", "after step 1 W1 is off"),
        (HalfOfALongTraining, "all batches, before train returns", "72 batches given at once"),
        (Deferring, "all batches, before train returns", "goes on after train has returned"),
        (Halved, "loss, gradients, outputs", "W1 is off by 5.0e-01"),
        (DropsThePartial, "update rule", "a partial batch of 4 rows"),
        (DropsThePartial, "last partial batch", "no step on the last, partial batch"),
        (Scribbling, "inputs are left alone", "changes X or Y"),
        (Sharing, "hands out copies", "writes into the gradients"),
        (Learning, "looking changes nothing", "is looked at"),
        (Dicing, "same again, same bits", "different W1"),
        (Raising, "names and shapes", "FloatingPointError: no more"),
    ],
)
def test_what_breaks_the_contract_is_told_by_property_and_in_words(broken, where, told):
    findings = {finding["property"]: finding for finding in check_contract(broken, CASES[:3])["findings"]}
    assert told in findings[where]["wrong"]
    assert findings[where]["excuse"] is None
    assert findings["same again, same bits"]["cases"] == 3


class OfTheDefaultExperiment(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        given = load_experiment(None, {})
        asked = (set(network.activations), network.objective, rule.name, set(rule.options))
        if asked != (set(given.activations()), *given.factors.objectives, "sgd", {"lr"}):
            raise NotImplementedError("only what the default experiment has")
        super().__init__(network, parameters, rule, dtype)


def test_a_contestant_of_the_default_experiment_alone_is_tried_in_both_dtypes():
    answer = check_contract(OfTheDefaultExperiment)
    assert {finding["cases"] for finding in answer["findings"]} == {2}
    assert all(finding["wrong"] is None for finding in answer["findings"])


def test_every_property_is_broken_by_somebody_above():
    marks = test_what_breaks_the_contract_is_told_by_property_and_in_words.pytestmark
    assert {where for _, where, _ in marks[0].args[1]} == set(PROPERTIES)


def test_declared_deviation_excuses_its_own_subject_alone():
    class Declared(Halved):
        deviations = {"gradients": "half is enough", "adam": "unlike"}  # noqa: RUF012

    findings = {finding["property"]: finding for finding in check_contract(Declared, CASES[:1])["findings"]}
    assert findings["loss, gradients, outputs"]["excuse"] == "half is enough"

    class DeclaredOther(Halved):
        deviations = {"adam": "unlike"}  # noqa: RUF012

    findings = {
        finding["property"]: finding for finding in check_contract(DeclaredOther, CASES[:1])["findings"]
    }
    assert findings["loss, gradients, outputs"]["excuse"] is None


def test_example_of_the_document_is_the_file_and_keeps_the_contract(capsys):
    text = EXAMPLE.read_text()
    assert text in (EXAMPLE.parents[1] / "docs" / "implementations.md").read_text()
    lines = [line for line in text.splitlines() if line.strip() and '"""' not in line]
    assert len(lines) <= 32
    assert command.main([f"{EXAMPLE}:PlainNetwork"]) == 0
    out = capsys.readouterr().out
    assert out.count(" ok\n") == len(PROPERTIES)
    assert "one tanh layer" in out


BROKEN = """
from compare.implementations.handwritten_numpy import HandwrittenNumpy
class Wrong(HandwrittenNumpy):
    def predict(self, X):
        return 2 * super().predict(X)
class Nothing(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        raise NotImplementedError("not today")
"""


def test_exit_code_tells_broken_from_not_tried(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(BROKEN)
    assert command.main([f"{file}:Wrong"]) == 1
    assert "BROKEN: the outputs are off by" in capsys.readouterr().out
    assert command.main([f"{file}:Nothing"]) == 2
    captured = capsys.readouterr()
    assert "refuses every case" in captured.err
    assert "not today" in captured.out
    for target, told in ((f"{file}:Wrang", "did you mean Wrong?"), ("nunpy", "did you mean numpy?")):
        assert command.main([target]) == 2
        error = capsys.readouterr().err
        assert told in error
        assert error.count("\n") == 1


def test_command_needs_no_heavy_library_to_refuse():
    script = (
        "import sys; from compare.contract import main; main(['no.py:Net']); print('numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert "no.py: no such file" in done.stderr
