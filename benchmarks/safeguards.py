"""What does PyTorch's time become without the safeguards? Two threads, textbook NumPy and torch in turns.

    python -m benchmarks.safeguards

The same protocol three times, on random data of MNIST's width (784-200-10, batches of 64, two threads), with
torch's seconds an update as a ratio to its own when nobody else takes turns with it. The hand-written network
does not serve here: it keeps OpenBLAS to one thread, and no idle worker of it is left to spin.
"""

from collections.abc import Mapping
from unittest import mock

import numpy as np

from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.measure import pinning, protocol
from compare.measure.laboratory import Laboratory
from compare.measure.work import GAP_SECONDS
from compare.timings import Entrant
from data import Dataset

PROCESSES, ROUNDS = 3, 12


def seconds_per_update(data: Dataset, implementations: list[str]) -> float:
    """Return torch's median, timed in turns with the other implementations."""
    factors: Mapping[str, object] = {"implementations": implementations, "batch_sizes": [64], "threads": [2]}
    table = {"model": {"hidden": [200]}, "training": {"epochs": 1}, "factors": factors}
    asked = Experiment.from_dict(table)
    with Laboratory(asked, data) as laboratory:
        planned = protocol.sittings(asked.cells(), PROCESSES, "torch", null_test=False)
        timings = list(protocol.make_timings(laboratory, planned, ROUNDS))
    torch = next(cell for cell in asked.cells() if cell.implementation == "torch")
    found = Times(timings).seconds_per_epoch(Entrant(torch))
    if found is None:
        raise SystemExit(f"torch could not be timed: {timings[-1].reason}")
    return found.point / timings[-1].updates_per_epoch


def main() -> None:
    """Print the ratios with all safeguards, without the pause, and without the shortened spin as well."""
    rng = np.random.default_rng(0)
    X, Y = rng.random((6400, 784), np.float32), rng.integers(10, size=6400)
    data = Dataset("random", "random numbers", X, X[:100], Y, Y[:100], tuple("0123456789"), "none", "none")
    alone = seconds_per_update(data, ["torch"])
    print(f"torch alone                                {alone * 1e6:6.0f} us an update", flush=True)
    in_turns = ["numpy-textbook", "torch"]
    for told, gap, spin in (
        ("in turns with numpy-textbook, as it is done", GAP_SECONDS, pinning.SPIN.copy()),
        ("... without the pause", 0.0, pinning.SPIN.copy()),
        ("... and with OpenBLAS's own spin", 0.0, {}),
        ("... that spin with the pause", GAP_SECONDS, {}),
    ):
        pinning.SPIN.clear()
        pinning.SPIN.update(spin)
        with mock.patch.object(protocol, "GAP_SECONDS", gap):
            seconds = seconds_per_update(data, in_turns)
        print(f"{told:<43} x {seconds / alone:.2f}", flush=True)


if __name__ == "__main__":
    main()
