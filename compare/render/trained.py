"""What is told of all runs together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Trained:
    """How many runs there are, how many did not end well, and from how many seeds they are.

    `same_weights` says whether all runs of a seed and dtype began with the same weights.
    """

    runs: int
    bad: int
    seeds: int
    same_weights: bool


def trained(runs: Iterable[Mapping[str, Any]]) -> Trained:
    """Count the runs of a results document."""
    weights: dict[tuple[int, str], str] = {}
    count, bad, same = 0, 0, True
    for run in runs:
        count += 1
        bad += run["status"] != "ok"
        began_with = run["initial_weights_sha256"]
        same &= weights.setdefault((run["seed"], run["dtype"]), began_with) == began_with
    return Trained(count, bad, len({seed for seed, _ in weights}), same)
