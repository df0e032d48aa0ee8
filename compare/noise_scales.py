"""The gradient noise scale along a training: the record that is kept, and its JSON form."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from compare.fields import BATCH, COUNT, SECONDS, TEXT, Kind, ResultsError, check_fields, object_with, or_none
from compare.results import STATUSES, finite

POINT_KEYS = ("epoch", "updates", "gradient_norm_squared", "covariance_trace", "noise_scale")


@dataclass(frozen=True)
class NoisePoint:
    """The noise at the weights after a number of updates; NaN where it is not finite.

    Args:
        epoch: passes over the training set so far, a fraction where one had begun.
        gradient_norm_squared: |G|^2, of the gradient over the whole training set.
        covariance_trace: tr(Sigma), the summed variance of the gradients of single samples.
    """

    epoch: float
    updates: int
    gradient_norm_squared: float
    covariance_trace: float

    @property
    def noise_scale(self) -> float:
        """tr(Sigma) / |G|^2, in samples."""
        return self.covariance_trace / self.gradient_norm_squared if self.gradient_norm_squared else math.nan

    def to_json(self) -> dict[str, Any]:
        """Return the point with its noise scale, null for what is not finite."""
        told: dict[str, Any] = finite({**asdict(self), "noise_scale": self.noise_scale})
        return told


@dataclass(frozen=True)
class NoiseScale:
    """One training by the hand-written network with the noise at weights along it."""

    objective: str
    optimizer: str
    dtype: str
    seed: int
    batch_size: int | Literal["full"]
    status: str
    reason: str | None
    points: tuple[NoisePoint, ...]

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _NOISE_SCALE)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it the same when it is repeated."""
        return self.objective, self.optimizer

    def to_json(self) -> dict[str, Any]:
        """Return the record as one JSON object."""
        return {**self.__dict__, "points": [point.to_json() for point in self.points]}

    @classmethod
    def from_json(cls, value: object) -> NoiseScale:
        """Return the record that `to_json` wrote; raise `ResultsError` naming the key that is wrong."""
        entry = object_with(value, list(_NOISE_SCALE), "a noise scale")
        points = entry.pop("points")
        if not isinstance(points, list):
            raise ResultsError("points must be a list of points")
        return cls(points=tuple(_point(point) for point in points), **entry)


def _point(value: object) -> NoisePoint:
    entry = object_with(value, POINT_KEYS, "a point of the noise scale")
    del entry["noise_scale"]
    check_fields(entry, _POINT)
    known: dict[str, Any] = {key: math.nan if number is None else number for key, number in entry.items()}
    return NoisePoint(**known)


_POINT: dict[str, Kind] = {
    "epoch": SECONDS,
    "updates": COUNT,
    "gradient_norm_squared": or_none(SECONDS),
    "covariance_trace": or_none(SECONDS),
}
_POINTS: Kind = (
    (lambda value: isinstance(value, tuple) and all(isinstance(point, NoisePoint) for point in value)),
    "a tuple of NoisePoint",
)
_NOISE_SCALE: dict[str, Kind] = {
    "objective": TEXT,
    "optimizer": TEXT,
    "dtype": TEXT,
    "seed": COUNT,
    "batch_size": BATCH,
    "status": ((lambda value: value in STATUSES), f"one of {', '.join(STATUSES)}"),
    "reason": or_none(TEXT),
    "points": _POINTS,
}
