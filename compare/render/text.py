"""Small pieces of text: numbers, counts and cells that cannot break the table they stand in."""

from __future__ import annotations

import math
import re
from typing import Literal

from compare.cell_names import level_text

Format = Literal["terminal", "github", "csv"]
Columns = dict[str, list[str]]
INTERVAL = re.compile(r"\[[^\[\]()]{1,80}[\])]")
"""An interval in a sentence, "[0.41, 0.46]" or "[90, ∞)", with the words in it that say what it shows."""


def scientific(value: float | None) -> str:
    """Return an error or tolerance with two digits, e.g. "3.1e-16"."""
    return "not a number" if value is None or math.isnan(value) else "0" if value == 0 else f"{value:.1e}"


def number(value: float | None) -> str:
    """Return a value with four digits, e.g. "-0.02779"."""
    return "not a number" if value is None else f"{value:.4g}"


def printable(text: str) -> str:
    """Return the text on one line, without control characters."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def markdown_cell(text: str) -> str:
    """Return the text so that Markdown shows it as it is, inside a table cell too."""
    text = (
        printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\\", "\\\\")
    )
    for sign in "|`*":
        text = text.replace(sign, f"\\{sign}")
    return text.replace("](", "]\\(")


def capital(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def setting(row_value: object) -> str:
    """Return a batch size as said in a sentence: "full batch" or "batch 32"."""
    return level_text("batch_size", row_value)


def grid(columns: Columns, format: Format) -> str:
    """Return the columns (header -> cells) as an aligned table, for the terminal or for Markdown.

    A header's line breaks are kept on the terminal, where width is short.
    """
    import pandas as pd
    from tabulate import tabulate

    clean = markdown_cell if format == "github" else printable
    frame = pd.DataFrame({header: [clean(cell) for cell in cells] for header, cells in columns.items()})
    rows = frame.to_numpy().tolist()
    if format == "github":
        headers = [clean(header) for header in columns]
        return tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True)
    headers = ["\n".join(map(clean, header.split("\n"))) for header in columns]
    depth = max(header.count("\n") for header in headers)
    headers = ["\n" * (depth - header.count("\n")) + header for header in headers]
    widths = [max(map(len, [*head.split("\n"), *frame.iloc[:, at]])) for at, head in enumerate(headers)]
    rule = ["-" * width for width in widths]
    table = tabulate([headers, rule, *rows], tablefmt="plain", disable_numparse=True)
    return "\n".join(line.rstrip() for line in table.splitlines())
