"""Parameters after each of many steps, by "STEP NAME": in a file, an array a name and not one a step.

A file of a thousand small arrays takes longer to write and to read than the training that they are of.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from compare.implementation import Array

_STACK = re.compile(r"(\d{1,9})-(\d{1,9}) (.*)", re.DOTALL)


def stacked(states: Mapping[str, Array]) -> dict[str, Array]:
    """Return one array a name, by "FIRST-LAST NAME"; a name whose arrays are unlike stays as it is."""
    by_name: dict[str, dict[int, Array]] = {}
    for key, values in states.items():
        step, _, name = key.partition(" ")
        by_name.setdefault(name, {})[int(step)] = np.asarray(values)
    found: dict[str, Array] = {}
    for name, of_name in by_name.items():
        steps, arrays = list(of_name), list(of_name.values())
        alike = len({(array.shape, array.dtype) for array in arrays}) == 1
        if alike and steps == list(range(steps[0], steps[-1] + 1)):
            found[f"{steps[0]}-{steps[-1]} {name}"] = np.stack(arrays)
        else:
            found |= {f"{step} {name}": array for step, array in of_name.items()}
    return found


def by_step(arrays: Mapping[str, Array], most: int) -> dict[str, Array]:
    """Return what was stacked by "STEP NAME" again, step by step.

    Raises: ValueError where an array has not as many steps as its name says, or more than there can be.
    """
    found: list[tuple[int, str, Array]] = []
    for key, array in arrays.items():
        stack = _STACK.fullmatch(key)
        if stack is None:
            found.append((int(key.partition(" ")[0]), key, array))
            continue
        first, last = int(stack[1]), int(stack[2])
        if last > most or np.shape(array)[:1] != (last - first + 1,):
            raise ValueError(f"{key[:60]} has not the steps that it is named for")
        found += [(step, f"{step} {stack[3]}", array[step - first]) for step in range(first, last + 1)]
    return {key: array for _, key, array in sorted(found, key=lambda one: one[0])}
