"""Fixtures that several rooms share."""

import os
import signal
import zlib
from pathlib import Path

import pytest

from compare.measure.pinning import pinned_environment

os.environ.update(
    pinned_environment(1)
)  # before NumPy is imported: as many tests run at once as there are cores

import numpy as np

_IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


os.environ["SIDE_BY_SIDE_OFFLINE"] = "1"  # no test asks the network, unless it brings a server of its own


@pytest.fixture(scope="session", autouse=True)
def _interruptible() -> None:
    """Let the processes that tests start hear SIGINT, also where a shell began the tests in the background.

    Such a shell has it ignored, which children inherit: an interruption that a test sends would be lost.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory) -> None:
    """Keep the tests out of the user's cache, also those that start processes."""
    os.environ["SIDE_BY_SIDE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Random numbers that depend on the test's own name alone; a failing test shows the seed."""
    seed = zlib.crc32(request.node.nodeid.encode())
    print(f"rng = np.random.default_rng({seed})")
    return np.random.default_rng(seed)


@pytest.fixture(scope="session")
def mnist_directory() -> Path:
    """A directory that holds the four MNIST files; without one the test is skipped."""
    given = os.environ.get("SIDE_BY_SIDE_DATA")
    shared = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "mnist"
    candidates = [Path(given), Path(given) / "mnist"] if given else [shared]
    for directory in candidates:
        if all((directory / name).exists() or (directory / f"{name}.gz").exists() for name in _IDX_NAMES):
            return directory
    pytest.skip("needs the four MNIST files: set SIDE_BY_SIDE_DATA to their directory")


DEAREST = (
    "test_workplaces.py",
    "test_run_command.py",
    "test_faults.py",
    "test_fairness.py",
    "test_gate.py",
    "test_distributed.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of the longest tests: while one that came last runs, the other worker idles."""
    items.sort(key=lambda item: item.path.name not in DEAREST)
