"""How wide what is shown is: one width for all sentences; a table may be as wide as the terminal."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Iterable
from typing import TextIO

from compare.render.text import INTERVAL, printable

WIDEST = 116
"""Characters of a line of text; of a file or a pipe always, of a terminal where it has them."""
NARROWEST = 40
"""A terminal that says it is narrower breaks the lines itself."""
KEPT = "\N{NO-BREAK SPACE}"


def columns_of(stream: TextIO | None) -> int:
    """Return how many characters a line of a terminal holds; `WIDEST` where the stream leads elsewhere."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns if stream and stream.isatty() else 0
    except (AttributeError, OSError, ValueError):  # no stream, no descriptor, or it is closed
        columns = 0
    return columns or WIDEST


def wrapped(text: str, columns: int = WIDEST, first: str = "", others: str = "  ") -> str:
    """Return a sentence in lines of at most `WIDEST` characters, or as many as the terminal has.

    It is broken between words, never inside an interval that a line can hold.

    Args:
        text: what is printed; a character that cannot be printed becomes a space.
        columns: those of the terminal.
        first, others: what the first line and the others begin with.
    """
    width = max(NARROWEST, min(columns, WIDEST))
    room = width - max(len(first), len(others)) - 1  # for the comma or the full stop behind it

    def whole(found: re.Match[str]) -> str:
        return found[0].replace(" ", KEPT) if len(found[0]) <= room else found[0]

    return textwrap.fill(
        INTERVAL.sub(whole, printable(text)),
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    ).replace(KEPT, " ")


def sentences(texts: Iterable[str], columns: int = WIDEST) -> str:
    """Return sentences in a paragraph, each begun on a line of its own; empty ones are left out."""
    return "\n".join(wrapped(text, columns) for text in texts if text)
