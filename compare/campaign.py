"""From options to results: the one way an experiment takes through the house."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compare.analysis.back_propagation import back_propagate
from compare.analysis.derivation import derivation_of
from compare.analysis.document import results_document
from compare.analysis.pictures import Images, pictures_of
from compare.experiment import Experiment, ExperimentError
from compare.measure.environment import describe_environment
from compare.measure.laboratory import Laboratory
from compare.measure.preflight import check_contestants
from compare.measure.task import check_fit, dataset_of
from compare.measure.workplaces import Here, Workplace, WorkplaceError
from compare.options import Options
from compare.parity.batch import draw_batch
from compare.parity.fairness import fairness_of
from compare.parity.gate import check_parity
from compare.progress import Progress
from compare.recording import (
    Interrupted,
    planned_runs,
    record_noise,
    record_runs,
    record_timings,
    record_tunings,
)
from compare.render.derivation import derivation_paragraphs
from compare.render.fairness_notes import fairness_notes
from compare.render.figures import draw_figure, figures_of
from compare.render.files import PICTURES, formats_there, made_files
from compare.render.parity_table import parity_table
from compare.render.settings import title_of
from compare.render.terminal import results_paragraphs
from compare.render.text import counted
from compare.results import ResultsError, Run, in_grid_order
from compare.resumption import (
    asked_experiment,
    check_conditions,
    new_record,
    recorded,
    resumed_experiment,
)
from compare.store import Store
from data import DataError, Dataset, DatasetNotFound, load_dataset

Say = Callable[[str], None]

FIGURE_FORMATS = ("svg", "png")
"""A PDF takes as long as both together; `compare.report` makes it when it is asked for."""


class InputError(ValueError):
    """Something the user gave cannot be used; one line."""


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


def run_campaign(options: Options, command: list[str], say: Say) -> Outcome:
    """Run an experiment and leave its results on disk and on the terminal.

    Args:
        options: the parsed command line.
        command: the command line itself, for the record.
        say: prints a paragraph.

    Raises:
        InputError: the experiment, its data or its directory will not do; nothing was run.
        Interrupted: stopped on the way, with the finished runs on disk.
    """
    try:
        experiment = chosen_experiment(options)
        dataset, note = chosen_dataset(experiment, not options.quiet)
        experiment = experiment.on_rows(len(dataset.X_train))
        check_fit(experiment, dataset)
        device = check_contestants(experiment)
        title = title_of(experiment.to_dict(), dataset.name)
        parts = [title, experiment.description, describe(dataset), note, experiment.shortened]
        say("\n".join(filter(None, parts)))
        with (
            open_store(options, experiment, dataset, command) as store,
            Laboratory(experiment, dataset, splits_of(experiment)) as laboratory,
        ):
            if store.dropped:
                say(store.dropped)
            record = Record(begun_with(options, command), note, device)
            with told_what_is_on_disk(store), workplace(options, laboratory) as place:
                return finish(experiment, dataset, store, laboratory, place, record, say, not options.quiet)
    except (ExperimentError, DataError, ResultsError, WorkplaceError) as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"cannot begin: {error}") from None
    except MemoryError as error:
        raise InputError(f"not enough memory for this network and these data: {error}") from None


def chosen_experiment(options: Options) -> Experiment:
    """Return the experiment asked for: a preset or a file with its flags, or the one to be resumed."""
    if options.resume is None:
        return asked_experiment(options)
    return resumed_experiment(options, options.resume)


def chosen_dataset(experiment: Experiment, shown: bool, seed: int | None = None) -> tuple[Dataset, str]:
    """Return the dataset, and a sentence where it is not the one that was named.

    Where every seed has its own split, it is that of `seed`, or of the experiment's first. A download is
    shown if `shown`.
    """
    data = experiment.data
    split_seed = (experiment.run.seeds[0] if seed is None else seed) if data.vary_split else None
    try:
        return dataset_of(experiment, shown, split_seed), ""
    except DatasetNotFound as error:
        if data.fallback is None:
            raise
        fallback = load_dataset(data.fallback, None, data.test_fraction, split_seed)
        return fallback, f"Fell back to {data.fallback}: {error}"


def splits_of(experiment: Experiment) -> Callable[[int], Dataset] | None:
    """Return the function that gives a seed's own split of the data; None where all share one."""
    return (lambda seed: chosen_dataset(experiment, False, seed)[0]) if experiment.data.vary_split else None


def describe(dataset: Dataset) -> str:
    """Return what the data are, how they were split and how they were scaled, a line each."""
    lines = {"data": dataset.source, "split": dataset.split, "scaling": dataset.scaling}
    return "\n".join(f"  {name:<8} {text}" for name, text in lines.items())


def begun_with(options: Options, command: list[str]) -> list[str]:
    """Return the command that began the results, which is another one where they are resumed."""
    return command if options.resume is None else list(recorded(options.resume)["command"])


