"""The process of one contestant of `benchmarks.training_step`: `python -m benchmarks.step_worker NAME`.

It reads one JSON request a line and writes one JSON answer a line. {"cell": {...}} builds the contestant for
a cell and warms it up; {} takes a block of steps of at least `BLOCK_SECONDS`.
"""

import json
import os
import sys
import time
from typing import Any

import numpy as np

from benchmarks.step_contestants import CONTESTANTS, Cell, Contestant, Data

BLOCK_SECONDS = 0.025
"""A block takes at least this long."""
WARM_UP_SECONDS = 0.1
"""Steps before anything is counted: caches, threads and clock frequency settle."""


class Bench:
    """A contestant and the number of its steps that make a block."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant
        self._contestant.steps(1)  # torch compiles here
        self._count = 1
        while (seconds := self._contestant.steps(self._count)) < BLOCK_SECONDS / 2:
            self._count *= 2
        warm = time.perf_counter() + WARM_UP_SECONDS
        while time.perf_counter() < warm:
            seconds = min(seconds, self._contestant.steps(self._count))
        self._count = max(1, round(self._count * 1.2 * BLOCK_SECONDS / seconds))

    def block(self) -> dict[str, float]:
        """Take one block of steps; return wall and CPU seconds a step."""
        cpu = time.process_time()
        wall = self._contestant.steps(self._count)
        return {"wall": wall / self._count, "cpu": (time.process_time() - cpu) / self._count}


def main() -> None:
    """Serve requests until standard input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    np.seterr(all="ignore")
    name = sys.argv[1]
    bench: Bench | None = None
    for line in sys.stdin:
        request = json.loads(line)
        answer: dict[str, Any] = {}
        try:
            if "cell" in request:
                bench = None
                fields = request["cell"]
                cell = Cell(tuple(fields.pop("sizes")), **fields)
                bench = Bench(CONTESTANTS[name](cell, Data(cell)))
            else:
                assert bench is not None
                answer = bench.block()
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:200]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
