"""`python -m compare.run`: what it writes, what it says, and the exit code it leaves with."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from contestant_support import PYTHONPATH, one_line, register_odd_contestants, write_csv
from test_data_idx import idx_bytes
from ungated import UNGATED, leave_undrawn, ungate

from compare import finishing, recording, resumption
from compare import run as command
from compare.campaign import as_published
from compare.experiment import load_experiment
from compare.experiment_file import preset_names
from compare.implementations import IMPLEMENTATIONS
from compare.measure import protocol, session, workplaces
from compare.parity.verdicts import Parity, TrajectoryParity
from compare.render import figures
from data import load_dataset
from data.places import IDX_NAMES

SCHEMA = Path(command.__file__).with_name("results.schema.json")
FILES = {"experiment.json", "runs.jsonl", "results.json", "table.md", "table.csv"}
FACTORS = {"implementation", "batch_size", "objective", "optimizer", "dtype", "threads", "seed", "round"}


@pytest.fixture(autouse=True)
def _handlers():
    """The command sets a handler for SIGTERM; take it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def small(tmp_path):
    """An experiment file of three classes, 80 rows, numpy alone: milliseconds of training."""
    data = write_csv(tmp_path / "three.csv", rows=100)
    path = tmp_path / "small.toml"
    path.write_text(
        f"""
        title = "Three classes"
        [data]
        dataset = {str(data)!r}
        [model]
        hidden = [5]
        [training]
        epochs = 3
        target = 0.5
        lr = 0.5
        [factors]
        implementations = ["numpy"]
        batch_sizes = ["full", 16]
        [run]
        seeds = [0, 1]
        processes = 0
        floor = false
        """
    )
    return path


class Outcome:
    def __init__(self, code, captured):
        self.code, self.out, self.err = code, captured.out, captured.err


@pytest.fixture
def ungated(monkeypatch):
    ungate(monkeypatch.setattr)


@pytest.fixture
def undrawn(monkeypatch):
    leave_undrawn(monkeypatch.setattr)


@pytest.fixture
def run(capsys):
    def run(*arguments):
        try:
            code = command.main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code
        return Outcome(code, capsys.readouterr())

    return run


def runs_in(directory):
    return [json.loads(line) for line in (directory / "runs.jsonl").read_text().splitlines()]


def results_in(directory):
    return json.loads((directory / "results.json").read_text())


def key_of(run):
    return tuple(str(run[name]) for name in sorted(FACTORS))


def python(*arguments, **more):
    return subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True, timeout=200, **more
    )


def test_help_loads_no_heavy_library():
    script = """
import sys
from compare.run import main
try:
    main(["--help"])
except SystemExit as left:
    heavy = {"torch", "numpy", "pandas", "scipy", "pydantic", "tqdm", "data", "handwritten", "torch_impl"}
    print("loaded:", sorted(heavy & set(sys.modules)), file=sys.stderr)
    sys.exit(left.code)
"""
    done = python("-c", script)
    assert done.returncode == 0
    assert done.stderr.strip() == "loaded: []"
    assert done.stdout.startswith("usage: python -m compare.run")
    assert "--batch-sizes" in done.stdout


def test_list_names_presets_datasets_and_implementations(run):
    done = run("--list")
    assert done.code == 0
    for name in (*preset_names(), "digits", "nuclei", *IMPLEMENTATIONS, "FILE.py:CLASS"):
        assert f"  {name} " in done.out


