"""The process a contestant lives in: what it may print, how it may fail, and how its threads are pinned."""

import os

import numpy as np
import pytest
from contestant_support import experiment, one_line, register_odd_contestants, write_csv

from compare.initial_weights import fingerprint
from compare.measure import contestant as contestant_module
from compare.measure.contestant import Contestant, ContestantError
from compare.measure.laboratory import Laboratory
from compare.measure.pinning import SPIN, THREAD_VARIABLES, pinned_environment, thread_pools
from compare.targets import target_matrix
from data import load_dataset
from handwritten import MLP


def test_libraries_of_the_tests_themselves_have_one_thread():
    assert {pool["threads"] for pool in thread_pools()} == {1}


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    with Laboratory(experiment(), data) as opened:
        yield opened


class Asking:
    """A contestant's process, and requests for one small network."""

    def __init__(self, laboratory, name, threads=1):
        self.laboratory, self.process = laboratory, laboratory.contestant(name, threads)
        self.setting = laboratory.setting("softmax+cross_entropy", "sgd", "float64", 0)
        self.batch, self.output = laboratory.folder / "batch.npz", laboratory.folder / "out.npz"
        Y = target_matrix(laboratory.data.Y_train[:9], 3, "float64")
        np.savez(self.batch, X=laboratory.data.X_train[:9], Y=Y)

    def trace(self, timeout=30):
        asked = {"setting": self.setting, "batch": str(self.batch), "output": str(self.output)}
        self.process.ask("trace", timeout, **asked)
        with np.load(self.output) as arrays:
            return dict(arrays)

    def train(self, timeout=30, report=lambda fraction: None, **changes):
        budget = {"epochs": 2, "updates": None, "seconds": None}
        asked = {"setting": self.setting, "batch_size": 16, "seed": 0, "budget": budget, "target": None}
        return self.process.ask("train", timeout, report, **asked | changes)

    @property
    def pid(self):
        return self.process._process.pid


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_contestant_may_print_without_disturbing_the_answers(laboratory):
    chatty, quiet = Asking(laboratory, "chatty"), Asking(laboratory, "numpy")
    for name, values in quiet.trace().items():
        np.testing.assert_array_equal(chatty.trace()[name], values)
    ends = [asking.train()["final_weights_sha256"] for asking in (chatty, quiet)]
    assert ends[0] == ends[1]


def test_exception_is_told_in_one_line_and_the_process_goes_on(laboratory):
    asking = Asking(laboratory, "raising")
    with pytest.raises(ContestantError) as failure:
        asking.trace()
    assert one_line(str(failure.value))
    assert str(failure.value).startswith("ValueError: the first line")
    assert failure.value.status == "failed"
    pid = asking.pid
    assert asking.train()["training"]["status"] == "ok"
    assert asking.pid == pid


def test_death_is_told_with_its_exit_code_and_last_words_and_the_next_request_starts_anew(laboratory):
    asking = Asking(laboratory, "exiting")
    with pytest.raises(ContestantError, match=r"ended with exit code 7: last words") as failure:
        asking.trace()
    assert one_line(str(failure.value))
    assert asking.train()["training"]["status"] == "ok"


def test_death_by_a_signal_is_told_with_its_number(laboratory):
    with pytest.raises(ContestantError, match="killed by signal 9") as failure:
        Asking(laboratory, "killed").trace()
    assert one_line(str(failure.value))
    assert failure.value.status == "failed"


def test_process_that_died_between_two_requests_is_told_and_replaced(laboratory):
    asking = Asking(laboratory, "numpy")
    asking.trace()
    process = asking.process._process
    process.kill()
    process.wait()
    with pytest.raises(ContestantError, match="killed by signal 9"):
        asking.trace()
    assert "loss" in asking.trace()


def test_timeout_ends_the_process_and_the_next_request_starts_a_new_one(laboratory):
    asking = Asking(laboratory, "hanging-in-a-run")
    asking.trace()
    pid = asking.pid
    with pytest.raises(ContestantError, match=r"no answer within 0.3 s") as failure:
        asking.train(timeout=0.3)
    assert failure.value.status == "timeout"
    assert not is_running(pid)
    assert "loss" in asking.trace()
    assert asking.pid != pid


@pytest.mark.parametrize("again", [1, 2])
def test_contestant_that_cannot_be_imported_says_so_every_time(laboratory, again):
    asking = Asking(laboratory, "unimportable")
    for _ in range(again):
        with pytest.raises(ContestantError, match="ModuleNotFoundError: No module named 'no_such_module'"):
            asking.trace()


