"""The verdict in three sentences: do they compute the same, who is faster, and what decides the rest."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from compare.analysis.attribution import is_shown
from compare.analysis.digits import (
    decimals,
    joined,
    points_text,
    points_texts,
    with_decimals,
    with_interval,
)
from compare.plural import counted
from compare.render.attribution_sentences import factor_name
from compare.render.columns import percent
from compare.render.parity_table import worst_tensor
from compare.render.text import printable, scientific
from compare.render.trained import Trained, trained
from compare.rows import once

Row = Mapping[str, Any]
SETTINGS = ("batch_size", "objective", "optimizer", "dtype", "threads")
MOST_NAMED = 3
"""Contestants whose times are told in one sentence."""


def conclusion(document: Row) -> list[str]:
    """Return three sentences on a results document: parity, time, accuracy and what decides it.

    Nothing is called a difference whose interval holds none; what was not measured is said to be so.
    """
    rows, reference = document["summary"], document["reference"]
    sentences = [
        _parity(document["parity"], reference),
        _time(rows, reference, document.get("null_test")),
        _accuracy(rows, reference, document, once(trained, document["runs"])),
    ]
    names = tuple(row["implementation"] for row in rows)
    return [printable(f"{text if text.startswith(names) else _capital(text)}.") for text in sentences]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _parity(parity: Row, reference: str) -> str:
    tensors = parity["tensors"]
    every = [*tensors, *parity["trajectory"]]
    wrong = [row["implementation"] for row in every if not row["passed"]]
    wrong += [row["implementation"] for row in parity.get("failures", ())]
    failed = list(dict.fromkeys(wrong))
    names = dict.fromkeys([*(row["implementation"] for row in tensors), reference] if tensors else ())
    equal = [name for name in names if name not in failed]
    good = [row for row in tensors if row["implementation"] in equal]
    error = f"the relative error nearest to its tolerance is {_errors(good)}" if good else ""
    if not failed and not equal:
        return "whether the contestants compute the same was not checked"
    if not failed and len(equal) == 1:
        return f"{equal[0]} stands alone, and agrees with the complex-step derivative: {error}"
    if not failed:
        return f"{joined(equal)} compute the same: {error}"
    if reference in failed:
        do = f"parity failed: {joined(failed)} did not pass, and {reference} is the reference"
    else:
        do = f"parity failed: {joined(failed)} did not show that {_they(failed)} the same as {reference}"
    return f"{do}; nothing that failed was timed" + (f"; of {joined(equal)}, {error}" if error else "")


def _they(names: Collection[str]) -> str:
    return "it computes" if len(names) == 1 else "they compute"


def _errors(rows: Sequence[Row]) -> str:
    worst = [
        worst_tensor(row for row in rows if row["dtype"] == dtype)
        for dtype in dict.fromkeys(row["dtype"] for row in rows)
    ]
    return joined(
        f"{scientific(row['relative_error'])} in {row['dtype']} (tolerance {scientific(row['tolerance'])})"
        for row in worst
    )


def _time(rows: Sequence[Row], reference: str, null: Row | None) -> str:
    compared: dict[str, list[Row]] = {}
    for row in rows:
        if row["implementation"] != reference and row["time_ratio"] is not None:
            compared.setdefault(row["implementation"], []).append(row)
    if not compared:
        timed = dict.fromkeys(row["implementation"] for row in rows if row["seconds_per_epoch"] is not None)
        have = "has" if len(timed) == 1 else "have"
        return f"no times are compared: only {joined(timed)} {have} any" if timed else "nothing was timed"
    if null is not None and null["contains_1"] is False:
        ratio = with_interval(null["ratio"], null["ratio_low"], null["ratio_high"], landmark=1.0)
        own = f"in the null test {null['implementation']} took {ratio} of its own time"
        return f"no difference in time is to be trusted: {own}"
    told = [_of_contestant(name, found, reference) for name, found in compared.items()]
    more = len(told) - MOST_NAMED
    others = [f"{more} more {'is' if more == 1 else 'are'} told below"] if more > 0 else []
    return "; ".join([*told[:MOST_NAMED], *others])


def _of_contestant(name: str, rows: Sequence[Row], reference: str) -> str:
    faster = [row for row in rows if row["time_differs"] and row["time_ratio"] < 1]
    slower = [row for row in rows if row["time_differs"] and row["time_ratio"] >= 1]
    every = f" at each of {len(rows)} settings" if len(rows) > 1 else ""
    if all(row["time_differs"] is None for row in rows):
        return f"{name} took {_span(rows)} of {reference}'s time in a single process, which shows nothing"
    if not faster and not slower:
        where = f" at any of {len(rows)} settings" if len(rows) > 1 else ""
        told = f"no difference in time between {name} and {reference} was shown{where}"
        return f"{told} (ratio {_span(rows)})"
    if len(faster) == len(rows):
        return f"{name} takes {_span(faster)} of {reference}'s time{every}"
    if len(slower) == len(rows):
        return f"{name} takes {_span(slower)} times as long as {reference}{every}"
    undecided = len(rows) - len(faster) - len(slower)
    told = f"of {len(rows)} settings, {name} is "
    parts = [f"faster than {reference} at {len(faster)} ({_span(faster)} of its time)"] if faster else []
    parts += [f"slower than {reference} at {len(slower)} ({_span(slower)} times as long)"] if slower else []
    return told + joined([*parts, f"not told apart at {undecided}"] if undecided else parts)


def _span(rows: Sequence[Row]) -> str:
    """The ratio with its interval, or the smallest and the largest of several."""
    if len(rows) == 1:
        triple = (rows[0][f"time_ratio{end}"] for end in ("", "_low", "_high"))
        return with_interval(*triple, landmark=1.0)
    ends = (pick(rows, key=lambda row: row["time_ratio"]) for pick in (min, max))
    told = [with_decimals(row["time_ratio"], _places(row)) for row in ends]
    return told[0] if told[0] == told[1] else f"{told[0]} to {told[1]}"


def _places(row: Row) -> int:
    return decimals(row["time_ratio"], row["time_ratio_low"], row["time_ratio_high"], landmark=1.0)


def _accuracy(rows: Sequence[Row], reference: str, document: Row, runs: Trained) -> str:
    if runs.bad == runs.runs:
        return "no run ended well: there is no accuracy to tell" if runs.runs else "no runs were made"
    parts = [
        _ends(rows) + _agreement(rows, reference),
        *_deciding(document["attribution"], document.get("null_test")),
    ]
    if runs.bad:
        parts.append(f"{runs.bad} of {counted(runs.runs, 'run')} did not end well and are left out of this")
    return "; ".join(parts)


def _ends(rows: Sequence[Row]) -> str:
    known = [row for row in rows if row["test_accuracy"] is not None]
    if known:
        low, high = (pick(known, key=lambda row: row["test_accuracy"]) for pick in (min, max))
        if len(known) == 1:
            return f"test accuracy ends at {percent(low).text}%"
        return f"test accuracy ends {_between(*(percent(row).point for row in (low, high)))}%"
    losses = [row["test_loss"] for row in rows if row["test_loss"] is not None]
    if losses:
        ends = _between(f"{min(losses):.3g}", f"{max(losses):.3g}")
        return f"there is no accuracy here, and the test loss ends {ends}"
    return "there is neither an accuracy nor a finite test loss"


def _between(low: str, high: str) -> str:
    return f"at {low}" if low == high else f"between {low} and {high}"


def _agreement(rows: Sequence[Row], reference: str) -> str:
    """How far apart implementations end that differ in nothing else."""
    theirs = {tuple(row[key] for key in SETTINGS): row for row in rows if row["implementation"] == reference}
    gaps = []
    for row in rows:
        twin = theirs.get(tuple(row[key] for key in SETTINGS))
        if twin is None or twin is row or None in (row["test_accuracy"], twin["test_accuracy"]):
            continue
        gaps.append(abs(row["test_accuracy"] - twin["test_accuracy"]))
    if not gaps:
        return ""
    if max(gaps) == 0:
        return ", whoever computes it"
    apart = points_text(100 * max(gaps))
    return f", and implementations differ by at most {apart} points at the same settings"


def _deciding(attribution: Sequence[Row], null: Row | None) -> Iterator[str]:
    """The factor with the largest share of each outcome, of those whose effect was shown.

    Nothing is told of times where the null test found a difference: `_time` says that none is to be trusted.
    """
    biased = null is not None and null["contains_1"] is False
    for outcome, called in (("test_accuracy", "accuracy"), ("seconds_per_epoch", "time an epoch")):
        rows = [row for row in attribution if row["outcome"] == outcome]
        if not rows or (biased and outcome == "seconds_per_epoch"):
            continue
        shown = [row for row in rows if is_shown(row)]
        if shown:
            yield f"the {called} is decided most by the {_share(max(shown, key=_size))}"
        elif all(row["low"] is None for row in rows):
            yield f"what decides the {called} was not shown: a single {rows[0]['paired_by']} has no interval"
        else:
            judged = outcome == "seconds_per_epoch" and null is not None
            noise = " or is within the null test's noise" if judged else ""
            yield f"what decides the {called} was not shown: every interval contains no effect{noise}"


def _size(row: Row) -> float:
    return abs(float(row["contribution"]))


def _share(row: Row) -> str:
    """The factor from the level where the outcome is lower to the one where it is higher."""
    sign = -1 if row["contribution"] < 0 else 1
    start, end = (row["from"], row["to"])[::sign]
    triple = [sign * row["contribution"], *sorted(sign * row[key] for key in ("low", "high"))]
    if row["outcome"] == "seconds_per_epoch":
        told = f"{with_interval(*map(math.exp, triple), landmark=1.0)} times"
    else:
        shown, *bounds = points_texts(*(100 * value for value in triple), landmark=0.0)
        told = f"+{shown} [{', '.join(bounds)}] points"
    return f"{factor_name(row)} ({start} to {end}: {told})"
