"""How long one training step takes, as a ratio to PyTorch's eager mode: shape x optimizer x batch x threads.

    python -m benchmarks.training_step [--shapes 784-200-10,784-30-10,64-32-10] [--optimizers sgd,adam]
        [--batch-sizes 1,8,32,64,256,1024,full] [--threads 1,2] [--rounds 15] [--clock wall|cpu]
        [--contestants handwritten,eager,fused,compiled,scikit-learn,single-calls,floor]
        [--write docs/speed.md --place "steps"]

Each contestant lives in a process of its own with pinned threads. A round lets every contestant take one
block of steps, in random order, with a pause before each; a ratio is of two blocks of one round, and the
table has the median over rounds with its 95% interval. Full is 10,000 rows for 784 inputs and 1,437 for 64.
A step gathers its batch, goes forward and backward and updates; no loss is reported. With `--clock cpu` the
processor time of the process counts instead of the time that passes: on a machine with other work on it, at
one thread, it is the steadier of the two.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from tabulate import tabulate

from benchmarks.pages import add_write_option, publish
from benchmarks.step_contestants import CONTESTANTS, Cell
from compare.measure.pinning import pinned_environment

REFERENCE = "eager"
GAP_SECONDS = 0.02
PRODUCTS = ("single-calls", "floor")
FULL = {784: 10_000, 64: 1437}
NEEDS = {"scikit-learn": "sklearn", "eager": "torch", "fused": "torch", "compiled": "torch"}


class ContestantError(Exception):
    """A contestant could not be built or broke down; the message is one line."""


class Worker:
    """A contestant's process, at one number of threads."""

    def __init__(self, name: str, threads: int) -> None:
        self.name = name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.step_worker", name],
            env=pinned_environment(threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **request: object) -> dict[str, float]:
        """Send a request and return its answer; raise ContestantError where there is none."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline() or '{"error": "the process ended"}')
        except BrokenPipeError:
            answer = {"error": "the process ended"}
        if "error" in answer:
            raise ContestantError(f"{self.name}: {answer['error']}")
        return dict(answer)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


def measure(
    workers: Sequence[Worker], cell: Cell, rounds: int, clock: str, rng: random.Random
) -> dict[str, list[float]]:
    """Return the seconds a step of each contestant that could be built, one entry a round."""
    able = []
    for worker in workers:
        try:
            worker.ask(cell=asdict(cell))
            able.append(worker)
        except ContestantError as error:
            print(f"left out of this cell: {error}", file=sys.stderr)
    seconds: dict[str, list[float]] = {worker.name: [] for worker in able}
    for _ in range(rounds):
        for worker in rng.sample(able, len(able)):
            time.sleep(GAP_SECONDS)
            seconds[worker.name].append(worker.ask()[clock])
    return seconds


def median_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the median and its 95% interval, two order statistics that hold for any distribution."""
    ordered = sorted(values)
    n = len(ordered)
    rank = max(0, round(n / 2 - 0.98 * n**0.5) - 1)
    return statistics.median(ordered), ordered[rank], ordered[n - 1 - rank]


def described(values: Sequence[float]) -> str:
    """Return median and interval, such as "0.12 (0.11-0.13)"."""
    return "{:.2f} ({:.2f}-{:.2f})".format(*median_interval(values))


def row(cell: Cell, threads: int, seconds: dict[str, list[float]], names: Sequence[str]) -> list[str]:
    """Return a line of the table: ratios to the reference, and microseconds a step of both ends."""
    reference = seconds.get(REFERENCE, [])
    label = "full" if cell.batch in FULL.values() else str(cell.batch)
    line = ["-".join(map(str, cell.sizes)), cell.optimizer, label, str(threads)]
    for name in names:
        values = seconds.get(name, [])
        if name == REFERENCE:
            line.append(f"{statistics.median(values) * 1e6:.0f} us" if values else "-")
        elif values and reference:
            line.append(described([a / b for a, b in zip(values, reference, strict=True)]))
        else:
            line.append(f"{statistics.median(values) * 1e6:.1f} us" if values else "-")
    for name in of_products(names):
        own, products = seconds.get("handwritten", []), seconds.get(name, [])
        if own and products:
            line.append(described([a / b for a, b in zip(own, products, strict=True)]))
        else:
            line.append("-")
    return line


def of_products(names: Sequence[str]) -> list[str]:
    """Return those of the contestants that the hand-written step is told as a multiple of."""
    return [name for name in PRODUCTS if name in names and "handwritten" in names]


def available(names: Sequence[str]) -> Iterator[str]:
    """Yield the contestants whose library is installed; say which are not."""
    for name in names:
        library = NEEDS.get(name)
        if library is not None and importlib.util.find_spec(library) is None:
            print(f"{name} is left out: {library} is not installed", file=sys.stderr)
        else:
            yield name


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Yield the cells in the order of the table."""
    for shape in options.shapes:
        sizes = tuple(map(int, shape.split("-")))
        rows = FULL.get(sizes[0], 10_000)
        for optimizer in options.optimizers:
            for size in options.batch_sizes:
                yield Cell(sizes, optimizer, rows if size == "full" else int(size), rows)


def comma_separated(valid: Callable[[str], object]) -> Callable[[str], list[str]]:
    """Return a reader of comma-separated lists whose parts are all valid."""

    def read(text: str) -> list[str]:
        for part in text.split(","):
            if not valid(part):
                raise argparse.ArgumentTypeError(f"{part!r} is none of what may stand here")
        return text.split(",")

    return read


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    number = re.compile("[1-9][0-9]*").fullmatch
    for flag, default, valid in (
        ("--shapes", "784-200-10,784-30-10,64-32-10", re.compile("([1-9][0-9]*-){2,}[1-9][0-9]*").fullmatch),
        ("--optimizers", "sgd,adam", ("sgd", "adam").__contains__),
        ("--batch-sizes", "1,8,32,64,256,1024,full", lambda part: part == "full" or number(part)),
        ("--threads", "1", number),
        ("--contestants", ",".join(CONTESTANTS), CONTESTANTS.__contains__),
    ):
        kind = comma_separated(valid)
        parser.add_argument(flag, type=kind, default=default, metavar="A,B", help=f"(default: {default})")
    parser.add_argument("--rounds", type=int, default=15, help="rounds a cell (default: 15)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="(default: wall)")
    add_write_option(parser)
    parser.add_argument("--place", metavar="NAME", default="steps", help="where in the page (default: steps)")
    return parser.parse_args()


def main() -> None:
    """Measure cell by cell; print the table at the end, and each line to standard error as it comes."""
    options, rng, lines = parse(), random.Random(0), []
    names = list(available(options.contestants))
    for threads in map(int, options.threads):
        workers = [Worker(name, threads) for name in names]
        for cell in cells(options):
            lines.append(
                row(cell, threads, measure(workers, cell, options.rounds, options.clock, rng), names)
            )
            print("  ".join(lines[-1]), file=sys.stderr, flush=True)
        for worker in workers:
            worker.close()
    headers = ["shape", "optimizer", "batch", "threads", *names]
    headers += [f"handwritten / {name}" for name in of_products(names)]
    table = tabulate(lines, headers, tablefmt="github", disable_numparse=True)
    publish({options.place: table}, options.write)


if __name__ == "__main__":
    main()
