"""The measuring protocol: whose turn it is, in which process, and what becomes of those that fail."""

from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest
from contestant_support import experiment, register_odd_contestants, write_csv
from made_runs import cell
from made_timings import block, timing

from compare.measure import protocol
from compare.measure.contestant import ContestantError
from compare.measure.floor import LIBRARIES
from compare.measure.laboratory import Laboratory
from compare.measure.protocol import make_timings, missing, sittings
from compare.timings import Entrant
from data import load_dataset

CELLS = [
    cell(name, batch_size=size, threads=threads)
    for threads in (1, 2)
    for size in ("full", 32)
    for name in ("numpy", "torch", "other")
]


def test_every_group_sits_once_in_every_process_and_the_reference_twice():
    planned = list(sittings(CELLS, 5, "torch", null_test=True))
    assert [sitting.process for sitting in planned] == sorted(4 * [0, 1, 2, 3, 4])
    counts = Counter((entrant, sitting.process) for sitting in planned for entrant in sitting.entrants)
    assert set(counts.values()) == {1}
    twins = [Entrant(each, True) for each in CELLS if each.implementation == "torch"]
    assert {entrant for entrant, _ in counts} == {*map(Entrant, CELLS), *twins}
    for sitting in planned:
        settings = {(entrant.cell.batch_size, entrant.cell.threads) for entrant in sitting.entrants}
        assert (len(settings), len(sitting.entrants)) == (1, 4)


def test_without_the_null_test_everybody_sits_once():
    for sitting in sittings(CELLS, 1, "torch", null_test=False):
        assert not any(entrant.again for entrant in sitting.entrants)
    assert list(sittings(CELLS, 0, "torch", null_test=True)) == []


def test_the_floor_sits_once_for_each_library_with_every_group():
    planned = list(sittings(CELLS, 2, "torch", null_test=True, floor=True))
    assert {len(sitting.entrants) for sitting in planned} == {6}
    for sitting in planned:
        shared = sitting.entrants[0].cell
        floors = [entrant for entrant in sitting.entrants if entrant.floor]
        assert floors == [Entrant(replace(shared, implementation=name), floor=True) for name in LIBRARIES]


def test_the_order_of_the_groups_is_drawn_from_the_process_number():
    planned = list(sittings(CELLS, 8, "torch", null_test=True))
    assert planned == list(sittings(CELLS, 8, "torch", null_test=True))
    orders = [tuple(sitting.entrants for sitting in planned[at : at + 4]) for at in range(0, 32, 4)]
    assert len(set(orders)) > 3


class Room:
    """A laboratory without processes: it notes who was asked what, and answers at once."""

    def __init__(self, failing=(), seeds=(7, 8)):
        self.experiment = experiment(run={"seeds": list(seeds)})
        self.asked, self.renewed, self.failing = [], [], dict(failing)
        self.launched, self.started = [], []

    def renew(self):
        self.renewed.append(len(self.asked))

    def setting_of(self, cell, seed):
        return {"seed": seed}

    def contestant(self, implementation, threads, again, floor):
        return Answering(self, (implementation, threads, again, floor))

    def network(self, objective):
        return SimpleNamespace(sizes=(3, 5, 3))


class Answering:
    def __init__(self, room, name):
        self.room, self.name = room, name

    def launch(self):
        self.room.launched.append(self.name)

    def start(self):
        self.room.started.append((self.name, len(self.room.launched)))

    def ask(self, do, timeout, **request):
        self.room.asked.append((do, self.name, request))
        if self.room.failing.get((self.name[0], do)):
            raise ContestantError("no more", self.room.failing[self.name[0], do])
        if do.startswith("prepare"):
            return {"updates": 6, "updates_per_epoch": 3, "settled": True, "warm_up": [told(block())]}
        return told(block(updates=request["updates"]))


def told(of_block):
    return dict(vars(of_block))


@pytest.fixture(autouse=True)
def _no_gaps(monkeypatch):
    monkeypatch.setattr(protocol.time, "sleep", lambda seconds: None)


def make(room, cells=CELLS[:3], processes=2, rounds=4, floor=False):
    planned = list(sittings(cells, processes, "torch", null_test=True, floor=floor))
    return list(make_timings(room, planned, rounds))


def test_everybody_is_prepared_and_then_trains_a_block_in_every_round():
    room = Room()
    made = make(room, processes=1)
    assert [do for do, _, _ in room.asked] == 4 * ["prepare"] + 16 * ["block"]
    for start in range(0, 20, 4):
        assert len({name for _, name, _ in room.asked[start : start + 4]}) == 4
    assert [(each.status, len(each.blocks), each.updates_per_epoch) for each in made] == 4 * [("ok", 4, 3)]
    assert {request["updates"] for do, _, request in room.asked if do == "block"} == {6}


def test_all_processes_are_started_at_once_and_before_anybody_is_prepared():
    room = Room()
    make(room, processes=1)
    assert len(set(room.launched)) == 4
    assert room.started == [(name, 4) for name in room.launched]


def test_the_floor_is_prepared_from_widths_and_trains_blocks_like_everybody():
    room = Room()
    made = make(room, processes=1, floor=True)
    prepared = [(name, request) for do, name, request in room.asked if do == "prepare_floor"]
    assert sorted(name for name, _ in prepared) == [(library, 1, False, True) for library in LIBRARIES]
    for _, request in prepared:
        block = {"batch_size": "full", "at_least": protocol.FLOOR_BLOCK_SECONDS}
        assert request == {"sizes": (3, 5, 3), "dtype": "float32", **block}
    assert [(each.floor, each.status, len(each.blocks)) for each in made] == 4 * [(False, "ok", 4)] + 2 * [
        (True, "ok", 4)
    ]


