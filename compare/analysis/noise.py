"""Flags for times that are to be read with care; they are told beside the number, which is never dropped."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np

from compare.analysis.statistics import geometric_median
from compare.timings import Block, Timing

PROCESS_SPREAD = 0.10
BLOCK_SPREAD = 0.15
DRIFT = 0.10
TAKEN = 0.10
SWITCHES_PER_SECOND = 100
GRAIN_SECONDS = 0.02
"""What the system's count of CPU time, in hundredths of a second, cannot resolve over a block."""

RULES = {
    "noisy": "the medians of its processes lie more than 10% apart, or the middle half of the blocks of one "
    "process spans more than 15% of their median",
    "drifting": "in over half of its processes the warm-up did not settle, or the second half of the blocks "
    "differs from the first by more than 10%",
    "contaminated": "in over a quarter of its blocks others on the machine took more CPU time than 10% of "
    "the block, or the system took the processor away more than 100 times a second",
    "untimed": "no timing blocks; its times are those of the accuracy runs",
}
"""What each flag means."""


def flags_of(timings: Sequence[Timing]) -> list[str]:
    """Return the flags (keys of `RULES`) that the timings of one contestant of a cell deserve."""
    checks = {"noisy": is_noisy, "drifting": is_drifting, "contaminated": is_contaminated}
    return [flag for flag, holds in checks.items() if holds(timings)]


def is_noisy(timings: Sequence[Timing]) -> bool:
    """Whether processes, or the blocks inside one, are far apart."""
    series = [[block.seconds_per_update for block in timing.blocks] for timing in timings]
    medians = [geometric_median(values) for values in series]
    quartiles = [np.quantile(values, [0.25, 0.5, 0.75]).tolist() for values in series]
    return max(medians) > (1 + PROCESS_SPREAD) * min(medians) or any(
        high - low > BLOCK_SPREAD * middle for low, middle, high in quartiles
    )


def is_drifting(timings: Sequence[Timing]) -> bool:
    """Whether times were still moving in over half of the processes."""
    return 2 * sum(map(drifts, timings)) > len(timings)


def drifts(timing: Timing) -> bool:
    """Whether one process never settled, or its second half differs from the first."""
    values = [block.seconds_per_update for block in timing.blocks]
    if not timing.settled or len(values) < 2:
        return not timing.settled
    first, second = median(values[: len(values) // 2]), median(values[-(len(values) // 2) :])
    return abs(second - first) > DRIFT * first


def is_contaminated(timings: Sequence[Timing]) -> bool:
    """Whether over a quarter of the blocks were disturbed from outside."""
    blocks = [block for timing in timings for block in timing.blocks]
    return 4 * sum(map(disturbed, blocks)) > len(blocks)


def disturbed(block: Block) -> bool:
    """Whether others took much of the machine, or the processor was taken away often, during a block."""
    taken = block.others_seconds is not None and (
        block.others_seconds - GRAIN_SECONDS > TAKEN * block.seconds
    )
    return taken or (block.switches or 0) > SWITCHES_PER_SECOND * block.seconds
