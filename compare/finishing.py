"""From an open result directory to its results: parity, runs, times, analysis, files."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from compare.analysis.back_propagation import back_propagate
from compare.analysis.derivation import derivation_of
from compare.analysis.document import results_document
from compare.analysis.pictures import Images, pictures_of
from compare.experiment import Experiment
from compare.measure.environment import describe_environment
from compare.measure.laboratory import Laboratory
from compare.measure.workplaces import Workplace
from compare.output import told_paths
from compare.parity.batch import draw_batch
from compare.parity.fairness import fairness_of
from compare.parity.gate import check_parity
from compare.parity.tuned import check_tuned_rates
from compare.parity.verdicts import Parity
from compare.progress import Progress
from compare.recording import planned_runs, record_noise, record_runs, record_timings, record_tunings
from compare.render.derivation import derivation_paragraphs
from compare.render.fairness_notes import fairness_notes
from compare.render.files import MAKERS, count_parts, made_files
from compare.render.parity_table import parity_table
from compare.render.screen import columns_of, sentences
from compare.render.terminal import results_paragraphs
from compare.store import Store
from data import Dataset

Say = Callable[[str], None]

TEXTS = tuple(MAKERS)
DRAWN = ("svg", "png")
"""The formats of the figures; a PDF takes as long as both, and `compare.report` makes it."""


@dataclass(frozen=True)
class Record:
    """What the results keep of how they came about: command, a note on the data, a device."""

    command: list[str]
    note: str
    device: str = ""


@dataclass(frozen=True)
class Outcome:
    """What the exit code depends on."""

    parity_passed: bool
    failed_runs: int


def finish(
    experiment: Experiment,
    dataset: Dataset,
    store: Store,
    laboratory: Laboratory,
    place: Workplace,
    record: Record,
    say: Say,
    shown: bool,
) -> Outcome:
    """Check parity, make the runs and timings that are missing, write the results and print the table."""
    plan = planned_runs(store, laboratory)
    with Progress(len(plan), shown) as progress:
        parity = check_parity(laboratory, lambda what: progress.doing(f"parity: {what}"))
    columns = columns_of(sys.stdout)
    say(parity_table(parity.to_dict(), columns=columns))
    fairness = [asdict(difference) for difference in fairness_of(laboratory, parity)]
    say(fairness_notes(fairness, columns=columns))
    derivation = derive(laboratory)
    for paragraph in derivation_paragraphs(derivation, columns):
        say(paragraph)
    tuning = record_tunings(store, laboratory, place, parity, shown)
    parity = check_at_tuned_rates(laboratory, parity, say, shown)
    record_runs(store, laboratory, place, plan, parity, shown)
    record_noise(store, laboratory, shown)
    record_timings(store, laboratory, place, shown)
    environment = describe_environment(record.command, laboratory.thread_pools(), laboratory.builds())
    environment |= {"data": data_record(dataset), "note": record.note} | place.facts()
    if record.device:
        environment["device"] = record.device
    pictures = pictures_seen(experiment, dataset, store)
    document = results_document(
        experiment,
        environment,
        parity.to_dict(),
        store.run_rows(experiment.cells()),
        derivation,
        store.timings,
        pictures,
        store.noise_scales,
        tuning,
        fairness,
    )
    paths = write_results(store, document, TEXTS, shown)
    for paragraph in results_paragraphs(document, columns=columns):
        say(paragraph)
    paths += write_results(store, document, DRAWN, shown)
    say(sentences(told_paths(paths).splitlines(), columns))
    statuses = (*store.runs.statuses().values(), *store.timings.statuses().values())
    failed = sum(status in ("failed", "timeout") for status in statuses)
    return Outcome(parity.all_equal, failed)


def check_at_tuned_rates(laboratory: Laboratory, parity: Parity, say: Say, shown: bool) -> Parity:
    """Check parity at the rates that tuning chose, and print what that adds."""
    with Progress(0, shown, "rates") as progress:
        found = check_tuned_rates(laboratory, parity, lambda what: progress.doing(f"parity: {what}"))
    added = found.trajectory[len(parity.trajectory) :]
    failures = {key: why for key, why in found.failures.items() if key not in parity.failures}
    if added or failures:
        new = replace(found, tensors=(), trajectory=added, failures=failures)
        say(parity_table(new.to_dict(), columns=columns_of(sys.stdout)))
    return found


def derive(laboratory: Laboratory) -> dict[str, Any]:
    """Return what the derivations show of the networks, on the batch and weights of parity in float64."""
    objectives = laboratory.experiment.factors.objectives
    drawn = [
        draw_batch(laboratory.experiment, laboratory.data, objective, "float64") for objective in objectives
    ]
    passes = [back_propagate(batch.network, batch.parameters, batch.X, batch.Y) for batch in drawn]
    return derivation_of(passes, drawn[0].seed)


def write_results(
    store: Store, document: dict[str, Any], formats: Collection[str], shown: bool
) -> list[Path]:
    """Write the files of some formats that are made from the document; return their paths."""
    paths: list[Path] = []
    with Progress(count_parts(document, formats), shown, "files") as progress:
        for name, content in made_files(document, formats, doing=progress.next):
            paths.append(store.write(name, content))
    return paths


def pictures_seen(experiment: Experiment, dataset: Dataset, store: Store) -> dict[str, Any] | None:
    """Return test images with what the trained networks take them for, where the data are images.

    Runs of the first seed alone have told their predictions.
    """
    if dataset.image_shape is None:
        return None
    images = Images(dataset.X_test, dataset.Y_test, dataset.classes, dataset.image_shape)
    runs = store.runs_of(experiment.run.seeds[0], experiment.cells())
    return pictures_of(images, runs, (experiment.reference, experiment.contestants[0]))


def data_record(dataset: Dataset) -> dict[str, object]:
    """Return what the results say of the data."""
    return {
        "name": dataset.name,
        "sha256": dataset.sha256,
        "source": dataset.source,
        "split": dataset.split,
        "scaling": dataset.scaling,
        "training_rows": len(dataset.X_train),
        "test_rows": len(dataset.X_test),
    }
