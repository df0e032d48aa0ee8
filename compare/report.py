"""The command `python -m compare.report`: tables, figures and page again from `results.json`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from compare.signals import end_with, interrupt_on_request

OK, BAD_INPUT, INTERRUPTED = 0, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    from compare.report_options import parse_report_options

    options = parse_report_options(arguments)
    from compare.reporting import ReportError, report

    interrupt_on_request()
    try:
        report(options, silent if options.quiet else say, warn)
    except ReportError as error:
        warn(f"error: {error}")
        return BAD_INPUT
    except KeyboardInterrupt:
        print("interrupted; the files that were written are whole", file=sys.stderr)
        return INTERRUPTED
    return OK


def say(text: str) -> None:
    """Print a paragraph at once; if its reader has gone, say the rest to nobody."""
    try:
        print(text.encode(sys.stdout.encoding or "utf-8", "replace").decode(sys.stdout.encoding or "utf-8"))
        print(flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def silent(text: str) -> None:
    """Print nothing."""


def warn(text: str) -> None:
    """Print one line on stderr, whatever stands in it."""
    from compare.reading import one_line

    print(one_line(text), file=sys.stderr)


if __name__ == "__main__":
    end_with(main)
