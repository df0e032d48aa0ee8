"""The checks of an experiment's single values: each returns the value as it is kept, or refuses it."""

import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from compare.names import ACTIVATIONS, OBJECTIVES, OPTIMIZERS, OUTPUTS_OF_LOSS, suggest

LARGEST_WHOLE = 2**31 - 1

Check = Callable[[Any], Any]


def refusal(what: str, key: str = "") -> PydanticCustomError:
    """Build the error for a value that will not do; `key`: the "section.key" meant, if another."""
    return PydanticCustomError("refused", "{what}", {"what": what, "key": key})


def shown(value: object) -> str:
    """Show a value in an error message as a file would spell it, cut to a length that fits one line."""
    spelled = str(value).lower() if isinstance(value, bool) else repr(value)
    return spelled if len(spelled) <= 60 else spelled[:57] + "..."


def whole(low: int) -> Check:
    """Accept whole numbers from `low`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= LARGEST_WHOLE:
            raise refusal(f"must be a whole number from {low} to {LARGEST_WHOLE}, not {shown(value)}")
        return value

    return check


def number(wanted: str, accepts: Callable[[float], bool]) -> Check:
    """Accept the finite numbers that `accepts` accepts and `wanted` describes."""

    def check(value: Any) -> float:
        try:
            amount = (
                math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
            )
        except OverflowError:
            amount = math.inf
        if not (math.isfinite(amount) and accepts(amount)):
            raise refusal(f"must be {wanted}, not {shown(value)}")
        return amount

    return check


def one_of(known: Iterable[str]) -> Check:
    """Accept the names in `known`."""
    names = tuple(known)

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise refusal(f"{shown(value)} is not known; {suggest(str(value), names)}")
        return value

    return check


above_zero = number("a number above 0", lambda x: x > 0)
from_zero = number("a number from 0", lambda x: x >= 0)
below_one = number("a number from 0 to below 1", lambda x: 0 <= x < 1)
up_to_one = number("a number from 0 to 1", lambda x: 0 <= x <= 1)
accuracy = number("an accuracy above 0 and up to 1", lambda x: 0 < x <= 1)
fraction = number("a number between 0 and 1", lambda x: 0 < x < 1)


def text(value: Any) -> str:
    """Accept any text that is not blank."""
    if not isinstance(value, str) or not value.strip():
        raise refusal(f"must be a text that is not empty, not {shown(value)}")
    return value


def true_or_false(value: Any) -> bool:
    """Accept true and false alone."""
    if not isinstance(value, bool):
        raise refusal(f"must be true or false, not {shown(value)}")
    return value


def directory(value: Any) -> Path:
    """Accept the name of a directory, which need not exist yet."""
    return value if isinstance(value, Path) else Path(text(value))


def column(value: Any) -> int | str:
    """Accept the number (from 1) or the name of a column."""
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_WHOLE:
        raise refusal(f"must be the number of a column, from 1, or its name, not {shown(value)}")
    return value


def batch_size(value: Any) -> int | str:
    """Accept a number of samples, or "full" for all of them."""
    if isinstance(value, str) and value == "full":
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_WHOLE:
        raise refusal(f"each must be a whole number of samples from 1, or 'full', not {shown(value)}")
    return value


def objective(value: Any) -> str:
    """Accept an OUTPUT+LOSS that is defined."""
    output, plus, loss = value.partition("+") if isinstance(value, str) else ("", "", "")
    outputs = OUTPUTS_OF_LOSS.get(loss, ())
    known_outputs = {name for names in OUTPUTS_OF_LOSS.values() for name in names}
    if plus and outputs and output in known_outputs - set(outputs):
        raise refusal(f"{shown(value)} is not defined; {loss} goes with the outputs {', '.join(outputs)}")
    if value not in OBJECTIVES:
        raise refusal(f"{shown(value)} is not a known OUTPUT+LOSS; {suggest(str(value), OBJECTIVES)}")
    return str(value)


def activation(value: Any) -> str | tuple[str, ...]:
    """Accept one activation for all hidden layers, or a list of them."""
    check = one_of(ACTIVATIONS)
    return tuple(check(name) for name in value) if isinstance(value, list | tuple) else check(value)


def learning_rate(value: Any) -> float | dict[str, float]:
    """Accept one learning rate for all optimizers, or a table of them by optimizer."""
    if not isinstance(value, dict):
        return float(above_zero(value))
    if not value:
        raise refusal("must be a number above 0 or a table such as {sgd = 0.5}, not an empty table")
    known = one_of(OPTIMIZERS)
    return {known(optimizer): above_zero(rate) for optimizer, rate in value.items()}


def listed_values(values: Any, check: Check, least: int = 1, distinct: bool = True) -> tuple[Any, ...]:
    """Accept a list: at least `least` values, each accepted by `check`, none twice if `distinct`."""
    if values == "":
        raise refusal(f"is empty; give {'one value or more' if least else 'values, or say none'}")
    if not isinstance(values, list | tuple):
        raise refusal(f"must be a list, such as [{shown(values)}]")
    if len(values) < least:
        raise refusal("must have at least one value, not none")
    kept = tuple(check(value) for value in values)
    twice = next((value for place, value in enumerate(kept) if value in kept[:place]), None)
    if distinct and twice is not None:
        raise refusal(f"has {shown(twice)} more than once; name each value once")
    return kept


def listed(check: Check, least: int = 1, distinct: bool = True) -> BeforeValidator:
    """Check a list as `listed_values` does."""
    return BeforeValidator(lambda values: listed_values(values, check, least, distinct))


def given(check: Check) -> BeforeValidator:
    """Check a value that must be given."""
    return BeforeValidator(check)


def optional(check: Check) -> BeforeValidator:
    """Check a value that may be left out (None)."""
    return BeforeValidator(lambda value: None if value is None else check(value))
