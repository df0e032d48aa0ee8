"""The runs of a results document, made anew for every pass over them, so that nobody has to hold them all."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, TypeVar

from compare.cell_names import Key, key_of

Row = Mapping[str, Any]
Made = TypeVar("Made")


class Rows(Collection[Row]):
    """A known number of runs, those of one cell together; a pass over them reads them again.

    Args:
        count: how many there are.
        make: begins a pass.
    """

    def __init__(self, count: int, make: Callable[[], Iterable[Row]]) -> None:
        self._count, self._make = count, make
        self.made: dict[Callable[..., Any], Any] = {}

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        return iter(self._make())

    def __contains__(self, row: object) -> bool:
        return any(row == one for one in self)


def once(make: Callable[[Collection[Row]], Made], runs: Collection[Row]) -> Made:
    """Return what a function makes of the runs; where each pass reads them again, it makes it once."""
    if not isinstance(runs, Rows):
        return make(runs)
    if make not in runs.made:
        runs.made[make] = make(runs)
    made: Made = runs.made[make]
    return made


def by_cell(runs: Collection[Row]) -> Iterator[tuple[Key, Iterable[Row]]]:
    """Yield every cell with its runs, which have to be gone through before the next cell is asked for."""
    if isinstance(runs, Rows):
        yield from groupby(runs, key_of)
        return
    groups: dict[Key, list[Row]] = {}  # a document that was read may have them in any order
    for run in runs:
        groups.setdefault(key_of(run), []).append(run)
    yield from groups.items()
