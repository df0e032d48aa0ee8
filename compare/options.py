"""The command line of ``python -m compare.run``: errors are one line and exit code 2."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from compare.flags import add_flags, overrides_of
from compare.names import OBJECTIVES, nearest


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line on stderr, with the nearest flag, and exit code 2."""

    def __init__(self, prog: str, description: str, epilog: str | None = None):
        super().__init__(prog=prog, description=description, epilog=epilog, allow_abbrev=False)

    def parse(self, arguments: Sequence[str] | None = None) -> argparse.Namespace:
        """Parse the arguments (None: the process's own), and refuse what is left over in one line."""
        known, left = self.parse_known_args(arguments)
        if left:
            self.error(self._left_over(left[0]))
        return known

    def error(self, message: str) -> NoReturn:
        """Print the error in one line and leave with exit code 2."""
        line = " ".join(message.removeprefix("argument ").split())
        print(f"error: {line}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)

    def _left_over(self, text: str) -> str:
        if not text.startswith("-"):
            return f"{text!r} is one argument too many"
        spelling = text.partition("=")[0]
        flags = [flag for flag in self._option_string_actions if flag.startswith("--")]
        match = nearest(spelling, flags)
        return f"{spelling}: no such flag" + (f"; did you mean {match}?" if match else "")


@dataclass(frozen=True)
class Options:
    """What ``python -m compare.run`` was asked for; `source`: a preset, a path, or None for the default."""

    source: str | None
    overrides: dict[str, object]
    fast: bool
    rigorous: bool
    output: Path | None
    resume: Path | None
    list_presets: bool
    quiet: bool
    jobs: int = 1
    scheduler: str | None = None


def build_parser() -> Parser:
    """Build the parser of ``python -m compare.run``."""
    parser = Parser(
        prog="python -m compare.run",
        description="Train the same network, by hand in NumPy and in PyTorch, and compare the two.",
        epilog=f"A flag beats the experiment; a default holds where neither says otherwise. "
        f"Objectives that are defined: {', '.join(OBJECTIVES)}.",
    )
    parser.add_argument(
        "source", nargs="?", metavar="PRESET|FILE.toml", help="what to run (default: the preset digits)"
    )
    parser.add_argument("--list", action="store_true", help="list the presets and stop")
    pace = parser.add_mutually_exclusive_group()
    pace.add_argument(
        "--fast",
        action="store_true",
        help="two seeds, a fifth of the training, 2 processes x 3 rounds, and say so",
    )
    pace.add_argument("--rigorous", action="store_true", help="10 processes x 12 rounds for the times")
    parser.add_argument("--output", type=Path, metavar="DIR", help="default: results/EXPERIMENT-UTC_TIME")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="finish the run that was begun in DIR")
    parallel = parser.add_mutually_exclusive_group()
    parallel.add_argument(
        "--jobs", type=whole, default=1, metavar="N", help="make N runs at a time; times are taken alone"
    )
    parallel.add_argument(
        "--scheduler", metavar="ADDRESS", help="make the runs on the Dask cluster at tcp://HOST:PORT"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    add_flags(parser)
    return parser


def parse_options(arguments: Sequence[str] | None = None) -> Options:
    """Parse the command line (None: the process's own), or leave with one line and exit code 2."""
    namespace = build_parser().parse(arguments)
    return Options(
        source=namespace.source,
        overrides=overrides_of(namespace),
        fast=namespace.fast,
        rigorous=namespace.rigorous,
        output=namespace.output,
        resume=namespace.resume,
        list_presets=namespace.list,
        quiet=namespace.quiet,
        jobs=namespace.jobs,
        scheduler=namespace.scheduler,
    )


def whole(text: str) -> int:
    """Read a whole number of at least 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
