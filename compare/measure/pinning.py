"""Threads: pinned in a process's environment before any library loads, checked inside with threadpoolctl."""

import os
from collections.abc import Mapping
from typing import Any

from compare.plural import counted, verb_of

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
"""The environment variables by which BLAS and OpenMP libraries take their number of threads."""

SPIN = {"OPENBLAS_THREAD_TIMEOUT": "20"}
"""An idle OpenBLAS worker spins for 2^20 cycles (under a millisecond) instead of 2^28 (0.1 s)."""


def pinned_environment(threads: int, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for a new process in which every library uses `threads` threads."""
    inherited = dict(os.environ if environment is None else environment)
    inherited.pop("OMP_WAIT_POLICY", None)
    return inherited | {variable: str(threads) for variable in THREAD_VARIABLES} | SPIN


def thread_pools() -> list[dict[str, Any]]:
    """Return the BLAS and OpenMP libraries loaded in this process: name, version, number of threads."""
    import threadpoolctl

    return [
        {
            "library": pool["internal_api"],
            "version": pool["version"],
            "architecture": pool.get("architecture"),
            "threads": pool["num_threads"],
        }
        for pool in threadpoolctl.threadpool_info()
    ]


def check_threads(threads: int) -> None:
    """Raise RuntimeError where a library in this process no longer uses `threads` threads (0: any number)."""
    for pool in thread_pools():
        if threads and pool["threads"] != threads:
            told = f"it has set {pool['library']} to {counted(pool['threads'], 'thread')}"
            raise RuntimeError(f"{told} where {threads} {verb_of('was', 'were', threads)} asked for")
