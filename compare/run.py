"""The command `python -m compare.run`: an experiment from its file to its table."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from compare.signals import end_with, interrupt_on_request

if TYPE_CHECKING:
    from compare.finishing import Outcome
    from compare.options import Options

OK, PARITY_FAILED, BAD_INPUT, RUNS_FAILED, INTERRUPTED = 0, 1, 2, 3, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    from compare.options import parse_options

    options = parse_options(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):  # no text is worth a failure where it cannot be shown
        sys.stdout.reconfigure(errors="backslashreplace")
    if options.list_presets:
        say(listing())
        return OK
    interrupt_on_request()
    command = ["python", "-m", "compare.run", *(sys.argv[1:] if arguments is None else arguments)]
    try:
        return run(options, command)
    except KeyboardInterrupt:
        tell("interrupted; whatever was finished is on disk")
        return INTERRUPTED


def run(options: Options, command: list[str]) -> int:
    """Run the experiment asked for; return the exit code."""
    from compare.campaign import InputError, run_campaign
    from compare.recording import Interrupted

    try:
        return exit_code(run_campaign(options, command, say))
    except InputError as error:
        tell(f"error: {error}")
        return BAD_INPUT
    except Interrupted as interruption:
        tell(str(interruption))
        return INTERRUPTED


def say(text: str) -> None:
    """Print a paragraph at once, also into a pipe; where it cannot be printed, say the rest to nobody."""
    try:
        print(text, end="\n\n", flush=True)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            tell(f"cannot print ({error.strerror}); what is printed is in the results, too")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def tell(text: str) -> None:
    """Print a line for people to standard error, where it has not gone with its terminal."""
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def exit_code(outcome: Outcome) -> int:
    """Return the exit code that an outcome calls for."""
    if not outcome.parity_passed:
        return PARITY_FAILED
    return RUNS_FAILED if outcome.failed_runs else OK


def listing() -> str:
    """Return what can be named on the command line: presets, datasets, implementations."""
    from compare.experiment_file import preset_titles
    from compare.implementations import IMPLEMENTATIONS, installed_plugins
    from compare.measure.preflight import missing_need
    from data import DATASETS

    parts = {
        "presets": preset_titles(),
        "datasets": DATASETS,
        "implementations": {
            **{name: lacking(what, missing_need(name)) for name, (_, what) in IMPLEMENTATIONS.items()},
            **{name: f"installed: {point.value}" for name, point in installed_plugins().items()},
            "FILE.py:CLASS": "your own; see docs/implementations.md",
        },
    }
    lines = []
    for title, entries in parts.items():
        lines.append(f"{title}:")
        lines += [f"  {name:<16} {what}" for name, what in entries.items()]
    return "\n".join(lines)


def lacking(what: str, lack: str | None) -> str:
    """Say of an implementation what it is, and what it lacks on this machine."""
    return what if lack is None else f"{what} (not here: {lack})"


if __name__ == "__main__":
    end_with(main)
