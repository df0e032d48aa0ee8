"""The lines below the table: how times were taken, what the null test says, which target, marks and flags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import decimals, joined, with_decimals, with_interval
from compare.analysis.noise import RULES
from compare.plural import counted
from compare.render.settings import target_of

Document = Mapping[str, Any]

NO_DIFFERENCE = "~"
"""Behind a time ratio that is not a difference."""
TO_TARGET = "s to target"
"""The column with the seconds until a run got to the target."""
ENOUGH_PROCESSES = 5


def timing_notes(document: Document, chosen: Sequence[str] = ()) -> list[str]:
    """Return the notes to a results document's table, a line each.

    All but the one on the target are on times that were taken turn by turn: without them there is that alone,
    where runs had a target, or none.

    `chosen` are the columns that were asked for, by their keys; () leaves the choice to the table.
    """
    rows = document["summary"]
    return [
        *_protocol(document.get("timings", ())),
        *_null_test(document.get("null_test")),
        *_floor(document.get("floor", ())),
        *_mark([*rows, *document.get("floor", ())], document.get("null_test")),
        *(_target(document) if not chosen or "seconds_to_target" in chosen else ()),
        *(f"{flag} ({flag[0]}): {RULES[flag]}." for flag in flags_in([*rows, *document.get("floor", ())])),
    ]


def flags_in(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the flags that rows of the summary have, in the order of `RULES`."""
    found = {flag for row in rows for flag in (row["flags"] or "").split(", ")}
    return [flag for flag in RULES if flag in found]


def _protocol(timings: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    good = [timing for timing in timings if timing["status"] == "ok"]
    if good:
        processes = len({timing["process"] for timing in good})
        rounds = max(len(timing["blocks"]) for timing in good)
        few = f" (a claim wants {ENOUGH_PROCESSES} processes or more)" if processes < ENOUGH_PROCESSES else ""
        fresh, turns = counted(processes, "process"), counted(rounds, "round")
        yield f"Times: {fresh} a contestant, {turns} in each, in random order{few}."


def _null_test(null: Mapping[str, Any] | None) -> Iterable[str]:
    if null is None:
        return
    name, bounds = null["implementation"], (null["ratio"], null["ratio_low"], null["ratio_high"])
    told = f"Null test: {name} took {with_interval(*bounds, landmark=1.0)} of its own time"
    if null["contains_1"] is False:
        told += ", an interval that does not contain 1: something favoured one of two equal contestants, so "
        yield f"{told}the differences in time told here are not to be trusted."
        return
    noise = with_decimals(null["ratio_95"], max(2, decimals(null["ratio_95"] - 1, None, None)))
    pairs = "95% of its ratios in single processes lie within a factor of"
    yield f"{told}; {pairs} {noise}, and nothing smaller is called a difference."


def _floor(floor: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    libraries = list(dict.fromkeys(row["library"] for row in floor))
    if libraries:
        told = (
            f"Floor: the matrix products of the same steps alone, through {joined(libraries)}, each by the "
        )
        told += "fastest call found"
        yield told + ("; multiples are of the faster library's time." if len(libraries) > 1 else ".")


def _mark(rows: Iterable[Mapping[str, Any]], null: object) -> Iterable[str]:
    if any(False in (row["time_differs"], row.get("floor_differs")) for row in rows):
        smaller = "" if null is None else ", or the ratio is no larger than the null test's noise"
        yield f"{NO_DIFFERENCE}: no difference in time was shown: the interval contains 1{smaller}."


def _target(document: Document) -> Iterable[str]:
    """Which target the times are to, and what "0 of 5" means where it stands."""
    told = [row["target_reached"] for row in document["summary"] if row["target_reached"]]
    if told:
        missed = next((text for text in told if text.partition(" of ")[0] != text.partition(" of ")[2]), "")
        some = f'; "{missed}" says how many got there' if missed else ""
        apart = " (the times an epoch are from blocks of their own)" if document.get("timings") else ""
        until = f"time until {target_of(document)} in the training runs, their median"
        yield f"{TO_TARGET}: {until}{apart}{some}."