def open_store(options: Options, experiment: Experiment, dataset: Dataset, command: list[str]) -> Store:
    """Return the directory for the results: a new one, or the one to be resumed under the same conditions."""
    if options.resume is None:
        directory = options.output or default_directory(experiment)
        return Store.create(directory, new_record(experiment, dataset, command))
    told = check_conditions(options.resume, experiment, dataset)
    store = Store.resume(options.resume)
    store.dropped = "\n".join(filter(None, [store.dropped, told])) or None
    return store


@contextmanager
def told_what_is_on_disk(store: Store) -> Iterator[None]:
    """Turn an interruption, or a failure to write, into one that says what is kept and how to go on."""

    def on_disk(first: str = "") -> str:
        kept = f"{counted(len(store.runs), 'run')} and {counted(len(store.timings), 'timing')} on disk"
        return f"{kept}; {first}go on with --resume {store.directory}"

    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {on_disk()}") from None
    except ResultsError as error:
        raise InputError(f"{error}; {on_disk('mend that and ')}") from None
    except OSError as error:
        told = f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)
        raise InputError(f"cannot go on: {told}; {on_disk('mend that and ')}") from None


@contextmanager
def workplace(options: Options, laboratory: Laboratory) -> Iterator[Workplace]:
    """Give the place where the runs are made: this machine, or a cluster."""
    if options.scheduler is None:
        yield Here(laboratory, options.jobs)
        return
    from compare.measure.cluster import Cluster

    if laboratory.experiment.data.vary_split:
        told = "the workers of a cluster hold one split of the data; leave out vary_split, or the scheduler"
        raise WorkplaceError(f"--scheduler: {told}")
    with Cluster(options.scheduler, laboratory) as cluster:
        yield cluster


def default_directory(experiment: Experiment) -> Path:
    """Return results/EXPERIMENT-UTC_TIME."""
    now = datetime.datetime.now(datetime.UTC)
    return Path("results") / f"{experiment.name}-{now:%Y%m%dT%H%M%SZ}"


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
    say(parity_table(parity.to_dict()))
    fairness = [asdict(difference) for difference in fairness_of(laboratory, parity)]
    say(fairness_notes(fairness))
    derivation = derive(laboratory)
    for paragraph in derivation_paragraphs(derivation):
        say(paragraph)
    tuning = record_tunings(store, laboratory, parity, shown)
    record_runs(store, laboratory, place, plan, parity, shown)
    record_noise(store, laboratory, shown)
    record_timings(store, laboratory, place, shown)
    environment = describe_environment(record.command, laboratory.thread_pools(), laboratory.builds())
    environment |= {"data": data_record(dataset), "note": record.note} | place.facts()
    if record.device:
        environment["device"] = record.device
    pictures = pictures_seen(experiment, dataset, store.runs)
    document = results_document(
        experiment,
        environment,
        parity.to_dict(),
        store.runs,
        derivation,
        store.timings,
        pictures,
        store.noise_scales,
        tuning,
        fairness,
    )
    formats = [format for format in formats_there() if format not in PICTURES]
    paths = [str(store.write(name, content)) for name, content in made_files(document, formats)]
    for paragraph in results_paragraphs(document):
        say(paragraph)
    paths += write_figures(store, document, shown)
    say(f"Written: {', '.join(paths)}")
    statuses = [run.status for run in store.runs] + [timing.status for timing in store.timings]
    failed = sum(status in ("failed", "timeout") for status in statuses)
    return Outcome(parity.all_equal, failed)


def derive(laboratory: Laboratory) -> dict[str, Any]:
    """Return what the derivations show of the networks, on the batch and weights of parity in float64."""
    objectives = laboratory.experiment.factors.objectives
    drawn = [
        draw_batch(laboratory.experiment, laboratory.data, objective, "float64") for objective in objectives
    ]
    passes = [back_propagate(batch.network, batch.parameters, batch.X, batch.Y) for batch in drawn]
    return derivation_of(passes, drawn[0].seed)


def write_figures(store: Store, document: dict[str, Any], shown: bool) -> list[str]:
    """Write the figures that the document has data for; return where they are, a pattern for all formats."""
    kinds = figures_of(document)
    with Progress(len(kinds), shown, "figures") as progress:
        for kind in kinds:
            progress.doing(kind.title)
            for name, content in draw_figure(kind, document, FIGURE_FORMATS):
                store.write_bytes(name, content)
            progress.did_one()
    return [f"{store.directory / 'figures'}/*.{{{','.join(FIGURE_FORMATS)}}}"] if kinds else []


def pictures_seen(experiment: Experiment, dataset: Dataset, runs: Sequence[Run]) -> dict[str, Any] | None:
    """Return test images with what the trained networks take them for, where the data are images."""
    if dataset.image_shape is None:
        return None
    images = Images(dataset.X_test, dataset.Y_test, dataset.classes, dataset.image_shape)
    ordered = in_grid_order(runs, experiment.cells())
    return pictures_of(images, ordered, (experiment.reference, experiment.contestants[0]))


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
