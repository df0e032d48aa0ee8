"""A look at a contestant in its own process: what differs once it is built, and what looking changes."""

import numpy as np

from compare.implementation import Array, Trainable
from compare.implementations.defaults import Completed

Found = list[tuple[str, str]]
"""Subject and difference."""


def inspect(contestant: Trainable, given: dict[str, Array], X: Array, Y: Array, dtype: str) -> Found:
    """Return what differs from what every contestant is given; nothing is trained.

    Args:
        contestant: just built.
        given: the parameters it was built from; X, Y: a batch.
        dtype: what it was told to compute in.
    """
    before = contestant.parameters()
    found = differences_at_the_start(before, given, dtype)
    X_before, Y_before = X.copy(), Y.copy()
    for subject, look in {"trace": contestant.trace, "evaluation": contestant.evaluate}.items():
        look(X, Y)
        after = contestant.parameters()
        changed = [name for name in before if not np.array_equal(before[name], after.get(name, []))]
        if changed:
            found.append((subject, f"its {subject} changes the parameters ({', '.join(changed)})"))
            before = after
    if not (np.array_equal(X, X_before) and np.array_equal(Y, Y_before)):
        found.append(("inputs", "it changes the arrays that it is given"))
    if isinstance(contestant, Completed) and not contestant.trains_itself:
        found.append(("batches", "its batches are copied out with NumPy by the default loop"))
    return found


def differences_at_the_start(own: dict[str, Array], given: dict[str, Array], dtype: str) -> Found:
    """Compare the parameters right after the building with those given: names, dtype, values."""
    if set(own) != set(given):
        return [("initial weights", f"its parameters are {', '.join(own)}, not {', '.join(given)}")]
    found = []
    dtypes = {str(values.dtype) for values in own.values()} - {dtype}
    if dtypes:
        found.append(("dtype", f"its parameters are {', '.join(sorted(dtypes))}, not {dtype}"))
    others = [
        name
        for name, values in own.items()
        if values.shape != given[name].shape
        or not np.array_equal(values.astype(np.float64), given[name].astype(np.float64))
    ]
    if others and not dtypes:
        found.append(("initial weights", f"it begins with other values of {', '.join(others)}"))
    return found