def test_small_experiment_leaves_every_file_and_a_table(run, small, tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "BLOCK_SECONDS", 1e-3)
    monkeypatch.setattr(protocol, "FLOOR_BLOCK_SECONDS", 1e-3)
    monkeypatch.setattr(
        session, "MOST_RENEWALS", 1
    )  # that a seed has processes of its own is tested elsewhere
    few = [kind for kind in figures.FIGURES if kind.name in ("curves-epochs", "pictures", "graph")]
    monkeypatch.setattr(figures, "FIGURES", few)
    out = tmp_path / "out"
    timing = ["--processes", "1", "--rounds", "2", "--floor"]
    done = run(small, "--output", out, "--implementations", "numpy,torch", *timing, "--quiet")
    assert (done.code, done.err) == (0, "")
    assert {path.name for path in out.iterdir()} >= FILES | {"timings.jsonl"}
    drawn = {path.name for path in (out / "figures").iterdir()}
    assert drawn == {f"{name}.{format}" for name in ("curves-epochs", "graph") for format in ("svg", "png")}
    results = results_in(out)
    jsonschema.validate(results, json.loads(SCHEMA.read_text()))
    timed = [json.loads(line) for line in (out / "timings.jsonl").read_text().splitlines()]
    names = [(t["implementation"], t["again"], t["floor"]) for t in timed]
    once = [("numpy", False, False), ("torch", False, False), ("torch", True, False)]
    once += [("numpy", False, True), ("torch", False, True)]
    assert sorted(names) == sorted(2 * once)
    assert {(t["status"], len(t["blocks"])) for t in timed} == {("ok", 2)}
    assert len(results["timings"]) == 10
    assert [row["library"] for row in results["floor"]] == 2 * ["numpy", "torch"]
    assert all(row["floor_ratio"] > 0 for row in [*results["summary"], *results["floor"]])
    assert results["null_test"]["cells"] == 2
    made = runs_in(out)
    assert len(made) == len({key_of(run) for run in made}) == 2 * 2 * 2
    assert {run["status"] for run in made} == {"ok"}
    assert sorted(map(key_of, results["runs"])) == sorted(map(key_of, made))
    weights = [
        {made["initial_weights_sha256"] for made in runs_in(out) if made["seed"] == seed} for seed in (0, 1)
    ]
    assert [len(of_seed) for of_seed in weights] == [1, 1]
    assert weights[0] != weights[1]
    assert results["parity"]["passed"] is True
    assert results["experiment"]["title"] == "Three classes"
    rows = list(csv.DictReader((out / "table.csv").read_text().splitlines()))
    assert len(rows) == len(results["summary"]) == 4
    assert {row["status"] for row in rows} == {"ok"}
    assert "| numpy" in (out / "table.md").read_text()
    told = ("Three classes", "numpy", "torch", "passed", "Null test", "floor (numpy)", "floor (torch)")
    for text in (*told, f"Written to {out}: results.json"):
        assert text in done.out


@pytest.mark.usefixtures("ungated")
def test_environment_command_and_data_are_recorded(run, small, tmp_path):
    out = tmp_path / "out"
    run(small, "--output", out, "--quiet")
    environment = results_in(out)["environment"]
    assert environment["command"] == f"python -m compare.run {small} --output {out} --quiet"
    assert environment["data"]["training_rows"] + environment["data"]["test_rows"] == 100
    assert environment["thread_pools"]
    assert {pool["threads"] for pools in environment["thread_pools"].values() for pool in pools} == {1}


@pytest.mark.usefixtures("ungated")
def test_flag_beats_the_file(run, small, tmp_path):
    out = tmp_path / "out"
    run(small, "--output", out, "--seeds", "7", "--batch-sizes", "40", "--updates", "5", "--quiet")
    made = runs_in(out)
    assert [(r["seed"], r["batch_size"], r["updates"]) for r in made] == [(7, 40, 5)]


@pytest.mark.usefixtures("ungated")
def test_fast_says_what_it_took_away_and_leaves_what_a_flag_asked_for(run, small, tmp_path):
    done = run(small, "--output", tmp_path / "out", "--fast", "--seeds", "0,1,2", "--quiet")
    assert done.code == 0
    assert "--fast: 3 of 3 seeds, 1 of 3 epochs" in done.out
    assert "--fast: 3 of 3 seeds, 1 of 3 epochs" in (tmp_path / "out" / "table.md").read_text()


