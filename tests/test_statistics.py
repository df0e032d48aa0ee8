import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from compare.analysis.digits import decimals, with_decimals, with_interval
from compare.analysis.statistics import Interval, geometric_ratio_interval, mean_interval, seconds_interval

positive = st.floats(1e-6, 1e6)


def test_the_ratio_is_the_median_with_students_interval_on_the_logs() -> None:
    interval = geometric_ratio_interval([0.5, 1.0, 2.0])
    half_width = 4.302652729749464 * math.log(2) / math.sqrt(3)  # t(2) at 97.5%
    assert interval.point == 1.0
    assert interval.low == pytest.approx(math.exp(-half_width), rel=1e-12)
    assert interval.high == pytest.approx(math.exp(half_width), rel=1e-12)


def test_the_median_of_an_even_count_is_geometric() -> None:
    assert geometric_ratio_interval([1.0, 2.0, 8.0, 100.0]).point == 4.0


def test_one_value_has_no_interval() -> None:
    assert geometric_ratio_interval([0.43]) == Interval(0.43, None, None)
    assert mean_interval([0.43]) == Interval(0.43, None, None)
    assert mean_interval([0.43]).contains(0.43) is None


def test_equal_values_have_an_interval_of_no_width() -> None:
    interval = geometric_ratio_interval([2.0, 2.0, 2.0])
    assert (interval.low, interval.high) == pytest.approx((2.0, 2.0), rel=1e-15)


@given(st.lists(positive, min_size=2, max_size=40))
def test_the_interval_holds_the_point(ratios: list[float]) -> None:
    interval = geometric_ratio_interval(ratios)
    assert interval.contains(interval.point)


def test_a_skewed_sample_stretches_the_interval_to_the_median() -> None:
    skewed = [1.0] * 51 + [100.0] * 49
    interval = geometric_ratio_interval(skewed)
    assert interval.point == interval.low == 1.0


@given(st.lists(positive, min_size=2, max_size=9))
def test_the_inverse_ratio_has_the_inverse_interval(ratios: list[float]) -> None:
    interval = geometric_ratio_interval(ratios)
    inverse = geometric_ratio_interval([1 / ratio for ratio in ratios])
    assert inverse.low is not None
    assert inverse.high is not None
    assert (1 / inverse.point, 1 / inverse.high, 1 / inverse.low) == pytest.approx(
        (interval.point, interval.low, interval.high), rel=1e-9
    )


@pytest.mark.parametrize("count", [3, 5, 10])
def test_the_interval_of_lognormal_ratios_covers_the_truth_in_95_of_100(count: int) -> None:
    rng = np.random.default_rng(2024)
    samples = np.exp(math.log(0.43) + 0.2 * rng.standard_normal((4000, count)))
    covered = np.mean([geometric_ratio_interval(sample).contains(0.43) for sample in samples.tolist()])
    assert 0.94 <= covered <= 0.965


def test_the_interval_of_a_mean_covers_the_truth_in_95_of_100() -> None:
    rng = np.random.default_rng(2024)
    samples = 0.9 + 0.01 * rng.standard_normal((4000, 5))
    covered = np.mean([mean_interval(sample, 0, 1).contains(0.9) for sample in samples.tolist()])
    assert 0.94 <= covered <= 0.96


def test_the_interval_of_an_accuracy_stays_between_0_and_1() -> None:
    interval = mean_interval([0.98, 1.0, 1.0], 0, 1)
    assert interval.high == 1.0
    assert interval.low == pytest.approx(0.9933333333 - 4.302652729749464 * 0.0115470054 / math.sqrt(3))


@pytest.mark.parametrize("values", [[], [0.0], [1.0, -1.0], [math.nan], [1.0, math.inf]])
def test_values_without_a_logarithm_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite positive"):
        seconds_interval(values)


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, -math.inf]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_interval(values)


@pytest.mark.parametrize(
    ("point", "low", "high", "text"),
    [
        (0.4312, 0.4081, 0.4588, "0.43 [0.41, 0.46]"),
        (0.43123, 0.42981, 0.43257, "0.4312 [0.4298, 0.4326]"),
        (0.106, 0.0927, 0.1134, "0.106 [0.093, 0.113]"),
        (452.0, 421.0, 479.0, "450 [420, 480]"),
        (1.0, 0.05, 20.0, "1.0 [0.05, 20]"),
        (2.0, 2.0, 2.0, "2.00 [2.00, 2.00]"),
        (0.4312345, 0.43123449, 0.43123451, "0.4312 [0.4312, 0.4312]"),
        (0.4312, None, None, "0.43"),
        (0.0, -0.2, 0.2, "0.0 [-0.2, 0.2]"),
        (1234.0, None, None, "1200"),
    ],
)
def test_no_more_digits_than_the_interval_supports_but_two_of_the_point(
    point: float, low: float | None, high: float | None, text: str
) -> None:
    assert with_interval(point, low, high) == text


def test_rounding_does_not_hide_on_which_side_of_1_an_interval_lies() -> None:
    assert with_interval(0.97, 0.94, 0.996) == "0.97 [0.94, 1.00]"
    assert with_interval(0.97, 0.94, 0.996, landmark=1.0) == "0.970 [0.940, 0.996]"


def test_a_small_number_never_reads_as_zero() -> None:
    assert with_decimals(0.0004, 2) == "0.0004"
    assert with_decimals(0.0, 2) == "0.00"


@given(st.floats(1e-9, 1e9), st.floats(0, 2), st.floats(0, 2))
def test_rounded_bounds_still_hold_the_rounded_point(point: float, below: float, above: float) -> None:
    low, high = point * math.exp(-below), point * math.exp(above)
    places = decimals(point, low, high)
    shown = [float(with_decimals(value, places)) for value in (low, point, high)]
    assert shown == sorted(shown)
