"""How often does the null test's interval contain 1? The protocol itself, repeated: numpy against numpy.

    python -m benchmarks.null_test --repetitions 30

Each repetition is what `python -m compare.run --null-test` does for one cell of a small network (digits,
64-16-10, batches of 32): fresh processes for both contestants, a block each in every round, in random order.
The intervals are 95% ones, so about 95 of 100 should contain 1.
"""

import argparse
import math
import time

from compare.analysis.null_test import null_test
from compare.analysis.statistics import CONFIDENCE
from compare.experiment import Experiment
from compare.measure.laboratory import Laboratory
from compare.measure.protocol import make_timings, sittings
from data import load_dataset


def experiment(processes: int, rounds: int) -> Experiment:
    """Return numpy alone on a small network."""
    return Experiment.from_dict(
        {
            "name": "null-test",
            "model": {"hidden": [16]},
            "training": {"epochs": 1, "lr": 0.1},
            "factors": {"implementations": ["numpy"], "batch_sizes": [32]},
            "run": {"processes": processes, "rounds": rounds, "reference": "numpy"},
        }
    )


def main() -> None:
    """Repeat the null test and print how its intervals did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=10, metavar="N")
    parser.add_argument("--processes", type=int, default=5, metavar="P")
    parser.add_argument("--rounds", type=int, default=6, metavar="R")
    options = parser.parse_args()
    small = experiment(options.processes, options.rounds)
    begun, covered, logs, widths = time.monotonic(), 0, [], []
    with Laboratory(small, load_dataset("digits")) as laboratory:
        for repetition in range(options.repetitions):
            laboratory.renew()
            plan = list(sittings(small.cells(), options.processes, "numpy", True))
            found = null_test(make_timings(laboratory, plan, options.rounds), "numpy")
            if found is None:
                raise SystemExit("the reference could not be timed")
            low, high = found["ratio_low"], found["ratio_high"]
            covered += found["contains_1"]
            logs.append(abs(math.log(found["ratio"])))
            widths.append(math.log(high / low) / 2)
            print(f"{repetition + 1:4}  {found['ratio']:.3f} [{low:.3f}, {high:.3f}]", flush=True)
    count = options.repetitions
    print(f"\n{covered} of {count} {CONFIDENCE:.0%} intervals contain 1")
    print(f"half-widths: median {sorted(widths)[count // 2]:.1%}, largest {max(widths):.1%}")
    print(f"|log ratio|: median {sorted(logs)[count // 2]:.1%}, largest {max(logs):.1%}")
    print(f"{options.processes} processes x {options.rounds} rounds, {time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()
