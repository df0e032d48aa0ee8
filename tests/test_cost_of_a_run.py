"""What surrounds a run is kept small: processes, warm-ups and flushes are not repeated for every one."""

import os

import pytest
from contestant_support import experiment, write_csv

from compare import journal
from compare.journal import Journal
from compare.measure import worker
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import interleaved
from compare.measure.session import make_runs
from data import load_dataset


@pytest.mark.parametrize(("seeds", "renewals"), [(1, 1), (5, 5), (6, 3), (12, 4), (100, 5)])
def test_processes_are_replaced_at_every_seed_and_five_times_at_most(tmp_path, monkeypatch, seeds, renewals):
    many = experiment(run={"seeds": list(range(seeds))})
    with Laboratory(many, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        counted = []
        monkeypatch.setattr(laboratory, "renew", lambda: counted.append(1))
        plan = list(interleaved(many.cells(), many.run.seeds))
        made = list(make_runs(laboratory, plan, lambda run: ("failed", "no"), lambda *_: None))
        assert len(made) == seeds
        assert len(counted) == renewals
        monkeypatch.undo()


def test_a_process_warms_up_once_for_each_kind_of_run(tmp_path, monkeypatch):
    counted = []
    monkeypatch.setattr(worker, "warm_up", lambda *_: counted.append(1))
    small = experiment()
    budget = {"epochs": 1, "updates": None, "seconds": None}
    dataset = load_dataset(write_csv(tmp_path / "three.csv"))
    with Laboratory(small, dataset) as laboratory, open(os.devnull, "w") as answers:
        one = worker.Worker(answers)
        one.hello("numpy", str(laboratory.folder), False)
        for seed, batch_size in ((0, 16), (1, 16), (1, "full"), (0, "full")):
            setting = laboratory.setting("softmax+cross_entropy", "sgd", "float64", seed)
            one.train(setting, batch_size, seed, budget, None)
    assert len(counted) == 2


def test_records_are_flushed_to_the_disk_now_and_then_and_at_the_end(tmp_path, monkeypatch):
    now, flushed = [100.0], []
    monkeypatch.setattr(journal.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(journal.os, "fsync", lambda descriptor: flushed.append(now[0]))
    growing = Journal.open(tmp_path / "x.jsonl", os.O_CREAT)
    for later in (0.0, 0.1, 0.2, 0.3, 0.1):
        now[0] += later
        growing.append({"at": now[0]})
    assert flushed == pytest.approx([100.0, 100.6])
    assert len((tmp_path / "x.jsonl").read_text().splitlines()) == 5
    growing.close()
    assert len(flushed) == 3
