"""Which runs there are, and in which order they are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from compare.results import Cell


@dataclass(frozen=True)
class Planned:
    """One run to make: a cell of the grid at a seed."""

    cell: Cell
    seed: int
    round: int = 0


def interleaved(cells: Sequence[Cell], seeds: Sequence[int]) -> Iterator[Planned]:
    """Yield every cell at every seed; cells that differ only in the implementation stand together.

    Within such a group the order is drawn anew for every seed, so that whatever drifts (temperature, load)
    or lingers (caches, spinning threads) favours nobody. The draw depends on the seed alone.
    """
    groups: dict[Cell, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(replace(cell, implementation="-"), []).append(cell)
    for seed in seeds:
        rng = np.random.default_rng([seed, 2])
        for group in groups.values():
            for index in rng.permutation(len(group)):
                yield Planned(group[index], seed)
