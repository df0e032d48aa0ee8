"""Making what is missing of an experiment, tuning, runs, noise and timings; each is recorded as it ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

from compare.analysis.tuning import best_rates, tuning_rows
from compare.measure.gradient_noise import PlannedNoise, measure_noise, planned_noise
from compare.measure.laboratory import Laboratory
from compare.measure.protocol import Sitting, missing, sittings
from compare.measure.schedule import Planned, interleaved
from compare.measure.tuning import PlannedTuning, planned_tunings
from compare.measure.workplaces import Workplace
from compare.parity.verdicts import Parity
from compare.plural import counted, part_of
from compare.progress import Progress
from compare.results import Cell
from compare.shelf import Shelf
from compare.store import Store
from compare.tunings import in_regime_order

ENDED = ("ok", "diverged")
"""How what is kept has ended: a training that diverges would do so again."""


class Interrupted(Exception):  # noqa: N818
    """The user stopped the runs; the message says what is on disk and how to go on."""


def planned_runs(store: Store, laboratory: Laboratory) -> list[Planned]:
    """Return the runs of the grid that have not ended well yet."""
    experiment = laboratory.experiment
    done = {key for key, status in store.runs.statuses().items() if status in ENDED}
    plan = interleaved(experiment.cells(), experiment.run.seeds)
    return [planned for planned in plan if key_of(planned) not in done]


def record_tunings(
    store: Store, laboratory: Laboratory, place: Workplace, parity: Parity, shown: bool
) -> list[dict[str, Any]]:
    """Try the learning rates that were not tried yet and give each regime its best; return what was found.

    Raises: Interrupted, where the user stops it.
    """
    experiment = laboratory.experiment
    plan = planned_tunings(experiment, parity.failures, store.tunings, parity.holds_for)
    total = len(plan) + len(store.tunings)

    def on_disk() -> str:
        return f"{part_of(len(store.tunings), total, 'tried learning rate')} on disk, and no new run"

    with told_how_to_go_on(store, on_disk), Progress(len(plan), shown, "learning rates") as progress:

        def report(planned: PlannedTuning, fraction: float) -> None:
            progress.doing(f"tuning: {setting_of(planned.cell)}, rate {planned.lr:g}", fraction)

        for record in place.make_tunings(plan, report):
            store.append(record)
            progress.did_one()
    own = {name: float(experiment.optimizer_options(name)["lr"]) for name in experiment.factors.optimizers}
    rows = tuning_rows(in_regime_order(store.tunings, experiment.cells()), own)
    laboratory.rates = best_rates(rows)
    return rows


def record_runs(
    store: Store,
    laboratory: Laboratory,
    place: Workplace,
    plan: Collection[Planned],
    parity: Parity,
    shown: bool,
) -> None:
    """Make the planned runs; raise `Interrupted` where the user stops them."""
    experiment = laboratory.experiment
    total = len(experiment.cells()) * len(experiment.run.seeds)

    def on_disk() -> str:
        return f"{part_of(len(store.runs), total, 'run')} on disk"

    with told_how_to_go_on(store, on_disk), Progress(len(plan), shown) as progress:
        for run in place.make_runs(plan, parity_verdict(parity), reporter(progress)):
            store.append(run)
            progress.did_one()


def record_timings(store: Store, laboratory: Laboratory, place: Workplace, shown: bool) -> None:
    """Time the cells that have a good run; raise `Interrupted` where the user stops it."""
    settings = laboratory.experiment.run
    every, left = planned_sittings(store, laboratory)
    total = entrants_of(every)

    def on_disk() -> str:
        return f"all runs and {len(store.timings)} of {counted(total, 'timing')} are on disk"

    with told_how_to_go_on(store, on_disk), Progress(len(left), shown, "groups") as progress:

        def report(sitting: Sitting) -> None:
            told = f"timing: {setting_of(sitting.entrants[0].cell)}, process {sitting.process + 1}"
            progress.doing(f"{told} of {settings.processes}")

        for timing in place.make_timings(left, settings.rounds, report, progress.did_one):
            store.append(timing)


def planned_sittings(store: Store, laboratory: Laboratory) -> tuple[list[Sitting], list[Sitting]]:
    """Return the sittings of the cells that have a good run by now: all, and those not complete yet."""
    settings = laboratory.experiment.run
    trained = {cell for (cell, _, _), status in store.runs.statuses().items() if status == "ok"}
    cells = [cell for cell in laboratory.experiment.cells() if cell in trained]
    reference = laboratory.experiment.reference
    every = list(sittings(cells, settings.processes, reference, settings.null_test, settings.floor))
    return every, missing(every, store.timings, settings.rounds)


def entrants_of(planned: Collection[Sitting]) -> int:
    """Return how many timings the sittings make."""
    return sum(len(sitting.entrants) for sitting in planned)


def record_noise(store: Store, laboratory: Laboratory, shown: bool) -> None:
    """Measure the gradient noise where that is wanted and not done; raise `Interrupted` likewise."""
    rows = len(laboratory.data.X_train)
    experiment = laboratory.experiment
    runs = [*store.runs_of(experiment.run.seeds[0], experiment.cells())]
    plan = planned_noise(experiment, rows, runs, store.noise_scales)
    total = len(plan) + ended(store.noise_scales)

    def on_disk() -> str:
        return f"all runs and {len(store.noise_scales)} of {counted(total, 'noise scale')} are on disk"

    with told_how_to_go_on(store, on_disk), Progress(len(plan), shown, "noise scales") as progress:

        def report(planned: PlannedNoise) -> None:
            progress.doing(f"gradient noise: {planned.cell.optimizer}, {setting_of(planned.cell)}")

        for record in measure_noise(laboratory, plan, report):
            store.append(record)
            progress.did_one()


def ended(shelf: Shelf[Any]) -> int:
    """Return how many records are of something that ended of itself, and is not made again."""
    return sum(status in ENDED for status in shelf.statuses().values())


@contextmanager
def told_how_to_go_on(store: Store, on_disk: Callable[[], str]) -> Iterator[None]:
    """Turn the user's interruption into one that says what is on disk."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {on_disk()}; go on with --resume {store.directory}") from None


def key_of(planned: Planned) -> tuple[object, int, int]:
    """Return what makes a planned run the same as a finished one."""
    return planned.cell, planned.seed, planned.round


def parity_verdict(parity: Parity) -> Callable[[Planned], tuple[str, str] | None]:
    """Return the function that says why a run must not be made: status and reason."""

    def verdict(planned: Planned) -> tuple[str, str] | None:
        refusal, failure = parity.refusal_of(planned.cell), parity.failure_of(planned.cell)
        if refusal is not None:
            return "refused", refusal
        return None if failure is None else ("failed", failure)

    return verdict


def reporter(progress: Progress) -> Callable[[Planned, float], None]:
    """Return the function that shows the run in progress."""

    def report(planned: Planned, fraction: float) -> None:
        cell = planned.cell
        progress.doing(f"{cell.implementation}, {setting_of(cell)}, seed {planned.seed}", fraction)

    return report


def setting_of(cell: Cell) -> str:
    """Return what the progress bar says of a cell besides its implementation."""
    return f"{cell.objective}, batch {cell.batch_size}"