def test_unknown_contestant_is_told(laboratory):
    with pytest.raises(ContestantError, match="caffe"):
        Asking(laboratory, "caffe").trace()


@pytest.mark.parametrize("name", ["numpy", "torch"])
def test_every_library_in_a_contestant_runs_the_threads_it_was_given(laboratory, name):
    asking = Asking(laboratory, name)
    asking.trace()
    pools = asking.process.pools
    assert pools, "threadpoolctl found no BLAS or OpenMP library"
    assert {pool["threads"] for pool in pools} == {1}
    assert all(pool["library"] for pool in pools)


def test_contestant_that_sets_its_own_threads_is_refused_and_ended(laboratory):
    asking = Asking(laboratory, "unpinned")
    with pytest.raises(ContestantError, match=r"runs 2 threads where 1 was asked for") as failure:
        asking.trace()
    assert one_line(str(failure.value))
    assert asking.process._process is None


def test_thread_variables_beat_those_of_the_parent_and_waiting_is_left_to_the_library():
    inherited = {"OMP_NUM_THREADS": "9", "OMP_WAIT_POLICY": "ACTIVE", "HOME": "/nowhere"}
    environment = pinned_environment(2, inherited)
    assert {environment[variable] for variable in THREAD_VARIABLES} == {"2"}
    assert "OMP_WAIT_POLICY" not in environment
    assert environment["HOME"] == "/nowhere"
    assert environment.items() >= SPIN.items()
    assert inherited["OMP_NUM_THREADS"] == "9"


def test_run_begins_at_the_initial_weights_and_not_where_the_warm_up_ended(laboratory):
    asking = Asking(laboratory, "numpy")
    training = asking.train()["training"]
    first, again = training["curve"][0], asking.train()["training"]["curve"][0]
    assert first["train_loss"] == again["train_loss"]
    with np.load(asking.setting["parameters"]) as arrays:
        initial = dict(arrays)
    network = asking.laboratory.network("softmax+cross_entropy")
    mlp = MLP(*network.arguments)
    mlp.load(initial)
    data = asking.laboratory.data
    assert mlp.loss(data.X_train, target_matrix(data.Y_train, 3, "float64")) == first["train_loss"]
    assert training["updates"] == 2 * -(-len(data.X_train) // 16)


def test_every_contestant_gets_the_same_weights_and_their_sha256_is_recorded(laboratory):
    network = laboratory.network("softmax+cross_entropy")
    path, sha = laboratory.weights(network, 0)
    with np.load(path) as arrays:
        assert fingerprint(dict(arrays)) == sha
    assert laboratory.weights(network, 0) == (path, sha)
    assert laboratory.weights(network, 1)[1] != sha
    traces = [Asking(laboratory, name).trace() for name in ("numpy", "torch")]
    np.testing.assert_allclose(traces[0]["value Z1"], traces[1]["value Z1"], rtol=1e-13)


def test_fractions_are_reported_while_a_run_goes_on(laboratory):
    fractions = []
    budget = {"epochs": None, "updates": None, "seconds": 0.5}
    Asking(laboratory, "numpy").train(report=fractions.append, budget=budget)
    assert fractions[0] == 0
    assert len(fractions) > 1
    assert fractions == sorted(fractions)


def test_closing_ends_the_process_and_may_be_done_twice(laboratory):
    asking = Asking(laboratory, "numpy")
    asking.trace()
    pid = asking.pid
    asking.process.close()
    asking.process.close()
    assert not is_running(pid)


def test_leaving_the_laboratory_ends_every_process_and_removes_its_folder(tmp_path, monkeypatch):
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    with Laboratory(experiment(), data) as opened:
        asking = Asking(opened, "numpy")
        asking.trace()
        pid, folder = asking.pid, opened.folder
        assert asking.process is opened.contestant("numpy", 1)
    assert not is_running(pid)
    assert not folder.exists()


def test_start_that_takes_too_long_is_a_timeout(laboratory, monkeypatch):
    monkeypatch.setattr(contestant_module, "START_SECONDS", 0.0)
    process = Contestant("numpy", 1, laboratory.folder)
    with pytest.raises(ContestantError) as failure:
        process.ask("trace", 1)
    assert failure.value.status == "timeout"
    process.close()
