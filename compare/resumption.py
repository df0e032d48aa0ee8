"""Going on with what was begun: same experiment, data, conditions; or a refusal that names what differs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from compare.analysis.digits import joined
from compare.checks import shown
from compare.experiment import Experiment, ExperimentError, load_experiment
from compare.implementations import known_names
from compare.measure.conditions import conditions, differences
from compare.measure.laboratory import Laboratory
from compare.options import Options
from compare.overrides import flag_of
from compare.plural import counted, verb_of
from compare.recording import ended, entrants_of, key_of, planned_runs, planned_sittings
from compare.results import ResultsError
from compare.sections import SECTIONS
from compare.store import EXPERIMENT, Store, read_experiment
from data import Dataset

KEYS = {"experiment": dict, "data_sha256": str, "command": list}


def asked_experiment(options: Options) -> Experiment:
    """Return a preset or a file with its flags, lengthened or shortened as asked."""
    experiment = load_experiment(options.source, options.overrides, known_names())
    if options.rigorous:
        return experiment.rigorous()
    return experiment.fast(options.overrides.keys()) if options.fast else experiment


def resumed_experiment(options: Options, directory: Path) -> Experiment:
    """Return the experiment that a directory was begun with; whatever else is asked must amount to the same.

    Raises:
        ExperimentError: it does not; the first key that differs is named, with both values.
        ResultsError: the directory holds nothing that can be gone on with.
    """
    if options.output is not None:
        raise ExperimentError(f"--output: --resume writes to {directory}; leave one of the two out")
    table = as_recorded(recorded(directory)["experiment"])
    begun = Experiment.from_dict(table)
    if options.source is not None:
        same(begun, asked_experiment(options), options, directory)
    elif options.fast or options.rigorous:
        flag = "--fast" if options.fast else "--rigorous"
        raise ExperimentError(f"{flag}: --resume goes on at the pace it was begun with; leave {flag} out")
    elif options.overrides:
        same(begun, Experiment.from_dict(table, options.overrides), options, directory)
    return begun


def as_recorded(table: dict[str, Any]) -> dict[str, Any]:
    """Return an experiment's table; one of before there was a floor goes on without it."""
    run = table.get("run")
    return {**table, "run": {"floor": False, **run}} if isinstance(run, dict) else table


def same(begun: Experiment, asked: Experiment, options: Options, directory: Path) -> None:
    """Raise ExperimentError for the first key in which two experiments differ."""
    then, now = (experiment.to_dict() for experiment in (begun, asked))
    for key, before, after in unlike(then, now):
        place = flag_of(key) if key in options.overrides else key
        told = f"{place}: is {shown(after)}, and {directory} was begun with {shown(before)}"
        raise ExperimentError(f"{told}; leave it as it was, or begin anew without --resume")


def unlike(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the "section.key" and both values where two experiments differ; a title makes no difference."""
    for section, model in SECTIONS.items():
        for key in model.model_fields:
            if then[section][key] != now[section][key]:
                yield f"{section}.{key}", then[section][key], now[section][key]


def recorded(directory: Path) -> dict[str, Any]:
    """Return what a result directory says it was begun with: experiment, data, command, conditions."""
    record = read_experiment(directory)
    texts = record.get("conditions", {})
    if (
        not all(isinstance(record.get(key), kind) for key, kind in KEYS.items())
        or not all(isinstance(word, str) for word in record["command"])
        or not isinstance(texts, dict)
        or not all(isinstance(text, str) for text in texts.values())
    ):
        raise ResultsError(f"{directory / EXPERIMENT} is not what a run leaves there; start anew")
    return record


def new_record(experiment: Experiment, dataset: Dataset, command: list[str]) -> dict[str, Any]:
    """Return what a result directory keeps of how it was begun."""
    return {
        "experiment": experiment.to_dict(),
        "data_sha256": dataset.sha256,
        "command": command,
        "conditions": conditions(experiment.factors.implementations),
    }


def check_conditions(directory: Path, experiment: Experiment, dataset: Dataset) -> str:
    """Raise ResultsError where runs made now do not belong with those made then; return a sentence or ""."""
    record = recorded(directory)
    if record["data_sha256"] != dataset.sha256:
        told = f"the data are not those it was begun with (SHA-256 {record['data_sha256'][:12]}..., "
        raise ResultsError(f"{directory}: {told}now {dataset.sha256[:12]}...); start anew")
    if "conditions" not in record:
        return f"{directory} does not record with which libraries it was begun: they were not compared."
    changed = differences(record["conditions"], conditions(experiment.factors.implementations))
    if changed:
        advice = "restore that, or begin anew without --resume"
        raise ResultsError(
            f"{directory}: {'; '.join(changed)}: runs of both do not belong in one table; {advice}"
        )
    return ""


def taken_over(store: Store, laboratory: Laboratory) -> str:
    """Return how many runs are done and how many are left to do, and what else is not made again.

    Runs that were refused are left to do, but were never tried. Of the timings those count whose sitting is
    complete: the others are taken again.
    """
    experiment, left = laboratory.experiment, planned_runs(store, laboratory)
    total, before = len(experiment.cells()) * len(experiment.run.seeds), store.runs.statuses()
    are = verb_of("is", "are", len(left))
    again = sum(before.get(key_of(planned), "refused") != "refused" for planned in left)
    told = (
        f"{total - len(left)} of {counted(total, 'run')} taken over, {len(left) or 'none'} {are} left to do"
    )
    told += f" ({again} tried before)" if again else ""
    every, missing = planned_sittings(store, laboratory)
    more = {
        "timing": entrants_of(every) - entrants_of(missing),
        "tried learning rate": len(store.tunings),
        "noise scale": ended(store.noise_scales),
    }
    kept = [counted(count, what) for what, count in more.items() if count]
    told += f"; {joined(kept)} taken over, too" if kept else ""
    return f"Going on with {store.directory}: {told}."
