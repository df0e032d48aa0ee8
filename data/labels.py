"""Labels: from the text in a file to class indices 0..k-1."""

import math
import re
from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError, shown

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_NOT_A_LABEL_AMONG_NUMBERS = frozenset(
    {"nan", "na", "n/a", "null", "none", "inf", "+inf", "-inf", "infinity"}
)


class LabelError(DataError):
    """A label that cannot be used, with the index of its row, so that a caller can say where it stands."""

    def __init__(self, row: int, problem: str) -> None:
        super().__init__(f"row {row}: {problem}")
        self.row = row
        self.problem = problem


def class_names(labels: Sequence[str]) -> tuple[str, ...]:
    """List the distinct classes: in numeric order if all are numbers, otherwise alphabetically.

    Numbers are written in one way: ``"3"``, ``"03"`` and ``"3.0"`` are the class ``"3"``.

    Raises:
        LabelError: a marker of a missing value (``NA``, ``nan``, ...) among labels that are numbers, or a
            first label that alone is no number (a header whose other names are numbers looks like that).
    """
    distinct = set(labels)
    words = {label for label in distinct if not _is_number(label)}
    if not words:
        return tuple(sorted({_canonical(label) for label in distinct}, key=Decimal))
    if words != distinct:
        _refuse_strays(labels, words)
    return tuple(sorted({_canonical(label) for label in distinct}))


def encode(labels: Sequence[str], classes: Sequence[str]) -> NDArray[np.int64]:
    """Replace each label by the index of its class.

    Returns:
        int64 ``(rows,)`` with values 0..k-1.

    Raises:
        LabelError: a label that is none of the classes.
    """
    index = {name: code for code, name in enumerate(classes)}
    code_of = {label: index.get(_canonical(label), -1) for label in set(labels)}
    codes = np.fromiter((code_of[label] for label in labels), dtype=np.int64, count=len(labels))
    if -1 in code_of.values():
        row = int(np.argmin(codes))
        raise LabelError(row, f"its label {shown(labels[row])} does not occur in the training data")
    return codes


def _is_number(label: str) -> bool:
    return _NUMBER.fullmatch(label) is not None and math.isfinite(float(label))


def _canonical(label: str) -> str:
    if not _is_number(label):
        return label
    try:
        return str(int(label))
    except ValueError:
        value = float(label)
        return str(int(value)) if value.is_integer() else repr(value)


def _refuse_strays(labels: Sequence[str], words: set[str]) -> None:
    """Refuse what stands among numeric labels without being a class."""
    if words == {labels[0]} and labels.count(labels[0]) == 1:
        raise LabelError(
            0,
            f"its label {shown(labels[0])} is the only one that is not a number; "
            "if this is a header, remove it",
        )
    if all(word.lower() in _NOT_A_LABEL_AMONG_NUMBERS for word in words):
        row = next(row for row, label in enumerate(labels) if label in words)
        raise LabelError(row, f"its label {shown(labels[row])} is not a number, the other labels are")
