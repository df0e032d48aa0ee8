"""The gate once more, after tuning: everybody trains alike at the rates that it chose, too."""

from collections.abc import Callable
from dataclasses import replace

from compare.measure.contestant import ContestantError
from compare.measure.laboratory import Laboratory
from compare.parity.bench import Bench
from compare.parity.verdicts import Parity, reason


def check_tuned_rates(laboratory: Laboratory, parity: Parity, report: Callable[[str], None]) -> Parity:
    """Compare trainings at every rate that is not the experiment's own; return all that was found so far.

    Who has failed is not asked again. A training that fails here counts as one that fails at the
    experiment's rate, and so does its excuse.

    Args:
        laboratory: data, weights, processes and the rates.
        parity: what was found at the experiment's own rates.
        report: told what is being compared, in a few words, before each comparison.
    """
    experiment = laboratory.experiment
    rows, failures, deviations = [], dict(parity.failures), dict(parity.deviations)
    for objective, optimizer, lr in tuned_rates(laboratory):
        for dtype in dict.fromkeys(("float64", *experiment.factors.dtypes)):
            bench = Bench(laboratory, objective, dtype)
            for name in experiment.contestants:
                unable = (name, objective, optimizer, dtype) in parity.refusals
                if unable or (name, objective) in failures or bench.is_witness(name):
                    continue
                report(f"{name}, {objective}, {dtype}, rate {lr:g}")
                try:
                    row = bench.trajectory(name, optimizer, lr)
                except ContestantError as error:
                    told = f"parity could not be checked at rate {lr:g}: {error}"
                    failures[name, objective] = told
                    continue
                rows.append(row)
                if row.passed:
                    continue
                excuse = parity.declared(name, optimizer)
                if excuse is None:
                    failures[name, objective] = reason(row)
                else:
                    deviations[name, objective, optimizer] = excuse
    return replace(parity, trajectory=(*parity.trajectory, *rows), failures=failures, deviations=deviations)


def tuned_rates(laboratory: Laboratory) -> list[tuple[str, str, float]]:
    """Return objective, optimizer and rate, each once, of the regimes that have a rate of their own."""
    experiment = laboratory.experiment
    own = {name: float(experiment.optimizer_options(name)["lr"]) for name in experiment.factors.optimizers}
    chosen = {
        (regime.objective, regime.optimizer, lr)
        for regime, lr in laboratory.rates.items()
        if lr != own[regime.optimizer]
    }
    return sorted(chosen)
