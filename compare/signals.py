"""Requests to stop, of whatever kind, end a command as Ctrl-C does: what is finished stays, and is told."""

import signal
import sys
from collections.abc import Callable
from typing import NoReturn

INTERRUPTED = 130


def interrupt_on_request() -> None:
    """Let a request to terminate and a terminal that hangs up raise KeyboardInterrupt.

    A hang-up that is ignored stays so (`nohup`).
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code; in one line where it is stopped at its start.

    Run as a module (`python -m`), CPython sends itself SIGINT at the end if a KeyboardInterrupt has ever left
    code that was compiled from a text, as the methods of dataclasses are, though it was handled further up.
    Where that signal is blocked, the code is what it should be.
    """
    try:
        code = main()
    except KeyboardInterrupt:
        print("interrupted; nothing was begun", file=sys.stderr)
        code = INTERRUPTED
    if code == INTERRUPTED and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    sys.exit(code)
