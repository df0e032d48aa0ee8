"""The gate: right contestants pass, wrong ones are named with the tensor that departs, and are not timed."""

import math

import pytest
from contestant_support import experiment, one_line, register_odd_contestants, write_csv

from compare.measure.laboratory import Laboratory
from compare.parity.bench import STEPS
from compare.parity.gate import check_parity
from compare.render.parity_table import parity_table
from data import load_dataset

SOFTMAX, SIGMOID = "softmax+cross_entropy", "sigmoid+cross_entropy"
RIGHT = ("numpy", "torch")
WRONG = ("off-by-a-billionth", "other-rule", "not-a-number", "without-gradient", "other-names")
UNWELL = {"raising": "ValueError: the first line", "exiting": "exit code 7", "killed": "signal 9"}


@pytest.fixture(scope="module")
def told():
    """What was reported on the way."""
    return []


@pytest.fixture(scope="module")
def parity(tmp_path_factory, told):
    """One check of everybody, right and wrong, in two objectives."""
    data = load_dataset(write_csv(tmp_path_factory.mktemp("gate") / "three.csv"))
    everybody = experiment(
        training={"epochs": 1, "lr": {"sgd": 0.1, "adam": 0.01}, "momentum": 0.9},
        factors={
            "implementations": [*WRONG, *UNWELL, *RIGHT],
            "objectives": [SOFTMAX, SIGMOID],
            "optimizers": ["sgd", "adam"],
        },
    )
    with pytest.MonkeyPatch.context() as monkeypatch:
        register_odd_contestants(monkeypatch)
        with Laboratory(everybody, data) as laboratory:
            return check_parity(laboratory, told.append)


def tensors_of(parity, name):
    return [row for row in parity.tensors if row.implementation == name]


def paths_of(parity, name):
    return [row for row in parity.trajectory if row.implementation == name]


def wrong(rows):
    return [row for row in rows if not row.passed]


def failure_of(parity, name, objective=SOFTMAX):
    failure = parity.failures[name, objective]
    assert one_line(failure)
    return failure


def test_both_frameworks_pass_in_every_objective_dtype_and_optimizer(parity):
    for name in RIGHT:
        seen = {(row.objective, row.dtype) for row in tensors_of(parity, name)}
        # float64 is checked although the experiment has float32 alone
        assert seen == {(o, d) for o in (SOFTMAX, SIGMOID) for d in ("float32", "float64")}
        for row in (*tensors_of(parity, name), *paths_of(parity, name)):
            assert row.passed
            assert 0 <= row.relative_error < 2 * row.tolerance < 0.1
    assert {row.tensor for row in tensors_of(parity, "numpy")} == {
        *("loss", "Z1", "A1", "Z2", "A2", "W1", "b1", "W2", "b2", "X")
    }
    paths = {(row.optimizer, row.dtype, row.steps) for row in paths_of(parity, "numpy")}
    assert paths == {(o, d, STEPS) for o in ("sgd", "adam") for d in ("float32", "float64")}


def test_float64_is_held_to_less_than_a_trillionth_and_float32_to_a_thousandth(parity):
    for row in parity.tensors:
        assert row.tolerance < (1e-12 if row.dtype == "float64" else 1e-3)


def test_autograd_itself_is_held_to_the_complex_step(parity):
    against = {(row.implementation, row.dtype): row.against for row in parity.tensors}
    assert against.pop(("torch", "float64")) == "complex step"
    assert set(against.values()) == {"autograd"}


def test_everyone_who_is_wrong_fails_and_nobody_else(parity):
    names = {(name, objective) for name in (*WRONG, *UNWELL) for objective in (SOFTMAX, SIGMOID)}
    assert set(parity.failures) == names
    assert parity.to_dict()["passed"] is False


def test_gradient_wrong_by_a_billionth_is_found_in_float64_and_named(parity):
    failure = failure_of(parity, "off-by-a-billionth")
    assert "W1" in failure
    assert "float64" in failure
    rows = wrong(tensors_of(parity, "off-by-a-billionth"))
    assert {(row.tensor, row.dtype) for row in rows} == {("W1", "float64")}
    assert {row.alone for row in rows} == {"off-by-a-billionth"}
    for row in rows:
        assert row.relative_error == pytest.approx(1e-9, rel=1e-3)
    assert wrong(paths_of(parity, "off-by-a-billionth")) == []


