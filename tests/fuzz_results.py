"""Fuzz targets: each takes any bytes, and raises only where a reader does something it must not.

A target's `SAMPLES` are what a good file holds, for mutation to start from.
"""

import atexit
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from made_documents import full_document
from made_runs import SHA, cell, run
from made_timings import timing

from compare.experiment import Experiment, ExperimentError, load_experiment
from compare.experiment_file import PRESETS
from compare.journal import Journal, loads
from compare.measure.channel import ContestantError, read_answer, read_arrays, read_hello
from compare.measure.protocol import Sitting, sit
from compare.measure.schedule import Planned
from compare.measure.session import attempted
from compare.measure.task import network_of
from compare.measure.tuning import PlannedTuning, make_tunings
from compare.noise_scales import NoisePoint, NoiseScale
from compare.parity.student.reply import read_reply
from compare.report_options import parse_report_options
from compare.reporting import ReportError, report
from compare.results import ResultsError, Run
from compare.store import read_experiment
from compare.timings import Entrant, Timing
from compare.tunings import Tuning
from data import load_dataset

Target = Callable[[bytes], None]

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
LONGEST_MESSAGE = 2000


def refused_in_one_line(error: Exception) -> None:
    told = str(error)
    assert told.strip(), "an error without a word"
    assert "\n" not in told, f"more than a line: {told!r}"
    assert len(told) < LONGEST_MESSAGE, f"{len(told)} signs: {told[:200]!r}"


def fuzz_toml(content: bytes) -> None:
    path = FOLDER / "fuzz.toml"
    path.write_bytes(content)
    try:
        experiment = load_experiment(str(path))
    except ExperimentError as error:
        refused_in_one_line(error)
    else:
        table = experiment.to_dict()
        assert Experiment.from_dict(json.loads(json.dumps(table, allow_nan=False))) == experiment
        assert experiment.cells()


def fuzz_experiment_json(content: bytes) -> None:
    from compare.resumption import recorded

    (FOLDER / "experiment.json").write_bytes(content)
    try:
        read_experiment(FOLDER)
        Experiment.from_dict(recorded(FOLDER)["experiment"])
    except (ExperimentError, ResultsError) as error:
        refused_in_one_line(error)


def fuzz_runs(content: bytes) -> None:
    journal_of(content, Run.from_json)


def fuzz_noise_scales(content: bytes) -> None:
    journal_of(content, NoiseScale.from_json)


def fuzz_tunings(content: bytes) -> None:
    journal_of(content, Tuning.from_json)


def fuzz_timings(content: bytes) -> None:
    journal_of(content, Timing.from_json)


def journal_of(content: bytes, parse: Callable[[object], Any]) -> None:
    path = FOLDER / "fuzz.jsonl"
    path.write_bytes(content)
    journal = Journal.open(path, os.O_CREAT)
    try:
        records, torn = journal.take_up(parse)
    except ResultsError as error:
        refused_in_one_line(error)
        assert path.read_bytes() == content, "what is refused is left alone"
    else:
        kept = content[: content.rfind(b"\n") + 1]
        assert path.read_bytes() == kept
        assert torn == (kept != content)
        for record in records:
            again = parse(loads(json.dumps(record.to_json(), allow_nan=False).encode()))
            assert again.to_json() == record.to_json()
            hash(record.key)
    finally:
        journal.close()


def fuzz_answer(content: bytes) -> None:
    try:
        kind, told = read_answer(content, 1)
    except ContestantError as error:
        refused_in_one_line(error)
    else:
        assert kind in ("done", "error", "fraction")
        assert kind != "fraction" or math.isfinite(told)


def reader_target(read: Callable[[Path], object], name: str = "results.json") -> Target:
    """A target for a reader of a document by its path, which may raise `ResultsError` alone."""

    def fuzz_document(content: bytes) -> None:
        path = FOLDER / name
        path.write_bytes(content)
        try:
            read(path)
        except ResultsError as error:
            refused_in_one_line(error)

    return fuzz_document


def report_of(*more: str, formats: str = "csv,md,tex") -> Target:
    """A target for `compare.report` on a document, beside others if more are given."""
    output = ["--output", str(FOLDER / "report"), "--force", "--format", formats, "--quiet"]

    def fuzz_report(content: bytes) -> None:
        path = FOLDER / "results.json"
        path.write_bytes(content)
        options = parse_report_options([str(path), *more, *output])
        try:
            report(options, silent, refused_or_noted)
        except ReportError as error:
            refused_in_one_line(error)

    return fuzz_report


def silent(text: str) -> None:
    assert isinstance(text, str)


def refused_or_noted(note: str) -> None:
    refused_in_one_line(ValueError(note))


