"""The conditions under which runs may stand in one table: libraries, processor, settings, sources."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Iterable, Mapping
from pathlib import Path

from compare.implementations import IMPLEMENTATIONS
from compare.measure.environment import processor_name
from compare.measure.software import builds
from compare.plugins import plugin_of

LIBRARIES = ("numpy", "torch", "scipy", "pandas", "scikit-learn", "jax", "jaxlib")
SETTINGS = ("OPENBLAS_CORETYPE", "MKL_CBWR", "MKL_ENABLE_INSTRUCTIONS", "ATEN_CPU_CAPABILITY")
"""Environment variables that change which kernels a library takes, or in which order they add."""

HOUSE = Path(__file__).resolve().parents[2]
SOURCES = {
    "handwritten": ("handwritten/**/*.py",),
    "torch_impl": ("torch_impl/**/*.py",),
    "data": ("data/**/*.py",),
    "compare.implementations": ("compare/implementations/**/*.py",),
    "compare.measure": ("compare/measure/**/*.py",),
    "compare (batches, weights, targets)": tuple(
        f"compare/{name}.py" for name in ("batches", "initial_weights", "network", "targets")
    ),
}
"""The code on which the outcome of a run depends."""


def conditions(implementations: Iterable[str]) -> dict[str, str]:
    """Return what must be the same for the runs of these implementations to belong together, by its name."""
    import numpy as np  # noqa: F401  so that its build is known

    found = {"Python": platform.python_version(), "processor": processor_name(), "BLAS": builds()["numpy"]}
    for library in LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    found |= {name: os.environ[name] for name in SETTINGS if name in os.environ}
    found |= {f"source of {name}": sha256_of(files(patterns)) for name, patterns in SOURCES.items()}
    return found | {f"source of contestant {name}": source_of(name) for name in implementations}


def files(patterns: Iterable[str]) -> list[Path]:
    """Return the files of the house that match, sorted."""
    return sorted(path for pattern in patterns for path in HOUSE.glob(pattern))


def sha256_of(paths: Iterable[Path]) -> str:
    """Return the SHA-256 of the files' names and contents."""
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def source_of(implementation: str) -> str:
    """Return the SHA-256 of the file a contestant's class is in; "unknown" where there is none."""
    plugin = plugin_of(implementation)
    try:
        if plugin:
            return sha256_of([Path(plugin.path)])
        spec = importlib.util.find_spec(IMPLEMENTATIONS[implementation][0].partition(":")[0])
        return sha256_of([Path(str(spec and spec.origin))])
    except (ImportError, KeyError, OSError, ValueError):
        return "unknown"


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Say what has changed; a library that has been added since changes nothing."""
    told = []
    for name, before in then.items():
        after = now.get(name, "not there")
        if before != after and name.startswith("source of "):
            told.append(f"the {name} has changed")
        elif before != after:
            told.append(f"{name} was {before} and is {after}")
    added = [name for name in SETTINGS if name in now and name not in then]
    return told + [f"{name} was not set and is {now[name]}" for name in added]
