"""Processes that are not trusted: their output read within bounds, their memory watched, all of them ended.

What a process started is found by a mark in its environment, which its children inherit in whatever session
they are. A child that clears its environment and lets its parent die is not found, and without /proc (that is
off Linux) only the process's own group is.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

MARK = "SIDE_BY_SIDE_PROCESS"
"""The environment variable that a process and all its descendants carry."""

KEPT_OUTPUT = 20_000
"""Bytes kept of the last that a process prints."""

SWEEPS = 20
"""How often survivors are looked for: who was started while others were killed is seen the next time."""


def new_mark() -> dict[str, str]:
    """Return the environment variable that marks one process and its descendants."""
    return {MARK: secrets.token_hex(16)}


class Output:
    """What a process prints: its last bytes and the number of lines, read as it comes, however much."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.kept, self.lines = b"", 0
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        with stream, contextlib.suppress(OSError):
            while chunk := os.read(stream.fileno(), 65536):
                self.lines += chunk.count(b"\n")
                self.kept = (self.kept + chunk)[-KEPT_OUTPUT:]

    def finish(self) -> None:
        """Wait for the end of what was printed, but not for a process that outlives its parent."""
        self._thread.join(timeout=2)

    def last_line(self) -> str:
        """Return the last line that is not blank, made printable; empty where there is none."""
        lines = [line.strip() for line in self.kept.decode(errors="replace").splitlines() if line.strip()]
        return printable_line(lines[-1]) if lines else ""


def printable_line(text: str) -> str:
    """Return a foreign text as one line of at most 500 printable signs."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text[:2000]).split())[:500]


def end_family(process: subprocess.Popen[bytes], mark: str) -> None:
    """Kill a process and all that it started, also what has left its session; return when it has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
    for _ in range(SWEEPS):
        found = marked(mark)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return


def marked(mark: str) -> list[int]:
    """Return the living processes that carry a mark; none where the system has no /proc."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or somebody else's; a zombie's is empty
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]


def memory_of(pid: int) -> int | None:
    """Return the bytes of memory that a process holds now; None where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # a Path would leave its name in a table at every look
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def machine_memory() -> int | None:
    """Return the bytes of memory that this process and its children may have together, where it is told."""
    try:
        told = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (AttributeError, ValueError, OSError):
        return None
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):
            told.append(int(Path(path).read_text()))
    return min(told)


def end_with_parent(parent: int) -> None:
    """Let the system kill this process when its parent, number `parent`, has died; on Linux only.

    To the system the parent is the thread that started the process: it must live as long. The process also
    asks to be the first to go where memory runs out, so that the parent lives to tell.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    if os.getppid() != parent:
        os._exit(1)
