"""Try every fault on the command itself, and print the page of what came of it.

    python -m benchmarks.fault_table > docs/faults.md

The faults stand in tests/faults_*.py. The check of parity, the figures and the page, which have tests of
their own, are left out, and the networks are tiny.
"""

import contextlib
import importlib
import io
import os
import re
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
LONGEST = 300
TOLD = (" in the means: ", "is dropped", "Fell back")
"""What marks the lines of the output that tell of a fault where the run goes on."""

HEAD = """# Faults and what becomes of them

Made by `python -m benchmarks.fault_table > docs/faults.md`, which tries each on `compare.run` itself, without
the check of parity; a test holds this page to what comes of it. Exit code 2: bad usage or input, one line,
nothing written. 3: some runs failed, the others are in the table. 0: all is well, or told in the results.
"""

TESTED = {
    "SIGKILL, SIGINT, SIGTERM or SIGHUP at any moment, then `--resume`": (
        "the run in progress is lost, nothing else; no process is left; the same table in the end",
        "tests/test_faults.py::test_run_killed_in_any_stage_is_resumed_to_the_same_table",
    ),
    "a disk that is full (a small one, filled) in the middle of `experiment.json`, `runs.jsonl`, "
    "`timings.jsonl`, `results.json`, a figure": (
        "exit code 2, the path and the reason; half a line or file is undone; with room, `--resume` goes on",
        "tests/test_full_disk.py::test_full_disk_in_the_middle_of_a_file_is_told_and_gone_on_from",
    ),
    "a full disk for the scratch folder": (
        "exit code 2, the path and the reason",
        "tests/test_full_disk.py::test_scratch_folder_on_a_full_disk_is_told",
    ),
    "a full disk for the cache of parsed data": (
        "done without; nothing is left there",
        "tests/test_full_disk.py::test_cache_of_parsed_data_on_a_full_disk_is_done_without",
    ),
    "a full disk in the middle of a download": (
        "exit code 2, or the fallback, and the reason; what has arrived is gone on with",
        "tests/test_full_disk.py::test_download_to_a_full_disk_is_told_and_gone_on_with",
    ),
    "symbolic links inside a result directory that lead out of it": (
        "replaced or refused, never written through",
        "tests/test_resumption.py::test_link_out_of_the_directory_is_not_written_through",
    ),
    "Ctrl-C where Python cannot raise it (a weak reference's callback)": (
        "heard a moment later; exit code 130",
        "tests/test_faults.py::test_interruption_is_heard_where_python_cannot_raise_it",
    ),
    "a name that a spreadsheet would take for a formula": (
        "has an apostrophe before it in the CSV tables",
        "tests/test_tables.py::test_csv_holds_no_formula",
    ),
    "standard output on a full disk (`> /dev/full`)": (
        "told once on standard error; the run goes on",
        "tests/test_resumption.py::test_output_that_cannot_be_printed_does_not_stop_the_experiment",
    ),
    "a reader of standard output that goes away (`compare.run \\| head`)": (
        "the run goes on",
        "tests/test_run_command.py::test_reader_that_goes_away_does_not_end_the_experiment",
    ),
    "two runs that begin in one directory at once": (
        "the second is refused",
        "tests/test_results.py::test_two_runs_cannot_share_a_directory",
    ),
    "SIGKILL to the command while a contestant runs": (
        "the contestant ends with it (Linux)",
        "tests/test_hostile_contestants.py::test_contestant_ends_when_its_parent_is_killed",
    ),
    "temporary folders of killed runs": (
        "removed by the next run",
        "tests/test_scratch.py::test_folder_of_a_killed_process_goes_with_the_next_and_no_other_does",
    ),
    "answers of another form: no JSON, other keys, NaN, nested, too long, to another question": (
        "that run fails",
        "tests/test_hostile_contestants.py::test_line_of_another_form_is_no_answer",
    ),
    "random and spoilt TOML, results, journals, answers (`python -m benchmarks.fuzz`)": (
        "read, or refused in one line",
        "tests/test_fuzz.py::test_reader_refuses_in_one_line_whatever_it_is_given",
    ),
    "pickle, eval, exec, a shell": (
        "nowhere in the code",
        "tests/test_trust.py::test_no_module_unpickles_evaluates_or_starts_a_shell",
    ),
}
"""Faults that take a signal, a full disk or a second process: what comes of them, the test for it."""

KILLS = """Made by `python -m benchmarks.faults --kills 100 > benchmarks/kills.md`, which kills the command at
random moments of each stage, and resumes it until it is done. The same table: the same runs, weights
(SHA-256), losses, tuning, noise scale, pictures and files, times aside."""
FUZZ = """Made by `python -m benchmarks.fuzz --inputs 10000 --guided > benchmarks/fuzz.md`: each reader gets
files spoilt in form or bytes, and as many with which a coverage-guided fuzzer looks for new branches. Ten
seconds for one input is a hang; "else" would be that, a traceback, or a message of more than a line."""
RECORDED = {
    "Killed in every stage": ("kills.md", KILLS),
    "Ten thousand inputs for every reader": ("fuzz.md", FUZZ),
}
"""What takes too long for every test: the file beside this one that the command left, and the words above."""

