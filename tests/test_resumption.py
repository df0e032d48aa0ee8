"""Going on with what was begun: what must be the same, and what a full disk or a killed run leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from contestant_support import one_line, write_csv
from ungated import UNGATED, ungate

from compare import recording, resumption
from compare import run as command
from compare.measure.conditions import conditions, differences
from compare.results import ResultsError
from compare.store import RUNS, Store
from compare.whole_files import write_whole

TOML = """
[data]
dataset = "three.csv"
[model]
hidden = [5]
[training]
epochs = 3
lr = 0.5
[factors]
implementations = ["numpy"]
batch_sizes = ["full", 16]
[run]
seeds = [0, 1]
processes = 0
"""


def set_up(folder, monkeypatch):
    """A folder with the experiment small.toml to be in, and no check of parity."""
    monkeypatch.chdir(folder)
    ungate(monkeypatch.setattr)
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    write_csv(folder / "three.csv")
    (folder / "small.toml").write_text(TOML)


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """The command, in a folder of its own."""
    set_up(tmp_path, monkeypatch)

    def run(line):
        code = command.main(line.split())
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A directory in which the experiment has been run, for the tests to copy."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_up(folder, monkeypatch)
        assert command.main(["small.toml", "--output", "out", "--quiet"]) == 0
    return folder / "out"


@pytest.fixture
def begun(finished, tmp_path):
    """A finished directory `out` of which a run has been taken away again."""
    path = shutil.copytree(finished, tmp_path / "out") / RUNS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:3]))
    return tmp_path / "out"


def runs_in(directory):
    return len((directory / RUNS).read_text().splitlines())


@pytest.mark.parametrize(
    "line",
    ["", "small.toml --epochs 3", "--epochs 3 --batch-sizes full,16 --lr 0.5"],
)
def test_same_experiment_asked_again_goes_on(line, run, begun):
    code, _, err = run(f"{line} --resume out --quiet")
    assert (code, err) == (0, "")
    assert runs_in(begun) == 4


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        (0, "Going on with out: 0 of 4 runs taken over, 4 are left to do.\n"),
        (3, "Going on with out: 3 of 4 runs taken over, 1 is left to do.\n"),
        (4, "Going on with out: 4 of 4 runs taken over, none are left to do.\n"),
    ],
)
def test_going_on_says_how_much_is_taken_over_and_how_much_is_left(kept, told, run, finished, tmp_path):
    path = shutil.copytree(finished, tmp_path / "out") / RUNS
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    code, out, err = run("--resume out --quiet")
    assert (code, err) == (0, "")
    assert out.count("Going on with") == 1
    assert told in out
    assert runs_in(tmp_path / "out") == 4


def test_runs_that_failed_before_are_left_to_do_and_said_to_be(run, begun):
    (begun / RUNS).write_text((begun / RUNS).read_text().replace('"status": "ok"', '"status": "failed"', 1))
    _, out, _ = run("--resume out --quiet")
    assert "Going on with out: 2 of 4 runs taken over, 2 are left to do (1 tried before).\n" in out


def test_timings_and_tried_rates_are_taken_over_too(run):
    flags = "--processes 1 --rounds 1 --no-null-test --no-floor --tune-lr 2 --output out --quiet"
    assert run(f"small.toml {flags}")[0] == 0
    _, out, _ = run("--resume out --quiet")
    assert "none are left to do; 2 timings and 8 tried learning rates taken over, too.\n" in out


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """A directory with two runs, the two timings of one sitting and a noise scale, for the tests to copy."""
    folder = tmp_path_factory.mktemp("timed")
    flags = "--batch-sizes full --processes 1 --rounds 1 --no-floor --noise-scale --output out --quiet"
    with pytest.MonkeyPatch.context() as monkeypatch:
        set_up(folder, monkeypatch)
        assert command.main(f"small.toml {flags}".split()) == 0
    return folder / "out"


@pytest.mark.parametrize(
    ("file", "status", "told"),
    [
        ("runs.jsonl", "ok", "none are left to do; 2 timings and 1 noise scale taken over, too.\n"),
        ("timings.jsonl", "failed", "none are left to do; 1 noise scale taken over, too.\n"),
        ("timings.jsonl", None, "none are left to do; 1 noise scale taken over, too.\n"),
        ("noise_scale.jsonl", "failed", "none are left to do; 2 timings taken over, too.\n"),
        ("noise_scale.jsonl", "diverged", "2 timings and 1 noise scale taken over, too.\n"),
        ("runs.jsonl", "refused", "1 is left to do; 2 timings and 1 noise scale taken over, too.\n"),
        ("runs.jsonl", "timeout", "1 is left to do (1 tried before); 2 timings"),
    ],
    ids=str,
)
def test_going_on_counts_as_taken_over_what_is_not_made_again(file, status, told, run, timed, tmp_path):
    """The first record of the file has another status, or (None) is not there."""
    path = shutil.copytree(timed, tmp_path / "out") / file
    first, *others = path.read_text().splitlines(keepends=True)
    assert '"status": "ok"' in first
    first = first.replace('"status": "ok"', f'"status": "{status}"') if status else ""
    path.write_text("".join([first, *others]))
    assert told in run("--resume out --quiet")[1]


def test_interruption_at_a_noise_scale_that_failed_before_counts_it_once(run, timed, tmp_path, monkeypatch):
    path = shutil.copytree(timed, tmp_path / "out") / "noise_scale.jsonl"
    path.write_text(path.read_text().replace('"status": "ok"', '"status": "failed"'))

    def interrupted(*arguments):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(recording, "measure_noise", interrupted)
    code, _, err = run("--resume out --quiet")
    assert code == 130
    assert "of 1 noise scale " in err


def test_beginning_anew_says_nothing_of_going_on(run):
    assert "Going on" not in run("small.toml --output out --quiet")[1]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("small.toml --epochs 4", "--epochs: is 4, and out was begun with 3"),
        ("--epochs 4", "--epochs: is 4, and out was begun with 3"),
        ("--updates 4", "training.epochs: is None, and out was begun with 3"),
        ("--batch-sizes 16", "--batch-sizes: is [16], and out was begun with ['full', 16]"),
        ("other.toml", "model.hidden: is [6], and out was begun with [5]"),
        ("digits", "data.dataset: is 'digits', and out was begun with 'three.csv'"),
        ("small.toml --fast", "training.epochs: is 1, and out was begun with 3"),
        ("--fast", "--fast: --resume goes on at the pace it was begun with"),
        ("--epochs 0", "--epochs: must be a whole number from 1"),
        ("--output elsewhere", "--output: --resume writes to out"),
        ("missing.toml", "missing.toml: no such file"),
    ],
)
def test_another_experiment_is_refused_naming_the_first_key_with_both_values(
    line, told, run, begun, tmp_path
):
    (tmp_path / "other.toml").write_text(TOML.replace("[5]", "[6]"))
    code, out, err = run(f"{line} --resume out --quiet")
    assert (code, out) == (2, "")
    assert one_line(err)
    assert told in err
    assert runs_in(begun) == 3


def changed_record(begun, change):
    path = begun / "experiment.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("numpy", "1.26.4", "numpy was 1.26.4 and is "),
        ("processor", "Z80", "processor was Z80 and is "),
        ("BLAS", "by hand", "BLAS was by hand and is "),
        ("cupy", "13", "cupy was 13 and is not there"),
        ("source of handwritten", "0", "the source of handwritten has changed"),
        ("source of contestant numpy", "0", "the source of contestant numpy has changed"),
        ("MKL_CBWR", "COMPATIBLE", "MKL_CBWR was COMPATIBLE and is not there"),
    ],
)
def test_another_environment_is_refused_naming_the_difference(name, value, told, run, begun):
    changed_record(begun, lambda record: record["conditions"].update({name: value}))
    code, _, err = run("--resume out --quiet")
    assert code == 2
    assert one_line(err)
    assert told in err
    assert "begin anew" in err
    assert runs_in(begun) == 3


def test_setting_that_was_added_is_a_difference_and_a_library_that_was_added_is_none(monkeypatch):
    before = conditions(["numpy"])
    assert differences(before, before) == []
    assert differences(before, before | {"cupy": "13"}) == []
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    assert differences(before, conditions(["numpy"])) == ["OPENBLAS_CORETYPE was not set and is Haswell"]


def test_every_source_on_which_a_run_depends_is_recorded(monkeypatch, tmp_path):
    from compare.measure import conditions as module

    for patterns in module.SOURCES.values():
        assert module.files(patterns)
    (tmp_path / "handwritten").mkdir()
    (tmp_path / "handwritten" / "mlp.py").write_text("one")
    monkeypatch.setattr(module, "HOUSE", tmp_path)
    before = conditions([])
    (tmp_path / "handwritten" / "mlp.py").write_text("two")
    assert differences(before, conditions([])) == ["the source of handwritten has changed"]


def test_directory_from_before_conditions_were_recorded_goes_on_and_says_so(run, begun):
    changed_record(begun, lambda record: record.pop("conditions"))
    code, out, err = run("--resume out --quiet")
    assert (code, err) == (0, "")
    assert "does not record with which libraries it was begun" in out
    assert runs_in(begun) == 4


def test_directory_of_a_run_killed_before_it_had_begun_can_be_begun_again(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / RUNS).touch()
    (tmp_path / "out" / ".experiment.json.partial").write_text("{")
    code, _, err = run("--resume out")
    assert code == 2
    assert "experiment.json" in err
    assert run("small.toml --output out --quiet")[0] == 0


def test_directory_that_cannot_be_begun_is_not_left_behind(tmp_path, monkeypatch):
    def full(self, name, text):
        raise ResultsError("no space")

    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(ResultsError, match="no space"):
        Store.create(tmp_path / "out", {})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["runs.jsonl", "timings.jsonl", ".results.json.partial", "table.csv"])
def test_link_out_of_the_directory_is_not_written_through(name, run, begun, tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows lets only administrators make links")
    precious = tmp_path / "precious"
    precious.write_text("a line without an end")
    (begun / name).unlink(missing_ok=True)
    (begun / name).symlink_to(precious)
    code, _, err = run("--resume out --quiet")
    assert precious.read_text() == "a line without an end"
    if name.endswith(".jsonl"):
        assert code == 2
        assert one_line(err)
        assert f"{name}: it is a symbolic link, which is not followed" in err
    else:
        assert (code, err) == (0, "")
        assert not (begun / name).is_symlink()


def test_folder_that_is_a_link_out_of_the_directory_is_refused(tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows lets only administrators make links")
    (tmp_path / "elsewhere").mkdir()
    bystander = tmp_path / "elsewhere" / ".graph.svg.partial"
    bystander.write_text("somebody else's")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "figures").symlink_to("../elsewhere")
    with pytest.raises(ResultsError, match="figures leads out of"):
        write_whole(tmp_path / "out", "figures/graph.svg", b"x")
    assert list((tmp_path / "elsewhere").iterdir()) == [bystander]
    (tmp_path / "link").symlink_to("out")
    (tmp_path / "out" / "figures").unlink()
    assert write_whole(tmp_path / "link", "figures/graph.svg", b"x").read_bytes() == b"x"


def test_lock_on_a_directory_that_was_taken_back_is_no_lock(tmp_path, monkeypatch):
    """Another process has opened runs.jsonl just before its owner removes it, and locks it just after."""
    import fcntl

    def removed(descriptor, how):
        (tmp_path / RUNS).unlink()
        (tmp_path / RUNS).touch()

    monkeypatch.setattr(fcntl, "flock", removed)
    with pytest.raises(ResultsError, match="another run is writing"):
        Store.create(tmp_path, {})


HERE = str(Path(__file__).parent)
FULL = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from compare import finishing, run
from ungated import replace, ungate
record = finishing.record_runs
def with_little_room(*arguments):
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    record(*arguments)
ungate(replace)
replace(finishing, "record_runs", with_little_room)
sys.exit(run.main(sys.argv[3:]))
"""


