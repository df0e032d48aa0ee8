"""Fuzz targets for what contestants and students' files answer."""

import io
import json
import math
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from fuzz_targets import FOLDER, Target, line, refused_in_one_line, refusing, written
from made_runs import SHA, cell

from compare.experiment import Experiment
from compare.journal import loads
from compare.measure.channel import ContestantError, read_answer, read_arrays, read_hello
from compare.measure.protocol import Sitting, sit
from compare.measure.schedule import Planned
from compare.measure.session import attempted
from compare.measure.task import network_of
from compare.measure.tuning import PlannedTuning, make_tunings
from compare.parity.student.reply import read_reply
from compare.results import Run
from compare.timings import Entrant
from data import load_dataset


class Told:
    """A contestant that gives one answer to everything it is asked, and the laboratory it is alone in."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.experiment = SMALL
        self.data = DIGITS

    def contestant(self, *asked: object) -> "Told":
        return self

    def network(self, objective: str) -> Any:
        return network_of(self.experiment, self.data, objective)

    def weights(self, *asked: object) -> tuple[Path, str]:
        return FOLDER, SHA

    def learning_rate(self, cell: object) -> float:
        return 0.1

    def setting(self, *asked: object) -> dict[str, Any]:
        return {}

    setting_of = setting

    def launch(self) -> None:
        pass

    start = launch

    def ask(self, do: str, *asked: object, **request: object) -> dict[str, Any]:
        kind, told = read_answer(self.content, 1)
        if kind != "done":
            raise ContestantError(str(told))
        own = told.get(do, told)
        return own if isinstance(own, dict) else {}


def recorded(record: Any) -> bool:
    """Whether a record is of a success; it can be written and read again."""
    line(record.to_json())
    if record.reason is not None:
        refused_in_one_line(record.reason)
    return bool(record.status == "ok")


@refusing(ContestantError)
def fuzz_answer(content: bytes) -> None:
    kind, told = read_answer(content, 1)
    assert kind in ("done", "error", "fraction")
    assert kind != "fraction" or math.isfinite(told)


@refusing(ContestantError)
def fuzz_hello(content: bytes) -> None:
    read_hello(read_answer(content, 1)[1])


def fuzz_run(content: bytes) -> bool:
    told: Any = Told(content)
    made = attempted(told, Planned(cell(), 0, 0), lambda fraction: None, True)
    assert Run.from_json(loads(json.dumps(made.to_json(), allow_nan=False).encode())).status == made.status
    return recorded(made)


def fuzz_tuning(content: bytes) -> bool:
    told: Any = Told(content)
    return all(map(recorded, make_tunings(told, [PlannedTuning(cell(), 0.1, 0)], lambda *_: None)))


def fuzz_blocks(content: bytes) -> bool:
    told: Any = Told(content)
    with mock.patch("compare.measure.protocol.GAP_SECONDS", 0.0):
        return all(map(recorded, sit(told, Sitting(0, 0, (Entrant(cell()),)), 2)))


@refusing(ContestantError)
def fuzz_arrays(content: bytes) -> None:
    path = written("answer.npz", content)
    try:
        arrays = read_arrays(path)
    finally:
        assert not path.exists()
    assert all(array.dtype.kind in "fiub" for array in arrays.values())


@refusing(ContestantError)
def fuzz_reply(content: bytes) -> None:
    written("reply.json", content)
    written("reply.npz", ANSWERS)
    record, arrays = read_reply(FOLDER, "gradients", {}, {"parameter W1": np.eye(2)})
    if "failure" in record:
        refused_in_one_line(record["failure"]["message"])
    else:
        assert all(f"{call} loss" in arrays for call, _ in enumerate(record["calls"]))


def archive(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


SMALL = Experiment.from_dict({"training": {"epochs": 3}})
DIGITS = load_dataset("digits")
POINT = {"epoch": 1, "updates": 3, "seconds": 0.1, "train_loss": 0.5, "test_loss": 0.6, "test_accuracy": 0.9}
TRAINED = {
    "training": {
        **{"status": "ok", "reason": None, "epochs": 1, "updates": 3, "seconds": 0.1, "cpu_seconds": 0.1},
        **{"seconds_to_target": None, "curve": [POINT]},
    },
    **{"final_weights_sha256": SHA, "predictions": [0, 1, 2], "compile_seconds": None},
}
BLOCK = {"updates": 3, "seconds": 0.1, "cpu_seconds": 0.1, "switches": 0, "others_seconds": 0.0}
WARM = {"updates": 3, "updates_per_epoch": 3, "settled": True, "warm_up": [BLOCK], "compile_seconds": None}
POOL = {"library": "OpenBLAS", "version": None, "architecture": "Haswell", "threads": 1}
HELLO = {"pools": [POOL], "builds": {"numpy": "2"}, "devices": ["cpu"]}
ANSWERS = archive(**{f"{call} {name}": np.eye(2) for call in range(2) for name in ("loss", "W1")})
REPLY = {"calls": [{"keys": ["W1", "b1"], "lists": ["W1"]}] * 2, "changed": ["W1"], "warnings": []}


def done(document: object) -> bytes:
    return line({"id": 1, "done": document})


TARGETS: dict[str, tuple[Target, list[bytes]]] = {
    "a contestant's answer": (
        fuzz_answer,
        [done({}), line({"id": 1, "error": "x"}), line({"id": 1, "fraction": 0.5})],
    ),
    "its greeting": (fuzz_hello, [done(HELLO)]),
    "its run": (fuzz_run, [done(TRAINED)]),
    "its training to tune": (fuzz_tuning, [done(TRAINED)]),
    "its blocks under the clock": (fuzz_blocks, [done({"prepare": WARM, "block": BLOCK})]),
    "its arrays (.npz)": (fuzz_arrays, [archive(W1=np.eye(2), b1=np.arange(3.0, dtype=np.float32))]),
    "the reply of a student's file": (
        fuzz_reply,
        [line(REPLY), line({"failure": {"kind": "exception", "message": "x"}})],
    ),
}
