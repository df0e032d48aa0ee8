"""Requests to stop, of whatever kind, end a command as Ctrl-C does: what is finished stays, and is told."""

import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

INTERRUPTED = 130
AGAIN_SECONDS = 0.02


def interrupt_on_request() -> None:
    """Let a request to terminate and a terminal that hangs up raise KeyboardInterrupt.

    A hang-up that is ignored stays so (`nohup`). An interruption that Python can only report, because it came
    in the callback of a weak reference or the like, comes again a moment later.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
    if not isinstance(sys.unraisablehook, _Again):
        sys.unraisablehook = _Again(sys.unraisablehook)


class _Again:
    """Hears of exceptions that could not be raised: an interruption is repeated, the others are passed on."""

    def __init__(self, before: Callable[[Any], object]) -> None:
        self._before = before

    def __call__(self, unraisable: Any) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._before(unraisable)
            return
        timer = threading.Timer(AGAIN_SECONDS, interrupt_main_thread)
        timer.daemon = True
        timer.start()


def interrupt_main_thread() -> None:
    """Send SIGTERM to the main thread, also where it sleeps."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


def end_with(main: Callable[[], int]) -> NoReturn:
    """Run a command and end the process with its exit code; in one line where it is stopped at its start.

    It can say that line from here on: what takes time to import, `main` imports, and not its module.

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
