"""`table.md`: the results on a page of Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.render.attribution_table import attribution_table
from compare.render.budgets_table import budgets_table
from compare.render.derivation import derivation_sections
from compare.render.fairness_notes import fairness_notes
from compare.render.layout import DEFAULT, Layout
from compare.render.method import method_text
from compare.render.noise import noise_table
from compare.render.parity_table import parity_table
from compare.render.settings import settings_lines, title_of
from compare.render.sweep import sweep_table
from compare.render.tables import summary_table
from compare.render.text import markdown_cell, printable
from compare.render.timing_notes import timing_notes
from compare.render.tuning import tuning_table
from compare.render.verdict import verdict

GUIDE = """Every implementation started from the same weights and saw the same batches in the same order.
Times are wall seconds of training alone, in blocks that the contestants train in turns; `time / {reference}`
is the time of an update as a ratio to {reference}'s in the same round, the median over all rounds: below 1 is
faster, and {reference}'s own is 1.
Square brackets hold 95% intervals over processes (times) or seeds (accuracy); a single run has none.
A comparison of batch sizes holds for what was held equal.
What made the difference: from one corner of the grid to the opposite one, the effect of each factor, averaged
over all orders of changing one after the other (Shapley values). Effects on time multiply to the whole,
effects on accuracy add up to it."""

BATCH_SIZES = """Which batch size is better depends on what is held equal. The budgets are the largest that
every run reached; differences are to the first batch size, seed by seed."""

SWEEP = """Medians over the runs, with 95% intervals; a run that ended before the target counts as later than
all others, and where half or more did, there is no median. Both are told at the first evaluation that showed
the target."""

NOISE = """tr(Σ) / |G|² over the whole training set (McCandlish et al. 2018), at the weights after a number of
updates of one more training by the hand-written network, at the middle batch size and the first seed."""

TUNING = """Each regime was given the same number of learning rates, a factor of 3 apart, and uses its best
(Shallue et al. 2019). "Next lower" and "next higher" are the training losses of the neighbours as multiples
of the best one's; "within 10%" is the range of rates around the best whose loss is at most 1.1 times it."""


def table_markdown(document: Mapping[str, Any], layout: Layout = DEFAULT) -> str:
    """Return `table.md`: findings, table, proof of parity, causes of the difference, derivations, method,
    machine, command.

    The command is `environment["command"]`, where there is one; the title comes from the experiment.
    `layout` is of the main table.
    """
    experiment, environment = document["experiment"], document["environment"]
    reference = document["reference"]
    budgets = budgets_table(document.get("budgets", ()), "github")
    tuned = tuning_table(document.get("tuning", ()), "github")
    noise = noise_table(document.get("noise_scale", ()), "github")
    swept = sweep_table(document.get("sweep", ()), "github")
    settings = "\n".join(f"- {markdown_cell(line)}" for line in settings_lines(document))
    parts = [
        f"# {markdown_cell(title_of(experiment, environment.get('data', {}).get('name')))}",
        markdown_cell(str(experiment.get("description", ""))),
        "\n".join(f"- {markdown_cell(finding)}" for finding in verdict(document)),
        GUIDE.format(reference=markdown_cell(reference)),
        *(["## Settings", settings] if settings else ()),
        "## Results",
        summary_table(document["summary"], "github", reference, document.get("floor", ()), layout),
        "\n".join(f"- {markdown_cell(note)}" for note in timing_notes(document, layout.columns)),
        *(["## Batch sizes", BATCH_SIZES, budgets] if budgets else ()),
        *(["## Batch sizes: time to the target", SWEEP, swept] if swept else ()),
        *(["## Learning rates", TUNING, tuned] if tuned else ()),
        *(["## Gradient noise scale", NOISE, noise] if noise else ()),
        "## Parity",
        parity_table(document["parity"], "github"),
        *(["## Fairness", fairness_notes(document["fairness"], "github")] if "fairness" in document else ()),
        "## What made the difference",
        attribution_table(document["attribution"], "github"),
        *(derivation_sections(document["derivation"]) if "derivation" in document else ()),
        "## Method",
        markdown_paragraphs(method_text(document)),
        "## How it was made",
        _environment(environment),
        _command(environment.get("command")),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def markdown_paragraphs(text: str) -> str:
    """Return paragraphs of plain text as Markdown that shows them as they are."""
    return "\n\n".join(markdown_cell(paragraph) for paragraph in text.split("\n\n"))


def _environment(environment: Mapping[str, Any]) -> str:
    """The plain facts about data, machine and versions, a line a subject; lists are left to results.json."""
    plain = {key: value for key, value in environment.items() if key != "command"}
    subjects = {key: value for key, value in plain.items() if isinstance(value, Mapping)}
    told = {"environment": _facts(plain)} | {key: _facts(value) for key, value in subjects.items()}
    return "\n".join(f"- {markdown_cell(f'{key}: {facts}')}" for key, facts in told.items() if facts)


def _facts(entries: Mapping[str, Any]) -> str:
    facts = {
        key: value for key, value in entries.items() if isinstance(value, (str, int, float)) and value != ""
    }
    return "; ".join(f"{key.replace('_', ' ')} {value}" for key, value in facts.items())


def _command(command: object) -> str:
    return f"    {printable(str(command))}" if command else ""
