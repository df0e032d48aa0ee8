"""Fuzz targets: each takes any bytes, and raises only where a reader does something it must not.

A target's `SAMPLES` are what a good file holds, for mutation to start from.
"""

import atexit
import json
import math
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from made_documents import full_document
from made_runs import run
from made_timings import timing

from compare.experiment import Experiment, ExperimentError, load_experiment
from compare.experiment_file import PRESETS
from compare.journal import Journal, loads
from compare.measure.channel import ContestantError, read_answer
from compare.reading import read_results
from compare.render.files import result_files
from compare.results import ResultsError, Run
from compare.store import read_experiment
from compare.timings import Timing

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


def fuzz_timings(content: bytes) -> None:
    journal_of(content, Timing.from_json)


def journal_of(content: bytes, parse: Callable[[object], Any]) -> None:
    path = FOLDER / "fuzz.jsonl"
    path.write_bytes(content)
    journal = Journal.open(path, os.O_CREAT)
    try:
        records: list[Any] = []
        torn = journal.take_up(lambda place, entry: records.append(parse(entry)))
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


def read_and_render(path: Path) -> None:
    """Read a document; what is taken is rendered to tables."""
    result_files(read_results(path).document, ("csv", "md", "tex"))


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
    "results.json": (reader_target(read_and_render), [json.dumps(full_document()).encode()]),
    "answer": (
        fuzz_answer,
        [line({"id": 1, key: value}) for key, value in (("done", {}), ("error", "x"), ("fraction", 0.5))],
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
