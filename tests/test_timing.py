"""Blocks under the clock: what they measure, when a warm-up ends, what is written and read back."""

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import cell, run
from made_timings import timing

from compare.batches import batches_per_epoch
from compare.measure import timing as timing_module
from compare.measure.environment import caches, describe_environment, read_line
from compare.measure.software import builds
from compare.measure.timing import (
    MOST_WARM_UP_BLOCKS,
    Stopwatch,
    UntakenBatchesError,
    endless_batches,
    involuntary_switches,
    processor_seconds,
)
from compare.results import ResultsError
from compare.store import Store
from compare.timings import Block, Timing, timings_in_grid_order


class Machine:
    """A clock that only the contestant below moves, and what the system tells of itself."""

    def __init__(self):
        self.wall = self.cpu = self.everybody = 0.0
        self.switches = 0

    def perf_counter(self):
        return self.wall

    def process_time(self):
        return self.cpu


class Worker:
    """A contestant whose n-th call of `train` takes the n-th of `speeds` seconds an update, then the last."""

    def __init__(self, machine, speeds):
        self.machine, self.speeds, self.calls = machine, list(speeds), []

    def train(self, batches):
        speed = self.speeds.pop(0) if len(self.speeds) > 1 else self.speeds[0]
        rows = list(batches)
        self.calls.append(rows)
        self.machine.wall += speed * len(rows)
        self.machine.cpu += 0.5 * speed * len(rows)
        self.machine.everybody += 2 * speed * len(rows)
        self.machine.switches += len(rows)


@pytest.fixture
def machine(monkeypatch):
    fake = Machine()
    monkeypatch.setattr(timing_module, "time", fake)
    monkeypatch.setattr(timing_module, "processor_seconds", lambda: fake.everybody)
    monkeypatch.setattr(timing_module, "involuntary_switches", lambda: fake.switches)
    return fake


def stopwatch(machine, *speeds, n=40, batch_size=4):
    batches = endless_batches(n, batch_size, seed=0)
    return Stopwatch(Worker(machine, speeds).train, batches, batches_per_epoch(n, batch_size))


def test_a_block_is_wall_and_own_cpu_seconds_switches_and_what_others_took(machine):
    measured = stopwatch(machine, 0.25).block(8)
    assert measured == Block(8, 2.0, 1.0, 8, 3.0)
    assert measured.seconds_per_update == 0.25


def test_what_the_system_does_not_tell_is_none(machine, monkeypatch):
    monkeypatch.setattr(timing_module, "processor_seconds", lambda: None)
    monkeypatch.setattr(timing_module, "involuntary_switches", lambda: None)
    assert stopwatch(machine, 0.25).block(8) == Block(8, 2.0, 1.0, None, None)


def test_others_never_take_less_than_nothing(machine, monkeypatch):
    monkeypatch.setattr(timing_module, "processor_seconds", lambda: 0.0)
    assert stopwatch(machine, 0.25).block(8).others_seconds == 0.0


def test_warm_up_grows_the_block_until_it_lasts_and_two_agree(machine):
    watch = stopwatch(machine, 0.001)
    done = watch.warm_up(0.05)
    assert done.settled
    assert [block.updates for block in done.warm_up] == [1, 1, 60, 60]
    assert (done.updates, done.updates_per_epoch) == (60, 10)


def test_a_block_of_more_than_an_epoch_is_whole_epochs(machine):
    assert stopwatch(machine, 0.05 / 33).warm_up(0.05).updates == 40
    assert stopwatch(machine, 0.05 / 3).warm_up(0.05).updates == 4


def test_an_update_that_is_longer_than_a_block_is_one(machine):
    done = stopwatch(machine, 0.7, batch_size="full").warm_up(0.05)
    assert [block.updates for block in done.warm_up] == [1, 1]
    assert done.settled


def test_a_slow_first_call_does_not_decide_the_length_of_a_block(machine):
    done = stopwatch(machine, 9.0, 0.06, 0.001).warm_up(0.05)
    assert done.updates == 60
    assert done.settled


def test_a_warm_up_that_keeps_drifting_ends_and_says_so(machine):
    speeds = [1.3**-step for step in range(40)]
    done = stopwatch(machine, *speeds, batch_size="full").warm_up(1e-9)
    assert not done.settled
    assert len(done.warm_up) == MOST_WARM_UP_BLOCKS


@pytest.mark.parametrize("taken", [0, 1])
@pytest.mark.parametrize("batch_size", [4, "full"])
def test_a_contestant_that_leaves_batches_untaken_is_refused_at_once(taken, batch_size):
    watch = Stopwatch(
        lambda batches: list(islice(batches, taken)), endless_batches(40, batch_size, seed=0), 10
    )
    with pytest.raises(UntakenBatchesError, match="before it had taken all its batches"):
        watch.warm_up(at_least=1.0)


def test_blocks_go_on_where_the_last_one_ended(machine):
    worker = Worker(machine, [1.0])
    watch = Stopwatch(worker.train, endless_batches(10, 4, seed=0), batches_per_epoch(10, 4))
    for updates in (2, 2, 1):
        watch.block(updates)
    trained = [rows.tolist() for call in worker.calls for rows in call]
    batches = endless_batches(10, 4, 0)
    assert trained == [next(batches).tolist() for _ in range(5)]
    assert sorted(row for rows in trained[:3] for row in rows) == list(range(10))


