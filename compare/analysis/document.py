"""The document `results.json` of a finished experiment: what was run, how it went, what follows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.attribution import attribute
from compare.analysis.brief import in_brief
from compare.analysis.budgets import budgets
from compare.analysis.floor import floor_rows
from compare.analysis.noise_scale import noise_rows
from compare.analysis.null_test import null_test
from compare.analysis.shared_machine import with_timed_seconds
from compare.analysis.summary import summarise
from compare.analysis.sweep import sweep
from compare.analysis.thread_ratios import thread_rows
from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.noise_scales import NoiseScale
from compare.results import Run, build_results, cell_of
from compare.rows import Row, Rows
from compare.timings import Timing, timings_in_grid_order


def results_document(
    experiment: Experiment,
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Collection[Row],
    derivation: Mapping[str, object] | None = None,
    timings: Iterable[Timing] = (),
    pictures: Mapping[str, object] | None = None,
    noise_scales: Iterable[NoiseScale] = (),
    tuning: Sequence[Mapping[str, object]] = (),
    fairness: Sequence[Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """Return the document, its summary and attribution computed from the runs and timings.

    The runs are rows of the document, in the order of the grid (`Store.run_rows`). They are gone through
    several times and never held: the document has them as `Rows`. The number of training rows is
    `environment["data"]["training_rows"]`, where it is told.
    """
    timed = timings_in_grid_order(timings, experiment.cells())
    times = Times(timed)
    rows = Rows(len(runs), lambda: with_timed_seconds(runs, times))
    reference, null = experiment.reference, null_test(timed, experiment.reference)
    data = environment.get("data")
    training_rows = data.get("training_rows") if isinstance(data, Mapping) else None
    factors = experiment.factors
    levels = {
        "implementation": experiment.contestants,
        "objective": factors.objectives,
        "batch_size": factors.batch_sizes,
        "optimizer": factors.optimizers,
        "dtype": factors.dtypes,
        "threads": factors.threads,
    }
    target = experiment.training.target
    brief = [in_brief(row, target) for row in rows]
    summary = summarise(brief, reference, target, timed, null, training_rows)
    swept = sweep(brief, target, training_rows or 1, summary)
    return build_results(
        experiment=experiment.to_dict(),
        environment=environment,
        parity=parity,
        runs=rows,
        summary=marked(summary, parity, brief),
        attribution=attribute(brief, levels, timed, training_rows, null),
        reference=reference,
        derivation=derivation,
        timings=[timing.to_json() for timing in timed] if timed else None,
        null_test=null,
        budgets=budgets(brief, rows),
        pictures=pictures,
        sweep=swept or None,
        tuning=tuning or None,
        noise_scale=noise_rows(noise_scales, brief, target) or None,
        floor=floor_rows(times, reference, null) or None,
        thread_ratios=thread_rows(times, null) or None,
        fairness=fairness,
    )


def marked(
    rows: list[dict[str, Any]], parity: Mapping[str, Any], runs: Iterable[Run]
) -> list[dict[str, Any]]:
    """Return the summary with what an implementation refuses, or does differently by design, in `status`."""
    refusals = {run.cell: run.reason for run in runs if run.status == "refused"}
    for row in rows:
        reason = refusals.get(cell_of(row))
        if row["status"] == "refused" and reason:
            row["status"] = f"refused: {reason}"
        for one in parity.get("deviations", ()):
            same = all(one[key] in (row[key], None) for key in ("implementation", "objective", "optimizer"))
            if same and row["status"] == "ok":
                row["status"] = f"differs by design: {one['reason']}"
    return rows
