"""The examples in docs/report.md are what the commands beside them print."""

import shlex
import signal
import textwrap
from pathlib import Path

import pytest

from benchmarks import report_size
from compare import report
from compare.render.columns import COLUMNS

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "report.md"
EXAMPLE = "python -m compare.report results/"


def blocks() -> list[str]:
    """The indented blocks of the document, those that only an empty line parts as one."""
    found: list[list[str]] = [[]]
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        if line.startswith("    ") or (not line and found[-1]):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    return [textwrap.dedent("\n".join(block)).strip() for block in found if block]


def test_examples_are_what_the_commands_print(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before, shown = signal.getsignal(signal.SIGTERM), 0
    for block in blocks():
        lines = block.splitlines()
        for line in lines:
            program, arguments = line.split()[:3] if line.startswith("python") else [], shlex.split(line)[3:]
            if program[2:] == ["benchmarks.report_size"] and "--write" in arguments:
                monkeypatch.setattr("sys.argv", ["report_size", *arguments])
                report_size.main()
            elif line.startswith(EXAMPLE):
                assert report.main(arguments) == 0
                expected = "\n".join(lines[lines.index(line) + 2 :])
                said = capsys.readouterr().out
                assert len(expected.splitlines()) > 5
                assert expected in "\n".join(text.rstrip() for text in said.splitlines())
                shown += 1
    signal.signal(signal.SIGTERM, before)
    assert shown == 2


def test_every_column_is_named() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert all(f"`{key}`" in text for key in COLUMNS)
