"""Requests to stop, of whatever kind, end a command as Ctrl-C does: what is finished stays, and is told."""

import signal
import sys
from typing import NoReturn

INTERRUPTED = 130


def interrupt_on_request() -> None:
    """Let a request to terminate and a terminal that hangs up raise KeyboardInterrupt.

    A hang-up that is ignored stays so (`nohup`).
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)


def leave(code: int) -> NoReturn:
    """End the process with an exit code, also where that is an interruption's.

    Run as a module (`python -m`), CPython sends itself SIGINT at the end if a KeyboardInterrupt has ever left
    code that was compiled from a text, as the methods of dataclasses are, though it was handled further up.
    Where that signal is blocked, the code is what it should be.
    """
    if code == INTERRUPTED and hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    sys.exit(code)
