"""`python -m compare.report`: the same files again from `results.json`, and what it refuses."""

import contextlib
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios

import pytest
from contestant_support import one_line, write_csv
from ungated import ungate

from benchmarks.report_size import made_document
from compare import finishing, reporting
from compare import report as command
from compare import run as run_command
from compare.render.files import result_files
from compare.render.layout import Layout
from compare.render.screen import WIDEST
from compare.render.tables import summary_table

TEXTS = {"table.md", "table.csv", "table.tex"}


@pytest.fixture(autouse=True)
def _handlers():
    """The command sets a handler for SIGTERM; take it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def document():
    return made_document(20, epochs=3)


@pytest.fixture
def results(document, tmp_path):
    """A directory with a results.json of 20 runs."""
    directory = tmp_path / "results"
    directory.mkdir()
    (directory / "results.json").write_text(json.dumps(document))
    return directory


class Outcome:
    def __init__(self, code, captured):
        self.code, self.out, self.err = code, captured.out, captured.err


@pytest.fixture
def report(capsys):
    def report(*arguments):
        try:
            code = command.main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = left.code
        return Outcome(code, capsys.readouterr())

    return report


def test_help_loads_no_heavy_library():
    script = """
import sys
from compare.report import main
try:
    main(["--help"])
except SystemExit as left:
    heavy = {"torch", "numpy", "pandas", "scipy", "pydantic", "jinja2", "jsonschema", "matplotlib", "data"}
    print("loaded:", sorted(heavy & set(sys.modules)), file=sys.stderr)
    sys.exit(left.code)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=200
    )
    assert (done.returncode, done.stderr.strip()) == (0, "loaded: []")
    for flag in ("--format", "--output", "--columns", "--sort", "--group-by", "--intervals"):
        assert flag in done.stdout


def test_report_on_a_finished_run_is_what_the_run_wrote(report, tmp_path, monkeypatch, capsys):
    formats = ("csv", "md", "tex", "html")
    ungate(monkeypatch.setattr)
    monkeypatch.setattr(finishing, "TEXTS", ("json", *formats))
    out, data = tmp_path / "out", write_csv(tmp_path / "three.csv", rows=100)
    flags = ["--dataset", data, "--hidden", "5", "--implementations", "numpy", "--batch-sizes", "full,16"]
    lengths = ["--epochs", "3", "--target", "0.5", "--seeds", "0,1", "--processes", "0", "--quiet"]
    assert run_command.main([str(part) for part in (*flags, *lengths, "--output", out)]) == 0
    said = capsys.readouterr().out
    monkeypatch.setattr(reporting, "FORMATS", formats)
    done = report(out)
    assert (done.code, done.err) == (0, "")
    made = {path.name: path.read_bytes() for path in (out / "report").iterdir() if path.is_file()}
    assert made.keys() >= TEXTS | {"budgets.csv", "report.html"}
    for name, content in made.items():
        assert (out / name).read_bytes() == content, name
    table = [line for line in said.splitlines() if line.startswith(("full ", "16 ", "3 epochs "))]
    assert len(table) >= 4
    assert all(line in done.out.splitlines() for line in table)


