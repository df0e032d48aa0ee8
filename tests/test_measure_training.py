"""The training loop of a measurement: what is inside the clock, when it ends, what the curve holds."""

import math
from dataclasses import replace

import numpy as np
import pytest
from contestant_support import experiment, write_csv

from compare.batches import epoch_batches
from compare.implementation import UpdateRule
from compare.implementations import load_implementation
from compare.implementations.defaults import completed
from compare.initial_weights import draw_parameters
from compare.measure import training
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import interleaved
from compare.measure.session import make_runs
from compare.measure.training import Budget, Split, train, warm_up
from compare.network import Network
from compare.targets import target_matrix
from data import load_dataset


class FakeTime:
    """A clock that only the contestant below moves."""

    def __init__(self):
        self.wall = self.cpu = 0.0

    def perf_counter(self):
        return self.wall

    def process_time(self):
        return self.cpu


class Recorder:
    """A contestant that notes its batches; a step takes 1 s (2 CPU s), an evaluation 1000 s."""

    def __init__(self, clock, losses=(), accuracies=()):
        self.clock, self.epochs, self.evaluations = clock, [], 0
        self.losses, self.accuracies = list(losses), list(accuracies)

    def train(self, batches):
        self.epochs.append([])
        for rows in batches:
            self.epochs[-1].append(rows)
            self.clock.wall += 1
            self.clock.cpu += 2

    def evaluate(self, X, Y):
        self.clock.wall += 1000
        self.clock.cpu += 1000
        point, self.evaluations = self.evaluations // 2, self.evaluations + 1
        loss = self.losses[point] if point < len(self.losses) else 1.0
        right = round(len(X) * (self.accuracies[point] if point < len(self.accuracies) else 0.0))
        Y_hat = np.zeros((len(X), 2))
        Y_hat[:right, 0] = Y_hat[right:, 1] = 1.0
        return loss, Y_hat


@pytest.fixture
def clock(monkeypatch):
    fake = FakeTime()
    monkeypatch.setattr(training, "time", fake)
    return fake


def split(n):
    return Split(np.zeros((n, 3)), np.zeros((n, 2)), np.zeros(n, dtype=np.int64))


def run(contestant, budget, batch_size=4, n=10, seed=0, target=None, report=lambda fraction: None):
    return train(contestant, split(n), split(10), batch_size, seed, budget, target, report)


def test_clock_runs_during_training_alone(clock):
    outcome = run(Recorder(clock), Budget(epochs=3))
    assert (outcome.seconds, outcome.cpu_seconds) == (9, 18)
    assert [point.seconds for point in outcome.curve] == [0, 3, 6, 9]


def test_reporting_stands_outside_the_clock(clock):
    def slow(fraction):
        clock.wall += 500

    assert run(Recorder(clock), Budget(epochs=2), report=slow).seconds == 6


def test_epoch_budget_makes_that_many_epochs_of_the_shared_batches(clock):
    contestant = Recorder(clock)
    outcome = run(contestant, Budget(epochs=3), seed=5)
    assert (outcome.epochs, outcome.updates, outcome.status) == (3, 9, "ok")
    for epoch, batches in enumerate(contestant.epochs):
        np.testing.assert_equal(batches, list(epoch_batches(10, 4, 5, epoch)))
    assert [len(rows) for rows in contestant.epochs[0]] == [4, 4, 2]


def test_update_budget_ends_within_an_epoch(clock):
    contestant = Recorder(clock)
    outcome = run(contestant, Budget(updates=8))
    assert (outcome.epochs, outcome.updates) == (3, 8)
    assert [len(batches) for batches in contestant.epochs] == [3, 3, 2]
    np.testing.assert_equal(contestant.epochs[2], list(epoch_batches(10, 4, 0, 2))[:2])


@pytest.mark.parametrize("updates", [1, 3, 250, 1001])
def test_full_batch_takes_an_update_an_epoch(clock, updates):
    contestant = Recorder(clock)
    outcome = run(contestant, Budget(updates=updates), "full")
    assert (outcome.epochs, outcome.updates) == (updates, updates)
    assert contestant.epochs == [[None]] * updates


def test_seconds_budget_ends_with_the_epoch_that_spends_it(clock):
    outcome = run(Recorder(clock), Budget(seconds=7.5))
    assert (outcome.epochs, outcome.seconds) == (3, 9)


def test_curve_begins_before_training_and_ends_with_the_last_update(clock):
    outcome = run(Recorder(clock), Budget(epochs=2))
    assert [(point.epoch, point.updates) for point in outcome.curve] == [(0, 0), (1, 3), (2, 6)]


@pytest.mark.parametrize("epochs", [1, 99, 100, 101, 150, 1000])
def test_long_training_is_evaluated_a_hundred_times_at_most(clock, epochs):
    outcome = run(Recorder(clock), Budget(epochs=epochs), "full")
    assert len(outcome.curve) <= 1 + training.LONGEST_CURVE
    assert len(outcome.curve) >= min(epochs, 50)
    assert outcome.curve[-1].epoch == outcome.epochs == epochs


