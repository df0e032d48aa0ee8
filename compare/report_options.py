"""The command line of ``python -m compare.report``: errors are one line and exit code 2."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from compare.names import suggest
from compare.options import Parser

FORMATS = ("csv", "md", "tex", "html", "svg", "png", "pdf")
OF_COMPARISON = ("csv", "md", "tex")

DESCRIPTION = """Make the tables, figures and page of a finished run again from its results.json, or compare
results. Nothing is trained. RESULTS is a directory that python -m compare.run wrote, or its results.json."""

EPILOG = """One result: its report goes to RESULTS/report/. Two or more: each is compared with the first, and
comparison.md, .csv and .tex go to comparison/ in the last one's directory. What is in a directory already is
never replaced without --force."""


@dataclass(frozen=True)
class ReportOptions:
    """What was asked; `formats` None: all; the keys of the table are not checked yet."""

    results: tuple[Path, ...]
    formats: tuple[str, ...] | None
    output: Path | None
    force: bool
    columns: tuple[str, ...]
    sort: tuple[str, ...]
    group_by: str | None
    intervals: Literal["brackets", "pm"]
    quiet: bool


def build_parser() -> Parser:
    """Build the parser of ``python -m compare.report``."""
    parser = Parser("python -m compare.report", DESCRIPTION, EPILOG)
    parser.add_argument("results", nargs="*", type=Path, metavar="RESULTS", help="directory or results.json")
    parser.add_argument("--format", metavar="LIST", help=f"of {','.join(FORMATS)} (default: all)")
    parser.add_argument("--output", type=Path, metavar="DIR", help="a new or empty directory")
    parser.add_argument("--force", action="store_true", help="replace files of the same name in DIR")
    table = parser.add_argument_group("the main table")
    table.add_argument("--columns", metavar="KEYS", help="these columns, in this order: keys of table.csv")
    table.add_argument("--sort", metavar="KEYS", help="sort the rows; -KEY is descending")
    table.add_argument("--group-by", metavar="KEY", help="rows of the same KEY under a heading of their own")
    table.add_argument(
        "--intervals", choices=("brackets", "pm"), default="brackets", help="in .tex: [ , ] or plus-minus"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    return parser


def parse_report_options(arguments: Sequence[str] | None = None) -> ReportOptions:
    """Parse the command line (None: the process's own), or leave with one line and exit code 2."""
    parser = build_parser()
    given = parser.parse(_with_sort_joined(sys.argv[1:] if arguments is None else arguments))
    if not given.results:
        parser.error("say which results: a directory that python -m compare.run wrote, or its results.json")
    several = len(given.results) > 1
    formats = None if given.format is None else _listed(given.format)
    for format in formats or ():
        if format not in FORMATS:
            parser.error(f"--format: {format[:60]!r} is not known; {suggest(format, FORMATS)}")
        if several and format not in OF_COMPARISON:
            parser.error(f"--format: a comparison comes as {', '.join(OF_COMPARISON)}, not as {format}")
    if formats == ():
        parser.error(f"--format: is empty; name some of {', '.join(FORMATS)}")
    for flag, value in {
        "--columns": given.columns,
        "--sort": given.sort,
        "--group-by": given.group_by,
    }.items():
        if value is not None and several:
            parser.error(f"{flag}: is for the table of one result; leave it out, or name one result")
        if value is not None and not _listed(value):
            parser.error(f"{flag}: is empty; name a column, or leave it out")
    return ReportOptions(
        results=tuple(given.results),
        formats=formats,
        output=given.output,
        force=given.force,
        columns=_listed(given.columns),
        sort=_listed(given.sort),
        group_by=given.group_by,
        intervals=given.intervals,
        quiet=given.quiet,
    )


def _with_sort_joined(arguments: Sequence[str]) -> list[str]:
    """Let ``--sort -time_ratio`` be one argument, which the "-" would make two."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--sort" and argument.startswith("-") and not argument.startswith("--"):
            joined[-1] = f"--sort={argument}"
        else:
            joined.append(argument)
    return joined


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in (text or "").split(","))))