@pytest.mark.parametrize("room", [2500, 4700], ids=["second run", "results"])
def test_full_disk_keeps_what_is_finished_and_says_how_to_go_on(room, run, tmp_path):
    """The limit on a file's size stands for the disk's: the write fails half way in the same manner."""
    if sys.platform == "win32":
        pytest.skip("Windows has no limit on the size of files")
    arguments = ["small.toml", "--output", "out", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", FULL, HERE, str(room), *arguments], capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 2, done.stderr
    assert one_line(done.stderr)
    assert "cannot write" in done.stderr
    assert "--resume out" in done.stderr
    out = tmp_path / "out"
    content = (out / RUNS).read_bytes()
    assert content == b"" or content.endswith(b"\n")
    for line in content.splitlines():
        json.loads(line)
    assert not [name for name in os.listdir(out) if "partial" in name or name == "results.json"]
    code, _, err = run("--resume out --quiet")
    assert (code, err) == (0, "")
    assert runs_in(out) == 4


def test_output_that_cannot_be_printed_does_not_stop_the_experiment(run, tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    arguments = [*UNGATED, "small.toml", "--output", "out", "--quiet"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(arguments, stdout=full, stderr=subprocess.PIPE, text=True, timeout=200)
    assert done.returncode == 0
    assert done.stderr == ("cannot print (No space left on device); what is printed is in the results, too\n")
    assert (tmp_path / "out" / "results.json").exists()


def test_difference_of_experiments_leaves_out_what_they_are_called():
    one = resumption.Experiment.from_dict({"training": {"epochs": 3}, "name": "a", "title": "A"})
    other = resumption.Experiment.from_dict({"training": {"epochs": 3}, "name": "b", "title": "B"})
    assert list(resumption.unlike(one.to_dict(), other.to_dict())) == []
