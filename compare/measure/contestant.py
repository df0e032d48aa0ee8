"""The parent's side of a contestant: a process with pinned threads, told over a pipe what to do."""

import contextlib
import json
import queue
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from compare.measure.channel import ContestantError, Lines, read_answer, read_hello
from compare.measure.pinning import pinned_environment
from compare.measure.processes import MARK, Output, end_family, machine_memory, memory_of, new_mark
from compare.plural import counted, verb_of

__all__ = ["Contestant", "ContestantError"]

START_SECONDS = 120.0
"""How long a process may take to import its libraries."""
WATCH_SECONDS = 0.25
"""How often a contestant that has not answered is looked at: does it live, and how much memory has it?"""
LAST_WORDS_SECONDS = 2.0
"""How long the answers of a dead process, or the end of one that said its last, are waited for."""
SHARE_OF_MEMORY = 0.8
"""Part of the machine's memory that a contestant may take where the experiment does not say."""


class Contestant:
    """One implementation in a process of its own, restarted when it is asked for again after it died.

    Args:
        implementation: its name.
        threads: number of threads every library in it uses.
        data: folder with the dataset's `.npy` files.
        floor: whether it is the floor, and `implementation` the library that multiplies.
        memory_limit: GB (10^9 bytes) it may take; None for `SHARE_OF_MEMORY` of the machine's.
        scratch: folder for what its libraries keep from one process to the next, such as compiled code.
    """

    def __init__(
        self,
        implementation: str,
        threads: int,
        data: Path,
        floor: bool = False,
        memory_limit: float | None = None,
        scratch: Path | None = None,
    ) -> None:
        self.implementation, self.threads, self.data, self.floor = implementation, threads, data, floor
        self.pools: list[dict[str, Any]] = []
        self.builds: dict[str, str] = {}
        self.devices: list[str] = ["cpu"]
        self._process: subprocess.Popen[bytes] | None = None
        self._is_ready = False
        share = SHARE_OF_MEMORY * (machine_memory() or float("inf"))
        self._memory_limit = share if memory_limit is None else memory_limit * 1e9
        self._asked = 0
        self._kept = {} if scratch is None else {"TORCHINDUCTOR_CACHE_DIR": str(scratch / "compiled")}

    def ask(
        self, do: str, timeout: float, report: Callable[[float], None] = lambda fraction: None, **request: Any
    ) -> dict[str, Any]:
        """Send a request and return its answer.

        Raises:
            ContestantError: the contestant raised an exception, died, took longer than `timeout` seconds or
                more memory than it may, or gave an answer that is none.
        """
        self.start()
        return self._exchange({"do": do, **request}, timeout, report)

    @property
    def pid(self) -> int | None:
        """The process's number while it lives."""
        return None if self._process is None else self._process.pid

    def launch(self) -> None:
        """Start the process, unless it runs, and let it import its libraries; do not wait for it."""
        if self._process is None:
            self._launch()

    def start(self) -> None:
        """Start the process, unless it runs, and wait until it has imported its libraries."""
        self.launch()
        if not self._is_ready:
            self._greet()
            self._is_ready = True

    def _launch(self) -> None:
        mark = new_mark()
        self._mark = mark[MARK]
        process = subprocess.Popen(
            [sys.executable, "-m", "compare.measure.worker"],
            env=pinned_environment(self.threads) | self._kept | mark,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._lines, self._printed = Lines(process.stdout), Output(process.stderr)
        self._process = process  # last: another thread may end whoever has one at any time
        hello = {"implementation": self.implementation, "data": str(self.data), "floor": self.floor}
        with contextlib.suppress(OSError):  # whoever asks for its answer is told why there is none
            self._send({"do": "hello", **hello})

    def _greet(self) -> None:
        try:
            answer = self._answer(START_SECONDS, lambda fraction: None)
            self.pools, self.builds, self.devices = read_hello(answer)
        except BaseException:
            self.close()
            raise
        for pool in self.pools:
            if pool["threads"] != self.threads:
                self.close()
                ran = counted(pool["threads"], "thread")
                asked = f"{self.threads} {verb_of('was', 'were', self.threads)} asked for"
                raise ContestantError(f"{pool['library']} runs {ran} where {asked}")

    def _exchange(
        self, request: dict[str, Any], timeout: float, report: Callable[[float], None]
    ) -> dict[str, Any]:
        process = self._begun()
        try:
            self._send(request)
        except OSError:
            raise ContestantError(self._obituary(process)) from None
        return self._answer(timeout, report)

    def _begun(self) -> subprocess.Popen[bytes]:
        """Return the process; raise ContestantError where another thread has ended it."""
        process = self._process
        if process is None:
            raise ContestantError("stopped")
        return process

    def _send(self, request: dict[str, Any]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise BrokenPipeError
        self._asked += 1
        process.stdin.write(json.dumps({"id": self._asked, **request}).encode() + b"\n")
        process.stdin.flush()

    def _answer(self, timeout: float, report: Callable[[float], None]) -> dict[str, Any]:
        process = self._begun()
        end = time.monotonic() + timeout
        while True:
            line = self._next_line(process, end, timeout)
            if not line:
                raise ContestantError(self._obituary(process))
            try:
                kind, told = read_answer(line, self._asked)
            except ContestantError:
                self.close()
                raise
            if kind == "error":
                raise ContestantError(told)
            if kind == "done":
                self._look_at_memory(process)
                done: dict[str, Any] = told
                return done
            report(min(1.0, max(0.0, told)))
            if time.monotonic() >= end:  # one report may follow the other without a pause
                self._stop_late(timeout)

    def _next_line(self, process: subprocess.Popen[bytes], end: float, timeout: float) -> bytes:
        """Return the next line, b"" where no more will come; raise ContestantError where that lasts."""
        while True:
            left = end - time.monotonic()
            alive = process.poll() is None
            with contextlib.suppress(queue.Empty):
                wait = min(left, WATCH_SECONDS) if alive else LAST_WORDS_SECONDS
                return self._lines.get(wait)
            if not alive:
                return b""
            if left <= 0:
                self._stop_late(timeout)
            self._look_at_memory(process)

    def _stop_late(self, timeout: float) -> NoReturn:
        self.close()
        raise ContestantError(f"no answer within {timeout:g} s; stopped", "timeout")

    def _look_at_memory(self, process: subprocess.Popen[bytes]) -> None:
        """Stop the process where it has taken too much; what its children take is not counted."""
        held = memory_of(process.pid)
        if held is not None and held > self._memory_limit:
            self.close()
            limit = f"more than the {self._memory_limit / 1e9:.3g} GB it may have"
            raise ContestantError(f"it took {held / 1e9:.3g} GB of memory, {limit}; stopped")

    def _obituary(self, process: subprocess.Popen[bytes]) -> str:
        """Say how the process ended, with the last line it wrote."""
        try:
            code = process.wait(timeout=LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self.close()
            return "it closed the pipe it answers through; stopped"
        self.close()
        last = self._printed.last_line()
        ended = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        if code == -signal.SIGKILL:
            ended += ", perhaps by the system for want of memory"
        return f"the process was {ended}" + (f": {last[:300]}" if last else "")

    def close(self) -> None:
        """End the process at once, and with it whatever it started."""
        if self._process is None:
            return
        process, self._process, self._is_ready = self._process, None, False
        self._lines.leave()
        try:
            end_family(process, self._mark)
        finally:
            self._printed.finish()
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