LIMITS = """Limits: a process that clears its environment and lets its parent die is not found and not ended;
off Linux only the contestant's own process group is. The memory of a contestant is looked at four times a
second and with each answer; that of processes it has started is not counted. Without `flock` (Windows) two
runs in one directory are not noticed.
"""


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for title, faults in registry().items():
        rows = [(fault.title, *outcome(fault)) for fault in faults]
        lines = ["| tried | exit code | told |", "| --- | --- | --- |"]
        lines += [f"| {title} | {code} | {told} |" for title, code, told in rows]
        parts.append(f"## {title}\n\n" + "\n".join(lines) + "\n")
    lines = ["| tried | outcome | test |", "| --- | --- | --- |"]
    lines += [f"| {title} | {told} | `{test}` |" for title, (told, test) in TESTED.items()]
    parts.append("## Signals, full disks, second processes\n\n" + "\n".join(lines) + "\n")
    for title, (name, words) in RECORDED.items():
        table = Path(__file__).with_name(name).read_text(encoding="utf-8")
        parts.append(f"## {title}\n\n{words}\n\n{table}")
    return "\n".join([*parts, LIMITS])


def registry() -> dict[str, list[Any]]:
    """Return the faults of the modules tests/faults_*.py there are, by the title of their part."""
    here = importlib.import_module("faults_experiment")
    tables = {"Experiments": here.EXPERIMENTS, "Result directories": here.DIRECTORIES, "Runs": here.RUNS}
    parts = {
        title: [fault for fault in here.FAULTS if fault.title in table] for title, table in tables.items()
    }
    if (TESTS / "faults_data.py").exists():
        parts = {"Data": importlib.import_module("faults_data").FAULTS, **parts}
    return parts


def outcome(fault: Any) -> tuple[int, str]:
    """Return the exit code that a fault leads to, and what is told of it."""
    from compare import run as command

    out, err = io.StringIO(), io.StringIO()
    with tempfile.TemporaryDirectory(prefix="fault-") as name, prepared(Path(name)):
        place = Path(name) / "given"
        place.mkdir()
        with contextlib.redirect_stdout(io.StringIO()):
            arguments = fault.make(place)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = command.main([*arguments, "--quiet"])
            except SystemExit as left:
                code = int(str(left.code))
        lines = err.getvalue().splitlines() or [
            line for line in out.getvalue().splitlines() if any(mark in line for mark in TOLD)
        ]
        return code, "<br>".join(plain(line, name) for line in lines) or "nothing: all is well"


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[None]:
    """Work in a folder, with the tests' contestants known, without parity; take all of it back."""
    from faults_experiment import HELD
    from hostile_contestants import HOSTILE
    from odd_contestants import LATE, ODD
    from ungated import ungate

    from compare.implementations import IMPLEMENTATIONS

    paths = os.pathsep.join([str(TESTS / "contestants"), str(ROOT)])
    variables = {"PYTHONPATH": paths, LATE: str(folder), "SIDE_BY_SIDE_CACHE": str(folder / "cache")}
    before, numbers = Path.cwd(), [signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]
    handlers = [(number, signal.getsignal(number)) for number in numbers]
    os.chdir(folder)
    try:
        with (
            mock.patch.dict(os.environ, variables),
            mock.patch.dict(IMPLEMENTATIONS, ODD | HOSTILE),
            contextlib.ExitStack() as patches,
        ):
            ungate(lambda *part: patches.enter_context(mock.patch.object(*part)))
            yield
    finally:
        os.chdir(before)
        for store in HELD:
            store.close()
        HELD.clear()
        for number, handler in handlers:
            signal.signal(number, handler)


def plain(line: str, folder: str) -> str:
    """Return a line of output without what changes from one machine or time to another, fit for Markdown."""
    for place in (str(Path(folder).resolve()), folder):
        line = line.replace(f"{place}/given/", "").replace(f"{place}/given", "DIR").replace(f"{place}/", "")
    line = re.sub(r"took [\d.]+ GB", "took ... GB", line)
    line = re.sub(r"(now|SHA-256) [0-9a-f]{12}\.\.\.", r"\1 ...", line)
    line = re.sub(r"((?:BLAS|numpy) was [^;:]* and is )[^;:]*", r"\1...", line)
    line = re.sub(r"[^ ']*/finished-\w+/", "", line)
    line = line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
    return re.sub(r"([\\|<>*_`\[\]])", r"\\\1", "".join(c if c.isprintable() else "?" for c in line))


if __name__ == "__main__":
    sys.path[:0] = [str(TESTS), str(TESTS / "contestants")]  # the tests' own modules
    sys.stdout.write(page())
