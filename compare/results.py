"""What a run leaves behind: frozen records, their JSON form, and the document `results.json`.

JSON knows no NaN and no infinity: a loss that is not finite is written as null and read back as NaN; the
run's `status` says why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from compare.fields import (
    AT_LEAST_1,
    BATCH,
    BOOL,
    COUNT,
    FRACTION,
    NUMBER,
    RATE,
    SECONDS,
    TEXT,
    Kind,
    ResultsError,
    check_fields,
    is_whole,
    object_with,
    or_none,
)
from compare.rows import Row, Rows

__all__ = [
    "CELL_FIELDS",
    "Cell",
    "CurvePoint",
    "Regime",
    "ResultsError",
    "Run",
    "build_results",
    "finite",
    "in_grid_order",
]

SCHEMA_VERSION = 1
STATUSES = ("ok", "diverged", "failed", "timeout", "refused")


@dataclass(frozen=True)
class Cell:
    """One cell of the experiment's grid: a level of every factor."""

    implementation: str
    batch_size: int | Literal["full"]
    objective: str
    optimizer: str
    dtype: str
    threads: int

    def __post_init__(self) -> None:
        check_fields(self.__dict__, CELL_FIELDS)


RunKey = tuple[Cell, int, int]
"""Cell, seed and round."""


@dataclass(frozen=True)
class Regime:
    """A way to train, whoever does it: what a learning rate is tuned for."""

    objective: str
    optimizer: str
    batch_size: int | Literal["full"]

    @classmethod
    def of(cls, cell: Cell) -> Regime:
        """Return the regime that a cell is trained in."""
        return cls(cell.objective, cell.optimizer, cell.batch_size)


@dataclass(frozen=True)
class CurvePoint:
    """The state after an epoch: training seconds so far and the losses (means over samples) then."""

    epoch: int
    updates: int
    seconds: float
    train_loss: float
    test_loss: float
    test_accuracy: float | None

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _POINT)


@dataclass(frozen=True)
class Run:
    """One training of one cell in a process of its own; seconds are training alone, evaluation excluded.

    `lr` is the learning rate; None where the run is of a time when it was not kept.
    `host` names the machine; `alone` is false where other runs were made on it at the same time, so that the
    seconds are not those of a quiet machine. `predictions` are the classes of the test rows that
    `compare.pictures` chooses, where they are pictures.
    """

    cell: Cell
    seed: int
    status: str
    reason: str | None
    epochs: int
    updates: int
    seconds: float
    cpu_seconds: float
    curve: tuple[CurvePoint, ...]
    seconds_to_target: float | None
    initial_weights_sha256: str
    final_weights_sha256: str | None
    round: int
    lr: float | None = None
    host: str | None = None
    alone: bool = True
    predictions: tuple[int, ...] | None = None
    compile_seconds: float | None = None

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _RUN)

    @property
    def key(self) -> RunKey:
        """What makes a run the same run when it is repeated: cell, seed and round."""
        return self.cell, self.seed, self.round

    def to_json(self) -> dict[str, Any]:
        """Return the run as one flat JSON object, the cell's keys first and the curve last."""
        fields = dict(vars(self))
        cell, curve = vars(fields.pop("cell")), [vars(point) for point in fields.pop("curve")]
        if self.predictions is None:
            del fields["predictions"]
        plain: dict[str, Any] = finite({**cell, **fields, "curve": curve})
        return plain

    @classmethod
    def from_json(cls, value: object) -> Run:
        """Return the run that `to_json` wrote; raise `ResultsError` naming the key that is wrong."""
        keys = [*CELL_FIELDS, *(key for key in _RUN if key != "cell")]
        entry = object_with(value, keys, "a run", LATER_KEYS)
        points = entry.pop("curve")
        if isinstance(entry["predictions"], list):
            entry["predictions"] = tuple(entry["predictions"])
        if not isinstance(points, list):
            raise ResultsError("curve must be a list of points")
        cell = Cell(**{key: entry.pop(key) for key in CELL_FIELDS})
        return cls(cell=cell, curve=tuple(_point(point) for point in points), **entry)


def cell_of(row: Row) -> Cell:
    """Return the cell that a row, run or timing of a results document belongs to."""
    return Cell(**{key: row[key] for key in CELL_FIELDS})


def row_of_run(entry: dict[str, Any]) -> Row:
    """Return the row of `results.json` that a line of `runs.jsonl` becomes, which may lack later keys.

    What the run predicted is left out: the document's `pictures` have what is shown of it.
    """
    for key, absent in LATER_KEYS.items():
        entry.setdefault(key, absent)
    del entry["predictions"]
    return entry


