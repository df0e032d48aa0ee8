"""Learning rates that are tried before the runs: which they are, on which seeds, and the record of each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from compare.fields import (
    COUNT,
    FRACTION,
    NUMBER,
    RATE,
    TEXT,
    Kind,
    check_fields,
    object_with,
    or_none,
)
from compare.results import CELL_FIELDS, STATUSES, Cell, Regime, finite

FACTOR = 3.0
"""How far apart neighbouring learning rates are."""
SEEDS_OF_TUNING = 2


def rates_around(rate: float, count: int) -> list[float]:
    """Return `count` rates, each `FACTOR` times the one before, with `rate` in the middle.

    Of an even count, one more is below it. They are rounded to six digits.
    """
    return [float(f"{rate * FACTOR ** (place - count // 2):.6g}") for place in range(count)]


def tuning_seeds(seeds: Sequence[int]) -> list[int]:
    """Return the seeds to tune on: the first ones above all of the experiment's, so none serves twice."""
    return [max(seeds) + more for more in range(1, SEEDS_OF_TUNING + 1)]


@dataclass(frozen=True)
class Tuning:
    """One training at one learning rate.

    Args:
        cell: what was trained, and by whom.
        lr: the learning rate; seed: of weights and order.
        status: as a run's; anything but "ok" counts as infinitely bad. `reason` says why in a line.
        train_loss: at the end (NaN where there is none); test_accuracy: told, and never used.
    """

    cell: Cell
    lr: float
    seed: int
    status: str
    reason: str | None
    train_loss: float
    test_accuracy: float | None

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _TUNING)

    @property
    def key(self) -> tuple[Regime, float, int]:
        """What makes it the same when it is repeated, whoever trained: regime, rate and seed."""
        return Regime.of(self.cell), self.lr, self.seed

    def to_json(self) -> dict[str, Any]:
        """Return the record as one flat JSON object, the cell's keys first."""
        entry = asdict(self)
        plain: dict[str, Any] = finite({**entry.pop("cell"), **entry})
        return plain

    @classmethod
    def from_json(cls, value: object) -> Tuning:
        """Return the record that `to_json` wrote; raise `ResultsError` naming the key that is wrong."""
        own = [field.name for field in fields(cls) if field.name != "cell"]
        entry = object_with(value, [*CELL_FIELDS, *own], "a tuning")
        cell = Cell(**{key: entry.pop(key) for key in CELL_FIELDS})
        loss = entry.pop("train_loss")
        return cls(cell=cell, train_loss=math.nan if loss is None else loss, **entry)


def in_regime_order(records: Iterable[Tuning], cells: Iterable[Cell]) -> list[Tuning]:
    """Return the records sorted as the grid lists its regimes, then by rate and seed; unknown ones last.

    They may have ended in any order, and what is made of them must not depend on it.
    """
    place = {regime: index for index, regime in enumerate(dict.fromkeys(Regime.of(cell) for cell in cells))}
    return sorted(
        records,
        key=lambda record: (place.get(Regime.of(record.cell), len(place)), record.lr, record.seed),
    )


_TUNING: dict[str, Kind] = {
    "cell": ((lambda value: isinstance(value, Cell)), "a Cell"),
    "lr": RATE,
    "seed": COUNT,
    "status": ((lambda value: value in STATUSES), f"one of {', '.join(STATUSES)}"),
    "reason": or_none(TEXT),
    "train_loss": NUMBER,
    "test_accuracy": or_none(FRACTION),
}