def test_progress_is_reported_from_nothing_to_all(clock):
    fractions = []
    run(Recorder(clock), Budget(epochs=4), report=fractions.append)
    assert fractions == [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("loss", [math.nan, math.inf])
def test_loss_that_is_not_finite_ends_the_run_and_is_told(clock, loss):
    outcome = run(Recorder(clock, losses=[2.0, 1.0, loss]), Budget(epochs=9))
    assert (outcome.status, outcome.epochs) == ("diverged", 2)
    assert outcome.reason == "the training loss is not finite after epoch 2"


def test_time_to_the_target_is_the_clock_when_it_was_first_reached(clock):
    contestant = Recorder(clock, accuracies=[0.1, 0.5, 0.9, 0.3, 0.9])
    outcome = run(contestant, Budget(epochs=4), target=0.8)
    assert outcome.seconds_to_target == 6
    assert [point.test_accuracy for point in outcome.curve] == [0.1, 0.5, 0.9, 0.3, 0.9]


def test_target_that_is_not_reached_has_no_time(clock):
    contestant = Recorder(clock, accuracies=[0.1] * 9)
    assert run(contestant, Budget(epochs=4), target=0.8).seconds_to_target is None
    assert run(Recorder(clock, accuracies=[0.9] * 9), Budget(epochs=4)).seconds_to_target is None


def test_target_that_the_initial_weights_reach_took_no_time(clock):
    assert run(Recorder(clock, accuracies=[0.9] * 9), Budget(epochs=4), target=0.8).seconds_to_target == 0


def test_warm_up_stops_after_a_while_and_takes_the_runs_batch_size(clock):
    contestant = Recorder(clock)
    warm_up(contestant, n=1000, batch_size=4, at_least=120)
    assert [len(batches) for batches in contestant.epochs] == [50, 50, 50]
    assert {len(rows) for batches in contestant.epochs for rows in batches} == {4}
    warm_up(contestant := Recorder(clock), n=1000, batch_size="full", at_least=0)
    assert contestant.epochs == [[None]]


@pytest.mark.parametrize("batch_size", ["full", 16])
@pytest.mark.parametrize("name", ["numpy", "torch", "numpy-textbook"])
def test_every_implementation_is_trained_on_the_same_rows_and_learns(name, batch_size):
    data = load_dataset("digits")
    network = Network((64, 16, 10), ("tanh",), "softmax", "cross_entropy", True)
    X, labels = data.X_train[:200].astype(np.float64), data.Y_train[:200]
    part = Split(X, target_matrix(labels, 10, "float64"), labels)
    drawn, rule = draw_parameters(network, "pytorch", 0), UpdateRule("sgd", {"lr": 0.5})
    contestant = completed(load_implementation(name)(network, drawn, rule, "float64"))
    contestant.load(part.X, part.Y)
    outcome = train(contestant, part, part, batch_size, 0, Budget(updates=60), None, lambda fraction: None)
    assert outcome.curve[-1].train_loss < 0.7 * outcome.curve[0].train_loss
    assert outcome.curve[0].train_loss == pytest.approx(math.log(10), rel=0.1)


@pytest.fixture(scope="module")
def digits_pairs():
    """Both frameworks' runs on digits through their real processes, in pairs with their dtype; test rows."""
    small = experiment(
        model={"hidden": [16], "activation": "tanh"},
        training={"epochs": 6, "lr": {"sgd": 0.5, "adam": 0.01}},
        factors={
            "implementations": ["numpy", "torch"],
            "batch_sizes": ["full", 32],
            "objectives": ["softmax+cross_entropy", "sigmoid+squared_error"],
            "optimizers": ["sgd", "adam"],
            "dtypes": ["float32", "float64"],
        },
    )
    data = load_dataset("digits")
    with Laboratory(small, data) as laboratory:
        plan = list(interleaved(small.cells(), small.run.seeds))
        runs = list(make_runs(laboratory, plan, lambda run: None, lambda run, fraction: None))
    assert [run.status for run in runs] == ["ok"] * 32
    pairs = {}
    for made in runs:
        pairs.setdefault(replace(made.cell, implementation="-"), {})[made.cell.implementation] = made
    assert len(pairs) == 16
    return [(setting.dtype, pair) for setting, pair in pairs.items()], len(data.X_test)


def test_both_frameworks_end_with_the_same_test_accuracy_in_float64(digits_pairs):
    pairs = [pair for dtype, pair in digits_pairs[0] if dtype == "float64"]
    for pair in pairs:
        ours, theirs = pair["numpy"].curve, pair["torch"].curve
        assert [point.test_accuracy for point in ours] == [point.test_accuracy for point in theirs]
        for own, other in zip(ours, theirs, strict=True):
            assert own.train_loss == pytest.approx(other.train_loss, rel=1e-10)
            assert (own.epoch, own.updates) == (other.epoch, other.updates)
    assert max(pair["numpy"].curve[-1].test_accuracy for pair in pairs) > 0.85


def test_both_frameworks_end_within_two_samples_of_one_another_in_float32(digits_pairs):
    pairs, test_rows = digits_pairs
    for dtype, pair in pairs:
        if dtype == "float32":
            ours, theirs = (round(run.curve[-1].test_accuracy * test_rows) for run in pair.values())
            assert abs(ours - theirs) <= 2


def test_both_frameworks_record_the_same_initial_weights(digits_pairs):
    for _, pair in digits_pairs[0]:
        assert pair["numpy"].initial_weights_sha256 == pair["torch"].initial_weights_sha256
        assert pair["numpy"].initial_weights_sha256 != pair["numpy"].final_weights_sha256


def test_repeated_run_ends_in_the_same_weights_to_the_last_bit(tmp_path):
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    small = experiment(data={"dataset": str(tmp_path / "three.csv")}, run={"seeds": [3, 4]})
    hashes = []
    for _ in range(2):
        with Laboratory(small, data) as laboratory:
            plan = list(interleaved(small.cells(), small.run.seeds))
            runs = list(make_runs(laboratory, plan, lambda run: None, lambda run, fraction: None))
        hashes.append([(run.initial_weights_sha256, run.final_weights_sha256) for run in runs])
    assert hashes[0] == hashes[1]
    assert len({sha for pair in hashes[0] for sha in pair}) == 4
