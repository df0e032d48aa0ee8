"""Where the time of one training step goes: its parts, and the passes of Adam's update.

    python -m benchmarks.step_parts [--shape 784-200-10] [--batch 8] [--rounds 15] [--write docs/speed.md]

Prints two Markdown tables in microseconds, of the plain step's parts and of Adam's passes over as many
numbers as the network has parameters. Each entry is the least of its rounds: other work on the machine only
ever adds. One thread, float32.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from tabulate import tabulate

from benchmarks.pages import add_write_option, publish
from benchmarks.step_contestants import Cell, Data
from benchmarks.step_variants import build
from benchmarks.training_step import FULL
from compare.measure.pinning import pinned_environment
from handwritten.arrays import zeros

STEPS = 300
"""Steps a round."""


class Clock:
    """The seconds that wrapped functions take, by their names."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def wrap(self, owner: Any, method: str, name: str) -> None:
        """Let an object's method add what it takes to `name`."""
        function = getattr(owner, method)
        self.seconds[name] = 0.0

        def timed(*arguments: object) -> object:
            start = time.perf_counter()
            result = function(*arguments)
            self.seconds[name] += time.perf_counter() - start
            return result

        setattr(owner, method, timed)


def parts_of_step(cell: Cell, rounds: int) -> Iterator[tuple[str, float]]:
    """Yield the parts of a step of plain descent and the seconds of each."""
    loop, clock = build(cell, Data(cell)), Clock()
    trainer, (hidden, output) = loop.trainer, loop.mlp.layers
    clock.wrap(trainer._gradient, "_gathered", "gather the batch")
    clock.wrap(hidden, "forward", "hidden layer, forward")
    clock.wrap(output, "forward", "output layer, forward")
    clock.wrap(loop.mlp.objective, "error", "error of the outputs")
    clock.wrap(output, "gradients", "output layer, gradients")
    clock.wrap(output, "error_below", "error of the hidden layer")
    clock.wrap(hidden, "error", "... through the sigmoid")
    clock.wrap(hidden, "gradients", "hidden layer, gradients")
    clock.wrap(trainer.optimizer, "step_of_scaled", "update")
    least = dict.fromkeys(clock.seconds, np.inf)
    for _ in range(rounds):
        clock.seconds = dict.fromkeys(clock.seconds, 0.0)
        loop.steps(STEPS)
        least = {name: min(least[name], spent / STEPS) for name, spent in clock.seconds.items()}
    yield from least.items()


def passes_of_adam(size: int, rounds: int) -> Iterator[tuple[str, float]]:
    """Yield Adam's passes over vectors of a size and the seconds of each, in the order of an update."""
    rng = np.random.default_rng(0)
    theta, g, M, V, scratch = (zeros((size,), np.float32) for _ in range(5))
    for vector in (theta, g, M, V):
        vector[:] = rng.random(size, np.float32)
    number = np.array(0.999, np.float32)
    passes: dict[str, Callable[[], object]] = {
        "`M *= beta1`": lambda: np.multiply(M, number, out=M),
        "`M += g`": lambda: np.add(M, g, out=M),
        "`scratch = g * g`": lambda: np.multiply(g, g, out=scratch),
        "`V *= beta2`": lambda: np.multiply(V, number, out=V),
        "`V += scratch`": lambda: np.add(V, scratch, out=V),
        "`scratch = sqrt(V)`": lambda: np.sqrt(V, out=scratch),
        "`scratch += shift`": lambda: np.add(scratch, number, out=scratch),
        "`scratch = M / scratch`": lambda: np.divide(M, scratch, out=scratch),
        "`scratch *= rate`": lambda: np.multiply(scratch, number, out=scratch),
        "`parameters -= scratch`": lambda: np.subtract(theta, scratch, out=theta),
    }
    least = dict.fromkeys(passes, np.inf)
    for _ in range(rounds):
        spent = dict.fromkeys(passes, 0.0)
        for _ in range(STEPS):
            for name, action in passes.items():
                start = time.perf_counter()
                action()
                spent[name] += time.perf_counter() - start
        least = {name: min(least[name], spent[name] / STEPS) for name in passes}
    yield from least.items()


def table(title: str, parts: Iterator[tuple[str, float]]) -> str:
    """Return the Markdown table of some parts and their sum, in microseconds."""
    lines = [(name, seconds * 1e6) for name, seconds in parts]
    lines.append(("together", sum(spent for _, spent in lines)))
    return tabulate(lines, [title, "us"], tablefmt="github", floatfmt=".1f")


def main() -> None:
    """Print both tables, from a process with one thread."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="784-200-10", help="(default: 784-200-10)")
    parser.add_argument("--batch", type=int, default=8, help="rows (default: 8)")
    parser.add_argument("--rounds", type=int, default=15, help="(default: 15)")
    add_write_option(parser)
    parser.add_argument("--pinned", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.pinned:
        command = [sys.executable, "-m", "benchmarks.step_parts", "--pinned", *sys.argv[1:]]
        os.execve(sys.executable, command, pinned_environment(1))
    inputs, hidden, outputs = map(int, options.shape.split("-"))
    cell = Cell((inputs, hidden, outputs), "sgd", options.batch, FULL.get(inputs, 10_000))
    step = table(f"{options.shape}, {options.batch} rows", parts_of_step(cell, options.rounds))
    size = build(cell, Data(cell)).mlp.flat_parameters.size
    adam = table(f"Adam, {size:,} parameters", passes_of_adam(size, options.rounds))
    publish({"step parts": f"{step}\n\n{adam}"}, options.write)


if __name__ == "__main__":
    main()
