"""The document `results.json` of a finished experiment: what was run, how it went, what follows."""

from collections.abc import Iterable, Mapping
from typing import Any

from compare.analysis.attribution import attribute
from compare.analysis.summary import summarise
from compare.experiment import Experiment
from compare.results import Run, build_results, in_grid_order


def results_document(
    experiment: Experiment,
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Iterable[Run],
    derivation: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return the document, its summary and attribution computed from the runs."""
    ordered = in_grid_order(runs, experiment.cells())
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
        summary=summarise(ordered, experiment.reference, experiment.training.target),
        attribution=attribute(ordered, levels),
        reference=experiment.reference,
        derivation=derivation,
    )
