"""A student's file, run in a process of its own that cannot harm the check: the parent's side."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import compare
from compare.implementation import Array
from compare.measure.channel import ContestantError
from compare.measure.pinning import pinned_environment
from compare.measure.processes import MARK, Output, end_family, new_mark
from compare.measure.scratch import Scratch
from compare.parity.student.reply import read_reply


class CheckError(ValueError):
    """Something could not be checked: one line for people, and `kind` for programs.

    Kinds: "usage", "file", "syntax", "import", "missing", "not-callable", "signature", "exception",
    "memory", "exit", "timeout", "killed", "return", "gradients", "keys", "shape", "value", "reference".
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__("".join(sign if sign.isprintable() else " " for sign in message))
        self.kind = kind


@dataclass(frozen=True)
class Target:
    """What is checked: a file as the user wrote it, and the name of a function or a class in it."""

    path: str
    name: str

    @property
    def label(self) -> str:
        """Return FILE.py:FUNCTION, without folders."""
        return f"{Path(self.path).name}:{self.name}"


@dataclass(frozen=True)
class Reply:
    """What the student's process recorded, the arrays it gave back, and how many lines it printed."""

    record: Mapping[str, Any]
    arrays: Mapping[str, Array]
    printed_lines: int


def read_target(text: str) -> Target:
    """Split FILE.py:FUNCTION.

    Raises:
        CheckError: no function is named, or there is no such file.
    """
    path, colon, name = text.rpartition(":")
    if not colon or not name or os.sep in name:
        raise CheckError("usage", f"{text}: say which function to check, as FILE.py:FUNCTION")
    if not Path(path).exists():
        raise CheckError("file", f"{path}: no such file")
    if not Path(path).is_file():
        raise CheckError("file", f"{path}: is not a file; give the file that holds {name}")
    return Target(path, name)


def ask_student(
    target: Target, task: str, request: Mapping[str, Any], arrays: Mapping[str, Array], timeout: float
) -> Reply:
    """Run the student's file on arrays and return what came back.

    Args:
        target: file and function.
        task: "gradients" or "updates"; see `calls` for what each needs and returns.
        request: ready for JSON.
        arrays: by name.
        timeout: seconds until the process is killed.

    Raises:
        CheckError: there is no answer; the message says why, with the line of the student's file.
    """
    with Scratch() as scratch:
        folder = scratch.folder
        asked = {**request, "file": str(Path(target.path).resolve()), "name": target.name, "task": task}
        (folder / "request.json").write_text(json.dumps(asked), encoding="utf-8")
        np.savez(folder / "request.npz", allow_pickle=False, **arrays)
        code, output = run_worker(folder, timeout)
        if code is None:
            raise CheckError(
                "timeout", f"{target.label}: no answer within {timeout:g} s{loop(folder, asked)}"
            )
        if not (folder / "reply.json").is_file():
            raise CheckError("killed", f"{target.label}: {ending(code, output)}")
        try:
            record, answers = read_reply(folder, task, request, arrays)
        except ContestantError as error:
            raise CheckError("return", f"{target.label}: {error}") from None
        return answered(record, answers, output.lines)


def answered(record: Mapping[str, Any], arrays: Mapping[str, Array], printed_lines: int) -> Reply:
    """Return what the worker wrote as a reply; raise CheckError where it wrote of a failure."""
    if "failure" in record:
        raise CheckError(record["failure"]["kind"], record["failure"]["message"])
    return Reply(record, arrays, printed_lines)


def run_worker(folder: Path, timeout: float) -> tuple[int | None, Output]:
    """Run the worker; return its exit code, None where it was killed for taking too long, and its output."""
    mark = new_mark()
    environment = {
        **pinned_environment(1),
        **mark,
        "MPLBACKEND": "Agg",
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(
            [str(Path(compare.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "compare.parity.student.worker",
            str(folder),
            str(time.time() + 0.9 * timeout),
        ],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    output = Output(process.stdout)
    code: int | None = None
    try:
        code = process.wait(timeout)
    except subprocess.TimeoutExpired:
        code = None
    finally:
        end_family(process, mark[MARK])
        output.finish()
    return code, output


def loop(folder: Path, asked: Mapping[str, Any]) -> str:
    """Say at which of the student's lines the time ran out, where that is known."""
    try:
        stack = (folder / "stack.txt").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for line in stack.splitlines():
        place = line.strip().removeprefix('File "').partition('", line ')
        if place[0] == asked["file"]:
            return f"; it was at line {place[2].replace(' in ', ', in ')}; --timeout gives it longer"
    return "; --timeout gives it longer"


def ending(code: int, output: Output) -> str:
    """Say how a process ended that left no answer."""
    last = output.last_line()
    printed = f"; the last it printed: {last[:200]}" if last else ""
    if code == -signal.SIGKILL:
        return f"its process was killed (signal 9), perhaps because it took too much memory{printed}"
    if code < 0:
        return f"its process was killed by signal {-code} ({signal.Signals(-code).name}){printed}"
    return f"its process ended with exit code {code} and no answer{printed}"