def test_the_system_tells_cpu_time_and_switches_or_nothing(monkeypatch, tmp_path):
    told = processor_seconds()
    assert told is None or told > 0
    switches = involuntary_switches()
    assert switches is None or switches >= 0
    monkeypatch.setattr(timing_module, "STAT", tmp_path / "none")
    assert processor_seconds() is None
    (tmp_path / "odd").write_text("cpu with words\n")
    monkeypatch.setattr(timing_module, "STAT", tmp_path / "odd")
    assert processor_seconds() is None
    (tmp_path / "stat").write_text("cpu  100 20 3 999 999 4 5 6 0 0\ncpu0 1 1\n")
    monkeypatch.setattr(timing_module, "STAT", tmp_path / "stat")
    assert processor_seconds() == pytest.approx(1.38)


numbers = st.floats(0, 1e6)
blocks = st.builds(
    Block,
    st.integers(1, 10**6),
    st.floats(1e-9, 1e6),
    numbers,
    st.none() | st.integers(0, 10**6),
    st.none() | numbers,
)
timings = st.builds(
    timing,
    process=st.integers(0, 20),
    again=st.booleans(),
    floor=st.booleans(),
    status=st.sampled_from(["ok", "failed", "timeout"]),
    reason=st.none() | st.text(min_size=1, max_size=5),
    settled=st.booleans(),
    warm_up=st.lists(blocks, max_size=3).map(tuple),
    blocks=st.lists(blocks, max_size=3).map(tuple),
)


@given(timings)
def test_a_timing_survives_json(original):
    assert Timing.from_json(json.loads(json.dumps(original.to_json(), allow_nan=False))) == original


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"process": -1}, "process must be a whole number of at least 0"),
        ({"status": "diverged"}, "status must be one of ok, failed, timeout"),
        ({"again": 1}, "again must be true or false"),
        ({"floor": None}, "floor must be true or false"),
        ({"blocks": [[1, 2]]}, "blocks must be a list of lists of updates, seconds"),
        ({"blocks": 3}, "blocks must be a list of lists"),
        ({"blocks": [[1, 0.0, 0.0, 0, 0.0]]}, "seconds must be a finite number above 0"),
        ({"blocks": [[0, 1.0, 0.0, 0, 0.0]]}, "updates must be a whole number of at least 1"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"colour": "red"}, "a timing has the unknown keys colour"),
    ],
)
def test_a_timing_that_is_wrong_is_refused_by_its_key(change, told):
    with pytest.raises(ResultsError, match=told):
        Timing.from_json({**timing().to_json(), **change})


def test_a_timing_of_before_there_was_a_floor_can_be_read():
    written = timing().to_json()
    assert written.pop("floor") is False
    assert Timing.from_json(written) == timing()


def test_the_floor_is_not_the_contestant_of_its_name():
    assert timing(floor=True).key != timing().key


def test_timings_are_listed_as_the_grid_lists_its_cells_and_the_floor_behind():
    cells = [cell("numpy"), cell("torch")]
    ordered = [(0, False, 0), (0, False, 1), (0, True, 0), (1, False, 0)]
    made = [timing(cells[place], process, again=again) for place, again, process in ordered]
    made.append(timing(cells[0], 0, floor=True))
    assert timings_in_grid_order(made[::-1], cells) == made


def test_timings_are_there_after_resuming_beside_the_runs(tmp_path: Path):
    with Store.create(tmp_path, {}) as store:
        store.append(timing(process=0))
        store.append(run())
        store.append(timing(process=1))
        store.append(timing(process=1, settled=False))
    assert (tmp_path / "timings.jsonl").read_bytes().count(b"\n") == 3
    with Store.resume(tmp_path) as again:
        assert [*again.runs] == [run()]
        assert [*again.timings] == [timing(process=0), timing(process=1, settled=False)]
        again.append(timing(process=2))
    with Store.resume(tmp_path) as third:
        assert len(third.timings) == 3


def test_a_torn_line_of_timings_is_dropped_and_told(tmp_path: Path):
    with Store.create(tmp_path, {}) as store:
        store.append(timing(process=0))
        store.append(timing(process=1))
    path = tmp_path / "timings.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    with Store.resume(tmp_path) as again:
        assert [*again.timings] == [timing(process=0)]
        assert "timings.jsonl: the last line was cut off" in again.dropped


def test_a_malformed_timing_is_refused_by_file_and_line(tmp_path: Path):
    with Store.create(tmp_path, {}) as store:
        store.append(timing())
    with (tmp_path / "timings.jsonl").open("a") as file:
        file.write("{}\n")
    with pytest.raises(ResultsError, match=r"timings\.jsonl, line 2: a timing lacks the keys"):
        Store.resume(tmp_path)


def test_the_environment_is_json_and_tells_caches_and_builds():
    environment = describe_environment(["python"], {}, builds())
    assert json.loads(json.dumps(environment)) == environment
    assert {"caches", "governor", "load", "memory_gb", "builds", "commit"} <= environment.keys()
    assert environment["builds"]["numpy"].startswith("numpy ")
    assert all(size for size in caches().values())


def test_what_the_system_does_not_have_is_left_out(tmp_path: Path):
    assert read_line(tmp_path / "governor") is None
    (tmp_path / "governor").write_text("performance\n")
    assert read_line(tmp_path / "governor") == "performance"
