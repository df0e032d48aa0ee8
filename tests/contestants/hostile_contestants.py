"""Contestants that mean harm or do much of it: to the pipe they answer through, to the machine, to survive.

Each does its worst in a run only, with more than `PARITY_ROWS` training rows, so that the gate lets it
through; `WrongArrays` does it at the gate.
"""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from odd_contestants import LATE, PARITY_ROWS

from compare.implementation import Trace
from compare.implementations.handwritten_numpy import HandwrittenNumpy


def answers() -> int:
    """The descriptor of the pipe that the worker answers through."""
    return next(fd for fd in range(3, 30) if is_pipe(fd))


def is_pipe(fd: int) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(fd).st_mode)
    except OSError:
        return False


class Hostile(HandwrittenNumpy):
    def train(self, batches):
        if len(self._trainer.X) > PARITY_ROWS:
            self.do_harm()
        super().train(batches)

    def do_harm(self):
        raise NotImplementedError


class Saying(Hostile):
    """Writes what the test put into the file "says" of its folder to the pipe, as it is."""

    def do_harm(self):
        os.write(answers(), (Path(os.environ[LATE]) / "says").read_bytes())


class Nested(Hostile):
    def do_harm(self):
        os.write(answers(), b'{"id": 2, "done": ' + b"[" * 30_000 + b"\n")


class Exiting(Hostile):
    def do_harm(self):
        os.write(2, b"last words\n")
        os._exit(7)


class Killed(Hostile):
    def do_harm(self):
        os.kill(os.getpid(), signal.SIGKILL)


class Closing(Hostile):
    def do_harm(self):
        for fd in (0, 1, 2, answers()):
            os.close(fd)
        time.sleep(60)


class Flooding(Hostile):
    """A gigabyte without a line end to what it takes for standard output; a little one for the tests."""

    size = int(os.environ.get("SIDE_BY_SIDE_TEST_FLOOD", 50_000_000))

    def do_harm(self):
        chunk = b"x" * 1_000_000
        for _ in range(self.size // len(chunk)):
            os.write(1, chunk)
        type(self).size = 0


class FloodingThePipe(Hostile):
    def do_harm(self):
        pipe, chunk = answers(), b"[" * 1_000_000
        while True:
            os.write(pipe, chunk)


class Babbling(Hostile):
    """Says without end that it is half done."""

    def do_harm(self):
        pipe, chunk = answers(), b'{"id": 2, "fraction": 0.5}\n' * 1000
        while True:
            os.write(pipe, chunk)


class Surviving(Hostile):
    """Leaves a process in a session of its own, which holds its pipes, and dies."""

    def do_harm(self):
        script = "import os, sys, time; os.fork() and os._exit(0); os.setsid()\n"
        script += "open(sys.argv[1], 'w').write(str(os.getpid())); time.sleep(600)"
        told = Path(os.environ[LATE]) / "survivor"
        subprocess.Popen(
            [sys.executable, "-c", script, str(told)], start_new_session=True, pass_fds=(answers(),)
        ).wait()
        while not (told.exists() and told.read_text()):
            time.sleep(0.01)
        os._exit(5)


class Leaking(Hostile):
    kept: list = []  # noqa: RUF012

    def do_harm(self):
        while True:
            self.kept.append(np.ones(4_000_000))
            time.sleep(0.005)


class WrongArrays(HandwrittenNumpy):
    """Answers the gate with arrays of text."""

    def trace(self, X, Y):
        trace = super().trace(X, Y)
        return Trace(trace.loss, trace.values, trace.gradients | {"W1": np.array(["a", "b"])})


class WrongShapes(HandwrittenNumpy):
    def trace(self, X, Y):
        trace = super().trace(X, Y)
        return Trace(trace.loss, trace.values, {name: np.ones(3) for name in trace.gradients})


class Escaping(Hostile):
    def do_harm(self):
        raise ValueError("\x1b[2J\x1b]0;gotcha\x07 \ud800 line\r\nanother " + "x" * 100_000)


def line(**said: object) -> bytes:
    return json.dumps(said).encode() + b"\n"


HOSTILE = {
    "saying": (f"{__name__}:Saying", "says what the test wrote"),
    "exiting-in-a-run": (f"{__name__}:Exiting", "ends its process"),
    "killed-in-a-run": (f"{__name__}:Killed", "is killed"),
    "nested": (f"{__name__}:Nested", "answers with deep brackets"),
    "closing": (f"{__name__}:Closing", "closes its pipes"),
    "flooding": (f"{__name__}:Flooding", "prints a great deal without a line end"),
    "flooding-the-pipe": (f"{__name__}:FloodingThePipe", "answers without end"),
    "babbling": (f"{__name__}:Babbling", "reports without end"),
    "surviving": (f"{__name__}:Surviving", "leaves a process behind"),
    "leaking": (f"{__name__}:Leaking", "takes ever more memory"),
    "wrong-arrays": (f"{__name__}:WrongArrays", "answers with text for numbers"),
    "wrong-shapes": (f"{__name__}:WrongShapes", "answers with other shapes"),
    "escaping": (f"{__name__}:Escaping", "raises terminal commands"),
}
