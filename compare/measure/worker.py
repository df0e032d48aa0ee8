"""The process in which one contestant lives: `python -m compare.measure.worker`.

It reads one JSON request a line from standard input and writes one JSON answer a line to what was standard
output when it started; whatever the contestant prints goes to standard error instead. Arrays travel as
`.npy` and `.npz` files, never pickled. The parent has pinned the threads in the environment by then.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from compare.batches import batches_per_epoch, first_batches
from compare.implementation import Array, Trainable, UpdateRule
from compare.implementations import load_implementation
from compare.implementations.defaults import completed
from compare.initial_weights import fingerprint
from compare.measure.floor import Floor, load_library
from compare.measure.inspection import inspect
from compare.measure.pinning import THREAD_VARIABLES, check_threads, thread_pools
from compare.measure.processes import end_with_parent
from compare.measure.software import builds
from compare.measure.states import stacked
from compare.measure.timing import Stopwatch, UntakenBatchesError, endless_batches
from compare.measure.training import Budget, Split, compiled, predicted, train, warm_up
from compare.network import Network
from compare.plugins import PluginError
from compare.targets import target_matrix

REPORT_SECONDS = 0.1


class Worker:
    """One contestant and the datasets' folder; each public method answers a request of the same name."""

    def __init__(self, answers: TextIO) -> None:
        self._answers = answers
        self.asked = 0
        self._stopwatch: Stopwatch[Any] | None = None
        self._warm: set[str] = set()
        self._reported = -REPORT_SECONDS

    def hello(self, implementation: str, data: str, floor: bool) -> dict[str, Any]:
        """Import the contestant; answer with the libraries loaded, their threads and their builds.

        For the `floor`, `implementation` is the library that multiplies.
        """
        self._build: Any = None
        if floor:
            self._library = load_library(implementation)
        else:
            self._build = load_implementation(implementation)
        self._data = Path(data)
        self._threads = int(os.environ.get(THREAD_VARIABLES[0], "0"))
        return {"pools": thread_pools(), "builds": builds(), "devices": self._devices}

    @property
    def _devices(self) -> list[str]:
        return list(getattr(self._build, "devices", ("cpu",)))

    def device(self, name: str) -> dict[str, Any]:
        """Make sure of PyTorch's device; answer with what is recorded of it."""
        from compare.implementations.torch_device import describe_device

        return {"device": describe_device(name)}

    def contract(self) -> dict[str, Any]:
        """Try the contract; answer with a finding for each property."""
        from compare.measure.contract import check_contract

        found = check_contract(self._build)
        check_threads(self._threads)
        return found

    def inspect(self, setting: dict[str, Any], batch: str) -> dict[str, Any]:
        """Build the contestant and look at it: what it refuses, declares, and does differently at once."""
        X, Y = self._batch(batch, setting["dtype"])
        try:
            contestant = self._contestant(setting)
        except NotImplementedError as refusal:
            return {"refused": " ".join(str(refusal).split())[:300] or "it says no more"}
        declared = dict(getattr(self._build, "deviations", {}))
        found = inspect(contestant, self._parameters(setting), X, Y, setting["dtype"])
        check_threads(self._threads)
        return {"refused": None, "deviations": declared, "differences": found}

    def trace(self, setting: dict[str, Any], batch: str, output: str) -> dict[str, Any]:
        """Write loss, values and gradients of one batch to an `.npz` file."""
        X, Y = self._batch(batch, setting["dtype"])
        trace = self._contestant(setting).trace(X, Y)
        tensors = {f"value {name}": array for name, array in trace.values.items()}
        tensors |= {f"gradient {name}": array for name, array in trace.gradients.items()}
        np.savez(output, allow_pickle=False, loss=np.float64(trace.loss), **tensors)
        return {}

    def trajectory(
        self,
        setting: dict[str, Any],
        batch: str,
        batch_size: int,
        steps: int,
        then_full: bool,
        output: str,
    ) -> dict[str, Any]:
        """Write the parameters after each of a number of steps to an `.npz` file, `stacked`.

        `then_full` has each epoch end with a full batch.
        Those at the end of the first epoch are from a training that is given its batches in one call, as in
        a run: who leaves some out, or takes them in another order, does so within a call.
        """
        X, Y = self._batch(batch, setting["dtype"])
        batches = first_batches(len(X), batch_size, 0, steps, then_full)
        contestant = self._contestant(setting)
        contestant.load(X, Y)
        states: dict[str, Array] = {}
        for step, rows in enumerate(batches, start=1):
            contestant.train([rows])
            states |= {f"{step} {name}": values for name, values in contestant.parameters().items()}
        epoch = min(batches_per_epoch(len(X), batch_size) + then_full, steps)
        at_once = self._contestant(setting)
        at_once.load(X, Y)
        at_once.train(iter(batches[:epoch]))
        states |= {f"{epoch} {name}": values for name, values in at_once.parameters().items()}
        np.savez(output, allow_pickle=False, **stacked(states))
        return {}

    def train(
        self,
        setting: dict[str, Any],
        batch_size: Any,
        seed: int,
        budget: dict[str, Any],
        target: float | None,
        pictured: bool = False,
    ) -> dict[str, Any]:
        """Warm up, unless the same was trained here before, then train once under the clock.

        `pictured` asks for the classes that some test rows are taken for at the end.
        """
        training, test = (self._split(part, setting) for part in ("train", "test"))
        kind = json.dumps([{**setting, "parameters": None}, batch_size], sort_keys=True)
        with np.errstate(all="ignore"):
            seconds = None
            if kind not in self._warm:
                throw_away = self._contestant(setting)
                throw_away.load(training.X, training.Y)
                seconds = compiled(throw_away, len(training.X), batch_size)
                warm_up(throw_away, len(training.X), batch_size)
                del throw_away
                self._warm.add(kind)
            contestant = self._contestant(setting)
            contestant.load(training.X, training.Y)
            compiled(contestant, len(training.X), batch_size)
            outcome = train(
                contestant, training, test, batch_size, seed, Budget(**budget), target, self._report
            )
            predictions = predicted(contestant, test) if pictured and outcome.status == "ok" else None
        return {
            "training": asdict(outcome),
            "final_weights_sha256": fingerprint(contestant.parameters()),
            "predictions": predictions,
            "compile_seconds": seconds,
        }

    def weights_along(
        self, setting: dict[str, Any], batch_size: Any, seed: int, stops: list[int], output: str
    ) -> dict[str, Any]:
        """Train on the training set; write the parameters after each number of updates, "UPDATES NAME"."""
        training = self._split("train", setting)
        contestant = self._contestant(setting)
        contestant.load(training.X, training.Y)
        batches, done = endless_batches(len(training.X), batch_size, seed), 0
        states: dict[str, Array] = {}
        with np.errstate(all="ignore"):
            for stop in stops:
                contestant.train(islice(batches, stop - done))
                done = stop
                states |= {f"{stop} {name}": values for name, values in contestant.parameters().items()}
        np.savez(output, allow_pickle=False, **states)
        return {}

    def prepare(self, setting: dict[str, Any], batch_size: Any, seed: int, at_least: float) -> dict[str, Any]:
        """Build a contestant and warm it up for `block`; answer with the warm-up's series.

        Args:
            setting: what to build; batch_size: rows a batch, or "full".
            seed: decides the order of the rows.
            at_least: seconds that a block has to last.
        """
        self._stopwatch = None
        training = self._split("train", setting)
        contestant = self._contestant(setting)
        contestant.load(training.X, training.Y)
        n = len(training.X)
        batches, per_epoch = endless_batches(n, batch_size, seed), batches_per_epoch(n, batch_size)
        self._stopwatch = Stopwatch(contestant.train, batches, per_epoch)
        with np.errstate(all="ignore"):
            seconds = compiled(contestant, len(training.X), batch_size)
            warm = asdict(self._stopwatch.warm_up(at_least)) | {"compile_seconds": seconds}
        check_threads(self._threads)
        return warm

    def prepare_floor(self, sizes: list[int], dtype: str, batch_size: Any, at_least: float) -> dict[str, Any]:
        """Find the fastest calls for the products of a step and warm them up for `block`, as in `prepare`.

        Args:
            sizes: widths of all layers of the network, the input's first.
        """
        self._stopwatch = None
        n = len(np.load(self._data / "X_train.npy", mmap_mode="r"))
        floor = Floor(self._library(dtype), sizes)
        per_epoch = batches_per_epoch(n, batch_size)
        self._stopwatch = Stopwatch(floor.train, floor.steps(n, batch_size), per_epoch)
        return asdict(self._stopwatch.warm_up(at_least))

    def block(self, updates: int) -> dict[str, Any]:
        """Train on for a number of updates under the clock."""
        if self._stopwatch is None:
            raise RuntimeError("nothing is prepared")
        with np.errstate(all="ignore"):
            return asdict(self._stopwatch.block(updates))

    def _batch(self, path: str, dtype: str) -> tuple[Array, Array]:
        with np.load(path) as arrays:
            return arrays["X"].astype(dtype), arrays["Y"].astype(dtype)

    def _contestant(self, setting: dict[str, Any]) -> Trainable:
        network, rule = (
            Network.from_dict(setting["network"]),
            UpdateRule(setting["optimizer"], setting["options"]),
        )
        device = {"device": setting["device"]} if setting.get("device", "cpu") in self._devices[1:] else {}
        return completed(self._build(network, self._parameters(setting), rule, setting["dtype"], **device))

    def _parameters(self, setting: dict[str, Any]) -> dict[str, Array]:
        with np.load(setting["parameters"]) as arrays:
            return {name: arrays[name].astype(setting["rounded_to"]) for name in arrays.files}

    def _split(self, part: str, setting: dict[str, Any]) -> Split:
        """Map a part of the dataset into memory, shared with the other workers where no cast is needed.

        The map is copy-on-write: nobody writes, but torch warns of arrays that cannot be written to.
        """
        folder = self._data if setting["data"] is None else Path(setting["data"])
        X = np.load(folder / f"X_{part}.npy", mmap_mode="c")
        labels = np.load(folder / f"Y_{part}.npy", mmap_mode="r")
        outputs = setting["network"]["sizes"][-1]
        return Split(
            X.astype(setting["dtype"], copy=False), target_matrix(labels, outputs, setting["dtype"]), labels
        )

    def _report(self, fraction: float) -> None:
        """Tell how much is done, ten times a second at most."""
        if time.monotonic() - self._reported >= REPORT_SECONDS:
            self._reported = time.monotonic()
            self.answer({"fraction": fraction})

    def answer(self, message: dict[str, Any]) -> None:
        """Send one line to the parent, with the number of its request."""
        self._answers.write(json.dumps({"id": self.asked, **message}) + "\n")
        self._answers.flush()


def main() -> None:
    """Serve requests until standard input ends."""
    end_with_parent(os.getppid())
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(answers)
    for line in sys.stdin:
        request = json.loads(line)
        worker.asked, method = request.pop("id"), getattr(worker, request.pop("do"))
        try:
            worker.answer({"done": method(**request)})
        except Exception as error:
            kind = (
                "" if isinstance(error, (PluginError, UntakenBatchesError)) else f"{type(error).__name__}: "
            )
            told = " ".join(f"{kind}{error}".split())
            worker.answer({"error": told[:500]})


if __name__ == "__main__":
    main()
