"""Runs made at the same time, here and on a cluster: the same runs, each once, though a worker dies."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from contestant_support import PYTHONPATH, experiment, one_line, register_odd_contestants, write_csv
from ungated import UNGATED

from compare.measure import parallel, there
from compare.measure.admission import usable_workers
from compare.measure.cluster import Cluster
from compare.measure.laboratory import Laboratory
from compare.measure.parallel import at_once
from compare.measure.protocol import sittings
from compare.measure.schedule import interleaved
from compare.measure.session import attempted, unmade
from compare.measure.tuning import PlannedTuning
from compare.measure.work import Work
from compare.measure.workplaces import Here, WorkplaceError
from compare.results import Regime
from data import load_dataset


@pytest.fixture
def laboratory(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    small = experiment(factors={"batch_sizes": ["full", 16]}, run={"seeds": [0, 1, 2]})
    with Laboratory(small, load_dataset(write_csv(tmp_path / "three.csv"))) as opened:
        yield opened


def plan_of(laboratory):
    return list(interleaved(laboratory.experiment.cells(), laboratory.experiment.run.seeds))


def made(place, laboratory, refused=lambda planned: None):
    runs = place.make_runs(plan_of(laboratory), refused, lambda planned, fraction: None)
    return {run.key: run for run in runs}


def tuning_plan_of(laboratory):
    cells = laboratory.experiment.cells()
    return [PlannedTuning(cell, lr, seed) for cell in cells for lr in (0.1, 0.5) for seed in (3, 4)]


def tried(place, laboratory):
    return list(place.make_tunings(tuning_plan_of(laboratory), lambda planned, fraction: None))


def what_does_not_depend_on_time(run):
    losses = [(point.updates, point.train_loss, point.test_accuracy) for point in run.curve]
    return run.status, run.lr, run.final_weights_sha256, losses


def test_runs_made_at_the_same_time_are_those_made_in_turns(laboratory):
    in_turns, at_once = made(Here(laboratory), laboratory), made(Here(laboratory, 2), laboratory)
    assert in_turns.keys() == at_once.keys()
    for key, run in in_turns.items():
        assert what_does_not_depend_on_time(run) == what_does_not_depend_on_time(at_once[key])
    assert all(run.alone and run.host for run in in_turns.values())
    assert not any(run.alone for run in at_once.values())


def test_runs_that_are_refused_are_not_made_at_the_same_time_either(laboratory):
    runs = made(
        Here(laboratory, 2), laboratory, lambda planned: ("failed", "no") if planned.seed == 1 else None
    )
    assert {run.seed: run.reason for run in runs.values()} == {0: None, 1: "no", 2: None}


def test_rates_tried_at_the_same_time_are_as_those_tried_in_turns(laboratory):
    in_turns, at_once = tried(Here(laboratory), laboratory), tried(Here(laboratory, 2), laboratory)
    assert len({record.key for record in in_turns}) == len(in_turns) == len(at_once) == 2 * 2 * 2
    assert {record.status for record in in_turns} == {"ok"}
    assert set(in_turns) == set(at_once)


def test_a_rate_whose_training_dies_or_hangs_is_recorded_and_the_others_are_tried(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    names = ["raising-in-a-run", "hanging-in-a-run", "numpy"]
    small = experiment(factors={"implementations": names}, run={"timeout": 1})
    with Laboratory(small, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        records = tried(Here(laboratory, 2), laboratory)
    found = {(record.cell.implementation, record.status, record.reason) for record in records}
    assert len({(r.cell, r.lr, r.seed) for r in records}) == len(records) == 3 * 2 * 2
    assert found == {
        ("raising-in-a-run", "failed", "FloatingPointError: no more"),
        ("hanging-in-a-run", "timeout", "no answer within 1 s; stopped"),
        ("numpy", "ok", None),
    }


def test_leaving_in_the_middle_ends_what_runs_and_drops_what_waits(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    slow = experiment(training={"seconds": 30.0}, run={"seeds": [0, 1, 2, 3]})
    with Laboratory(slow, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        runs = Here(laboratory, 2).make_runs(
            plan_of(laboratory),
            lambda planned: ("failed", "no") if planned.seed == 0 else None,
            lambda *_: None,
        )
        assert next(runs).seed == 0
        begun = time.monotonic()
        runs.close()
        assert time.monotonic() - begun < 20  # the three others would take 60 s


def test_a_run_that_begins_while_the_others_are_ended_is_ended_too(tmp_path, monkeypatch):
    """A laboratory is lent some time before its process is started: initial weights are drawn first."""
    register_odd_contestants(monkeypatch)
    ends, lent = [], threading.Event()

    def slow_to_begin(laboratory, planned, report, alone):
        lent.set()
        time.sleep(0.3)
        ends.append(attempted(laboratory, planned, report, alone).status)

    slow = experiment(training={"seconds": 5.0}, run={"seeds": [1, 0]})
    with Laboratory(slow, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        runs = at_once(
            Work(slow_to_begin, unmade),
            laboratory,
            plan_of(laboratory),
            lambda planned: ("failed", "no") if planned.seed == 0 else None,
            2,
        )
        assert next(runs).reason == "no"
        assert lent.wait(60)
        runs.close()
    assert ends == ["failed"]


def start(*arguments):
    command = [sys.executable, "-m", *arguments, "--no-dashboard"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for(process, words):
    """Return the first line of a process's log that has the words; fail where it ends without one."""
    for line in process.stderr:
        if words in line:
            return line
    raise AssertionError(f"{process.args} said nothing of {words!r}")


