"""The document `results.json` of a finished experiment: what was run, how it went, what follows."""

from collections.abc import Iterable, Mapping
from typing import Any

from compare.analysis.attribution import attribute
from compare.analysis.budgets import budgets
from compare.analysis.null_test import null_test
from compare.analysis.shared_machine import with_timed_seconds
from compare.analysis.summary import summarise
from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.results import Run, build_results, in_grid_order
from compare.timings import Timing, timings_in_grid_order


def results_document(
    experiment: Experiment,
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Iterable[Run],
    derivation: Mapping[str, object] | None = None,
    timings: Iterable[Timing] = (),
) -> dict[str, Any]:
    """Return the document, its summary and attribution computed from the runs and timings."""
    timed = timings_in_grid_order(timings, experiment.cells())
    ordered = with_timed_seconds(in_grid_order(runs, experiment.cells()), Times(timed))
    null = null_test(timed, experiment.reference)
    factors = experiment.factors
    levels = {
        "implementation": factors.implementations,
        "objective": factors.objectives,
        "batch_size": factors.batch_sizes,
        "optimizer": factors.optimizers,
        "dtype": factors.dtypes,
        "threads": factors.threads,
    }
    return build_results(
        experiment=experiment.to_dict(),
        environment=environment,
        parity=parity,
        runs=ordered,
        summary=summarise(ordered, experiment.reference, experiment.training.target, timed, null),
        attribution=attribute(ordered, levels, timed),
        reference=experiment.reference,
        derivation=derivation,
        timings=[timing.to_json() for timing in timed] if timed else None,
        null_test=null,
        budgets=budgets(ordered),
    )
