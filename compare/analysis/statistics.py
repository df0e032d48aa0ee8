"""Intervals from few repetitions: Student's t, on the logarithms of times and ratios, on accuracies plain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median_high, median_low, stdev

from scipy.special import stdtrit

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Interval:
    """A point estimate and its 95% confidence interval; no bounds (None) from a single value."""

    point: float
    low: float | None
    high: float | None

    def contains(self, value: float) -> bool | None:
        """Whether the value lies between the bounds; None where there are no bounds."""
        return None if self.low is None or self.high is None else self.low <= value <= self.high


def geometric_ratio_interval(ratios: Sequence[float], point: float | None = None) -> Interval:
    """Return the median of positive per-round ratios with a t interval on their logarithms.

    For an even count the median is the geometric mean of the middle two, so that a/b and b/a stay reciprocal.
    Each value must come from a process of its own: the luck of a memory layout is shared within a process
    and an interval over repetitions inside it covers far less than it says. Ratios of times are close to
    lognormal, so the interval is exp(mean of logs ± t(n-1) s / sqrt(n)): centred on the mean, where
    Student's theory holds, whereas the median is reported because one contaminated round moves it little (a
    ratio of minima moves a lot). Where a skewed sample of seven or more leaves the median outside, the
    interval is stretched to reach it, which can only add coverage; for up to six values that cannot happen
    (|mean - median| <= s sqrt((n-1)/n) < t s / sqrt(n)). Another point estimate may be given as `point`.

    Raises: ValueError for an empty sequence or a value that is not finite and positive.
    """
    if not ratios or not all(math.isfinite(ratio) and ratio > 0 for ratio in ratios):
        raise ValueError(f"wanted one or more finite positive values, got {list(ratios)!r:.80}")
    point = geometric_median(ratios) if point is None else point
    if len(ratios) == 1:
        return Interval(point, None, None)
    center, half_width = _student([math.log(ratio) for ratio in ratios])
    low, high = math.exp(center - half_width), math.exp(center + half_width)
    return Interval(point, min(point, low), max(point, high))


def geometric_median(values: Sequence[float]) -> float:
    """Return the median of positive values; of an even count, the geometric mean of the middle two."""
    return math.sqrt(median_low(values) * median_high(values))


def nested_interval(samples: Sequence[Sequence[float]]) -> Interval:
    """Return the median of all samples, with a t interval over the logarithms of the processes' medians.

    Args:
        samples: positive values, the blocks or per-round ratios of a process, for each process.
    """
    everything = [value for of_process in samples for value in of_process]
    return geometric_ratio_interval(
        [geometric_median(of_process) for of_process in samples], geometric_median(everything)
    )


def seconds_interval(seconds: Sequence[float]) -> Interval:
    """Return the median of positive durations with a t interval on their logarithms, as for ratios."""
    return geometric_ratio_interval(seconds)


def mean_interval(values: Sequence[float], least: float = -math.inf, most: float = math.inf) -> Interval:
    """Return the mean with its t interval, cut off at the bounds of what is possible.

    Raises: ValueError for an empty sequence or a value that is not finite.
    """
    if not values or not all(math.isfinite(value) for value in values):
        raise ValueError(f"wanted one or more finite values, got {list(values)!r:.80}")
    if len(values) == 1:
        return Interval(float(values[0]), None, None)
    center, half_width = _student(values)
    return Interval(center, max(least, center - half_width), min(most, center + half_width))


def _student(values: Sequence[float]) -> tuple[float, float]:
    count = len(values)
    quantile = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2))
    return fmean(values), quantile * stdev(values) / math.sqrt(count)
