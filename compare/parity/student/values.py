"""What a student's function gave back, as plain arrays; only NumPy is needed here, nothing of the project."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Arrays = dict[str, Array]


class Failure(Exception):  # noqa: N818
    """Why there is no answer: a kind that programs can tell apart, and one line for people."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def pair(result: Any, wanted: str) -> tuple[Any, Any]:
    """Return the two parts of an answer, or raise Failure; `wanted`: such as "(loss, gradients)"."""
    if result is None:
        raise Failure("return", f"it returned nothing; end it with: return {wanted.strip('()')}")
    if not isinstance(result, tuple | list):
        raise Failure("return", f"it returned {named_type(result)}, not {wanted}")
    if len(result) != 2:
        raise Failure("return", f"it returned {len(result)} values, not two: {wanted}")
    return result[0], result[1]


def loss_and_gradients(result: Any) -> tuple[Any, Mapping[Any, Any]]:
    """Take an answer apart into the loss and the dict of gradients, or raise Failure."""
    loss, gradients = pair(result, "(loss, gradients)")
    if isinstance(loss, Mapping) and not isinstance(gradients, Mapping):
        raise Failure("return", "it returned (gradients, loss); swap the two")
    if not isinstance(gradients, Mapping):
        wanted = "a dict with the keys W1, b1, W2, ..."
        raise Failure("gradients", f"the gradients are {named_type(gradients)}, not {wanted}")
    return loss, gradients


def plain_array(value: Any, what: str) -> Array:
    """Return a copy of a value as an array of numbers, or raise Failure saying what it is instead."""
    if value is None:
        raise Failure("value", f"{what} is None")
    if isinstance(value, Mapping):
        raise Failure("value", f"{what} is a dict, not an array of numbers")
    try:
        array = np.array(value)
    except Exception as error:
        reason = in_one_line(error)
        raise Failure(
            "value", f"{what} is {named_type(value)} that cannot become an array: {reason}"
        ) from None
    if array.dtype.kind not in "biufc":
        raise Failure(
            "value", f"{what} is {named_type(value)} of the type {array.dtype.name}, not of numbers"
        )
    return array


def differs(after: Array, before: Array) -> bool:
    """Say whether an array that was handed out is no longer as it was."""
    return after.shape != before.shape or not np.array_equal(after, before, equal_nan=True)


def in_one_line(error: object) -> str:
    """Return an exception's message on one line of at most 300 characters."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(its message cannot be shown)"
    return text if len(text) <= 300 else text[:297] + "..."


def named_type(value: Any) -> str:
    """Name the type of a value with its article, such as "a list"."""
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}" if value is not None else "None"
