"""What a run leaves behind: frozen records, their JSON form, and the document `results.json`.

JSON knows no NaN and no infinity: a loss that is not finite is written as null and read back as NaN; the
run's `status` says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

SCHEMA_VERSION = 1
STATUSES = ("ok", "diverged", "failed", "timeout")


class ResultsError(ValueError):
    """Results that cannot be read, written or trusted; the message is one line and says which and why."""


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
        _check(self.__dict__, _CELL)


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
        _check(self.__dict__, _POINT)


@dataclass(frozen=True)
class Run:
    """One training of one cell in a process of its own; seconds are training alone, evaluation excluded."""

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

    def __post_init__(self) -> None:
        _check(self.__dict__, _RUN)

    @property
    def key(self) -> tuple[Cell, int, int]:
        """What makes a run the same run when it is repeated: cell, seed and round."""
        return self.cell, self.seed, self.round

    def to_json(self) -> dict[str, Any]:
        """Return the run as one flat JSON object, the cell's keys first and the curve last."""
        fields = asdict(self)
        curve = fields.pop("curve")
        plain: dict[str, Any] = finite({**fields.pop("cell"), **fields, "curve": curve})
        return plain

    @classmethod
    def from_json(cls, value: object) -> Run:
        """Return the run that `to_json` wrote; raise `ResultsError` naming the key that is wrong."""
        entry = _object(value, [*_CELL, *(key for key in _RUN if key != "cell")], "a run")
        points = entry.pop("curve")
        if not isinstance(points, list):
            raise ResultsError("curve must be a list of points")
        cell = Cell(**{key: entry.pop(key) for key in _CELL})
        return cls(cell=cell, curve=tuple(_point(point) for point in points), **entry)


def in_grid_order(runs: Iterable[Run], cells: Sequence[Cell]) -> list[Run]:
    """Return the runs sorted as the grid lists its cells, then by seed and round; unknown cells come last."""
    place = {cell: index for index, cell in enumerate(cells)}
    return sorted(runs, key=lambda run: (place.get(run.cell, len(place)), run.seed, run.round))


def build_results(
    *,
    experiment: Mapping[str, object],
    environment: Mapping[str, object],
    parity: Mapping[str, object],
    runs: Iterable[Run],
    summary: Sequence[Mapping[str, object]],
    attribution: Sequence[Mapping[str, object]],
    reference: str,
    derivation: Mapping[str, object] | None = None,
) -> dict[str, Any]:
    """Return the document of `results.json` (described by `results.schema.json`), free of NaN and infinity.

    `reference` is the implementation the time ratios refer to; `derivation`, what the derivations show of
    the networks, may be left out. Raises `ResultsError` for a value JSON cannot hold.
    """
    document: dict[str, Any] = finite(
        {
            "schema_version": SCHEMA_VERSION,
            "experiment": experiment,
            "reference": reference,
            "environment": environment,
            "parity": parity,
            "runs": [run.to_json() for run in runs],
            "summary": summary,
            "attribution": attribution,
            **({} if derivation is None else {"derivation": derivation}),
        }
    )
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
    entry = _object(value, list(_POINT), "a point of the curve")
    for key in ("train_loss", "test_loss"):
        entry[key] = math.nan if entry[key] is None else entry[key]
    return CurvePoint(**entry)


def _object(value: object, keys: Sequence[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ResultsError(f"{what} must be a JSON object, not {type(value).__name__}")
    missing = [key for key in keys if key not in value]
    unknown = [key for key in value if key not in keys]
    if missing or unknown:
        told = {"lacks the keys": missing, "has the unknown keys": unknown}
        faults = [f"{fault} {', '.join(names)[:80]}" for fault, names in told.items() if names]
        raise ResultsError(f"{what} {' and '.join(faults)}")
    return dict(value)


_Kind = tuple[Callable[[Any], bool], str]


def _is_number(value: object) -> bool:
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return whole or isinstance(value, float)


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and _is_number(value) and value >= least


def _is_seconds(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value) and value >= 0


def _or_none(kind: _Kind) -> _Kind:
    return (lambda value: value is None or kind[0](value)), f"{kind[1]} or null"


_TEXT: _Kind = ((lambda value: isinstance(value, str) and value != ""), "a text that is not empty")
_COUNT: _Kind = ((lambda value: _is_whole(value, 0)), "a whole number of at least 0")
_AT_LEAST_1: _Kind = ((lambda value: _is_whole(value, 1)), "a whole number of at least 1")
_BATCH: _Kind = (
    (lambda value: value == "full" or _is_whole(value, 1)),
    '"full" or a whole number of at least 1',
)
_NUMBER: _Kind = (_is_number, "a number")
_SECONDS: _Kind = (_is_seconds, "a finite number of at least 0")
_FRACTION: _Kind = ((lambda value: _is_number(value) and 0 <= value <= 1), "a fraction between 0 and 1")
_STATUS: _Kind = ((lambda value: value in STATUSES), f"one of {', '.join(STATUSES)}")
_CURVE: _Kind = (
    (lambda value: isinstance(value, tuple) and all(isinstance(point, CurvePoint) for point in value)),
    "a tuple of CurvePoint",
)

_CELL = {
    "implementation": _TEXT,
    "batch_size": _BATCH,
    "objective": _TEXT,
    "optimizer": _TEXT,
    "dtype": _TEXT,
    "threads": _AT_LEAST_1,
}
_POINT = {
    "epoch": _COUNT,
    "updates": _COUNT,
    "seconds": _SECONDS,
    "train_loss": _NUMBER,
    "test_loss": _NUMBER,
    "test_accuracy": _or_none(_FRACTION),
}
_RUN: dict[str, _Kind] = {
    "cell": ((lambda value: isinstance(value, Cell)), "a Cell"),
    "seed": _COUNT,
    "round": _COUNT,
    "status": _STATUS,
    "reason": _or_none(_TEXT),
    "epochs": _COUNT,
    "updates": _COUNT,
    "seconds": _SECONDS,
    "cpu_seconds": _SECONDS,
    "seconds_to_target": _or_none(_SECONDS),
    "initial_weights_sha256": _TEXT,
    "final_weights_sha256": _or_none(_TEXT),
    "curve": _CURVE,
}


def _check(fields: Mapping[str, object], kinds: Mapping[str, _Kind]) -> None:
    for name, (holds, expected) in kinds.items():
        if not holds(fields[name]):
            raise ResultsError(f"{name} must be {expected}, not {fields[name]!r:.80}")