@pytest.fixture(scope="module")
def scheduler():
    """A real scheduler without workers; skipped where Dask is not installed."""
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    process = start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
    yield wait_for(process, "Scheduler at:").split()[-1]
    process.kill()
    process.wait()
    process.stderr.close()


@pytest.fixture
def workers(scheduler, tmp_path, laboratory):
    """Start workers with the arguments given; all are ended afterwards."""
    started = []

    def begin(count, *arguments):
        for _ in range(count):
            folder = ["--local-directory", str(tmp_path / "dask")]
            process = start(
                "distributed.cli.dask_worker",
                scheduler,
                *("--nthreads", "1", "--no-nanny"),
                *folder,
                *arguments,
            )
            started.append(process)
        for process in started[-count:]:
            wait_for(process, "Registered to:")
        return started

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def test_every_tuning_and_run_of_a_cluster_ends_once_though_a_worker_is_killed_in_each(
    laboratory, workers, scheduler
):
    first, second, third = workers(3, "--resources", "exclusive=1")
    rates_alone = tried(Here(laboratory), laboratory)
    with Cluster(scheduler, laboratory) as cluster:
        assert len(cluster.workers) == 3
        found = []
        for record in cluster.make_tunings(tuning_plan_of(laboratory), lambda *_: None):
            found.append(record)
            if len(found) == 1:
                os.kill(third.pid, signal.SIGKILL)
        assert len(found) == len(rates_alone)
        assert set(found) == set(rates_alone)
        laboratory.rates = {Regime.of(laboratory.experiment.cells()[0]): 2.0}
        alone = made(Here(laboratory), laboratory)
        assert {run.lr for run in alone.values()} == {0.5, 2.0}
        ended = []
        for run in cluster.make_runs(plan_of(laboratory), lambda planned: None, lambda *_: None):
            ended.append(run)
            if len(ended) == 1:
                os.kill(first.pid, signal.SIGKILL)
        assert sorted(run.key[1:] for run in ended) == sorted(key[1:] for key in alone)
        assert {run.key: what_does_not_depend_on_time(run) for run in ended} == {
            key: what_does_not_depend_on_time(run) for key, run in alone.items()
        }
        assert second.poll() is None


def test_a_worker_lets_go_of_a_dataset_with_the_last_command_that_uses_it(laboratory):
    experiment, sha256 = laboratory.experiment.to_dict(), laboratory.data.sha256
    there.keep(laboratory.data)
    there.keep(laboratory.data)
    there.leave(sha256)
    with there.lent(experiment, sha256, {}) as lent:
        folder = lent.folder
        assert folder.is_dir()
    there.leave(sha256)
    assert not folder.exists()
    with pytest.raises(KeyError), there.lent(experiment, sha256, {}):
        pass


