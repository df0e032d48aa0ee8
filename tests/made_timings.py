"""Small hand-made timings that several test files share."""

from collections.abc import Iterable, Sequence
from typing import Any

from made_runs import cell

from compare.results import Cell
from compare.timings import Block, Timing


def block(seconds: float = 0.05, updates: int = 100, **fields: Any) -> Block:
    """A quiet block; every field can be given."""
    defaults = {"cpu_seconds": seconds, "switches": 0, "others_seconds": 0.0}
    return Block(**{"updates": updates, "seconds": seconds, **defaults, **fields})


def timing(
    of: Cell | None = None, process: int = 0, seconds: Iterable[float] = (0.05,), **fields: Any
) -> Timing:
    """A timing of one block a given second, 10 updates an epoch; every field can be given."""
    blocks = tuple(block(value) for value in seconds)
    defaults = {"again": False, "status": "ok", "reason": None, "updates_per_epoch": 10, "settled": True}
    series = {"warm_up": (block(),), "blocks": blocks}
    return Timing(**{"cell": of or cell(), "process": process, **defaults, **series, **fields})


def timed(
    name: str, processes: Sequence[Sequence[float]], again: bool = False, floor: bool = False, **settings: Any
) -> list[Timing]:
    """The timings of an implementation: for each process, the seconds of its blocks."""
    ended = {key: settings.pop(key) for key in ("status", "reason") if key in settings}
    of, who = cell(name, **settings), {"again": again, "floor": floor}
    return [timing(of, process, seconds, **who, **ended) for process, seconds in enumerate(processes)]
