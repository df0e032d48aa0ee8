"""What is each trick worth? The step without it, as a multiple of the finished step's time.

    python -m benchmarks.tricks [--tables kept,dropped,constants,threads] [--variants buffers,flat,...]
        [--processes 5] [--rounds 7] [--clock wall|cpu] [--write docs/speed.md]
    python -m benchmarks.tricks --digits [--write docs/speed.md]

Prints four Markdown tables: the steps of `step_without.py`, each without one trick that was kept, those of
`step_ideas.py`, each with one idea that was dropped, those of `step_constants.py`, each with another value
of a constant, and those of `step_sharing.py`, with a second thread. Every variant first takes some steps in
float64 beside the finished step and must end at the same parameters, to rounding. Then the two take turns in
one process, a block of at least 25 ms each, in random order, and every round gives a ratio; all on one
thread but for the last table, which is always by wall time. A cell has the median of all rounds of all
processes, with a 95% interval over the processes, because where arrays come to lie is luck that lasts as
long as a process. `--write` also puts the output into a page.

`--digits` prints what summing in two levels is for: the error of b1 in float32 for 60,000 like rows.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
from collections.abc import Sequence

import numpy as np
from tabulate import tabulate

from benchmarks.pages import add_write_option, publish
from benchmarks.step_constants import CONSTANTS
from benchmarks.step_contestants import Cell, Data
from benchmarks.step_sharing import THREADS
from benchmarks.step_variants import IDEAS, WITHOUT, Variant, build
from benchmarks.step_worker import Bench
from benchmarks.training_step import FULL, comma_separated
from compare.analysis.statistics import nested_interval
from compare.measure.pinning import pinned_environment
from compare.parity.tolerance import relative_error

TABLES = {"kept": WITHOUT, "dropped": IDEAS, "constants": CONSTANTS, "threads": THREADS}
VARIANTS = {variant.name: variant for variants in TABLES.values() for variant in variants}
CHECKED_STEPS, TOLERANCE = 3, 1e-11
Samples = dict[str, dict[str, list[list[float]]]]
"""The ratios of each process, by the variant's name and the cell's label."""


def label(cell: Cell) -> str:
    """Return a cell's name, such as "64-32-10 sgd full"."""
    batch = "full" if cell.batch in FULL.values() else cell.batch
    return f"{'-'.join(map(str, cell.sizes))} {cell.optimizer} {batch}"


def check_same(variant: Variant, cell: Cell, data: Data) -> None:
    """Raise AssertionError unless the variant computes the finished step, to the rounding of float64."""
    finished, other = (build(cell, data, one, "float64") for one in (None, variant))
    before = finished.mlp.flat_parameters.copy()
    for loop in (finished, other):
        loop.steps(CHECKED_STEPS)
    moved = finished.mlp.flat_parameters - before
    for name, wanted in finished.mlp.parameters.items():
        error = relative_error(other.mlp.parameters[name], wanted)
        assert error < TOLERANCE, f"{variant.name} on {label(cell)}: {name} is {error:.1e} off"
    assert np.abs(moved).max() > 0


def time_ratios(variant: Variant, cell: Cell, rounds: int, clock: str, rng: random.Random) -> list[float]:
    """Return the variant's time divided by the finished step's, one entry a round."""
    data = Data(cell)
    check_same(variant, cell, data)
    benches = [Bench(build(cell, data, one)) for one in (variant, None)]
    ratios = []
    for _ in range(rounds):
        seconds = {bench: bench.block()[clock] for bench in rng.sample(benches, 2)}
        ratios.append(seconds[benches[0]] / seconds[benches[1]])
    return ratios


def measure_alone(options: argparse.Namespace) -> None:
    """Time everything once, in this process; print a JSON line a variant and cell."""
    rng = random.Random(options.alone)
    np.seterr(all="ignore")
    for name in options.variants:
        for cell in VARIANTS[name].cells():
            clock = VARIANTS[name].clock or options.clock
            ratios = time_ratios(VARIANTS[name], cell, options.rounds, clock, rng)
            print(json.dumps([name, label(cell), ratios]), flush=True)


