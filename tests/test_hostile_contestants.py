"""A contestant that means harm takes down its own run only, and is told of in one line."""

import io
import json
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from contestant_support import ends, experiment, one_line, register_odd_contestants, write_csv

from compare.measure import channel, contestant
from compare.measure.channel import ContestantError, read_answer, read_arrays
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import interleaved
from compare.measure.session import make_runs
from compare.parity.gate import check_parity
from data import load_dataset

DONE = {"training": {}, "final_weights_sha256": "0"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    monkeypatch.setenv("SIDE_BY_SIDE_TEST_FOLDER", str(tmp_path))
    return tmp_path


def runs_of(folder, *names, **settings):
    """The runs of contestants on a small network, by name."""
    small = experiment(factors={"implementations": list(names)}, run={"seeds": [0], "timeout": 20} | settings)
    with Laboratory(small, load_dataset(write_csv(folder / "three.csv"))) as laboratory:
        plan = interleaved(small.cells(), small.run.seeds)
        made = list(make_runs(laboratory, plan, lambda planned: None, lambda planned, fraction: None))
    return {run.cell.implementation: run for run in made}


def failure_of(folder, name, status="failed", **settings):
    """Why a contestant's run failed, the next contestant's having ended well."""
    made = runs_of(folder, name, "numpy", **settings)
    assert made["numpy"].status == "ok"
    assert made[name].status == status
    assert one_line(made[name].reason)
    assert made[name].reason.isprintable()
    return made[name].reason


SAID = {
    "no JSON": b"what?\n",
    "no text": b"\xff\xfe\n",
    "no object": b"[1]\n",
    "another question's number": b'{"id": 1, "done": {}}\n',
    "no number": b'{"done": {}}\n',
    "two things at once": b'{"id": 2, "done": {}, "error": "x"}\n',
    "something unknown": b'{"id": 2, "did": {}}\n',
    "a fraction that is none": b'{"id": 2, "fraction": NaN}\n',
    "a text for a fraction": b'{"id": 2, "fraction": "half"}\n',
    "an error that is no text": b'{"id": 2, "error": {"a": 1}}\n',
    "done that is no object": b'{"id": 2, "done": 7}\n',
    "an empty answer": b'{"id": 2, "done": {}}\n',
    "keys that are not a run's": json.dumps({"id": 2, "done": DONE}).encode() + b"\n",
    "a number with too many digits": b'{"id": 2, "fraction": ' + b"9" * 5000 + b"}\n",
}


@pytest.mark.parametrize("said", SAID)
def test_line_of_another_form_is_no_answer(said):
    if "run" in said or "empty" in said:  # an answer like any other, until it is to be a run
        assert read_answer(SAID[said], 2)[0] == "done"
        return
    with pytest.raises(ContestantError, match="its answer cannot be used: ") as failure:
        read_answer(SAID[said], 2)
    assert one_line(str(failure.value))
    assert str(failure.value).isprintable()


@pytest.mark.parametrize("said", ["no JSON", "keys that are not a run's"])
def test_answer_of_another_form_fails_its_own_run(said, folder):
    (folder / "says").write_bytes(SAID[said])
    assert failure_of(folder, "saying").startswith("its answer cannot be used: ")


def test_closed_pipe_is_told_and_the_next_contestant_goes_on(folder, monkeypatch):
    monkeypatch.setattr(contestant, "LAST_WORDS_SECONDS", 0.3)
    assert failure_of(folder, "closing").startswith("it closed the pipe it answers through")


def test_flood_of_output_is_neither_kept_nor_in_the_way(folder):
    assert runs_of(folder, "flooding")["flooding"].status == "ok"


def test_answer_without_end_is_cut_off(folder, monkeypatch):
    monkeypatch.setattr(channel, "LONGEST_LINE", 3_000_000)
    assert failure_of(folder, "flooding-the-pipe").startswith("its answer has more than the 3000000 bytes")


def test_reports_without_end_do_not_beat_the_clock(folder):
    assert failure_of(folder, "babbling", "timeout", timeout=1.0).startswith("no answer within 1 s")


class WithoutPause:
    """Reports of which the next is there as soon as one is read."""

    late = 0

    def get(self, timeout):
        self.late += timeout <= 0
        assert self.late < 10, "they are read on when the time is over"
        return b'{"id": 2, "fraction": 0.5}\n'

    def leave(self):
        pass


def test_reports_that_never_pause_are_read_no_longer_than_the_time_limit(folder):
    with Laboratory(experiment(), load_dataset(write_csv(folder / "three.csv"))) as laboratory:
        asked = laboratory.contestant("numpy", 1)
        asked.start()
        asked._lines.leave()
        asked._lines = WithoutPause()
        with pytest.raises(ContestantError, match=r"no answer within 0.2 s; stopped") as late:
            asked.ask("contract", 0.2)
        assert late.value.status == "timeout"
        assert asked.pid is None


def test_process_that_left_its_session_and_holds_the_pipes_is_ended_too(folder, monkeypatch):
    monkeypatch.setattr(contestant, "LAST_WORDS_SECONDS", 0.3)
    assert failure_of(folder, "surviving").startswith("the process was ended with exit code 5")
    survivor = int((folder / "survivor").read_text())
    if not Path("/proc").exists():
        pytest.skip("only a system with /proc tells of processes in other sessions")
    assert ends(survivor)


def test_contestant_that_takes_too_much_memory_is_stopped_with_the_amount(folder):
    if not Path("/proc/self/statm").exists():
        pytest.skip("only a system with /proc/PID/statm tells how much memory a process has")
    told = failure_of(folder, "leaking", memory_limit=0.4)
    assert " GB of memory, more than the 0.4 GB it may have" in told


def test_gate_survives_arrays_of_text_and_of_other_shapes(folder):
    names = ["wrong-arrays", "wrong-shapes"]
    small = experiment(factors={"implementations": [*names, "numpy", "torch"]})
    with Laboratory(small, load_dataset(write_csv(folder / "three.csv"))) as laboratory:
        parity = check_parity(laboratory, lambda what: None)
    assert {implementation for implementation, _ in parity.failures} == set(names)
    assert all(one_line(told) for told in parity.failures.values())


def test_memory_is_looked_at_also_where_every_answer_comes_at_once(folder):
    if not Path("/proc/self/statm").exists():
        pytest.skip("only a system with /proc/PID/statm tells how much memory a process has")
    small = experiment(run={"memory_limit": 0.001})
    told = r"more than the 0\.001 GB it may have"
    with Laboratory(small, load_dataset("digits")) as laboratory, pytest.raises(ContestantError, match=told):
        laboratory.contestant("numpy", 1).start()


def archive(name="W1.npy", compression=zipfile.ZIP_STORED, version=20, flags=0):
    """An archive of one array that announces this version and these flags."""
    out, array = io.BytesIO(), io.BytesIO()
    np.save(array, np.eye(3))
    with zipfile.ZipFile(out, "w", compression) as file:
        file.writestr(name, array.getvalue())
    content = bytearray(out.getvalue())
    place = content.index(b"PK\x01\x02")
    content[place + 6], content[place + 8] = version, flags
    return bytes(content)


BROKEN_ARCHIVES = {
    "empty": b"",
    "cut off": b"PK",
    "other": b"no archive",
    "of a version to come": archive(version=80),
    "encrypted": archive(flags=1),
    "damaged LZMA": archive(compression=zipfile.ZIP_LZMA).replace(b"\x5d\x00\x00", b"\xff\xff\xff", 1),
}


@pytest.mark.parametrize("content", BROKEN_ARCHIVES.values(), ids=BROKEN_ARCHIVES)
def test_file_that_holds_no_arrays_is_refused(content, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ContestantError, match="its answer cannot be used"):
        read_arrays(tmp_path / "a.npz")
    with pytest.raises(ContestantError, match="its answer cannot be used"):
        read_arrays(tmp_path / "a.npz")  # it has been removed


def test_pickled_array_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", allow_pickle=True, W1=np.array([{}], dtype=object))
    with pytest.raises(ContestantError, match="its answer cannot be used"):
        read_arrays(tmp_path / "a.npz")


def test_contestant_ends_when_its_parent_is_killed(folder):
    if sys.platform != "linux":
        pytest.skip("only Linux ends a process with its parent")
    script = (
        "import sys, os, time; from pathlib import Path; from compare.measure.contestant import Contestant\n"
        "c = Contestant('numpy', 1, Path('.')); c.start(); print(c.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    assert ends(pid)
