"""What a measurement depends on besides the code: machine, libraries, commit, command."""

import contextlib
import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "torch", "pandas", "scipy")
OPTIONAL_LIBRARIES = ("scikit-learn", "jax")
CPU0 = Path("/sys/devices/system/cpu/cpu0")


def describe_environment(
    command: list[str], pools: dict[str, list[dict[str, Any]]], builds: dict[str, str]
) -> dict[str, Any]:
    """Return what is known of the machine and the software.

    Args:
        command: the command line that made the results.
        pools: BLAS and OpenMP libraries found inside each contestant, by its name.
        builds: how the numerical libraries were built, by their names.
    """
    return {
        "command": shlex.join(command),
        "python": platform.python_version(),
        "libraries": versions(),
        "builds": builds,
        "thread_pools": pools,
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "caches": caches(),
        "memory_gb": memory_gb(),
        "governor": read_line(CPU0 / "cpufreq" / "scaling_governor"),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "commit": git_commit(),
    }


def versions() -> dict[str, str]:
    """Return the version of each library, and of each optional one that is installed."""
    found = {name: importlib.metadata.version(name) for name in LIBRARIES}
    for name in OPTIONAL_LIBRARIES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def caches() -> dict[str, str]:
    """Return the size of each cache of the first core, such as {"L1 Data": "48K"}; empty off Linux."""
    found = {}
    for folder in sorted(CPU0.glob("cache/index*")):
        level, kind, size = (read_line(folder / name) for name in ("level", "type", "size"))
        if level and size:
            found[f"L{level} {kind}" if kind != "Unified" else f"L{level}"] = size
    return found


def memory_gb() -> float | None:
    """Return the machine's memory in units of 10^9 bytes, where the system tells it."""
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (AttributeError, ValueError, OSError):
        return None


def read_line(path: Path) -> str | None:
    """Return the first line of a small file of the system; None where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except (OSError, UnicodeDecodeError):
        return None


def git_commit() -> str | None:
    """Return the commit this code runs from, "+" behind it if files differ; None outside a checkout."""

    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
            timeout=10,
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD") + ("+" if git("status", "--porcelain") else "")
    except (OSError, subprocess.SubprocessError):
        return None
