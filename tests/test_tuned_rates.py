"""Parity at the rates that tuning chose: who trains otherwise there alone is found, named and not run."""

import pytest
from contestant_support import experiment, write_csv
from made_runs import cell, trajectory

from compare.measure.laboratory import Laboratory
from compare.parity.tuned import check_tuned_rates, tuned_rates
from compare.parity.verdicts import Difference, Parity
from compare.render.parity_table import parity_table
from compare.results import Regime
from data import load_dataset

SOFTMAX = "softmax+cross_entropy"
TIMID = """
from compare.implementations.handwritten_numpy import HandwrittenNumpy

class Timid(HandwrittenNumpy):
    def __init__(self, network, parameters, rule, dtype):
        rule = type(rule)(rule.name, {**rule.options, "lr": min(rule.options["lr"], 1.0)})
        super().__init__(network, parameters, rule, dtype)

class Known(Timid):
    pass

class Sick(HandwrittenNumpy):
    def train(self, batches):
        raise ValueError("not today")
"""


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    """Four contestants at one tuned rate; one declares what it does, one has refused."""
    folder = tmp_path_factory.mktemp("tuned")
    (folder / "mine.py").write_text(TIMID)
    names = [f"{folder}/mine.py:{name}" for name in ("Timid", "Known", "Sick")]
    small = experiment(
        factors={
            "implementations": ["numpy", *names, "torch"],
            "batch_sizes": [16, "full"],
            "dtypes": ["float32"],
        }
    )
    before = Parity(
        (),
        (),
        {},
        refusals={("torch", SOFTMAX, "sgd", "float32"): "no"},
        differences=(Difference("mine.py:Known", "sgd", "it is timid", detected=False),),
    )
    with Laboratory(small, load_dataset(write_csv(folder / "three.csv"))) as laboratory:
        laboratory.rates = {Regime(SOFTMAX, "sgd", 16): 1.5, Regime(SOFTMAX, "sgd", "full"): 0.5}
        assert tuned_rates(laboratory) == [(SOFTMAX, "sgd", 1.5)], "0.5 is the experiment's own"
        return check_tuned_rates(laboratory, before, lambda what: None)


def test_who_trains_otherwise_at_a_tuned_rate_alone_fails_and_may_not_run(checked):
    assert set(checked.failures) == {("mine.py:Timid", SOFTMAX), ("mine.py:Sick", SOFTMAX)}
    assert checked.failures["mine.py:Timid", SOFTMAX].startswith("sgd at rate 1.5: ")
    assert "at rate 1.5: ValueError: not today" in checked.failures["mine.py:Sick", SOFTMAX]
    assert checked.failure_of(cell("mine.py:Timid", batch_size=16)) is not None
    assert not checked.all_equal


def test_who_is_right_passes_and_a_declared_difference_is_one_here_too(checked):
    rows = {(row.implementation, row.dtype): (row.passed, row.lr) for row in checked.trajectory}
    assert rows[("numpy", "float64")] == rows[("numpy", "float32")] == (True, 1.5)
    assert rows[("mine.py:Known", "float64")] == (False, 1.5)
    assert checked.deviations == {("mine.py:Known", SOFTMAX, "sgd"): "it is timid"}


def test_the_witness_and_who_has_refused_or_failed_are_not_asked(checked):
    asked = [(row.implementation, row.dtype) for row in checked.trajectory]
    assert not {name for name, _ in asked} & {"torch", "mine.py:Sick"}
    assert asked.count(("mine.py:Timid", "float64")) == 1
    assert ("mine.py:Timid", "float32") not in asked


def test_table_has_a_column_of_tuned_rates_only_where_there_is_one():
    own, tuned = trajectory(), trajectory(lr=1.5)
    assert "tuned rate" not in parity_table({"tensors": [], "trajectory": [own]})
    told = parity_table({"tensors": [], "trajectory": [own, tuned]})
    assert "tuned rate" in told
    assert "1.5" in told.splitlines()[-1]
