"""The width of what is printed: one for all sentences, a terminal's own where it has fewer columns."""

import fcntl
import os
import pty
import struct
import termios

import made_documents
import pytest
from made_runs import cell, parity, run, tensor

from compare.analysis.attribution import attribute
from compare.campaign import describe
from compare.render.attribution_sentences import attribution_sentences
from compare.render.derivation import derivation_paragraphs
from compare.render.fairness_notes import fairness_notes
from compare.render.parity_table import parity_table
from compare.render.screen import NARROWEST, WIDEST, columns_of, sentences, wrapped
from compare.render.terminal import results_paragraphs
from data import load_dataset

LONG = "a difference of 13.2 [9.1, 16.4] points, seed by seed, " * 8


def long_document():
    """A document with findings, notes and a failure that are longer than any line."""
    wrong = tensor(implementation="another", relative_error=0.5, passed=False)
    failure = {"implementation": "numpy", "objective": "softmax+cross_entropy", "reason": LONG}
    told = {**parity(tensor(), wrong), "failures": [failure]}
    return made_documents.full_document(parity=told)


def differing():
    row = {"implementation": "numpy", "subject": "threads", "difference": LONG, "detected": False}
    return [row, {**row, "detected": True}]


def everything_said(columns):
    """All that `compare.run` prints of one document besides its title."""
    document = long_document()
    yield describe(load_dataset("digits"), columns)
    yield parity_table(document["parity"], columns=columns)
    yield fairness_notes(differing(), columns=columns)
    yield fairness_notes([], columns=columns)
    yield from derivation_paragraphs(document["derivation"], columns)
    yield from results_paragraphs(document, columns=columns)


def is_of_a_table(line):
    """Whether a line has cells, which lie two spaces or more apart."""
    return "  " in line.strip()


def test_no_sentence_is_longer_than_the_one_width():
    lines = [line for text in everything_said(WIDEST) for line in text.splitlines()]
    assert max(map(len, lines)) <= WIDEST
    assert sum(len(line) > WIDEST - 12 for line in lines) > 20  # and none is broken long before


def test_sentences_fit_a_terminal_that_is_narrower():
    lines = [line for text in everything_said(80) for line in text.splitlines()]
    assert max(len(line) for line in lines if not is_of_a_table(line)) <= 80


def test_a_line_that_goes_on_is_indented():
    first, *others = sentences(["One.", LONG, ""], 60).splitlines()[1:]
    assert first.startswith("a difference")
    assert others
    assert all(line.startswith("  ") for line in others)


@pytest.mark.parametrize("columns", range(NARROWEST, WIDEST + 1))
def test_no_interval_is_broken(columns):
    told = " ".join(["It is 0.5 [0.4, 0.6, no effect shown] and 120 [90, ∞) to it,"] * 4)
    text = wrapped(told, columns)
    assert all(line.count("[") == line.count("]") + line.count(")") for line in text.splitlines())
    assert (
        " ".join(text.split()) == ("It is 0.5 [0.4, 0.6, no effect shown] and 120 [90, ∞) to it, " * 4)[:-1]
    )


def effects_not_shown():
    """The split of a time whose effects have narrow intervals, all within the noise of the null test."""
    runs = [
        run(cell(name, batch_size=size), seed, seconds=seconds * luck)
        for name, by_name in (("numpy", 1.0), ("torch", 2.0))
        for size, seconds in (("full", by_name), (32, 2 * by_name))
        for seed, luck in enumerate((0.98, 1.0, 1.02))
    ]
    return attribution_sentences(attribute(runs, null={"log_ratio_95": 5.0}))[0]


@pytest.mark.parametrize("columns", range(NARROWEST, WIDEST + 1))
def test_no_interval_of_an_effect_is_broken_that_a_line_can_hold(columns):
    told = effects_not_shown()
    (interval,) = {f"[{part.partition(']')[0]}]" for part in told.split("[")[1:]}
    assert interval.endswith(", no effect shown: the null test differs as much]")
    text = wrapped(told, columns)
    assert max(map(len, text.splitlines())) <= columns
    assert (interval in text) == (columns >= len(interval) + len("  ,"))
    assert " ".join(text.split()) == told


def test_what_stands_in_parentheses_behind_an_open_interval_may_be_broken():
    told = "It took 120 [90, ∞) times as long (which is long)."
    assert wrapped(told, 40).splitlines() == ["It took 120 [90, ∞) times as long (which", "  is long)."]


def test_neither_names_nor_paths_are_broken():
    name = "torch-compile-with-a-name-that-is-longer-than-any-terminal-is-wide" * 2
    assert name in wrapped(f"Not timed: {name}", 60)


def test_a_sentence_with_line_breaks_or_escapes_in_it_is_made_one():
    assert wrapped("one\ntwo\x1b[31m three") == "one two [31m three"


def test_files_and_pipes_have_the_one_width(tmp_path):
    with (tmp_path / "out").open("w") as file:
        assert columns_of(file) == WIDEST


@pytest.mark.parametrize(("columns", "told"), [(80, 80), (200, 200), (0, WIDEST)])
def test_a_terminal_has_the_columns_that_it_says(columns, told):
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        with os.fdopen(theirs, "w", closefd=False) as terminal:
            assert columns_of(terminal) == told
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_closed_stream_has_the_one_width(tmp_path):
    with (tmp_path / "out").open("w") as file:
        pass
    assert columns_of(file) == columns_of(None) == WIDEST