@pytest.mark.usefixtures("ungated")
def test_fallback_to_the_embedded_digits_is_told(run, tmp_path, monkeypatch):
    missing = tmp_path / "nothing"
    missing.mkdir()
    out = tmp_path / "out"
    arguments = [
        "mnist",
        "--data-dir",
        missing,
        "--output",
        out,
        "--implementations",
        "numpy",
        "--processes",
        "0",
    ]
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(missing))
    done = run(
        *arguments, "--batch-sizes", "full", "--updates", "2", "--seeds", "0", "--processes=0", "--quiet"
    )
    assert done.code == 0
    assert "Fell back to digits: mnist: put train-images-idx3-ubyte" in done.out
    assert results_in(out)["environment"]["data"]["name"] == "digits"


@pytest.mark.usefixtures("ungated")
def test_files_that_are_not_the_published_mnist_are_used_and_told(run, tmp_path, monkeypatch):
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(3)
    arrays = (
        rng.integers(0, 256, (40, 4, 4)),
        np.arange(40) % 4,
        rng.integers(0, 256, (8, 4, 4)),
        np.arange(8) % 4,
    )
    for name, array in zip(IDX_NAMES, arrays, strict=True):
        (tmp_path / name).write_bytes(idx_bytes(array))
    out = tmp_path / "out"
    few = (
        "--implementations=numpy",
        "--batch-sizes=full",
        "--updates=2",
        "--seeds=0",
        "--processes=0",
        "--quiet",
    )
    done = run("mnist", "--data-dir", tmp_path, "--output", out, *few)
    assert done.code == 0
    told = (
        f"Not the published data: the SHA-256 of {', '.join(IDX_NAMES)} (MNIST, IDX files in {tmp_path}) "
        "is not what is published for mnist. The files are used as found; to have the published ones "
        "downloaded, move these away, or name another --data-dir."
    )
    assert done.out.splitlines().count(told) == 1
    environment = results_in(out)["environment"]
    assert environment["note"] == told
    assert environment["data"]["sha256"] == load_dataset("mnist", tmp_path).sha256


def test_data_as_published_are_nothing_to_tell_of():
    assert as_published(load_dataset("digits")) == ""