class Told:
    """A contestant that gives one answer to everything it is asked, and the laboratory it is alone in."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.experiment = SMALL
        self.data = load_dataset("digits")

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


def fuzz_training(content: bytes) -> None:
    told: Any = Told(content)
    made = attempted(told, Planned(cell(), 0, 0))
    assert Run.from_json(loads(json.dumps(made.to_json(), allow_nan=False).encode())).status == made.status
    for tuning in make_tunings(told, [PlannedTuning(cell(), 0.1, 0)], lambda *_: None):
        json.dumps(tuning.to_json(), allow_nan=False)


def fuzz_blocks(content: bytes) -> None:
    told: Any = Told(content)
    with mock.patch("compare.measure.protocol.GAP_SECONDS", 0.0):
        for timing in sit(told, Sitting(0, 0, (Entrant(cell()),)), 2):
            json.dumps(timing.to_json(), allow_nan=False)


def fuzz_hello(content: bytes) -> None:
    try:
        read_hello(read_answer(content, 1)[1])
    except ContestantError as error:
        refused_in_one_line(error)


def fuzz_arrays(content: bytes) -> None:
    path = FOLDER / "answer.npz"
    path.write_bytes(content)
    try:
        arrays = read_arrays(path)
    except ContestantError as error:
        refused_in_one_line(error)
    else:
        assert all(array.dtype.kind in "fiub" for array in arrays.values())
    assert not path.exists()


def fuzz_reply(content: bytes) -> None:
    (FOLDER / "reply.json").write_bytes(content)
    (FOLDER / "reply.npz").write_bytes(ANSWERS)
    try:
        record, arrays = read_reply(FOLDER, "gradients", {}, {"parameter W1": np.eye(2)})
    except ContestantError as error:
        refused_in_one_line(error)
    else:
        told = record.get("failure", {"message": "x"})
        refused_in_one_line(ValueError(told["message"]))
        assert "failure" in record or [arrays[f"{call} loss"] for call, _ in enumerate(record["calls"])]


def archive(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, allow_pickle=False, **arrays)
    return out.getvalue()


SMALL = Experiment.from_dict({"training": {"epochs": 3}})
ARRAYS = archive(W1=np.eye(2), b1=np.arange(3.0, dtype=np.float32))
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
TIMED = {"prepare": WARM, "block": BLOCK}
POOL = {"library": "OpenBLAS", "version": None, "architecture": "Haswell", "threads": 1}
NOISE = NoiseScale(
    "softmax+cross_entropy", "sgd", "float32", 0, 32, "ok", None, (NoisePoint(1.0, 3, 0.5, 2.0),)
)
ANSWERS = archive(**{f"{call} {name}": np.eye(2) for call in range(2) for name in ("loss", "W1")})
REPLY = {"calls": [{"keys": ["W1", "b1"], "lists": ["W1"]}] * 2, "changed": ["W1"], "warnings": []}
GOOD = FOLDER / "good.json"
GOOD.write_text(json.dumps(full_document()))


def line(document: object) -> bytes:
    return json.dumps(document).encode() + b"\n"


RECORD = {
    "experiment": Experiment.from_dict({"training": {"epochs": 3}}).to_dict(),
    "data_sha256": "0" * 64,
    "command": ["python", "-m", "compare.run"],
    "conditions": {"numpy": "2"},
}
TARGETS: dict[str, tuple[Target, list[bytes]]] = {
    "toml": (fuzz_toml, [path.read_bytes() for path in sorted(PRESETS.glob("*.toml"))]),
    "experiment.json": (fuzz_experiment_json, [line(RECORD)]),
    "runs.jsonl": (fuzz_runs, [line(run().to_json()), 2 * line(run(seed=1, loss=math.nan).to_json())]),
    "timings.jsonl": (
        fuzz_timings,
        [line(timing(run().cell, 0, [0.05, 0.06]).to_json())],
    ),
    "noise_scale.jsonl": (fuzz_noise_scales, [line(NOISE.to_json())]),
    "tuning.jsonl": (fuzz_tunings, [line(Tuning(cell(), 0.1, 3, "ok", None, 0.25, 0.9).to_json())]),
    "results.json": (report_of(), [GOOD.read_bytes()]),
    "results.json beside another": (report_of(str(GOOD)), [GOOD.read_bytes()]),
    "results.json for the page": (report_of(formats="html"), [GOOD.read_bytes()]),
    "answer": (
        fuzz_answer,
        [line({"id": 1, key: value}) for key, value in (("done", {}), ("error", "x"), ("fraction", 0.5))],
    ),
    "answer: hello": (
        fuzz_hello,
        [line({"id": 1, "done": {"pools": [POOL], "builds": {"numpy": "2"}, "devices": ["cpu"]}})],
    ),
    "answer: a run": (fuzz_training, [line({"id": 1, "done": TRAINED})]),
    "answer: blocks": (fuzz_blocks, [line({"id": 1, "done": TIMED})]),
    "answer: arrays": (fuzz_arrays, [ARRAYS]),
    "answer: a student's": (
        fuzz_reply,
        [line(REPLY), line({"failure": {"kind": "exception", "message": "x"}})],
    ),
}
try:
    import fuzz_data  # the readers of data, where their targets are
except ImportError:
    pass
else:
    samples = getattr(fuzz_data, "SAMPLES", {})
    TARGETS["csv"] = (fuzz_data.fuzz_csv, samples.get("csv", [b"label,p,q\n0,1,2\n1,3,4\n"]))
    TARGETS["idx"] = (fuzz_data.fuzz_idx, samples.get("idx", [b"\0\0\x08\x01\0\0\0\x02\x01\x02"]))