def test_a_cluster_that_is_left_holds_no_data_any_more(laboratory, workers, scheduler):
    from distributed import Client

    workers(1, "--resources", "exclusive=1")
    sha256 = laboratory.data.sha256
    with Client(scheduler, set_as_default=False) as client:
        with Cluster(scheduler, laboratory):
            assert [sha256 in held for held in client.run(there.held).values()] == [True]
        assert [sha256 in held for held in client.run(there.held).values()] == [False]


def test_the_data_outlive_every_worker_that_first_had_them(laboratory, workers, scheduler):
    (first,) = workers(1, "--resources", "exclusive=1")
    alone = made(Here(laboratory), laboratory)
    with Cluster(scheduler, laboratory) as cluster:
        workers(1, "--resources", "exclusive=1")
        first.kill()
        assert made(cluster, laboratory).keys() == alone.keys()


def test_a_cluster_without_workers_is_given_up_in_one_line(laboratory, workers, scheduler, monkeypatch):
    monkeypatch.setattr("compare.measure.cluster.PATIENCE_SECONDS", 0.5)
    monkeypatch.setattr(parallel, "WATCH_SECONDS", 0.2)
    (only,) = workers(1, "--resources", "exclusive=1")
    with Cluster(scheduler, laboratory) as cluster:
        only.kill()
        with pytest.raises(WorkplaceError, match="the cluster is lost") as told:
            made(cluster, laboratory)
    assert one_line(str(told.value))


def test_a_cluster_takes_the_times_on_one_machine_and_says_which(laboratory, workers, scheduler):
    workers(1, "--resources", "exclusive=1")
    told = []
    planned = list(sittings(laboratory.experiment.cells(), 2, "numpy", null_test=True))
    with Cluster(scheduler, laboratory) as cluster:
        timings = list(cluster.make_timings(planned, 2, told.append, lambda: told.append("done")))
        facts = cluster.facts()
    assert len({timing.key for timing in timings}) == len(timings) == 2 * 2 * 2
    assert {(timing.status, len(timing.blocks), timing.host) for timing in timings} == {
        ("ok", 2, facts["timed_on"])
    }
    assert told.count("done") == len(planned)


@pytest.fixture
def mortal():
    """A scheduler of a test's own, to be killed, and a function that starts another and its workers."""
    pytest.importorskip("distributed", reason="needs the extra 'cluster'")
    started = []

    def begin(folder):
        process = start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0")
        started.append(process)
        address = wait_for(process, "Scheduler at:").split()[-1]
        how = [
            "--nthreads",
            "1",
            "--no-nanny",
            "--resources",
            "exclusive=1",
            "--local-directory",
            str(folder),
        ]
        started.append(start("distributed.cli.dask_worker", address, *how))
        wait_for(started[-1], "Registered to:")
        return process, address

    yield begin
    for process in started:
        process.kill()
        process.wait()
        process.stderr.close()


