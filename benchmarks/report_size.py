"""How long does the report on a large result take? A made-up result of many runs, and each format timed.

    python -m benchmarks.report_size --runs 1000
    python -m benchmarks.report_size --runs 20 --write results/made-up

The numbers are random; the document has the size and the form of a real one: a grid of implementations,
batch sizes, objectives and optimizers, five seeds, a curve of 60 epochs a run, five processes and six rounds
a cell.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

from compare.analysis.document import results_document
from compare.experiment import Experiment
from compare.reading import read_results
from compare.render.files import MAKERS, PICTURES, json_pieces, result_files
from compare.render.terminal import results_paragraphs
from compare.results import Cell, CurvePoint, Run
from compare.timings import Block, Timing

SPEED = {"numpy": 1.0, "torch": 2.5}
OBJECTIVES = ("softmax+cross_entropy", "sigmoid+squared_error", "sigmoid+binary_cross_entropy")
OPTIMIZERS = ("sgd", "rmsprop", "adam", "adamw")
BATCH_SIZES = ("full", 512, 256, 128, 64, 32, 16, 8, 4)
SEEDS, EPOCHS, PROCESSES, ROUNDS, ROWS = 5, 60, 5, 6, 1440


def made_document(runs: int, epochs: int = EPOCHS, seed: int = 0) -> dict[str, Any]:
    """Return a document of about so many runs, made up from a seeded chance."""
    chance = random.Random(seed)
    experiment = made_experiment(max(1, round(runs / (len(SPEED) * SEEDS))), epochs)
    cells = experiment.cells()
    trained = [made_run(cell, number, epochs, chance) for cell in cells for number in experiment.run.seeds]
    timed = [timing for cell in cells for timing in made_timings(cell, experiment.reference, chance)]
    environment = {"python": "3.11", "processor": "made up", "cores": 2, "command": "python -m compare.run"}
    rows = [run.to_json() for run in trained]
    made = results_document(experiment, environment, made_parity(cells), rows, None, timed)
    return {**made, "runs": rows}


def made_experiment(settings: int, epochs: int) -> Experiment:
    """Return an experiment whose grid has at least so many settings that implementations share."""
    levels = (1, 1, 1)
    for grown in product(range(1, 4), range(1, 5), range(1, 10)):
        if grown[0] * grown[1] * grown[2] >= settings:
            levels = grown
            break
    else:
        levels = (len(OBJECTIVES), len(OPTIMIZERS), len(BATCH_SIZES))
    return Experiment.from_dict(
        {
            "name": "made-up",
            "title": "Made up",
            "training": {"epochs": epochs, "target": 0.95},
            "factors": {
                "implementations": list(SPEED),
                "objectives": list(OBJECTIVES[: levels[0]]),
                "optimizers": list(OPTIMIZERS[: levels[1]]),
                "batch_sizes": list(BATCH_SIZES[: levels[2]]),
            },
            "run": {"seeds": list(range(SEEDS)), "processes": PROCESSES, "rounds": ROUNDS},
        }
    )


def made_run(cell: Cell, seed: int, epochs: int, chance: random.Random) -> Run:
    """Return a run with a curve that falls, as far as its batches are small."""
    updates = updates_per_epoch(cell)
    seconds = SPEED[cell.implementation] * 1e-4 * updates * chance.uniform(0.9, 1.1)
    rate = 0.01 * updates**0.5 * chance.uniform(0.9, 1.1)
    curve = tuple(
        CurvePoint(
            epoch,
            epoch * updates,
            epoch * seconds,
            2.3 / (1 + rate * epoch),
            2.5 / (1 + rate * epoch),
            min(1.0, 1 - 0.9 / (1 + rate * epoch)),
        )
        for epoch in range(epochs + 1)
    )
    reached = next((point.seconds for point in curve if (point.test_accuracy or 0) >= 0.95), None)
    return Run(
        cell=cell,
        seed=seed,
        status="ok",
        reason=None,
        epochs=epochs,
        updates=epochs * updates,
        seconds=epochs * seconds,
        cpu_seconds=epochs * seconds,
        curve=curve,
        seconds_to_target=reached,
        initial_weights_sha256=f"{seed:064x}",
        final_weights_sha256=f"{chance.getrandbits(256):064x}",
        round=0,
    )


def made_timings(cell: Cell, reference: str, chance: random.Random) -> Iterator[Timing]:
    """Yield the timings of a cell, the reference's twice."""
    for again in (False, True)[: 1 + (cell.implementation == reference)]:
        for process in range(PROCESSES):
            luck = chance.uniform(0.97, 1.03)
            blocks = tuple(made_block(cell, luck * chance.uniform(0.99, 1.01)) for _ in range(ROUNDS))
            yield Timing(cell, again, process, "ok", None, updates_per_epoch(cell), True, blocks[:2], blocks)


def made_block(cell: Cell, luck: float) -> Block:
    """Return a block of about 50 ms."""
    seconds = 500 * 1e-4 * luck * SPEED[cell.implementation]
    return Block(500, seconds, seconds, 0, 0.0)


def made_parity(cells: Iterable[Cell]) -> dict[str, Any]:
    """Return tensors and trajectories that agree."""
    kinds = dict.fromkeys((cell.implementation, cell.objective) for cell in cells)
    tensors = [
        {
            **{"implementation": name, "objective": objective, "dtype": dtype, "tensor": tensor},
            **{"relative_error": 1e-16, "tolerance": 1e-14, "passed": True, "against": "autograd"},
            **{"complex_step_error": None, "alone": None},
        }
        for (name, objective), dtype, tensor in product(
            kinds, ("float64", "float32"), ("W1", "b1", "W2", "b2")
        )
    ]
    return {"passed": True, "tensors": tensors, "trajectory": []}


def updates_per_epoch(cell: Cell) -> int:
    """Return the batches of an epoch, the last partial one included."""
    return 1 if cell.batch_size == "full" else -(-ROWS // cell.batch_size)


def main() -> None:
    """Make a result, read it back, and print how long reading and each format took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the made-up numbers")
    parser.add_argument("--write", type=Path, metavar="DIR", help="write DIR/results.json and time nothing")
    options = parser.parse_args()
    if options.write:
        options.write.mkdir(parents=True, exist_ok=True)
        made = made_document(options.runs, seed=options.seed)
        (options.write / "results.json").write_text("".join(json_pieces(made)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "results.json"
        path.write_text("".join(json_pieces(made_document(options.runs, seed=options.seed))))
        whole = Clock()
        results = read_results(path)
        whole.tell("read, checked", path.stat().st_size)
        print(f"{len(results.runs)} runs, {len(results.timings)} timings")
        clock = Clock()
        clock.tell("terminal", sum(map(len, results_paragraphs(results.document))))
        for formats in (*((format,) for format in MAKERS), PICTURES):
            clock = Clock()
            made = result_files(results.document, formats)
            clock.tell(", ".join(formats), sum(map(len, made.values())))
        whole.tell("all")


class Clock:
    """Wall and CPU time since it was made."""

    def __init__(self) -> None:
        self.begun = time.perf_counter(), time.process_time()

    def tell(self, what: str, size: int | None = None) -> None:
        """Print the seconds, and the size of what was read or made."""
        wall, cpu = (
            now - then
            for now, then in zip((time.perf_counter(), time.process_time()), self.begun, strict=True)
        )
        of = "" if size is None else f"  {size / 1e6:6.2f} MB"
        print(f"{what:<14} {wall:6.2f} s, {cpu:6.2f} s of CPU{of}", flush=True)


if __name__ == "__main__":
    main()
