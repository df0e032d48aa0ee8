"""A filesystem of a few pages, to be filled: what a full disk does is tried on one, not imagined."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096
"""What a file takes on it is a multiple of this."""


@contextmanager
def mounted(place: Path, size: int) -> Iterator[Path]:
    """Mount an empty filesystem of some bytes at a new directory; skip the test where that is forbidden."""
    if sys.platform != "linux" or shutil.which("mount") is None:
        pytest.skip("only on Linux is a small filesystem mounted for this")
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"a small filesystem cannot be mounted here: {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def leave(disk: Path, free: int) -> Path:
    """Fill a disk but for some pages, with a file that is returned; remove it to make room."""
    ballast = disk / "ballast"
    there = os.statvfs(disk)
    ballast.write_bytes(bytes(there.f_bavail * there.f_frsize - free * PAGE))
    assert os.statvfs(disk).f_bavail * there.f_frsize == free * PAGE
    return ballast
