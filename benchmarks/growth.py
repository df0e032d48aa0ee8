"""Does the suite stay out of the way as experiments grow? Real runs, then the results of many.

    python -m benchmarks.growth --runs 2000          a grid of tiny runs: share of the wall time in training
    python -m benchmarks.growth --results 10000      made-up runs: written, read back, summarised, rendered

The grid trains 64-8-10 on the digits at several batch sizes and with several optimizers, by hand, from as
many seeds as give the number of runs, and is written like any experiment. "Outside" is everything that is
not a training step: starting processes, initial weights, evaluation for the curve, records on disk. Memory is
the most that the process has had so far; of the runs it is also told for each thousand since the first line.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from compare.analysis.document import results_document
from compare.experiment import Experiment
from compare.measure.laboratory import Laboratory
from compare.measure.schedule import interleaved
from compare.measure.session import make_runs
from compare.render.files import made_files
from compare.results import CurvePoint, Run
from compare.store import Store
from data import load_dataset

PARITY = {"passed": True, "tensors": [], "trajectory": []}


def grid(runs: int, epochs: int) -> Experiment:
    """Return an experiment of eight cells and as many seeds as make up the number of runs."""
    return Experiment.from_dict(
        {
            "name": "growth",
            "model": {"hidden": [8]},
            "training": {"epochs": epochs, "target": 0.9, "lr": {"sgd": 0.5, "adam": 0.01}},
            "factors": {
                "implementations": ["numpy"],
                "batch_sizes": [1, 2, 4, 8],
                "optimizers": ["sgd", "adam"],
            },
            "run": {"seeds": list(range(max(1, runs // 8))), "processes": 0, "reference": "numpy"},
        }
    )


def time_runs(runs: int, epochs: int, directory: Path) -> None:
    """Make the runs for real and print the share of the time that was training, and memory on the way."""
    experiment = grid(runs, epochs)
    plan = list(interleaved(experiment.cells(), experiment.run.seeds))
    begun, training, marks = time.monotonic(), 0.0, [len(plan) // 10, len(plan) // 2, len(plan)]
    first = 0.0
    with (
        Laboratory(experiment, load_dataset("digits")) as laboratory,
        Store.create(directory, {"experiment": experiment.to_dict()}) as store,
    ):
        made = make_runs(laboratory, plan, lambda run: None, lambda run, fraction: None)
        for number, run in enumerate(made, start=1):
            store.append(run)
            training += run.seconds
            if number in marks:
                wall, first = time.monotonic() - begun, first or memory()
                told = f"{number:6} runs  {wall:7.1f} s  outside training {1 - training / wall:6.1%}"
                more = 1000 * (memory() - first) / max(1, number - marks[0])
                print(f"{told}  at most {memory():6.1f} MiB  +{more:.2f} a thousand runs", flush=True)


def memory() -> float:
    """Return the most MiB that this process has had."""
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


def made_up(experiment: Experiment) -> Iterator[Run]:
    """Yield a run with a curve of 20 points for every cell and seed."""
    for planned in interleaved(experiment.cells(), experiment.run.seeds):
        first = CurvePoint(0, 0, 0.0, 2.3, 2.3, 0.1)
        points = tuple(
            replace(first, epoch=at, updates=9 * at, seconds=0.01 * at, test_accuracy=0.9 - 0.8 / (at + 1))
            for at in range(20)
        )
        yield Run(planned.cell, planned.seed, "ok", None, 19, 171, 0.19, 0.19, points, 0.1, "0", "0", 0)


def time_results(count: int, directory: Path) -> None:
    """Write, read back, analyse and render the results of made-up runs; print time and memory of each."""
    experiment = grid(count, 19)
    with Store.create(directory, {"experiment": experiment.to_dict()}) as store:
        timed("written, a line a run", lambda: list(map(store.append, made_up(experiment))))
    resumed = timed("read back", lambda: Store.resume(directory))
    with resumed as store:
        document = timed(
            "analysed",
            lambda: results_document(
                experiment, {"command": None}, PARITY, store.run_rows(experiment.cells())
            ),
        )
        paths = timed("rendered and written", lambda: [store.write(*made) for made in made_files(document)])
        print(f"{len(store.runs)} runs, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB of files")


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do the work; print how long it took, and the most memory until then."""
    begun = time.monotonic()
    done = work()
    print(f"{time.monotonic() - begun:7.2f} s  at most {memory():6.1f} MiB  {what}", flush=True)
    return done


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, metavar="N", help="make N tiny runs")
    parser.add_argument("--epochs", type=int, default=12, metavar="E", help="epochs of each (default: 12)")
    parser.add_argument("--results", type=int, metavar="N", help="handle the results of N runs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.runs:
            time_runs(options.runs, options.epochs, Path(folder) / "runs")
        if options.results:
            time_results(options.results, Path(folder) / "results")


if __name__ == "__main__":
    main()
