"""The document `results.json` of a finished experiment: what was run, how it went, what follows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compare.analysis.attribution import attribute
from compare.analysis.budgets import budgets
from compare.analysis.floor import floor_rows
from compare.analysis.noise_scale import noise_rows
from compare.analysis.null_test import null_test
from compare.analysis.shared_machine import with_timed_seconds
from compare.analysis.summary import summarise
from compare.analysis.sweep import sweep
from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.noise_scales import NoiseScale
from compare.results import Run, build_results, in_grid_order
from compare.timings import Timing, timings_in_grid_order


def results_document(
    experiment: Experiment,
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Iterable[Run],
    derivation: Mapping[str, object] | None = None,
    timings: Iterable[Timing] = (),
    pictures: Mapping[str, object] | None = None,
    noise_scales: Iterable[NoiseScale] = (),
    tuning: Sequence[Mapping[str, object]] = (),
) -> dict[str, Any]:
    """Return the document, its summary and attribution computed from the runs and timings.

    The number of training rows is `environment["data"]["training_rows"]`, where it is told. What the runs
    predicted is left out of them: `pictures` has what is shown of it.
    """
    timed = timings_in_grid_order(timings, experiment.cells())
    ordered = with_timed_seconds(in_grid_order(runs, experiment.cells()), Times(timed))
    reference, null = experiment.reference, null_test(timed, experiment.reference)
    data = environment.get("data")
    rows = data.get("training_rows") if isinstance(data, Mapping) else None
    factors = experiment.factors
    levels = {
        "implementation": factors.implementations,
        "objective": factors.objectives,
        "batch_size": factors.batch_sizes,
        "optimizer": factors.optimizers,
        "dtype": factors.dtypes,
        "threads": factors.threads,
    }
    target = experiment.training.target
    summary = summarise(ordered, reference, target, timed, null, rows)
    swept = sweep(ordered, target, rows or 1, summary)
    return build_results(
        experiment=experiment.to_dict(),
        environment=environment,
        parity=parity,
        runs=[replace(run, predictions=None) for run in ordered],
        summary=summary,
        attribution=attribute(ordered, levels, timed, rows),
        reference=reference,
        derivation=derivation,
        timings=[timing.to_json() for timing in timed] if timed else None,
        null_test=null,
        budgets=budgets(ordered),
        pictures=pictures,
        sweep=swept or None,
        tuning=tuning or None,
        noise_scale=noise_rows(noise_scales, ordered, target) or None,
        floor=floor_rows(Times(timed), reference, null) or None,
    )
