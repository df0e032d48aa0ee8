"""The fields of the records that go to disk: what each may hold, and one line where it does not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any


class ResultsError(ValueError):
    """Results that cannot be read, written or trusted; the message is one line and says which and why."""


Kind = tuple[Callable[[Any], bool], str]
"""Whether a value will do, and the words for what would."""


def is_number(value: object) -> bool:
    """Whether the value is a number that JSON and a 64-bit integer can hold."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return whole or isinstance(value, float)


def is_whole(value: Any, least: int) -> bool:
    """Whether the value is a whole number of at least `least`."""
    return isinstance(value, int) and is_number(value) and value >= least


def is_seconds(value: Any) -> bool:
    """Whether the value is a duration."""
    return is_number(value) and math.isfinite(value) and value >= 0


def or_none(kind: Kind) -> Kind:
    """Return the kind that allows None as well."""
    return (lambda value: value is None or kind[0](value)), f"{kind[1]} or null"


BOOL: Kind = ((lambda value: isinstance(value, bool)), "true or false")
TEXT: Kind = ((lambda value: isinstance(value, str) and value != ""), "a text that is not empty")
COUNT: Kind = ((lambda value: is_whole(value, 0)), "a whole number of at least 0")
AT_LEAST_1: Kind = ((lambda value: is_whole(value, 1)), "a whole number of at least 1")
BATCH: Kind = (
    (lambda value: value == "full" or is_whole(value, 1)),
    '"full" or a whole number of at least 1',
)
NUMBER: Kind = (is_number, "a number")
SECONDS: Kind = (is_seconds, "a finite number of at least 0")
RATE: Kind = ((lambda value: is_seconds(value) and value > 0), "a finite number above 0")
FRACTION: Kind = ((lambda value: is_number(value) and 0 <= value <= 1), "a fraction between 0 and 1")


def check_fields(fields: Mapping[str, object], kinds: Mapping[str, Kind]) -> None:
    """Raise `ResultsError` for the first field that is not of its kind."""
    for name, (holds, expected) in kinds.items():
        if not holds(fields[name]):
            raise ResultsError(f"{name} must be {expected}, not {fields[name]!r:.80}")


def object_with(
    value: object, keys: Sequence[str], what: str, later: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """Return a copy of a JSON object with exactly these keys; raise `ResultsError` for anything else.

    `later` holds keys that older files lack, with the values that their absence means.
    """
    if not isinstance(value, dict):
        raise ResultsError(f"{what} must be a JSON object, not {type(value).__name__}")
    value = {**(later or {}), **value}
    if len(value) != len(keys) or any(key not in value for key in keys):
        missing = [key for key in keys if key not in value]
        unknown = [key for key in value if key not in keys]
        told = {"lacks the keys": missing, "has the unknown keys": unknown}
        faults = [f"{fault} {', '.join(names)[:80]}" for fault, names in told.items() if names]
        raise ResultsError(f"{what} {' and '.join(faults)}")
    return value
