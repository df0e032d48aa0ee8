"""Where files of data are looked for and kept."""

import os
from collections.abc import Sequence
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "SIDE_BY_SIDE_CACHE"
OFFLINE_VARIABLE = "SIDE_BY_SIDE_OFFLINE"
IDX_NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CSV_NAMES = ("train.csv", "test.csv")


def cache_directory() -> Path:
    """Return the directory for downloads and parsed data: the user's cache, or $SIDE_BY_SIDE_CACHE."""
    given = os.environ.get(CACHE_VARIABLE)
    return Path(given) if given else platformdirs.user_cache_path("side-by-side")


def is_offline() -> bool:
    """Tell whether $SIDE_BY_SIDE_OFFLINE forbids the network, whatever else asks for it."""
    return os.environ.get(OFFLINE_VARIABLE, "") not in ("", "0")


def find_all(directory: Path, names: Sequence[str]) -> list[Path]:
    """Find each name, or failing that the name with .gz; return nothing unless all are there."""
    found = []
    for name in names:
        spellings = (name, name.replace("-idx", ".idx"))  # both are in use
        candidates = [directory / (spelling + ending) for ending in ("", ".gz") for spelling in spellings]
        found += [path for path in candidates if path.is_file()][:1]
    return found if len(found) == len(names) else []