BAD_CSV = "label,p,q\n0,1,2\n1,3,x\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--epochz", "3"], "--epochz"),
        (["--epochs"], "--epochs"),
        (["digitz"], "did you mean digits"),
        (["missing.toml"], "missing.toml"),
        (["digits", "also"], "also"),
        (["--dataset", "missing.csv"], "missing.csv"),
        (["--dataset", "bad.csv"], "bad.csv, line 3"),
        (["--dataset", "mnist", "--data-dir", "empty"], "mnist"),
        (["--test-fraction", "2"], "--test-fraction"),
        (["--objectives", "tanh+cross_entropy"], "tanh+cross_entropy"),
        (["--implementations", "numpy,caffe"], "caffe"),
        (["--implementations", "numpy,mine.py:Net"], "mine.py: no such file"),
        (["--implementations", "numpy,mine.py"], "mine.py:CLASS"),
        (["--device", "gpu"], "--device"),
        (["--threads", "100000"], "--threads"),
        (["--batch-sizes", "0"], "--batch-sizes"),
        (["--epochs", "0"], "--epochs"),
        (["--lr", "nan"], "--lr"),
        (["--momentum", "0.5", "--optimizers", "adam"], "--momentum"),
        (["--reference", "jax"], "--reference"),
        (["unknown-key.toml"], "epochz"),
        (["broken.toml"], "line 2"),
        (["--dataset", "nuclei", "--objectives", "softmax+cross_entropy"], "softmax"),
        (["--dataset", "nuclei", "--objectives", "sigmoid+cross_entropy"], "cross_entropy"),
        (["--resume", "nowhere"], "nowhere"),
        (["--resume", "empty", "--epochs", "3"], "--resume"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_bad_input_is_one_line_and_exit_code_2_and_nothing_is_written(
    arguments, told, run, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(tmp_path / "empty"))
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad.csv").write_text(BAD_CSV)
    (tmp_path / "unknown-key.toml").write_text("[training]\nepochz = 3\n")
    (tmp_path / "broken.toml").write_text("[training]\nepochs = = 3\n")
    before = sorted(tmp_path.rglob("*"))
    done = run(*arguments)
    assert done.code == 2
    assert one_line(done.err)
    assert done.err.startswith("error: ")
    assert told in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_output_directory_that_holds_something_is_left_alone(run, small, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("do not lose")
    done = run(small, "--output", out, "--quiet")
    assert done.code == 2
    assert one_line(done.err)
    assert done.err.startswith("error: ")
    assert "--resume" in done.err
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_bad_input_ends_the_process_itself_with_exit_code_2(tmp_path):
    done = python("-m", "compare.run", "digitz", cwd=tmp_path)
    assert done.returncode == 2
    assert one_line(done.stderr)
    assert done.stdout == ""


@pytest.fixture
def odd(monkeypatch):
    register_odd_contestants(monkeypatch)


@pytest.mark.usefixtures("odd", "undrawn")
def test_contestant_that_fails_parity_is_not_timed_and_the_output_says_why(run, small, tmp_path):
    causes = {"off-by-a-billionth": "W1", "other-rule": "step 2", "raising": "ValueError: the first line"}
    out = tmp_path / "out"
    flags = ["--implementations", ",".join(["numpy", *causes]), "--momentum", "0.9", "--quiet"]
    done = run(small, *flags, "--output", out)
    assert done.code == 1
    made = runs_in(out)
    assert {r["status"] for r in made if r["implementation"] == "numpy"} == {"ok"}
    for name, cause in causes.items():
        runs = [r for r in made if r["implementation"] == name]
        assert {(r["status"], r["seconds"], r["updates"]) for r in runs} == {("failed", 0, 0)}
        reason = runs[0]["reason"]
        assert one_line(reason)
        assert cause in reason
        assert any(name in line and cause in line for line in done.out.splitlines())
    results = results_in(out)
    jsonschema.validate(results, json.loads(SCHEMA.read_text()))
    assert results["parity"]["passed"] is False
    assert "s/epoch" in done.out  # the table is still printed
    assert {row["implementation"] for row in results["summary"]} == {"numpy", *causes}


@pytest.mark.usefixtures("odd", "ungated")
@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("raising-in-a-run", "failed", "FloatingPointError: no more"),
        ("hanging-in-a-run", "timeout", "no answer within"),
    ],
)
def test_run_that_fails_is_reported_with_exit_code_3_beside_those_that_did_not(
    name, status, why, run, small, tmp_path
):
    out = tmp_path / "out"
    flags = ["--implementations", f"{name},numpy", "--batch-sizes", "16", "--seeds", "0"]
    done = run(small, *flags, "--timeout", "1.5", "--output", out, "--quiet")
    assert done.code == 3
    by_name = {made["implementation"]: made for made in runs_in(out)}
    assert by_name["numpy"]["status"] == "ok"
    assert by_name[name]["status"] == status
    assert why in by_name[name]["reason"]
    assert one_line(by_name[name]["reason"])
    results = results_in(out)
    jsonschema.validate(results, json.loads(SCHEMA.read_text()))
    assert results["parity"]["passed"] is True
    assert status in done.out


@pytest.mark.usefixtures("odd", "ungated")
def test_resuming_after_a_failure_makes_the_failed_runs_again(run, small, tmp_path, monkeypatch):
    out = tmp_path / "out"
    flags = ["--implementations", "raising-in-a-run,numpy", "--batch-sizes", "16", "--seeds", "0"]
    assert run(small, *flags, "--output", out, "--quiet").code == 3
    again = run("--resume", out, "--quiet")
    assert again.code == 3
    names = [made["implementation"] for made in runs_in(out)]
    assert sorted(names) == ["numpy", "raising-in-a-run", "raising-in-a-run"]
    assert len(results_in(out)["runs"]) == 2


@pytest.mark.usefixtures("undrawn")
def test_diverged_run_is_reported_as_such_and_is_no_failure(run, small, tmp_path):
    out = tmp_path / "out"
    flags = [
        "--objectives",
        "identity+squared_error",
        "--activation",
        "identity",
        "--lr",
        "1e30",
        "--seeds",
        "0",
    ]
    done = run(small, *flags, "--epochs", "40", "--output", out, "--quiet")
    assert {made["status"] for made in runs_in(out)} == {"diverged"}
    assert done.code == 0
    assert "diverged" in done.out
    jsonschema.validate(results_in(out), json.loads(SCHEMA.read_text()))