def test_report_needs_neither_torch_nor_the_data(results):
    script = f"""
import sys
from compare.report import main
code = main([{str(results)!r}, "--format", "md,csv,tex"])
print("loaded:", sorted({{"torch", "data", "handwritten", "torch_impl"}} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=200
    )
    assert (done.returncode, done.stderr.strip()) == (0, "loaded: []")


def test_formats_and_layout_decide_what_is_written(report, results, document, tmp_path):
    flags = ["--columns", "batch_size,time_ratio", "--sort", "-time_ratio", "--group-by", "objective"]
    done = report(results, *flags, "--format", "csv,tex", "--intervals", "pm", "--output", tmp_path / "out")
    assert done.code == 0
    layout = Layout(("batch_size", "time_ratio"), ("-time_ratio",), "objective", "pm")
    expected = result_files(document, ("csv", "tex"), layout)
    assert {path.name: path.read_text() for path in (tmp_path / "out").iterdir()} == expected
    assert "table.md" not in expected


def test_quiet_prints_nothing(report, results):
    done = report(results, "--quiet", "--format", "csv")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (results / "report" / "table.csv").exists()


def test_directory_that_holds_something_is_left_alone_without_force(report, results):
    thesis = results / "report" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("do not lose")
    done = report(results)
    assert done.code == 2
    assert one_line(done.err)
    assert "--force" in done.err
    assert list(thesis.parent.iterdir()) == [thesis]
    assert report(results, "--force", "--format", "md").code == 0
    assert thesis.read_text() == "do not lose"
    assert {path.name for path in thesis.parent.iterdir()} == {"thesis.txt", "table.md"}


def test_force_never_replaces_the_record_of_the_run(report, results):
    before = (results / "results.json").read_bytes()
    assert report(results, "--output", results, "--force", "--format", "md").code == 0
    assert (results / "results.json").read_bytes() == before
    assert (results / "table.md").exists()


def test_summary_that_its_runs_do_not_give_is_noted(report, results, document):
    changed = json.loads(json.dumps(document))
    changed["summary"][0]["test_accuracy"] = changed["summary"][0]["test_accuracy_high"] = 1.0
    (results / "results.json").write_text(json.dumps(changed))
    done = report(results, "--format", "csv")
    assert done.code == 0
    assert one_line(done.err)
    assert "summary[0].test_accuracy is 1.0, its runs and timings give 0." in done.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say which results"),
        (["nowhere"], "nowhere: cannot be read (No such file or directory)"),
        (["."], "results.json: no such file; name a directory that python -m compare.run wrote"),
        (["results", "--format", "doc"], "--format: 'doc' is not known; known: csv, md, tex"),
        (["results", "--format", "htm"], "did you mean html?"),
        (["results", "--format", ","], "--format: is empty"),
        (["results", "--columns", "time_ration"], "did you mean time_ratio?"),
        (["results", "--columns", ""], "--columns: is empty"),
        (["results", "--sort", "-implementaton"], "did you mean implementation?"),
        (["results", "--group-by", "color"], "--group-by: 'color' is not a column; known: implementation"),
        (["results", "--intervals", "stars"], "--intervals"),
        (["results", "--ouput", "x"], "did you mean --output?"),
        (["results", "results", "--columns", "flags"], "--columns: is for the table of one result"),
        (["results", "results", "--format", "html"], "a comparison comes as csv, md, tex, not as html"),
        (["results", "--output", "results/results.json"], "is a file, not a directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_exit_code_2_and_nothing_is_written(
    arguments, told, report, results, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = report(*arguments)
    assert done.code == 2
    assert one_line(done.err)
    assert done.err.startswith("error: ")
    assert told in done.err
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_printed_keeps_to_the_width_of_a_page(report, results):
    lines = report(results, "--format", "csv").out.splitlines()
    lines = lines[: next(at for at, line in enumerate(lines) if line.startswith("Written to "))]
    assert 100 < max(map(len, lines)) <= WIDEST


@pytest.mark.parametrize("columns", [80, 250])
def test_a_table_is_as_wide_as_a_wide_terminal(columns, tmp_path):
    document = made_document(200, epochs=2)
    (tmp_path / "results.json").write_text(json.dumps(document))
    rows = (document["summary"], "terminal", document["reference"], document.get("floor", ()))
    wide, narrow = (summary_table(*rows, columns=most) for most in (250, WIDEST))
    assert "Not shown, for width: " in narrow
    assert "Not shown, for width: " not in wide
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    line = [sys.executable, "-m", "compare.report", str(tmp_path), "--format", "md"]
    with subprocess.Popen(line, stdout=theirs) as process:
        os.close(theirs)
        said = read_all(ours).replace("\r\n", "\n")
    assert process.returncode == 0
    assert (wide if columns > WIDEST else narrow).partition("\n\n")[2] in said


def read_all(terminal):
    """What is written to the other end of a terminal until that is closed."""
    said = b""
    with contextlib.suppress(OSError):
        while piece := os.read(terminal, 65536):
            said += piece
    os.close(terminal)
    return said.decode()


def test_reader_that_goes_away_does_not_end_the_report(report, results, monkeypatch):
    class Gone:
        encoding = "utf-8"

        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            pass

        def fileno(self):
            return os.open(os.devnull, os.O_WRONLY)

    monkeypatch.setattr(sys, "stdout", Gone())
    assert command.main([str(results), "--format", "csv"]) == 0
    assert (results / "report" / "table.csv").exists()
