"""How long does MNIST take to load: parsed, and from the cache?

    python -m benchmarks.loading [--data-dir DIR]

Each load is timed in a process of its own, after its imports, with an empty cache for the first: a temporary
directory, so that one's own is left alone. Without the files of MNIST a CSV file of its size is made.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from data.places import CACHE_VARIABLE, IDX_NAMES, find_all

LOADS = 4
SCRIPT = """
import sys, time
from pathlib import Path
from data import load_dataset
begin = time.perf_counter()
dataset = load_dataset(sys.argv[1], Path(sys.argv[2]))
loaded = time.perf_counter()
dataset.sha256
print(f"{loaded - begin:6.3f} s, its SHA-256 {time.perf_counter() - loaded:.3f} s, "
      f"{'mapped from the cache' if dataset.folder else 'in memory'}: "
      f"{len(dataset.X_train)} + {len(dataset.X_test)} rows")
"""


def main() -> None:
    """Print the time of the first load and of the following ones."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data-dir", type=Path, default=Path("."), help="where the files of MNIST are")
    data_dir = parser.parse_args().data_dir
    with tempfile.TemporaryDirectory() as folder:
        os.environ[CACHE_VARIABLE] = str(Path(folder) / "cache")
        name = "mnist" if find_all(data_dir, IDX_NAMES) else str(made_up(Path(folder)))
        print(f"{name}:")
        for number in range(1, LOADS + 1):
            arguments = [sys.executable, "-c", SCRIPT, name, str(data_dir)]
            print(f"  load {number}: ", end="", flush=True)
            subprocess.run(arguments, check=True)


def made_up(folder: Path) -> Path:
    """Write a CSV file of 60,000 rows of 784 pixels, most of them 0 as in MNIST."""
    rng = np.random.default_rng(0)
    path = folder / "made-up.csv"
    with path.open("w") as out:
        for _ in range(60):
            pixels = np.maximum(rng.integers(-1000, 256, (1000, 784)), 0)
            labels = rng.integers(0, 10, (1000, 1))
            np.savetxt(out, np.hstack([labels, pixels]), fmt="%d", delimiter=",")
    return path


if __name__ == "__main__":
    main()