def summary_keys(directory):
    names = FACTORS - {"seed", "round"}
    return [
        [row[name] for name in sorted(names)] + [row["seeds"]] for row in results_in(directory)["summary"]
    ]


@pytest.mark.usefixtures("ungated")
def test_resuming_makes_only_the_runs_that_are_missing(run, small, tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(small, "--output", whole, "--quiet").code == 0
    assert run(small, "--output", cut, "--quiet").code == 0
    runs = cut / "runs.jsonl"
    lines = runs.read_text().splitlines(keepends=True)
    runs.write_text(lines[0] + lines[3])
    for name in ("results.json", "table.md", "table.csv"):
        (cut / name).unlink()
    done = run("--resume", cut, "--quiet")
    assert done.code == 0
    after = runs.read_text().splitlines(keepends=True)
    assert after[:2] == [lines[0], lines[3]]
    assert sorted(map(key_of, runs_in(cut))) == sorted(map(key_of, runs_in(whole)))
    assert summary_keys(cut) == summary_keys(whole)
    weights = [{key_of(r): r["final_weights_sha256"] for r in runs_in(d)} for d in (whole, cut)]
    assert weights[0] == weights[1]
    assert {path.name for path in cut.iterdir()} >= FILES


@pytest.mark.usefixtures("ungated")
def test_resuming_what_is_finished_makes_no_run(run, small, tmp_path):
    out = tmp_path / "out"
    run(small, "--output", out, "--quiet")
    before = (out / "runs.jsonl").read_bytes()
    done = run("--resume", out, "--quiet")
    assert done.code == 0
    assert (out / "runs.jsonl").read_bytes() == before
    assert "numpy" in done.out


@pytest.mark.usefixtures("ungated")
def test_line_cut_off_in_the_middle_is_dropped_told_and_made_again(run, small, tmp_path):
    out = tmp_path / "out"
    run(small, "--output", out, "--quiet")
    runs = out / "runs.jsonl"
    content = runs.read_bytes()
    runs.write_bytes(content[:-40])
    done = run("--resume", out, "--quiet")
    assert done.code == 0
    assert "the last line was cut off and is dropped" in done.out
    assert len(runs_in(out)) == 4


@pytest.mark.usefixtures("ungated")
def test_resuming_with_other_data_is_refused(run, small, tmp_path):
    out = tmp_path / "out"
    run(small, "--output", out, "--quiet")
    write_csv(tmp_path / "three.csv", rows=103)
    done = run("--resume", out)
    assert done.code == 2
    assert one_line(done.err)
    assert "not those it was begun with" in done.err


@pytest.mark.usefixtures("ungated")
def test_resuming_times_only_the_groups_that_are_missing(run, small, tmp_path, monkeypatch):
    monkeypatch.setattr(protocol, "BLOCK_SECONDS", 1e-4)
    out = tmp_path / "out"
    timing = ["--processes", "2", "--rounds", "1", "--no-null-test"]
    assert run(small, "--output", out, *timing, "--quiet").code == 0
    path = out / "timings.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == 4
    path.write_text("".join(lines[:3]) + lines[3][:50])
    done = run("--resume", out, "--quiet")
    assert done.code == 0
    assert "timings.jsonl: the last line was cut off" in done.out
    after = path.read_text().splitlines(keepends=True)
    assert after[:3] == lines[:3]
    assert len(after) == 4
    assert "null_test" not in results_in(out)
    assert len(results_in(out)["timings"]) == 4


def test_results_of_before_there_was_a_floor_go_on_without_one():
    table = load_experiment("digits", {}).to_dict()
    assert resumption.as_recorded(table)["run"]["floor"] is True
    assert table["run"].pop("floor") is True
    assert resumption.as_recorded(table)["run"]["floor"] is False


@pytest.mark.usefixtures("odd", "ungated")
def test_interruption_while_timing_says_that_the_runs_are_done(run, small, tmp_path, monkeypatch):
    def interrupted(*arguments):
        yield from ()
        raise KeyboardInterrupt

    monkeypatch.setattr(workplaces, "make_timings", interrupted)
    out = tmp_path / "out"
    done = run(small, "--output", out, "--processes", "1", "--quiet")
    assert done.code == 130
    assert one_line(done.err)
    assert "all runs and 0 of 4 timings are on disk" in done.err


@pytest.mark.usefixtures("ungated")
def test_interrupted_experiment_leaves_what_is_finished_and_says_how_to_go_on(
    small, tmp_path, monkeypatch, run
):
    out, folder = tmp_path / "out", tmp_path / "signals"
    folder.mkdir()
    monkeypatch.setenv("SIDE_BY_SIDE_TEST_FOLDER", str(folder))
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)
    flags = ["--implementations", "patient", "--batch-sizes", "16", "--seeds", "0,1,2", "--output", str(out)]
    process = subprocess.Popen(
        [*UNGATED, str(small), *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    begun = folder / "begun"
    end = time.monotonic() + 120
    while not (begun.exists() and len(set(begun.read_text().split())) > 2) and process.poll() is None:
        assert time.monotonic() < end, "the second run did not begin"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert one_line(err)
    assert f"--resume {out}" in err
    assert "1 of 3 runs is on disk" in err
    assert [made["status"] for made in runs_in(out)] == ["ok"]
    assert not (out / "results.json").exists()

    (folder / "go").touch()
    register_odd_contestants(monkeypatch)
    assert run("--resume", out, "--quiet").code == 0
    assert [made["seed"] for made in runs_in(out)] == [0, 1, 2]
    assert results_in(out)["summary"][0]["seeds"] == 3


@pytest.mark.usefixtures("ungated")
def test_request_to_terminate_is_an_interruption(run, small, tmp_path, monkeypatch):
    def terminated_after_one(*arguments):
        yield next(make_runs(*arguments))
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(60)

    make_runs = workplaces.make_runs
    monkeypatch.setattr(workplaces, "make_runs", terminated_after_one)
    out = tmp_path / "out"
    done = run(small, "--output", out, "--quiet")
    assert done.code == 130
    assert one_line(done.err)
    assert "1 of 4 runs is on disk" in done.err
    assert len(runs_in(out)) == 1


def test_reader_that_goes_away_does_not_end_the_experiment(small, tmp_path):
    out = tmp_path / "out"
    process = subprocess.Popen(
        [*UNGATED, str(small), "--output", str(out), "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), err) == (0, "")
    assert {path.name for path in out.iterdir()} >= FILES


@pytest.mark.parametrize(
    "record",
    [
        {"note": 1},
        {"experiment": {}, "note": 1},
        {"experiment": 1, "data_sha256": "0", "command": []},
        {"experiment": {}, "data_sha256": "0", "command": "x"},
    ],
    ids=str,
)
def test_record_that_no_run_left_is_refused_in_one_line(record, run, tmp_path):
    (tmp_path / "experiment.json").write_text(json.dumps(record))
    (tmp_path / "runs.jsonl").touch()
    done = run("--resume", tmp_path)
    assert done.code == 2
    assert one_line(done.err)
    assert "not what a run leaves there" in done.err


@pytest.mark.usefixtures("ungated")
def test_sweep_with_tuned_rates_and_varied_splits_can_be_interrupted_anywhere(
    run, small, tmp_path, monkeypatch
):
    """Cut off while tuning, then, two at a time, at the noise; the whole is as if nothing had happened."""
    flags = ["--batch-sizes", "16,32,...,full", "--tune-lr", "3", "--vary-split", "--quiet"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    assert run(small, *flags, "--output", whole).code == 0

    def cut_off_after(module, name, count):
        made = getattr(module, name)

        def cut_off(*arguments):
            for index, record in enumerate(made(*arguments)):
                if index == count:
                    raise KeyboardInterrupt
                yield record

        return made, cut_off

    for module, name, count, told in (
        (workplaces, "make_tunings", 5, "5 of 24 tried learning rates are on disk, and no new run"),
        (recording, "measure_noise", 0, "all runs and 0 of 1 noise scale are on disk"),
    ):
        made, cut_off = cut_off_after(module, name, count)
        monkeypatch.setattr(module, name, cut_off)
        begun = (
            ["--resume", cut, "--quiet", "--jobs", "2"] if cut.exists() else [small, *flags, "--output", cut]
        )
        done = run(*begun)
        assert (done.code, one_line(done.err)) == (130, True)
        assert told in done.err
        monkeypatch.setattr(module, name, made)
    done = run("--resume", cut, "--quiet")
    assert done.code == 0
    results = [results_in(directory) for directory in (whole, cut)]
    for found in results:
        jsonschema.validate(found, json.loads(SCHEMA.read_text()))
        assert found["experiment"]["factors"]["batch_sizes"] == [16, 32, 64, "full"]
    assert results[0]["tuning"] == results[1]["tuning"]
    assert results[0]["noise_scale"] == results[1]["noise_scale"]
    assert len((cut / "tuning.jsonl").read_text().splitlines()) == 4 * 3 * 2
    best = {row["batch_size"]: row["best_lr"] for row in results[1]["tuning"]}
    assert set(best.values()) != {0.5}, "the experiment's own rate would prove nothing"
    assert {(row["batch_size"], row["lr"]) for row in results[1]["runs"]} == set(best.items())
    weights = [{key_of(r): r["final_weights_sha256"] for r in runs_in(d)} for d in (whole, cut)]
    assert weights[0] == weights[1]
    assert [row["batch_size"] for row in results[1]["sweep"]] == [16, 32, 64, "full"]
    assert "keyed with the seed" in results[1]["environment"]["data"]["split"]
    for text in (done.out, (cut / "table.md").read_text()):
        for words in (
            "Batch sizes: time to the target",
            "gradient noise scale",
            "learning rate",
            "own split",
        ):
            assert words in text


@pytest.mark.usefixtures("ungated")
def test_who_fails_at_a_tuned_rate_has_no_run_and_the_command_says_so(run, small, tmp_path, monkeypatch):
    row = TrajectoryParity(
        "numpy", "softmax+cross_entropy", "sgd", "float32", 100, 0.1, 1e-6, False, 2, "W1", 1.5
    )
    why = "sgd at rate 1.5: W1 is off"
    failed = Parity((), (row,), {("numpy", "softmax+cross_entropy"): why})
    monkeypatch.setattr(finishing, "check_tuned_rates", lambda laboratory, parity, report: failed)
    out = tmp_path / "out"
    done = run(small, "--tune-lr", "2", "--quiet", "--output", out)
    assert done.code == 1
    assert f"Not timed: numpy with softmax+cross_entropy: {why}" in done.out
    assert "tuned rate" in done.out
    assert {made["status"] for made in runs_in(out)} == {"failed"}
    parity = results_in(out)["parity"]
    assert (parity["passed"], parity["trajectory"][0]["lr"]) == (False, 1.5)
    jsonschema.validate(results_in(out), json.loads(SCHEMA.read_text()))


@pytest.mark.usefixtures("ungated")
def test_every_seed_trains_on_its_own_split_where_that_is_asked_for(run, small, tmp_path):
    def first_losses(*flags):
        out = tmp_path / f"out{len(list(tmp_path.iterdir()))}"
        assert run(small, "--batch-sizes", "full", "--output", out, "--quiet", *flags).code == 0
        return {made["seed"]: made["curve"][0]["train_loss"] for made in runs_in(out)}

    fixed, varied = first_losses(), first_losses("--vary-split")
    assert all(fixed[seed] != varied[seed] for seed in fixed)
    assert first_losses("--vary-split", "--seeds", "1") == {1: varied[1]}


def test_splits_of_data_that_have_their_own_cannot_vary(run, small, tmp_path):
    (tmp_path / "parts").mkdir()
    for name in ("train.csv", "test.csv"):
        write_csv(tmp_path / "parts" / name, rows=30)
    done = run(small, "--dataset", tmp_path / "parts", "--vary-split", "--output", tmp_path / "out")
    assert done.code == 2
    assert one_line(done.err)
    assert "the split cannot vary with the seed" in done.err
