"""The parent's side of a contestant: a process with pinned threads, told over a pipe what to do."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from compare.measure.pinning import pinned_environment

START_SECONDS = 120.0
"""How long a process may take to import its libraries."""


class ContestantError(Exception):
    """A contestant failed; the message says how in one line. `status` is "failed" or "timeout"."""

    def __init__(self, message: str, status: str = "failed") -> None:
        super().__init__(message)
        self.status = status


class Contestant:
    """One implementation in a process of its own, restarted when it is asked for again after it died.

    Args:
        implementation: its name.
        threads: number of threads every library in it uses.
        data: folder with the dataset's `.npy` files.
        floor: whether it is the floor, and `implementation` the library that multiplies.
    """

    def __init__(self, implementation: str, threads: int, data: Path, floor: bool = False) -> None:
        self.implementation, self.threads, self.data, self.floor = implementation, threads, data, floor
        self.pools: list[dict[str, Any]] = []
        self.builds: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None
        self._is_ready = False

    def ask(
        self, do: str, timeout: float, report: Callable[[float], None] = lambda fraction: None, **request: Any
    ) -> dict[str, Any]:
        """Send a request and return its answer.

        Raises:
            ContestantError: the contestant raised an exception, died, or took longer than `timeout` seconds.
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
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [sys.executable, "-m", "compare.measure.worker"],
            env=pinned_environment(self.threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(self._process, self._answers), daemon=True).start()
        hello = {"implementation": self.implementation, "data": str(self.data), "floor": self.floor}
        with contextlib.suppress(OSError):  # whoever asks for its answer is told why there is none
            self._send({"do": "hello", **hello})

    def _greet(self) -> None:
        try:
            answer = self._answer(START_SECONDS, lambda fraction: None)
            self.pools, self.builds = answer["pools"], answer["builds"]
        except ContestantError:
            self.close()
            raise
        for pool in self.pools:
            if pool["threads"] != self.threads:
                self.close()
                raise ContestantError(
                    f"{pool['library']} runs {pool['threads']} threads where {self.threads} were asked for"
                )

    @staticmethod
    def _listen(process: "subprocess.Popen[str]", answers: "queue.SimpleQueue[str]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            answers.put(line)
        answers.put("")

    def _exchange(
        self, request: dict[str, Any], timeout: float, report: Callable[[float], None]
    ) -> dict[str, Any]:
        try:
            self._send(request)
        except OSError:
            raise ContestantError(self._obituary()) from None
        return self._answer(timeout, report)

    def _send(self, request: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def _answer(self, timeout: float, report: Callable[[float], None]) -> dict[str, Any]:
        end = time.monotonic() + timeout
        while True:
            try:
                line = self._answers.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                self.close()
                raise ContestantError(f"no answer within {timeout:g} s; stopped", "timeout") from None
            if not line:
                raise ContestantError(self._obituary())
            answer = json.loads(line)
            if "error" in answer:
                raise ContestantError(answer["error"])
            if "done" in answer:
                done: dict[str, Any] = answer["done"]
                return done
            report(answer["fraction"])

    def _obituary(self) -> str:
        """Say how the process ended, with the last line it wrote."""
        assert self._process is not None
        code = self._process.wait(timeout=10)
        self._errors.seek(0)
        lines = [line for line in self._errors.read()[-10_000:].splitlines() if line.strip()]
        self.close()
        ended = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"the process was {ended}" + (f": {lines[-1].strip()[:300]}" if lines else "")

    def close(self) -> None:
        """End the process at once, and with it whatever it started."""
        if self._process is None:
            return
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._errors.close()
        self._process, self._is_ready = None, False
