"""Requests to stop, of whatever kind, end a command as Ctrl-C does: what is finished stays, and is told."""

import signal


def interrupt_on_request() -> None:
    """Let a request to terminate and a terminal that hangs up raise KeyboardInterrupt.

    A hang-up that is ignored stays so (`nohup`).
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.default_int_handler)
