"""What is tried on the commands ends as docs/faults.md says; a killed run, as one that nobody disturbed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contestant_support import CONTESTANTS

from benchmarks import fault_table, faults, stages
from compare.measure import contestant

HERE = Path(__file__).resolve().parent
STAGED = f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from benchmarks import stages
from ungated import replace, ungate
ungate(replace)
stages.end_with(stages.main)
"""
SMALL = """
[data]
dataset = "three.csv"
[model]
hidden = [5]
[training]
epochs = 40
target = 0.5
lr = 0.5
[factors]
implementations = ["numpy"]
batch_sizes = ["full", 16]
[run]
seeds = [0, 1]
processes = 1
rounds = 2
floor = false
"""
PAGE = Path(__file__).resolve().parents[1] / "docs" / "faults.md"


def test_page_of_faults_is_what_comes_of_them(monkeypatch):
    if not Path("/proc").exists():
        pytest.skip("without /proc memory is not looked at, and the page was made where it is")
    monkeypatch.syspath_prepend(str(CONTESTANTS))
    monkeypatch.setattr(contestant, "LAST_WORDS_SECONDS", 0.5)  # two of them are waited for that long
    made, kept = fault_table.page().splitlines(), PAGE.read_text(encoding="utf-8").splitlines()
    for line in made:
        assert line in kept, "python -m benchmarks.fault_table > docs/faults.md"
    assert made == kept


def test_tests_that_the_page_names_are_there():
    for _, name in fault_table.TESTED.values():
        path, _, function = name.partition("::")
        tree = ast.parse((PAGE.parents[1] / path).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_fault_ends_in_a_line_or_in_the_table():
    rows = [line.split(" | ") for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    tried = [row for row in rows if len(row) == 3 and row[1].isdigit()]
    assert len(tried) > 60
    assert {row[1] for row in tried} == {"0", "2", "3"}
    for row in tried:
        assert row[1] != "2" or ("<br>" not in row[2] and row[2].startswith("error: ")), row


def test_run_killed_in_any_stage_is_resumed_to_the_same_table(tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows has none of these signals")
    command, hit = [sys.executable, "-c", STAGED], ("runs", "tables and page")
    record = faults.torment(tmp_path, 1, 1, command, quiet=True, experiment=SMALL, stages=hit)
    assert record.kills.total() >= 2
    assert record.left_folders <= 1


def test_every_stage_of_a_run_is_noted_in_its_turn(tmp_path, monkeypatch):
    seen = []
    for name, names in stages.MARKS.items():
        function = stages.noted(lambda *_: seen.append(_), names, str(tmp_path / "stages"))
        for call in range(3):
            function(name, call)
    assert [name for name, _ in stages.reached(tmp_path / "stages")] == list(stages.STAGES[1:])
    assert len(seen) == 3 * len(stages.MARKS)


def test_kills_are_drawn_in_an_order_in_which_one_run_can_meet_them(rng):
    for _ in range(20):
        order = faults.in_order(stages.STAGES, rng)
        assert sorted(order) == sorted(stages.STAGES)
        late = [stage for stage in order if stage not in faults.AT_ANY_TIME]
        assert late == list(stages.STAGES[2:])


INTERRUPTED = """
from compare.signals import end_with
def main():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        {then}
end_with(main)
"""


@pytest.mark.parametrize("then", ["return 130", "raise"], ids=["told", "too early to be told"])
def test_interruption_ends_with_its_exit_code_wherever_it_came(then, tmp_path):
    """As where it comes while a dataclass is made: CPython would end a module by SIGINT later on."""
    (tmp_path / "interrupted.py").write_text(INTERRUPTED.format(then=then))
    path = os.pathsep.join([str(tmp_path), str(HERE.parent)])
    arguments = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(
        arguments, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 130
    assert done.stderr == ("" if then == "return 130" else "interrupted; nothing was begun\n")


EARLY = """
import runpy, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "argparse" or name.startswith("compare.") and name not in ("compare.signals", "COMMAND"):
            raise KeyboardInterrupt
sys.modules.pop("argparse", None)
sys.meta_path.insert(0, Interrupting())
sys.argv = ["COMMAND"]
runpy.run_module("COMMAND", run_name="__main__")
"""


COMMANDS = [
    f"compare.{path.stem}"
    for path in sorted((HERE.parent / "compare").glob("*.py"))
    if "\n    end_with(main)\n" in path.read_text(encoding="utf-8")
]


def test_every_command_that_can_tell_of_an_early_interruption_is_found():
    assert set(COMMANDS) >= {
        f"compare.{name}" for name in ("check", "contract", "distributed", "report", "run")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_interruption_of_the_first_import_that_takes_time_is_told_in_one_line(command):
    done = subprocess.run(
        [sys.executable, "-c", EARLY.replace("COMMAND", command)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "interrupted; nothing was begun\n")


UNHEARD = """
import os, signal, time
from compare.signals import end_with, interrupt_on_request
class Last:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGNAL)
        for _ in range(1000): pass
def main():
    interrupt_on_request()
    last = Last()
    try:
        del last
        time.sleep(60)
    except KeyboardInterrupt:
        return 130
end_with(main)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interruption_is_heard_where_python_cannot_raise_it(name, tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows has none of these signals")
    code = UNHEARD.replace("SIGNAL", name)
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("harm", ["lost", "torn", "traceback"])
def test_harm_done_by_a_kill_is_seen(harm, tmp_path):
    victim = faults.Victim(tmp_path, [sys.executable])
    (tmp_path / "runs.jsonl").write_text('{"a": 1}\n' if harm != "torn" else '{"a": 1}\n{"b"\n')
    before = {**faults.lines_of(tmp_path / "new"), "runs.jsonl": [b'{"a": 1}'] * (2 if harm == "lost" else 1)}
    told = "Traceback (most recent call last)" if harm == "traceback" else ""
    with pytest.raises((faults.HarmError, ValueError)):
        victim.inspect(tmp_path, before, 130, "SIGINT", told)
