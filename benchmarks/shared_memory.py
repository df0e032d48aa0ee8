"""Do the contestants hold one copy of the data? Resident and proportional memory of numpy and torch.

    python -m benchmarks.shared_memory [--data-dir DIR]

Both are prepared for MNIST, mapped from the cache, or, without a directory that holds its files, for random
data of its size (60,000 rows of 784 float32 values: 188 MB), in processes of their own. RSS counts every page
a process has in memory, PSS shares a page's size among the processes that hold it; Linux only.
"""

import argparse
from pathlib import Path

import numpy as np

from compare.experiment import Experiment
from compare.measure.contestant import Contestant
from compare.measure.laboratory import Laboratory
from compare.measure.protocol import contestant_of, prepared, sittings
from data import Dataset, load_dataset

ROWS, FEATURES = 60_000, 784


def main() -> None:
    """Print the memory of each contestant before and after it has been prepared."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, help="where the files of MNIST are")
    data_dir = parser.parse_args().data_dir
    data = random_data() if data_dir is None else load_dataset("mnist", data_dir)
    small = Experiment.from_dict({"training": {"epochs": 1}, "factors": {"batch_sizes": ["full"]}})
    with Laboratory(small, data) as laboratory:
        copied = sum(path.stat().st_size for path in laboratory.folder.glob("*.npy"))
        print(f"{data.name}: {copied / 1e6:.1f} MB copied for the contestants")
        for sitting in sittings(small.cells(), 1, "torch", null_test=False):
            for entrant in sitting.entrants:
                contestant = contestant_of(laboratory, entrant)
                contestant.start()
                print(f"{entrant.cell.implementation:<6} imported  {memory(pid_of(contestant))}")
                prepared(laboratory, entrant, 0)
            for entrant in sitting.entrants:
                contestant = contestant_of(laboratory, entrant)
                print(f"{entrant.cell.implementation:<6} prepared  {memory(pid_of(contestant))}")
                print(f"{'':<6} of the data file alone: {of_file(pid_of(contestant), 'X_train.npy')}")


def random_data() -> Dataset:
    """Return random data of MNIST's size."""
    rng = np.random.default_rng(0)
    X, Y = rng.random((ROWS, FEATURES), np.float32), rng.integers(10, size=ROWS)
    classes = tuple("0123456789")
    return Dataset("random", "random numbers", X, X[:100], Y, Y[:100], classes, "none", "none")


def pid_of(contestant: Contestant) -> int:
    """Return the number of a contestant's process, which must live."""
    if contestant.pid is None:
        raise SystemExit("a contestant has ended")
    return contestant.pid


def memory(pid: int) -> str:
    """Return a process's resident and proportional memory."""
    return told(Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())


def of_file(pid: int, name: str) -> str:
    """Return the resident and proportional memory of one mapped file."""
    lines = Path(f"/proc/{pid}/smaps").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith(name))
    return told(lines[start + 1 : start + 20])


def told(lines: list[str]) -> str:
    """Return the sizes of a block of smaps, in MB, with what belongs to the process alone."""
    sizes = {line.split()[0].rstrip(":"): int(line.split()[1]) for line in lines if line.endswith("kB")}
    own = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return f"RSS {sizes['Rss'] / 1e3:6.1f} MB  PSS {sizes['Pss'] / 1e3:6.1f} MB  its own {own / 1e3:6.1f} MB"


if __name__ == "__main__":
    main()
