"""What changed between results: on the terminal, and as `comparison.md`, `.csv` and `.tex`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compare.analysis.comparison import Comparison
from compare.analysis.digits import joined
from compare.plural import counted, part_of, verb_of
from compare.render.comparison_tables import (
    accuracy_table,
    changed_accuracies,
    changed_times,
    comparison_rows,
    environment_table,
    parity_changes,
    times_table,
)
from compare.render.latex import INTERVALS, label_of, tex_page
from compare.render.layout import Intervals
from compare.render.screen import WIDEST, sentences
from compare.render.settings import title_of
from compare.render.tables import csv_text
from compare.render.tex import Float, float_tex
from compare.render.text import grid, markdown_cell, printable
from compare.render.timing_notes import NO_DIFFERENCE
from compare.render.value import Table, as_text

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Pair:
    """The comparison of one result with the first; `names` are what tables call the two (A and B)."""

    comparison: Comparison
    names: tuple[str, str]


@dataclass(frozen=True)
class Several:
    """All comparisons: the document of the first, where each result lies by its name, and the pairs."""

    document: Mapping[str, Any]
    places: Mapping[str, str]
    pairs: Sequence[Pair]

    @property
    def title(self) -> str:
        """The experiment's title."""
        environment = self.document["environment"]
        return title_of(self.document["experiment"], environment.get("data", {}).get("name"))


def comparison_paragraphs(several: Several, columns: int = WIDEST) -> Iterator[str]:
    """Yield what the terminal shows."""
    yield "\n".join([several.title, *(f"  {name}  {printable(of)}" for name, of in several.places.items())])
    for pair in several.pairs:
        for heading, _, table in _tables(pair):
            yield f"{heading}:\n\n{grid(as_text(table), 'terminal')}"
        yield sentences(findings(pair), columns)


def comparison_files(
    several: Several, formats: Collection[str], intervals: Intervals
) -> Iterator[tuple[str, str]]:
    """Yield name and text of each file asked for, of md, csv and tex."""
    makers: dict[str, Callable[[], str]] = {
        "csv": lambda: _csv(several),
        "md": lambda: _markdown(several),
        "tex": lambda: _tex(several, intervals),
    }
    for format, make in makers.items():
        if format in formats:
            yield f"comparison.{format}", make()


def findings(pair: Pair) -> list[str]:
    """Return what changed, in sentences: no difference is told that was not shown."""
    comparison, (first, second) = pair.comparison, pair.names
    told = []
    if comparison.deciding:
        keys = joined(difference.key for difference in comparison.deciding)
        told.append(
            f"The environments differ ({keys}), so no ratio of {second}'s times to {first}'s is formed; they "
            f"stand side by side, and each side's ratio to {comparison.reference} is its own."
        )
    elif any(cell.ratio for cell in comparison.cells):
        count = sum(1 for _ in changed_times(comparison))
        told.append(
            f"Times: in {count} of {counted(len(comparison.cells), 'cell')} a difference between {first} and "
            f"{second} was shown. Ratios are paired by {comparison.paired_by}; their 95% intervals do not "
            "cover what else changed on the machine from one run to the other. The ratios to "
            f"{comparison.reference} within each run are free of that."
        )
    accuracies = [cell for cell in comparison.cells if cell.change]
    if accuracies:
        count = sum(1 for _ in changed_accuracies(comparison))
        cells_of = f"{count} of {counted(len(accuracies), 'cell')}"
        told.append(f"Accuracy: in {cells_of} a difference was shown, seed by seed.")
    same = sum(cell.same_weights for cell in comparison.cells)
    seeds = sum(cell.seeds for cell in comparison.cells)
    if seeds:
        end = part_of(same, seeds, "training", "ends", "end")
        told.append(f"{end} with the same weights in {first} and {second}, bit by bit.")
    for name, cells in zip(pair.names, comparison.only, strict=True):
        if cells:
            have = verb_of("has", "have", len(cells))
            told.append(f"{counted(len(cells), 'cell')} of the grid {have} runs in {name} alone.")
    if any(cell.differs is False for cell in comparison.cells):
        told.append(f"{NO_DIFFERENCE}: no difference in time was shown.")
    return told


def _tables(pair: Pair) -> list[tuple[str, str, Table]]:
    """Heading, short name and table of everything there is to show."""
    made = {
        ("Environment", "environment"): environment_table(pair.comparison, pair.names),
        ("Times", "times"): times_table(pair.comparison, pair.names),
        ("Accuracy, seed by seed", "accuracy"): accuracy_table(pair.comparison, pair.names),
        ("Parity, the worst tensor of each kind", "parity"): parity_changes(pair.comparison, pair.names),
    }
    return [(heading, name, table) for (heading, name), table in made.items() if table]


def _markdown(several: Several) -> str:
    places = (f"- {name}: {markdown_cell(of)}" for name, of in several.places.items())
    parts = [f"# {markdown_cell(several.title)}", "\n".join(places)]
    for pair in several.pairs:
        parts.append(f"## From {pair.names[0]} to {pair.names[1]}")
        parts.append("\n".join(f"- {markdown_cell(finding)}" for finding in findings(pair)))
        for heading, _, table in _tables(pair):
            parts += [f"### {heading}", grid(as_text(table), "github")]
    return "\n\n".join(part for part in parts if part) + "\n"


def _csv(several: Several) -> str:
    rows = [
        row
        for pair in several.pairs
        for row in comparison_rows(
            pair.comparison, several.places[pair.names[0]], several.places[pair.names[1]]
        )
    ]
    return csv_text(rows, list(dict.fromkeys(key for row in rows for key in row)))


def _tex(several: Several, intervals: Intervals) -> str:
    label, floats = label_of(several.document), []
    for pair in several.pairs:
        told = "; ".join(f"{name}: {several.places[name]}" for name in pair.names)
        for heading, name, table in _tables(pair):
            caption = (
                f"{several.title}, from {pair.names[0]} to {pair.names[1]}. {heading}. {told}. {INTERVALS}"
            )
            key = f"{label}-{name}-{''.join(pair.names).lower()}"
            floats.append(float_tex(Float(key, caption, [("", table)], {}), intervals))
    return tex_page(several.title, floats, "comparison")
