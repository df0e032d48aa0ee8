"""From options to results: the one way an experiment takes through the house."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from compare.experiment import Experiment, ExperimentError
from compare.finishing import Outcome, Record, Say, finish
from compare.measure.laboratory import Laboratory
from compare.measure.preflight import NoDeviceError, check_contestants, skipping
from compare.measure.task import check_fit, dataset_of
from compare.measure.workplaces import Here, Workplace, WorkplaceError
from compare.options import Options
from compare.plural import counted
from compare.recording import Interrupted
from compare.render.screen import columns_of, sentences, wrapped
from compare.render.settings import title_of
from compare.results import ResultsError
from compare.resumption import (
    asked_experiment,
    check_conditions,
    new_record,
    recorded,
    resumed_experiment,
    taken_over,
)
from compare.store import Store
from data import DataError, Dataset, DatasetNotFound, load_dataset


class InputError(ValueError):
    """Something the user gave cannot be used; one line."""


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
        experiment, device, skipped = ready(experiment)
        title = title_of(experiment.to_dict(), dataset.name)
        columns = columns_of(sys.stdout)
        parts = [sentences([title, experiment.description], columns), describe(dataset, columns)]
        parts += [sentences([note, skipped, experiment.shortened], columns)]
        say("\n".join(filter(None, parts)))
        with (
            open_store(options, experiment, dataset, command) as store,
            Laboratory(experiment, dataset, splits_of(experiment)) as laboratory,
        ):
            if store.dropped:
                say(sentences(store.dropped.splitlines(), columns))
            if options.resume is not None:
                say(wrapped(taken_over(store, laboratory), columns))
            record = Record(begun_with(options, command), " ".join(filter(None, [note, skipped])), device)
            with told_what_is_on_disk(store), workplace(options, laboratory) as place:
                return finish(experiment, dataset, store, laboratory, place, record, say, not options.quiet)
    except (ExperimentError, DataError, ResultsError, WorkplaceError) as error:
        raise InputError(str(error)) from None
    except OSError as error:
        raise InputError(f"cannot begin: {reason_of(error)}") from None
    except MemoryError as error:
        raise InputError(f"not enough memory for this network and these data: {error}") from None


def chosen_experiment(options: Options) -> Experiment:
    """Return the experiment asked for: a preset or a file with its flags, or the one to be resumed."""
    if options.resume is None:
        return asked_experiment(options)
    return resumed_experiment(options, options.resume)


def ready(experiment: Experiment) -> tuple[Experiment, str, str]:
    """Return the experiment of the contestants that can run here, its device, and who is skipped for what."""
    try:
        return experiment, check_contestants(experiment), ""
    except NoDeviceError as error:
        left, told = skipping(experiment, error)
        return left, "", told


def chosen_dataset(experiment: Experiment, shown: bool, seed: int | None = None) -> tuple[Dataset, str]:
    """Return the dataset, and a sentence where it is not the one that was named, or not as published.

    Where every seed has its own split, it is that of `seed`, or of the experiment's first. A download is
    shown if `shown`.
    """
    data = experiment.data
    split_seed = (experiment.run.seeds[0] if seed is None else seed) if data.vary_split else None
    try:
        dataset = dataset_of(experiment, shown, split_seed)
        return dataset, as_published(dataset)
    except DatasetNotFound as error:
        if data.fallback is None:
            raise
        fallback = load_dataset(data.fallback, None, data.test_fraction, split_seed)
        return fallback, f"Fell back to {data.fallback}: {error}"


def as_published(dataset: Dataset) -> str:
    """Say which files are not those that the dataset's name stands for; "" where there are none."""
    if not dataset.unpublished:
        return ""
    names = ", ".join(dataset.unpublished)
    return (
        f"Not the published data: the SHA-256 of {names} ({dataset.source}) is not what is published for "
        f"{dataset.name}. The files are used as found; to have the published ones downloaded, move these "
        "away, or name another --data-dir."
    )


def splits_of(experiment: Experiment) -> Callable[[int], Dataset] | None:
    """Return the function that gives a seed's own split of the data; None where all share one."""
    return (lambda seed: chosen_dataset(experiment, False, seed)[0]) if experiment.data.vary_split else None


def describe(dataset: Dataset, columns: int) -> str:
    """Return what the data are, how they were split and how they were scaled, a line each or more."""
    lines = {"data": dataset.source, "split": dataset.split, "scaling": dataset.scaling}
    return "\n".join(wrapped(text, columns, f"  {name:<8} ", " " * 11) for name, text in lines.items())


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
        if store.tunings:
            kept = f"{counted(len(store.tunings), 'tried learning rate')}, {kept}"
        return f"{kept}; {first}go on with --resume {store.directory}"

    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {on_disk()}") from None
    except (ResultsError, WorkplaceError) as error:
        raise InputError(f"{error}; {on_disk('mend that and ')}") from None
    except OSError as error:
        raise InputError(f"cannot go on: {reason_of(error)}; {on_disk('mend that and ')}") from None


def reason_of(error: OSError) -> str:
    """Return the path and the reason of a failure of the system, as far as it tells."""
    return f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error)


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
