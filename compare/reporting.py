"""From results on disk to a report on disk: what `python -m compare.report` does."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence

from compare.analysis.comparison import Side, compare_results
from compare.analysis.null_test import null_test
from compare.analysis.same_experiment import OtherExperimentError
from compare.analysis.summary import summarise
from compare.checks import shown
from compare.fields import ResultsError
from compare.output import Output, told_paths
from compare.plural import counted
from compare.progress import Progress
from compare.reading import Results, one_line, read_results
from compare.render.comparison import LETTERS, Pair, Several, comparison_files, comparison_paragraphs
from compare.render.files import Content, count_parts, made_files
from compare.render.layout import Layout
from compare.render.parity_table import parity_table
from compare.render.screen import columns_of, sentences
from compare.render.settings import title_of
from compare.render.terminal import results_paragraphs
from compare.report_options import FORMATS, OF_COMPARISON, ReportOptions

Say = Callable[[str], None]

AGREE = 1e-6
"""Relative difference up to which a recomputed number is the same: another machine's logarithm differs."""

LONGEST = 1000
"""Signs of a message; names from a document may be of any length."""
BROKEN = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What rendering raises where a document is as the schema has it and yet makes no sense."""


class ReportError(ValueError):
    """What was asked for cannot be made; one line."""


def report(options: ReportOptions, say: Say, warn: Say) -> None:
    """Read the results, write what was asked for and say it.

    Args:
        options: the parsed command line.
        say: prints a paragraph.
        warn: prints a line on stderr.

    Raises:
        ReportError: a result, an option or the directory will not do; no file was changed.
    """
    try:
        layout = chosen_layout(options)
        results = [read_results(place) for place in options.results]
        if len(results) == 1:
            _report_one(results[0], options, layout, say, warn)
        else:
            _compare(results, options, layout, say)
    except (ResultsError, OtherExperimentError, ReportError) as error:
        raise ReportError(one_line(str(error))[:LONGEST]) from None
    except BROKEN as error:
        told = f"{type(error).__name__}: {error}"
        places = ", ".join(map(str, options.results))
        raise ReportError(
            one_line(f"{places}: its parts contradict one another, no report can be made ({told:.120})")
        ) from error
    except MemoryError:
        raise ReportError("not enough memory for these results") from None


def _report_one(results: Results, options: ReportOptions, layout: Layout, say: Say, warn: Say) -> None:
    document = results.document
    formats = FORMATS if options.formats is None else options.formats
    output = Output(options.output or results.directory / "report", options.force)
    if told := disagreement(results):
        warn(f"note: {results.path}: {told}")
    title = title_of(document["experiment"], document["environment"].get("data", {}).get("name"))
    columns = columns_of(sys.stdout)
    say(title)
    say(parity_table(document["parity"], columns=columns))
    for paragraph in results_paragraphs(document, layout, columns):
        say(paragraph)
    with Progress(count_parts(document, formats), True, "files") as progress:
        _write(made_files(document, formats, layout, progress.next), output, say)


def _compare(results: Sequence[Results], options: ReportOptions, layout: Layout, say: Say) -> None:
    if len(results) > len(LETTERS):
        raise ReportError(f"{len(results)} results are too many to compare; name {len(LETTERS)} at most")
    output = Output(options.output or results[-1].directory / "comparison", options.force)
    sides = [Side(one.document, one.runs, one.timings) for one in results]
    pairs = []
    for place, side in enumerate(sides[1:], start=1):
        try:
            comparison = compare_results(sides[0], side)
        except OtherExperimentError as error:
            both = f"{results[0].path} and {results[place].path}"
            raise ReportError(f"{both} are of different experiments, which are not merged: {error}") from None
        except (ArithmeticError, ValueError) as error:
            raise ReportError(f"{results[place].path}: its times cannot be compared ({error})") from None
        pairs.append(Pair(comparison, (LETTERS[0], LETTERS[place])))
    places = dict(zip(LETTERS, (str(one.directory) for one in results), strict=False))
    several = Several(sides[0].document, places, pairs)
    for paragraph in comparison_paragraphs(several, columns_of(sys.stdout)):
        say(paragraph)
    formats = OF_COMPARISON if options.formats is None else options.formats
    _write(comparison_files(several, formats, layout.intervals), output, say)


def _write(files: Iterable[tuple[str, Content]], output: Output, say: Say) -> None:
    paths = [output.write(name, content) for name, content in files]
    told = told_paths(paths) if paths else "Nothing was there to write."
    say(sentences(told.splitlines(), columns_of(sys.stdout)))


def chosen_layout(options: ReportOptions) -> Layout:
    """Return the layout of the main table; raise `ReportError` for a column that there is not."""
    try:
        return Layout(options.columns, options.sort, options.group_by, options.intervals)
    except ValueError as error:
        raise ReportError(str(error)) from None


def disagreement(results: Results) -> str:
    """Say where the document's summary is not what its own runs and timings give; "" where it is.

    The report shows what the document says, so that it is the same as on the day of the run.
    """
    document = results.document
    target = document["experiment"].get("training", {}).get("target")
    training_rows = document["environment"].get("data", {}).get("training_rows")
    reference, timings = document["reference"], results.timings
    try:
        null = null_test(timings, reference)
        rows = summarise(results.runs, reference, target, timings, null, training_rows)
    except (ArithmeticError, ValueError, TypeError) as error:
        return f"its summary cannot be made again from its runs ({error}); the tables show what the file says"
    if len(rows) != len(document["summary"]):
        return f"its summary has {counted(len(document['summary']), 'row')}, its runs give {len(rows)}"
    for at, (said, made) in enumerate(zip(document["summary"], rows, strict=True)):
        for key, value in made.items():
            if not _agree(said.get(key), value):
                told = (
                    f"summary[{at}].{key} is {shown(said.get(key))}, its runs and timings give {shown(value)}"
                )
                return f"{told}; the tables show what the file says"
    return ""


def _agree(said: object, made: object) -> bool:
    numbers = isinstance(said, (int, float)) and isinstance(made, (int, float))
    if not numbers:
        return said == made
    assert isinstance(said, (int, float))
    assert isinstance(made, (int, float))
    return abs(said - made) <= AGREE * max(abs(said), abs(made))
