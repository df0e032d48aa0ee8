"""How many digits of a number its interval supports."""

from __future__ import annotations

from collections.abc import Iterable

MOST_SIGNIFICANT = 4
WITHOUT_INTERVAL = 2
WIDEST = 1e6
"""The bounds of an interval that spans a larger factor are told by their magnitudes alone."""
OF_POINTS = (1, 2)
"""Decimals that a mean accuracy in percent, or a difference in points, has at least and at most."""


def decimals(point: float, low: float | None, high: float | None, *, landmark: float | None = None) -> int:
    """Return after how many decimals to stop (negative: before the point): the first uncertain digit.

    That is the leading digit of the half-width, or the one after it where that is a 1, but no more than
    four significant digits of the point, and two where there is no interval. Where rounding would move a
    bound onto the `landmark` (such as 1 for a ratio), and so hide on which side of it the interval lies, up
    to three decimals are added.
    """
    size = _exponent(point)
    if low is None or high is None:
        return WITHOUT_INTERVAL - 1 - size
    half_width = (high - low) / 2
    finest = MOST_SIGNIFICANT - 1 - size
    uncertain = -_exponent(half_width) + (f"{half_width:e}"[0] == "1")
    places = min(uncertain, finest) if half_width > 1e-9 * abs(point) else WITHOUT_INTERVAL - size
    places = max(places, -size)
    if landmark is None:
        return places
    for extra in range(4):
        if not any(bound != landmark and round(bound, places + extra) == landmark for bound in (low, high)):
            return places + extra
    return places


def with_decimals(value: float, places: int) -> str:
    """Return the value rounded to so many decimals; one that would read as 0 keeps one digit."""
    rounded = round(value, places)
    if rounded == 0 and value != 0 and places < 12:
        places = -_exponent(value)
        rounded = round(value, places)
    return f"{rounded + 0.0:.{max(places, 0)}f}"


def with_interval(
    point: float, low: float | None, high: float | None, *, landmark: float | None = None
) -> str:
    """Return "0.43 [0.41, 0.46]", or the point alone where there is no interval."""
    shown, *bounds = interval_texts(point, low, high, landmark=landmark)
    return f"{shown} [{', '.join(bounds)}]" if bounds else shown


def interval_texts(
    point: float, low: float | None, high: float | None, *, landmark: float | None = None
) -> tuple[str, ...]:
    """Return the point and its two bounds to the digits they support, or the point alone.

    The point has two digits at least, whatever its interval, so that a reader can divide one by another.
    """
    places = decimals(point, low, high, landmark=landmark)
    if low is None or high is None:
        return (with_decimals(point, places),)
    told = with_decimals(point, max(places, WITHOUT_INTERVAL - 1 - _exponent(point)))
    if low > 0 and high / low > WIDEST:
        return (told, *(f"{bound:.0e}" for bound in (low, high)))
    return (told, *(with_decimals(value, places) for value in (low, high)))


def points_texts(
    point: float, low: float | None, high: float | None, *, landmark: float | None = None
) -> tuple[str, ...]:
    """Return an accuracy in percent, or a difference in points, and its two bounds, or the point alone.

    The bounds have the digits that the interval supports, whole points at least. The point is told to a tenth
    at least, 0.04 beside its bounds as it is: it is what these runs came to, and the interval says what
    others may. So a reader can check the difference of two. Nothing is told as "0.0", never with a minus.
    """
    least, most = OF_POINTS
    if low is None or high is None:
        return (f"{round(point, least) + 0.0:.{least}f}",)
    point, low, high = (round(value, most) for value in (point, low, high))
    places = decimals(max(abs(low), abs(high)), low, high, landmark=landmark)
    places = max(0, min(places, most))
    bounds = (with_decimals(value, places) for value in (low, high))
    return (with_decimals(point, max(places, least)), *bounds)


def signed(text: str) -> str:
    """Return a number's text with a plus where it has no minus."""
    return text if text.startswith("-") else f"+{text}"


def signed_points(points: float) -> str:
    """Return a difference in points of accuracy to a tenth, with its sign; none is "+0.0"."""
    return f"{round(points, OF_POINTS[0]) + 0.0:+.{OF_POINTS[0]}f}"


def points_text(points: float) -> str:
    """Return a distance in points of accuracy: to a tenth, or to two digits where it is smaller than one."""
    return with_decimals(points, max(OF_POINTS[0], decimals(points, None, None)))


def joined(words: Iterable[str]) -> str:
    """Return "a", "a and b", "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _exponent(value: float) -> int:
    return int(f"{abs(value):e}".partition("e")[2]) if value else 0