def test_a_scheduler_that_dies_is_told_in_a_line_and_resuming_makes_what_is_missing(tmp_path, mortal):
    write_csv(tmp_path / "three.csv")
    out, seeds = tmp_path / "out", list(range(6))
    asked = f"--dataset three.csv --hidden 5 --updates 5000 --implementations numpy --batch-sizes 16 \
        --tune-lr 2 --seeds {','.join(map(str, seeds))} --processes 0 --no-floor --quiet --output {out}"
    scheduler, address = mortal(tmp_path / "dask")
    environment = {**os.environ, "PYTHONPATH": PYTHONPATH}

    def run(*arguments):
        command = [*UNGATED, *arguments]
        return subprocess.Popen(
            command,
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def seeds_on_disk(folder=out):
        return [json.loads(line)["seed"] for line in (folder / "runs.jsonl").read_text().splitlines()]

    cut = run(*asked.split(), "--scheduler", address)
    while not ((out / "runs.jsonl").exists() and seeds_on_disk()) and cut.poll() is None:
        time.sleep(0.01)
    scheduler.kill()
    _, told = cut.communicate(timeout=100)
    finished = seeds_on_disk()
    assert cut.returncode == 2
    assert one_line(told)
    assert "the cluster is lost" in told
    assert f"4 tried learning rates, {len(finished)} run" in told
    assert 0 < len(finished) < len(seeds)
    here = shutil.copytree(out, tmp_path / "here")
    places = {out: ["--scheduler", mortal(tmp_path / "dask")[1]], here: []}
    resumed = {folder: run("--resume", str(folder), "--quiet", *where) for folder, where in places.items()}
    for folder, again in resumed.items():
        assert (again.communicate(timeout=100)[1], again.returncode) == ("", 0)
        assert seeds_on_disk(folder)[: len(finished)] == finished
        assert sorted(seeds_on_disk(folder)) == seeds
        assert len((folder / "tuning.jsonl").read_text().splitlines()) == 2 * 2


def test_a_worker_that_cannot_see_a_contestants_file_says_where_and_others_are_unharmed(
    tmp_path, monkeypatch, mortal
):
    plain = Path(__file__).parents[1] / "examples" / "plain_network.py"
    (tmp_path / "here").mkdir()
    shutil.copy(plain, tmp_path / "here" / "mine.py")
    register_odd_contestants(monkeypatch)
    monkeypatch.chdir(tmp_path)
    _, address = mortal(tmp_path / "dask")
    monkeypatch.chdir(tmp_path / "here")
    small = experiment(
        model={"activation": "tanh"}, factors={"implementations": ["mine.py:PlainNetwork", "numpy"]}
    )
    with Laboratory(small, load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        with Cluster(address, laboratory) as cluster:
            ends = {
                run.cell.implementation: (run.status, run.reason)
                for run in made(cluster, laboratory).values()
            }
        assert ends == {
            "mine.py:PlainNetwork": ("failed", f"mine.py: no such file in {tmp_path}"),
            "numpy": ("ok", None),
        }
        (tmp_path / "mine.py").write_text("another")
        with pytest.raises(WorkplaceError, match=r"has another mine.py than this machine"):
            Cluster(address, laboratory)


def test_a_worker_without_the_resource_is_refused_with_the_command_that_would_do(
    laboratory, workers, scheduler
):
    workers(1)
    with pytest.raises(WorkplaceError, match=r"--resources exclusive=1"):
        Cluster(scheduler, laboratory)


def test_a_cluster_without_workers_or_without_a_scheduler_is_told(laboratory, scheduler, monkeypatch):
    with pytest.raises(WorkplaceError, match=r"no worker; start some: dask worker tcp"):
        Cluster(scheduler, laboratory)
    monkeypatch.setattr("compare.measure.admission.CONNECT_SECONDS", 0.5)
    with pytest.raises(WorkplaceError, match="no Dask scheduler answers there"):
        Cluster("tcp://127.0.0.1:9", laboratory)


class Workers:
    """What a client says of two workers, of which the second has another NumPy."""

    def scheduler_info(self, n_workers):
        return {"workers": {name: {"resources": {"exclusive": 1}} for name in "ab"}}

    def run(self, software):
        return {"a": software(), "b": {**software(), "numpy": "1.0"}}


def test_a_worker_with_other_versions_is_refused_naming_the_library():
    with pytest.raises(WorkplaceError, match=r"^b has numpy 1.0 and this machine \d"):
        usable_workers(Workers(), "tcp://x")


def test_every_task_of_a_cluster_takes_the_whole_of_its_workers_resource():
    class Client:
        def get_executor(self, **how):
            return how

    cluster = Cluster.__new__(Cluster)
    cluster._client = Client()
    for how in (cluster._executor(), cluster._executor(workers=["one"])):
        assert how["resources"] == {"exclusive": 1}


def test_tasks_are_submitted_a_bounded_number_ahead_and_all_of_them_end_once(monkeypatch):
    monkeypatch.setattr(parallel, "AHEAD", 4)
    outstanding, most = [], []
    work = Work(attempt=None, unmade=lambda laboratory, task, status, reason: (task, status))

    def submit(task):
        outstanding.append(task)
        most.append(len(outstanding))
        return executor.submit(do, task)

    def do(task):
        time.sleep(0.001)
        if task % 7 == 0:
            raise ZeroDivisionError("seven")
        return task, "ok"

    records = []
    with ThreadPoolExecutor(2) as executor:
        why_not = {3: ("refused", "three")}.get
        for task, status in parallel.gather(work, None, range(50), why_not, submit):
            records.append((task, status))
            if status != "refused":
                outstanding.remove(task)
    expected = {task: "failed" if task % 7 == 0 else "ok" for task in range(50)} | {3: "refused"}
    assert sorted(records) == sorted(expected.items())
    assert max(most) == 4
