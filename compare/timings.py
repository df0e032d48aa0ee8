"""Training under the clock in blocks: what one process of one contestant leaves, and its JSON form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from compare.fields import (
    AT_LEAST_1,
    BOOL,
    COUNT,
    RATE,
    SECONDS,
    TEXT,
    Kind,
    ResultsError,
    check_fields,
    object_with,
    or_none,
)
from compare.results import CELL_FIELDS, Cell

TIMING_STATUSES = ("ok", "failed", "timeout")
BLOCK_KEYS = ("updates", "seconds", "cpu_seconds", "switches", "others_seconds")


@dataclass(frozen=True)
class Block:
    """A number of updates under the clock.

    Args:
        updates: optimizer steps taken.
        seconds: wall time; cpu_seconds: CPU time of this process, all its threads.
        switches: how often the system took the processor away (involuntary context switches).
        others_seconds: CPU time that everybody else on the machine took meanwhile.
            The last two are None where the system does not tell.
    """

    updates: int
    seconds: float
    cpu_seconds: float
    switches: int | None
    others_seconds: float | None

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _BLOCK)

    @property
    def seconds_per_update(self) -> float:
        """Wall seconds of one update."""
        return self.seconds / self.updates


@dataclass(frozen=True)
class Entrant:
    """Who is timed: a contestant of a cell, or, beside the contestants, the floor of its group.

    Args:
        cell: its cell; the floor's `implementation` is the library that multiplies.
        again: whether it is the reference's second contestant, the null test's.
        floor: whether it computes the matrix products of the steps alone.
    """

    cell: Cell
    again: bool = False
    floor: bool = False


@dataclass(frozen=True)
class Timing:
    """One contestant of a cell in one process: its warm-up and then a block in every round.

    Args:
        cell: what was timed; `again` marks the reference's second contestant, the null test's.
        process: number of the process, 0 for the first; those of one number took turns.
        status: "ok", "failed" or "timeout"; `reason` says why in a line.
        updates_per_epoch: batches of an epoch, the last partial one included.
        warm_up: blocks before any counted; `settled` where the last two took the same time.
        blocks: a block for each round, in the order of the rounds.
        floor: whether the matrix products of the steps alone were timed, by the library that stands in the
            cell's `implementation`.
        host: the machine's name.
    """

    cell: Cell
    again: bool
    process: int
    status: str
    reason: str | None
    updates_per_epoch: int
    settled: bool
    warm_up: tuple[Block, ...]
    blocks: tuple[Block, ...]
    floor: bool = False
    host: str | None = None

    def __post_init__(self) -> None:
        check_fields(self.__dict__, _TIMING)

    @property
    def entrant(self) -> Entrant:
        """Who was timed."""
        return Entrant(self.cell, self.again, self.floor)

    @property
    def key(self) -> tuple[Entrant, int]:
        """What makes a timing the same when it is repeated: who was timed, and the process."""
        return self.entrant, self.process

    def to_json(self) -> dict[str, Any]:
        """Return the timing as one JSON object, the cell's keys first; a block is a list (`BLOCK_KEYS`)."""
        fields = asdict(self)
        for series in ("warm_up", "blocks"):
            fields[series] = [[block[key] for key in BLOCK_KEYS] for block in fields[series]]
        return {**fields.pop("cell"), **fields}

    @classmethod
    def from_json(cls, value: object) -> Timing:
        """Return the timing that `to_json` wrote; raise `ResultsError` naming the key that is wrong."""
        keys = [*CELL_FIELDS, *(key for key in _TIMING if key != "cell")]
        entry = object_with(value, keys, "a timing", {"host": None, "floor": False})
        cell = Cell(**{key: entry.pop(key) for key in CELL_FIELDS})
        for series in ("warm_up", "blocks"):
            entry[series] = _blocks(entry[series], series)
        return cls(cell=cell, **entry)


def timings_in_grid_order(timings: Iterable[Timing], cells: Sequence[Cell]) -> list[Timing]:
    """Return the timings sorted as the grid lists its cells, then by process; the floor's come last."""
    place = {cell: index for index, cell in enumerate(cells)}

    def order(timing: Timing) -> tuple[bool, int, bool, int]:
        return timing.floor, place.get(timing.cell, len(place)), timing.again, timing.process

    return sorted(timings, key=order)


def _blocks(value: object, series: str) -> tuple[Block, ...]:
    if not isinstance(value, list) or not all(
        isinstance(entry, list) and len(entry) == len(BLOCK_KEYS) for entry in value
    ):
        raise ResultsError(f"{series} must be a list of lists of {', '.join(BLOCK_KEYS)}")
    return tuple(Block(*entry) for entry in value)


def _block_tuple(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(block, Block) for block in value)


_SERIES: Kind = (_block_tuple, "a tuple of Block")
_BLOCK: dict[str, Kind] = {
    "updates": AT_LEAST_1,
    "seconds": RATE,
    "cpu_seconds": SECONDS,
    "switches": or_none(COUNT),
    "others_seconds": or_none(SECONDS),
}
_TIMING: dict[str, Kind] = {
    "cell": ((lambda value: isinstance(value, Cell)), "a Cell"),
    "again": BOOL,
    "process": COUNT,
    "status": ((lambda value: value in TIMING_STATUSES), f"one of {', '.join(TIMING_STATUSES)}"),
    "reason": or_none(TEXT),
    "updates_per_epoch": AT_LEAST_1,
    "settled": BOOL,
    "warm_up": _SERIES,
    "blocks": _SERIES,
    "floor": BOOL,
    "host": or_none(TEXT),
}
