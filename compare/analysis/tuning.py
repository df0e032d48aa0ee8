"""From learning rates that were tried to the one that is used, and how much depends on it.

A comparison of batch sizes at one learning rate may show nothing but whom that rate suits: each regime gets
the same number of rates, and its best is used (Shallue et al. 2019, arXiv:1811.03600). The best is the one
with the least training loss at the end, the mean over the tuning seeds. The test set has no say: a rate
chosen by it would flatter every accuracy told afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any

from compare.results import Regime
from compare.tunings import Tuning

Row = dict[str, Any]
NEAR = 1.1
"""A loss up to this multiple of the best is near it."""


def tuning_rows(records: Iterable[Tuning], rates: Mapping[str, float]) -> list[Row]:
    """Return a row for each regime, in the order of the records.

    A row has the regime, who trained it, the `seeds`, all `rates` with their mean training loss (None where
    not every seed ended well: infinitely bad), `best_lr` (None where none did), `lr`, the rate to use,
    `edge`, which says whether the best is the lowest or highest of all, and `sensitivity`.

    Args:
        records: of all regimes.
        rates: the experiment's own learning rate of each optimizer.
    """
    found: dict[Regime, list[Tuning]] = {}
    for record in records:
        found.setdefault(Regime.of(record.cell), []).append(record)
    return [_row(tried, rates[regime.optimizer]) for regime, tried in found.items()]


def best_rates(rows: Iterable[Mapping[str, Any]]) -> dict[Regime, float]:
    """Return the rate to use in each regime."""
    return {Regime(row["objective"], row["optimizer"], row["batch_size"]): row["lr"] for row in rows}


def _row(tried: Sequence[Tuning], own: float) -> Row:
    cell = tried[0].cell
    rates = [_rate(lr, [one for one in tried if one.lr == lr]) for lr in sorted({one.lr for one in tried})]
    losses = [math.inf if rate["train_loss"] is None else rate["train_loss"] for rate in rates]
    place = min(range(len(losses)), key=lambda at: losses[at])
    found = math.isfinite(losses[place])
    return {
        "objective": cell.objective,
        "optimizer": cell.optimizer,
        "dtype": cell.dtype,
        "batch_size": cell.batch_size,
        "implementation": cell.implementation,
        "threads": cell.threads,
        "seeds": sorted({one.seed for one in tried}),
        "rates": rates,
        "best_lr": rates[place]["lr"] if found else None,
        "lr": rates[place]["lr"] if found else own,
        "edge": {0: "lowest", len(rates) - 1: "highest"}.get(place) if found else None,
        "sensitivity": _sensitivity([rate["lr"] for rate in rates], losses, place if found else None),
    }


def _rate(lr: float, tried: Sequence[Tuning]) -> Row:
    well = [one for one in tried if one.status == "ok" and math.isfinite(one.train_loss)]
    accuracies = [one.test_accuracy for one in well if one.test_accuracy is not None]
    bad = [one.status for one in tried if one not in well]
    counts = [f"{status} ({bad.count(status)} of {len(tried)})" for status in dict.fromkeys(bad)]
    return {
        "lr": lr,
        "train_loss": None if bad else fmean(one.train_loss for one in well),
        "test_accuracy": fmean(accuracies) if accuracies and not bad else None,
        "status": ", ".join(counts) or "ok",
    }


def _sensitivity(rates: Sequence[float], losses: Sequence[float], place: int | None) -> Row:
    keys = ("loss_below", "loss_above", "within_10_percent_low", "within_10_percent_high")
    if place is None:
        return dict.fromkeys(keys)
    low = high = place
    while low > 0 and losses[low - 1] <= NEAR * losses[place]:
        low -= 1
    while high + 1 < len(rates) and losses[high + 1] <= NEAR * losses[place]:
        high += 1
    told = (_relative(losses, place - 1, place), _relative(losses, place + 1, place), rates[low], rates[high])
    return dict(zip(keys, told, strict=True))


def _relative(losses: Sequence[float], neighbour: int, best: int) -> float | None:
    """A neighbour's loss as a multiple of the best; None where there is none or it is infinitely bad."""
    if not 0 <= neighbour < len(losses) or not math.isfinite(losses[neighbour]) or losses[best] <= 0:
        return None
    return losses[neighbour] / losses[best]
