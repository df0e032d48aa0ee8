"""Fuzz targets for what a run reads again: its experiment, its journals, its results. All targets by name."""

import json
import math
import os
from collections.abc import Callable
from typing import Any

import fuzz_answers
import fuzz_data
from fuzz_targets import FOLDER, Target, line, refused_in_one_line, refusing, written
from made_documents import full_document
from made_runs import cell, run
from made_timings import timing

from compare.experiment import Experiment, ExperimentError, load_experiment
from compare.experiment_file import PRESETS
from compare.journal import Journal, loads
from compare.noise_scales import NoisePoint, NoiseScale
from compare.report_options import parse_report_options
from compare.reporting import ReportError, report
from compare.results import ResultsError, Run
from compare.resumption import recorded
from compare.timings import Timing
from compare.tunings import Tuning


@refusing(ExperimentError)
def fuzz_toml(content: bytes) -> None:
    experiment = load_experiment(str(written("fuzz.toml", content)))
    table = experiment.to_dict()
    assert Experiment.from_dict(json.loads(json.dumps(table, allow_nan=False))) == experiment
    assert experiment.cells()


@refusing(ExperimentError, ResultsError)
def fuzz_experiment_json(content: bytes) -> None:
    written("experiment.json", content)
    Experiment.from_dict(recorded(FOLDER)["experiment"])


def journal_of(parse: Callable[[object], Any]) -> Target:
    """A target for a file of JSON lines; what is refused is left alone, what is taken can be written."""

    @refusing(ResultsError)
    def fuzz_journal(content: bytes) -> None:
        path = written("fuzz.jsonl", content)
        journal = Journal.open(path, os.O_CREAT)
        try:
            records: list[Any] = []
            torn = journal.take_up(lambda place, entry: records.append(parse(entry)))
        except ResultsError:
            assert path.read_bytes() == content
            raise
        finally:
            journal.close()
        kept = content[: content.rfind(b"\n") + 1]
        assert path.read_bytes() == kept
        assert torn == (kept != content)
        for record in records:
            again = parse(loads(json.dumps(record.to_json(), allow_nan=False).encode()))
            assert again.to_json() == record.to_json()
            hash(record.key)

    return fuzz_journal


def report_of(*more: str, formats: str = "csv,md,tex") -> Target:
    """A target for `compare.report` on a document, beside others if more are given."""
    output = ["--output", str(FOLDER / "report"), "--force", "--format", formats, "--quiet"]

    @refusing(ReportError)
    def fuzz_report(content: bytes) -> None:
        path = written("results.json", content)
        report(parse_report_options([str(path), *more, *output]), lambda text: None, refused_in_one_line)

    return fuzz_report


RECORD = {
    "experiment": Experiment.from_dict({"training": {"epochs": 3}}).to_dict(),
    "data_sha256": "0" * 64,
    "command": ["python", "-m", "compare.run"],
    "conditions": {"numpy": "2"},
}
NOISE = NoiseScale(
    "softmax+cross_entropy", "sgd", "float32", 0, 32, "ok", None, (NoisePoint(1.0, 3, 0.5, 2.0),)
)
RUNS = [line(run().to_json()), 2 * line(run(seed=1, loss=math.nan).to_json())]
TIMING = timing(run().cell, 0, [0.05, 0.06])
TUNING = Tuning(cell(), 0.1, 3, "ok", None, 0.25, 0.9)
RESULTS = json.dumps(full_document()).encode()
TARGETS: dict[str, tuple[Target, list[bytes]]] = {
    "a CSV file": (fuzz_data.fuzz_csv, fuzz_data.SAMPLES["csv"]),
    "an IDX file": (fuzz_data.fuzz_idx, fuzz_data.SAMPLES["idx"]),
    "an experiment (TOML)": (fuzz_toml, [path.read_bytes() for path in sorted(PRESETS.glob("*.toml"))]),
    "experiment.json": (fuzz_experiment_json, [line(RECORD)]),
    "runs.jsonl": (journal_of(Run.from_json), RUNS),
    "timings.jsonl": (journal_of(Timing.from_json), [line(TIMING.to_json())]),
    "noise_scale.jsonl": (journal_of(NoiseScale.from_json), [line(NOISE.to_json())]),
    "tuning.jsonl": (journal_of(Tuning.from_json), [line(TUNING.to_json())]),
    "results.json": (report_of(), [RESULTS]),
    "results.json, compared": (report_of(str(written("good.json", RESULTS))), [RESULTS]),
    "results.json, for the page": (report_of(formats="html"), [RESULTS]),
    **fuzz_answers.TARGETS,
}