def test_wrong_update_rule_is_found_with_its_first_step_and_tensor(parity):
    assert wrong(tensors_of(parity, "other-rule")) == []
    rows = wrong(paths_of(parity, "other-rule"))
    assert {row.optimizer for row in rows} == {"sgd"}
    # the first step of momentum is the gradient itself, so the second is the first that differs
    assert {row.first_step for row in rows} == {2}
    assert all(row.first_tensor in ("W1", "b1", "W2", "b2") for row in rows)
    failure = failure_of(parity, "other-rule")
    assert "step 2" in failure
    assert "sgd" in failure


def test_gradient_of_nan_fails_with_an_infinite_error(parity):
    rows = wrong(tensors_of(parity, "not-a-number"))
    assert {row.tensor for row in rows} == {"W1"}
    assert all(math.isinf(row.relative_error) for row in rows)
    assert "W1" in failure_of(parity, "not-a-number")


def test_gradient_that_is_left_out_is_not_taken_for_right(parity):
    assert {row.tensor for row in wrong(tensors_of(parity, "without-gradient"))} == {"W1"}
    assert "W1" in failure_of(parity, "without-gradient")


def test_parameters_under_other_names_fail_instead_of_ending_the_check(parity):
    assert failure_of(parity, "other-names")
    assert not any(row.passed for row in paths_of(parity, "other-names"))


@pytest.mark.parametrize("name", UNWELL)
def test_contestant_that_cannot_be_checked_fails_with_the_cause(name, parity):
    for objective in (SOFTMAX, SIGMOID):
        assert UNWELL[name] in failure_of(parity, name, objective)
    assert tensors_of(parity, name) == []


def test_table_has_a_no_for_everyone_who_is_wrong_and_names_the_tensor_or_step(parity):
    lines = parity_table(parity.to_dict()).splitlines()
    refused = {
        name: "".join(line for line in lines if line.startswith(f"{name} ") and "NO" in line)
        for name in WRONG
    }
    assert all(refused.values()), refused
    assert " W1 " in refused["off-by-a-billionth"]
    assert "step 2" in refused["other-rule"]
    assert not any("NO" in line for line in lines if line.startswith(RIGHT))


def test_report_says_who_is_being_compared(parity, told):
    assert {what.split(",")[0] for what in told} == {*RIGHT, *WRONG, *UNWELL}


@pytest.mark.parametrize("rate", [0.4, 0.5, 1.0])
def test_training_that_diverges_in_float32_is_no_failure_of_parity(rate):
    diverging = experiment(
        data={"dataset": "digits"},
        model={"hidden": []},
        training={"epochs": 1, "lr": rate},
        factors={
            "implementations": ["numpy", "torch"],
            "objectives": ["identity+squared_error", "relu+squared_error"],
        },
    )
    with Laboratory(diverging, load_dataset("digits")) as laboratory:
        parity = check_parity(laboratory, report=lambda what: None)
    assert parity.failures == {}
    assert min(row.steps for row in parity.trajectory) < STEPS


SOMETIMES = """
from compare.implementations.blas import threads_of
from compare.implementations.handwritten_numpy import HandwrittenNumpy

class NoFullBatch(HandwrittenNumpy):
    def train(self, batches):
        super().train([rows for rows in batches if rows is not None])

class OneThread(HandwrittenNumpy):
    def train(self, batches):
        if threads_of(self._blas) == 1:
            super().train(batches)
"""


def test_a_batch_or_a_number_of_threads_that_only_some_cells_have_is_tried_too(tmp_path):
    (tmp_path / "sometimes.py").write_text(SOMETIMES)
    small = experiment(
        factors={
            "implementations": [
                "numpy",
                *(f"{tmp_path}/sometimes.py:{n}" for n in ("NoFullBatch", "OneThread")),
            ],
            "batch_sizes": [16, "full"],
            "threads": [1, 2],
        }
    )
    with Laboratory(small, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        found = check_parity(laboratory, lambda what: None)
    assert set(found.failures) == {("sometimes.py:NoFullBatch", SOFTMAX), ("sometimes.py:OneThread", SOFTMAX)}
    assert "is off from step 4 on" in found.failures["sometimes.py:NoFullBatch", SOFTMAX]
    assert found.failures["sometimes.py:OneThread", SOFTMAX].startswith("sgd on 2 threads: ")
    assert {row.threads for row in paths_of(found, "numpy")} == {None, 2}
    assert "threads" in parity_table(found.to_dict())