def measure(options: argparse.Namespace) -> Samples:
    """Return the ratios of all processes, which run one after the other."""
    samples: Samples = {}
    for number in range(options.processes):
        command = [sys.executable, "-m", "benchmarks.tricks", "--alone", str(number)]
        for flag in ("rounds", "clock"):
            command += [f"--{flag}", str(getattr(options, flag))]
        command += ["--variants", ",".join(options.variants)]
        with subprocess.Popen(
            command, env=pinned_environment(1), stdout=subprocess.PIPE, text=True
        ) as process:
            for line in process.stdout or ():
                name, cell, ratios = json.loads(line)
                samples.setdefault(name, {}).setdefault(cell, []).append(ratios)
                print(
                    f"{number + 1}: {name}, {cell}: {sorted(ratios)[len(ratios) // 2]:.2f}", file=sys.stderr
                )
        if process.returncode:
            raise SystemExit(f"process {number + 1} ended with {process.returncode}")
    return samples


def table(variants: Sequence[Variant], samples: Samples) -> str:
    """Return the Markdown table of some variants: a line a shape and optimizer."""
    lines = []
    sizes = {size for variant in variants for place in variant.where for size in place.split()[2].split(",")}
    batches = sorted(sizes, key=lambda size: (size == "full", len(size), size))
    for variant in variants:
        told = variant.told
        for place in variant.where if variant.name in samples else ():
            shape, optimizer, _ = place.split()
            found = (samples[variant.name].get(f"{shape} {optimizer} {batch}") for batch in batches)
            lines.append([told, f"{shape} {optimizer}", *map(described, found)])
            told = ""
    return tabulate(lines, ["the step, but", "network", *batches], tablefmt="github", disable_numparse=True)


def described(ratios: Sequence[Sequence[float]] | None) -> str:
    """Return median and interval, such as "1.12 (1.10-1.13)"; nothing where nothing was timed."""
    if ratios is None:
        return ""
    found = nested_interval(ratios)
    return f"{found.point:.2f}" + ("" if found.low is None else f" ({found.low:.2f}-{found.high:.2f})")


def digits() -> str:
    """Return the error of b1 with bias sums in one level and in two, in units of float32's roundoff."""
    cell = Cell((20, 30, 10), "sgd", 60_000, 60_000)
    data = Data(cell)
    data.X[:] = 0.5 + data.X / 100
    data.Y[:] = data.Y[0]
    exact = bias_gradient(cell, data, None, "float64")
    lines = []
    for told, variant in (("one level", VARIANTS["levels"]), ("two levels", None)):
        error = relative_error(bias_gradient(cell, data, variant, "float32"), exact) * 2**24
        lines.append((told, f"{error:.1f}"))
    return tabulate(lines, ["rows summed in", "error of b1 in unit roundoffs"], tablefmt="github")


def bias_gradient(cell: Cell, data: Data, variant: Variant | None, dtype: str) -> np.ndarray:
    """Return the gradient of b1 over all rows."""
    mlp = build(cell, data, variant, dtype).mlp
    mlp.load(data.parameters)
    return mlp.loss_and_gradients(data.X, data.Y)[1]["b1"].copy()


def parse() -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--tables",
        type=comma_separated(TABLES.__contains__),
        default=list(TABLES),
        metavar="A,B",
        help=f"(default: {','.join(TABLES)})",
    )
    parser.add_argument(
        "--variants",
        type=comma_separated(VARIANTS.__contains__),
        metavar="A,B",
        help=f"some lines of the tables: {','.join(VARIANTS)} (default: all)",
    )
    parser.add_argument("--processes", type=int, default=5, help="one after the other (default: 5)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds a process and cell (default: 7)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall", help="(default: wall)")
    add_write_option(parser)
    parser.add_argument("--digits", action="store_true", help="print the error of bias sums instead")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.variants = options.variants or [one.name for name in options.tables for one in TABLES[name]]
    return options


def main() -> None:
    """Measure and print the tables, or what else was asked for."""
    options = parse()
    if options.digits:
        publish({"digits": digits()}, options.write)
    elif options.alone is not None:
        measure_alone(options)
    else:
        samples = measure(options)
        timed = [name for name in TABLES if any(one.name in samples for one in TABLES[name])]
        publish({f"tricks: {name}": table(TABLES[name], samples) for name in timed}, options.write)


if __name__ == "__main__":
    main()