def in_grid_order(keys: Iterable[RunKey], cells: Sequence[Cell]) -> list[RunKey]:
    """Return the keys sorted as the grid lists its cells, then by seed and round; unknown cells come last.

    Those of one cell stand together, whether it is known or not.
    """
    found, place = list(keys), {cell: index for index, cell in enumerate(cells)}
    for cell, _, _ in found:
        place.setdefault(cell, len(place))
    return sorted(found, key=lambda key: (place[key[0]], *key[1:]))


def build_results(
    *,
    experiment: Mapping[str, object],
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Iterable[Run] | Rows,
    summary: Sequence[Mapping[str, object]],
    attribution: Sequence[Mapping[str, object]],
    reference: str,
    derivation: Mapping[str, object] | None = None,
    timings: Sequence[Mapping[str, object]] | None = None,
    null_test: Mapping[str, object] | None = None,
    budgets: Sequence[Mapping[str, object]] | None = None,
    pictures: Mapping[str, object] | None = None,
    floor: Sequence[Mapping[str, object]] | None = None,
    thread_ratios: Sequence[Mapping[str, object]] | None = None,
    sweep: Sequence[Mapping[str, object]] | None = None,
    noise_scale: Sequence[Mapping[str, object]] | None = None,
    tuning: Sequence[Mapping[str, object]] | None = None,
    fairness: Sequence[Mapping[str, object]] | None = None,
) -> dict[str, Any]:
    """Return the document of `results.json` (described by `results.schema.json`), free of NaN and infinity.

    Runs are records, or rows that are ready for JSON. `reference` is the implementation the time ratios
    refer to. The parts that may be left out (None) are those that not every experiment has. Raises
    `ResultsError` for a value JSON cannot hold.
    """
    optional = {"timings": timings, "null_test": null_test, "floor": floor, "budgets": budgets}
    optional |= {"derivation": derivation, "pictures": pictures, "fairness": fairness}
    optional |= {"thread_ratios": thread_ratios, "sweep": sweep, "noise_scale": noise_scale, "tuning": tuning}
    document: dict[str, Any] = finite(
        {
            "schema_version": SCHEMA_VERSION,
            "experiment": experiment,
            "reference": reference,
            "environment": environment,
            "parity": parity,
            "runs": (),
            "summary": summary,
            "attribution": attribution,
            **{name: part for name, part in optional.items() if part is not None},
        }
    )
    document["runs"] = runs if isinstance(runs, Rows) else [run.to_json() for run in runs]
    return document


def finite(value: Any) -> Any:
    """Return plain JSON data: mappings, lists, text and numbers, with null for what is not finite."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    raise ResultsError(f"cannot write a {type(value).__name__} as JSON: {value!r:.80}")


def _point(value: object) -> CurvePoint:
    entry = object_with(value, list(_POINT), "a point of the curve")
    for key in ("train_loss", "test_loss"):
        entry[key] = math.nan if entry[key] is None else entry[key]
    return CurvePoint(**entry)


_STATUS: Kind = ((lambda value: value in STATUSES), f"one of {', '.join(STATUSES)}")
_CURVE: Kind = (
    (lambda value: isinstance(value, tuple) and all(isinstance(point, CurvePoint) for point in value)),
    "a tuple of CurvePoint",
)

_CLASSES: Kind = (
    (lambda value: isinstance(value, tuple) and all(is_whole(entry, 0) for entry in value)),
    "a list of classes by number",
)

CELL_FIELDS = {
    "implementation": TEXT,
    "batch_size": BATCH,
    "objective": TEXT,
    "optimizer": TEXT,
    "dtype": TEXT,
    "threads": AT_LEAST_1,
}
_POINT = {
    "epoch": COUNT,
    "updates": COUNT,
    "seconds": SECONDS,
    "train_loss": NUMBER,
    "test_loss": NUMBER,
    "test_accuracy": or_none(FRACTION),
}
_RUN: dict[str, Kind] = {
    "cell": ((lambda value: isinstance(value, Cell)), "a Cell"),
    "seed": COUNT,
    "round": COUNT,
    "status": _STATUS,
    "reason": or_none(TEXT),
    "epochs": COUNT,
    "updates": COUNT,
    "seconds": SECONDS,
    "cpu_seconds": SECONDS,
    "seconds_to_target": or_none(SECONDS),
    "initial_weights_sha256": TEXT,
    "final_weights_sha256": or_none(TEXT),
    "lr": or_none(RATE),
    "curve": _CURVE,
    "host": or_none(TEXT),
    "alone": BOOL,
    "predictions": or_none(_CLASSES),
    "compile_seconds": or_none(SECONDS),
}
LATER_KEYS = {"lr": None, "host": None, "alone": True, "predictions": None, "compile_seconds": None}
"""Keys that older files lack, with what their absence means."""
