"""LaTeX: texts that cannot break the table they stand in, numbers with their intervals, whole floats."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from compare.render.layout import Intervals
from compare.render.text import printable
from compare.render.timing_notes import NO_DIFFERENCE
from compare.render.value import Table, Value

SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "`": "{}`{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
    **{
        "±": r"$\pm$",
        "×": r"$\times$",
        "·": r"$\cdot$",
        "−": "$-$",
        "–": r"\textendash{}",
        "—": r"\textemdash{}",
        "…": r"\ldots{}",
    },
    **{
        "∼": r"$\sim$",
        "≤": r"$\leq$",
        "≥": r"$\geq$",
        "‖": r"$\Vert$",
        "→": r"$\to$",
        "°": r"$^\circ$",
        "µ": r"$\mu$",
        "∞": r"$\infty$",
        "Σ": r"$\Sigma$",
    },
    **{"²": "$^2$", "³": "$^3$", "σ": r"$\sigma$", "δ": r"$\delta$", "β": r"$\beta$", "ε": r"$\epsilon$"},
    **{"’": "'", "‘": "{}`{}", "“": "''", "”": "''", "\u00a0": " "},
}
"""What LaTeX would take for something else, and what it cannot show as it is, with what shows it."""

SIMILAR = r"$\sim$"
"""What shows `NO_DIFFERENCE`."""
NOT_IN_OT1 = "ÐðÞþ"


@dataclass(frozen=True)
class Float:
    """A table with its caption.

    Args:
        label: behind "tab:" in \\label.
        caption: plain text.
        parts: a heading ("" for none) and the rows below it.
        bold: header -> places of the rows, counted through all parts, that stand in bold there.
        notes: lines below the table, plain text.
    """

    label: str
    caption: str
    parts: Sequence[tuple[str, Table]]
    bold: Mapping[str, set[int]]
    notes: Sequence[str] = ()


def escaped(text: str) -> str:
    """Return the text as LaTeX shows it, one line, in the fonts that every installation has.

    A letter that these fonts lack is written as its number, [U+4E2D].
    """
    clean = unicodedata.normalize("NFC", printable(text))
    shown = (SIGNS.get(sign) or (sign if sign.isascii() else _foreign(sign)) for sign in clean)
    return re.sub("-(?=-)", "-{}", "".join(shown))  # two hyphens would become a dash


def _foreign(sign: str) -> str:
    if "\u00c0" <= sign <= "\u00ff" and sign not in NOT_IN_OT1 and sign.isalpha():
        return sign
    return f"[U+{ord(sign):04X}]"


def number(value: Value, intervals: Intervals) -> str:
    """Return a value with its interval in brackets, or behind plus and minus (two numbers where lopsided)."""
    point = _shown(value.point)
    mark = f" {SIMILAR if value.mark == NO_DIFFERENCE else escaped(value.mark)}" if value.mark else ""
    if value.low is None or value.high is None:
        return f"{point}{mark}"
    if intervals == "brackets" or not all(map(_is_number, (value.point, value.low, value.high))):
        return f"{point} [{_shown(value.low)}, {_shown(value.high)}{value.closing}{mark}"
    middle, low, high = (Decimal(text) for text in (value.point, value.low, value.high))
    middle = round(middle, len(value.low.partition(".")[2]))  # an accuracy's point is finer than its bounds
    above, below = high - middle, middle - low
    if above == below:
        return f"{point} $\\pm$ {above:f}{mark}"
    return f"{point} $^{{+{above:f}}}_{{-{below:f}}}${mark}"


def _shown(text: str) -> str:
    """A number with a minus sign instead of a hyphen, and with its power of ten written out; or a text."""
    if match := SCIENTIFIC.fullmatch(text):
        return f"${match[1]} \\times 10^{{{int(match[2])}}}$"
    if _is_number(text):
        return f"${text}$" if text[:1] in "+-" else text
    return escaped(text)


SCIENTIFIC = re.compile(r"(\d(?:\.\d)?)e([+-]\d+)", re.ASCII)


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d+)?", text, re.ASCII) is not None


def float_tex(of: Float, intervals: Intervals) -> str:
    """Return a whole `table` environment: booktabs rules, caption and label, no wider than the text."""
    headers = list(of.parts[0][1])
    numeric = {header: all(_reads_as_number(table[header]) for _, table in of.parts) for header in headers}
    lines = [
        r"\begin{table}",
        r"  \centering",
        f"  \\caption{{{escaped(of.caption)}}}",
        f"  \\label{{tab:{of.label}}}",
        r"  \par\smallskip",
        r"  \resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%",
        f"  \\begin{{tabular}}{{{''.join('r' if numeric[header] else 'l' for header in headers)}}}",
        r"    \toprule",
        f"    {_row(escaped(header) for header in headers)}",
        *_body(of, headers, intervals),
        r"    \bottomrule",
        r"  \end{tabular}}",
        *(f"  \\par\\smallskip\\footnotesize\\raggedright {escaped(note)}" for note in of.notes),
        r"\end{table}",
    ]
    return "\n".join(lines)


def _body(of: Float, headers: Sequence[str], intervals: Intervals) -> Iterable[str]:
    place = 0
    for heading, table in of.parts:
        yield r"    \midrule"
        if heading:
            yield f"    \\multicolumn{{{len(headers)}}}{{l}}{{\\textit{{{escaped(heading)}}}}} \\\\"
        for at in range(len(table[headers[0]])):
            cells = []
            for header in headers:
                text = number(table[header][at], intervals)
                cells.append(f"\\textbf{{\\boldmath {text}}}" if place in of.bold.get(header, ()) else text)
            yield f"    {_row(cells)}"
            place += 1


def _row(cells: Iterable[str]) -> str:
    """A line of a tabular; {} in front, so that no text is taken for an option of the line before."""
    return "{}" + " & ".join(cells) + r" \\"


def _reads_as_number(values: Iterable[Value]) -> bool:
    return all(
        value.point in ("-", "full", "", "0") or _is_number(value.point) or SCIENTIFIC.fullmatch(value.point)
        for value in values
    )
