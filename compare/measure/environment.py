"""What a measurement depends on besides the code: machine, libraries, commit, command."""

import importlib.metadata
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "torch", "pandas", "scipy")


def describe_environment(command: list[str], pools: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what is known of the machine and the software.

    Args:
        command: the command line that made the results.
        pools: BLAS and OpenMP libraries found inside each contestant, by its name.
    """
    return {
        "command": shlex.join(command),
        "python": platform.python_version(),
        "libraries": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "thread_pools": pools,
        "system": f"{platform.system()} {platform.release()}",
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "commit": git_commit(),
    }


def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


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
