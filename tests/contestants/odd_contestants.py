"""Contestants that misbehave, each in one way; the worker imports them in its own process.

Those that fail "in a run" do so with more than `PARITY_ROWS` training rows only, so that the gate lets
them through.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from compare.implementation import Trace, UpdateRule
from compare.implementations.handwritten_numpy import HandwrittenNumpy

PARITY_ROWS = 50
LATE = "SIDE_BY_SIDE_TEST_FOLDER"


class Chatty(HandwrittenNumpy):
    def __init__(self, *args):
        print("building", flush=True)
        super().__init__(*args)

    def train(self, batches):
        os.write(1, b'{"done": {}}\n')
        sys.stdout.write("a line without its end")
        super().train(batches)

    def trace(self, X, Y):
        print('{"error": "not one"}')
        return super().trace(X, Y)


class Raising(HandwrittenNumpy):
    def trace(self, X, Y):
        raise ValueError("the first line\n  and the second")


class RaisingInARun(HandwrittenNumpy):
    def train(self, batches):
        if len(self._trainer.X) > PARITY_ROWS:
            raise FloatingPointError("no more")
        super().train(batches)


class Exiting(HandwrittenNumpy):
    def trace(self, X, Y):
        print("last words", file=sys.stderr, flush=True)
        os._exit(7)


class Killed(HandwrittenNumpy):
    def trace(self, X, Y):
        os.kill(os.getpid(), signal.SIGKILL)


class HangingInARun(HandwrittenNumpy):
    def train(self, batches):
        while len(self._trainer.X) > PARITY_ROWS:
            time.sleep(0.01)
        super().train(batches)


class Patient(HandwrittenNumpy):
    """Makes one run, then waits for the file "go" in the test's folder."""

    def load(self, X, Y):
        super().load(X, Y)
        self.runs = Path(os.environ[LATE]) / "begun"

    def train(self, batches):
        if len(self._trainer.X) > PARITY_ROWS:
            # a run loads two networks, the first of them for the warm-up
            with self.runs.open("a") as file:
                file.write(f"{id(self)}\n")
            while len(set(self.runs.read_text().split())) > 2 and not (self.runs.parent / "go").exists():
                time.sleep(0.01)
        super().train(batches)


class OffByABillionth(HandwrittenNumpy):
    """Wrong in float64 only: float32 cannot see 1e-9."""

    def trace(self, X, Y):
        trace = super().trace(X, Y)
        return Trace(trace.loss, trace.values, trace.gradients | {"W1": trace.gradients["W1"] * (1 + 1e-9)})


class OtherRule(HandwrittenNumpy):
    """Right gradients, wrong update: it ignores the momentum, which the first step does not show."""

    def __init__(self, network, parameters, rule, dtype):
        options = {key: value for key, value in rule.options.items() if key != "momentum"}
        super().__init__(network, parameters, UpdateRule(rule.name, options), dtype)


class WithoutGradient(HandwrittenNumpy):
    def trace(self, X, Y):
        trace = super().trace(X, Y)
        gradients = {name: value for name, value in trace.gradients.items() if name != "W1"}
        return Trace(trace.loss, trace.values, gradients)


class OtherNames(HandwrittenNumpy):
    def parameters(self):
        return {name.lower(): values for name, values in super().parameters().items()}


class NotANumber(HandwrittenNumpy):
    def trace(self, X, Y):
        trace = super().trace(X, Y)
        return Trace(
            trace.loss,
            trace.values,
            trace.gradients | {"W1": np.full_like(self.mlp.parameters["W1"], np.nan)},
        )


ODD = {
    "chatty": (f"{__name__}:Chatty", "prints a great deal"),
    "raising": (f"{__name__}:Raising", "raises"),
    "raising-in-a-run": (f"{__name__}:RaisingInARun", "raises once it is past the gate"),
    "exiting": (f"{__name__}:Exiting", "ends its process"),
    "killed": (f"{__name__}:Killed", "is killed"),
    "hanging-in-a-run": (f"{__name__}:HangingInARun", "never ends once it is past the gate"),
    "patient": (f"{__name__}:Patient", "waits in its second run"),
    "unpinned": ("unpinned_contestant:Unpinned", "sets its own number of threads"),
    "unimportable": ("no_such_module:Nothing", "is not there"),
    "off-by-a-billionth": (f"{__name__}:OffByABillionth", "has one gradient wrong by 1e-9"),
    "other-rule": (f"{__name__}:OtherRule", "ignores the momentum"),
    "without-gradient": (f"{__name__}:WithoutGradient", "leaves a gradient out"),
    "other-names": (f"{__name__}:OtherNames", "names its parameters differently"),
    "not-a-number": (f"{__name__}:NotANumber", "has a gradient of NaN"),
}