def test_a_floor_that_fails_leaves_the_contestant_of_its_name_alone():
    room = Room({("numpy", "prepare_floor"): "failed"})
    made = make(room, floor=True)
    assert [(each.cell.implementation, each.floor) for each in made if each.status != "ok"] == [
        ("numpy", True)
    ]
    assert len(made) == 6 + 5


def test_the_order_changes_from_round_to_round_and_is_the_same_again():
    rooms = [Room(), Room()]
    for room in rooms:
        make(room, rounds=30)
    orders = [[(do, name) for do, name, _ in room.asked] for room in rooms]
    assert orders[0] == orders[1]
    blocks = [name for do, name in orders[0] if do == "block"]
    first = Counter(blocks[::4])
    assert len(first) == 4
    assert min(first.values()) > 5


def test_every_second_round_reverses_the_one_before_so_that_drift_favours_nobody():
    room = Room()
    make(room, processes=1, rounds=6)
    names = [name for do, name, _ in room.asked if do == "block"]
    rounds = [names[start : start + 4] for start in range(0, len(names), 4)]
    assert [rounds[at + 1] for at in (0, 2, 4)] == [rounds[at][::-1] for at in (0, 2, 4)]
    assert len({tuple(order) for order in rounds}) > 2


def test_each_process_number_has_processes_of_its_own_and_the_seeds_take_turns():
    room = Room()
    make(room, CELLS[:6], processes=3)
    assert room.renewed == [0, len(room.asked) // 3, 2 * len(room.asked) // 3]
    seeds = [request["setting"]["seed"] for do, _, request in room.asked if do == "prepare"]
    assert seeds == [7] * 8 + [8] * 8 + [7] * 8


@pytest.mark.parametrize("do", ["prepare", "block"])
def test_who_fails_is_told_and_not_asked_again_while_the_others_go_on(do):
    room = Room({("other", do): "timeout"})
    made = make(room, processes=3)
    failed = [each for each in made if each.status != "ok"]
    assert [(each.cell.implementation, each.status, each.reason) for each in failed] == [
        ("other", "timeout", "no more")
    ]
    assert sum(name[0] == "other" for _, name, _ in room.asked) == (1 if do == "prepare" else 2)
    assert [len(each.blocks) for each in made if each.status == "ok"] == 9 * [4]


def test_a_sitting_is_missing_until_everybody_in_it_has_all_rounds():
    planned = list(sittings(CELLS[:3], 2, "torch", null_test=True))
    complete = [
        timing(entrant.cell, sitting.process, [0.05] * 4, again=entrant.again)
        for sitting in planned
        for entrant in sitting.entrants
    ]
    assert missing(planned, complete, 4) == []
    assert missing(planned, complete, 5) == planned
    assert missing(planned, complete[1:], 4) == planned[:1]
    failed = timing(complete[-1].cell, 1, again=complete[-1].again, status="failed", reason="x")
    assert missing(planned, [*complete[:-1], failed], 4) == planned[1:]


def test_a_sitting_without_its_floor_is_missing():
    planned = list(sittings(CELLS[:3], 1, "torch", null_test=False, floor=True))
    complete = [
        timing(entrant.cell, 0, [0.05] * 4, floor=entrant.floor)
        for sitting in planned
        for entrant in sitting.entrants
    ]
    assert missing(planned, complete, 4) == []
    assert missing(planned, complete[:-1], 4) == planned


def test_real_processes_are_timed_and_a_failing_one_is_told(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    monkeypatch.setattr(protocol, "BLOCK_SECONDS", 1e-4)
    monkeypatch.setattr(protocol, "FLOOR_BLOCK_SECONDS", 1e-4)
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    names = ["numpy", "raising-in-a-run"]
    small = experiment(factors={"implementations": names, "batch_sizes": [16]})
    with Laboratory(small, data) as laboratory:
        planned = list(sittings(small.cells(), 1, "numpy", null_test=True, floor=True))
        made = list(make_timings(laboratory, planned, 2))
        pids = {each.pid for each in laboratory._contestants.values()}
        assert laboratory.builds()["numpy"].startswith("numpy ")
        assert {"numpy, 1 thread", "numpy, floor, 1 thread"} < laboratory.thread_pools().keys()
    assert len(pids) == 5
    good = [each for each in made if each.status == "ok"]
    assert sorted((each.cell.implementation, each.again, each.floor, len(each.blocks)) for each in good) == [
        ("numpy", False, False, 2),
        ("numpy", False, True, 2),
        ("numpy", True, False, 2),
        ("torch", False, True, 2),
    ]
    (failed,) = (each for each in made if each.status != "ok")
    assert failed.reason == "FloatingPointError: no more"
    assert {each.updates_per_epoch for each in good} == {-(-len(data.X_train) // 16)}


def test_a_block_needs_something_prepared(tmp_path):
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    small = experiment()
    with Laboratory(small, data) as laboratory, pytest.raises(ContestantError, match="nothing is prepared"):
        laboratory.contestant("numpy", 1).ask("block", 30, updates=3)
