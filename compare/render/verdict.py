"""What the numbers say, in sentences made from the numbers: no difference is told that was not shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.digits import decimals, joined, points_text, with_decimals
from compare.cell_names import CONTEXT
from compare.plural import counted
from compare.render.attribution_sentences import attribution_sentences
from compare.render.floor import floor_sentences
from compare.render.noise import noise_sentences
from compare.render.parity_table import is_by_design, worst_tensor
from compare.render.places import at_settings
from compare.render.ranges import NOISE_AS_LARGE, ONE_PROCESS, judged, places, share, spread
from compare.render.regimes import regime_sentences
from compare.render.sweep import sweep_sentences
from compare.render.text import scientific
from compare.render.thread_sentences import thread_sentences
from compare.render.tuning import tuning_sentences

Row = Mapping[str, Any]
MOST_SETTINGS = 4
"""Settings at which the times of a contestant are told one by one; of more, the least and the greatest."""


def verdict(document: Row) -> list[str]:
    """Return the findings of a results document, a sentence each: parity, time, accuracy, causes."""
    rows, reference = document["summary"], document["reference"]
    told = [*_parity(document["parity"], reference), *_times(rows, reference)]
    told += thread_sentences(document.get("thread_ratios", ()))
    told += floor_sentences(rows, document.get("floor", ()))
    told += [*_split(document), *tuning_sentences(document)]
    told += regime_sentences(document.get("budgets", ()), reference)
    told += [*sweep_sentences(document), *noise_sentences(document)]
    told += [*_agreement(rows, reference), *_troubles(rows)]
    told += _untimed(document.get("timings", ()), rows)
    return [*told, *attribution_sentences(document["attribution"])]


def _parity(parity: Row, reference: str) -> Iterable[str]:
    tensors = parity["tensors"]
    if not tensors:
        return
    names = list(dict.fromkeys(row["implementation"] for row in tensors))
    failed = [name for name in names if any(_fails(parity, name))]
    equal = list(dict.fromkeys([*(name for name in names if name not in failed), reference]))
    if len(equal) > 1:
        told = []
        for dtype in dict.fromkeys(row["dtype"] for row in tensors):
            ours = [
                row
                for row in tensors
                if row["dtype"] == dtype and row["implementation"] in equal and row["passed"]
            ]
            if ours:
                told.append(_error(worst_tensor(ours)))
        nearest = f"the relative error nearest to its tolerance is {joined(told)}"
        yield f"{joined(equal)} compute the same: {nearest}."
    for name in failed:
        yield _failure(parity, name, reference)


def _fails(parity: Row, name: str) -> list[Row]:
    rows = [*parity["tensors"], *parity["trajectory"]]
    return [
        row
        for row in rows
        if row["implementation"] == name and not row["passed"] and not is_by_design(row, parity)
    ]


def _error(row: Row) -> str:
    error, tolerance = scientific(row["relative_error"]), scientific(row["tolerance"])
    return f"{error} in {row['dtype']} (tolerance {tolerance})"


def _failure(parity: Row, name: str, reference: str) -> str:
    against = "its reference" if name == reference else reference
    worst = worst_tensor(_fails(parity, name))
    if "tensor" in worst:
        where = f"the relative error of {worst['tensor']} is"
    else:
        step = worst.get("first_step")
        parted = "are apart" if step is None else f"part at step {step}"
        rule, steps = worst["optimizer"], counted(worst["steps"], "step")
        where = f"the parameters {parted} of {rule}: after {steps} their relative error is"
    return (
        f"{name} does not compute the same as {against}: with {worst['objective']}, {where} {_error(worst)}."
    )


def _times(rows: Sequence[Row], reference: str) -> Iterable[str]:
    compared: dict[str, list[Row]] = {}
    for row in rows:
        if row["implementation"] != reference and row["time_ratio"] is not None:
            compared.setdefault(row["implementation"], []).append(row)
    many = {name for name, of_name in compared.items() if len(of_name) > MOST_SETTINGS}
    for row in rows:
        name = row["implementation"]
        if name != reference and row["time_ratio"] is not None and name not in many:
            yield f"{at_settings(row, rows)}, {_time(row, reference)}."
    for name in compared:
        if name in many:
            yield _times_together(name, compared[name], rows, reference)


def _time(row: Row, reference: str) -> str:
    """The time of one contestant at one setting."""
    name, ratio, low, high = (
        row[key] for key in ("implementation", "time_ratio", "time_ratio_low", "time_ratio_high")
    )
    if low is None or high is None:
        shown = with_decimals(ratio, decimals(ratio, None, None))
        return f"{name} took {shown} of {reference}'s time {ONE_PROCESS}"
    places = decimals(ratio, low, high, landmark=1.0)
    shown, *bounds = (with_decimals(value, places) for value in (ratio, low, high))
    interval = f"95% interval {bounds[0]} to {bounds[1]}"
    if not row["time_differs"]:
        why = "" if low <= 1 <= high else f"; {NOISE_AS_LARGE}"
        told = f"no difference in time between {name} and {reference} was shown"
        return f"{told} (ratio {shown}, {interval}{why})"
    if ratio < 1:
        return f"{name} takes {shown} of {reference}'s time ({interval})"
    return f"{name} takes {shown} times as long as {reference} ({interval})"


def _times_together(name: str, ours: Sequence[Row], rows: Sequence[Row], reference: str) -> str:
    """The times of one contestant at many settings, in a sentence."""
    shown, unclear, once = judged(ours, "time")
    faster = [row for row in shown if row["time_ratio"] < 1]
    slower = [row for row in shown if row["time_ratio"] >= 1]
    told = []
    if faster:
        taken = spread(faster, "time_ratio", rows)
        told.append(f"{name} takes {taken} of {reference}'s time {share(faster, len(ours))}")
    if slower:
        taken = spread(slower, "time_ratio", rows)
        told.append(f"{name} takes {taken} times as long as {reference} {share(slower, len(ours))}")
    if unclear:
        where = places(unclear, rows)
        no = "no" if told else "No"
        told.append(f"{no} difference in time between {name} and {reference} was shown {where}")
    if once:
        taken = spread(once, "time_ratio", rows)
        where = share(once, len(ours))
        told.append(f"{name} took {taken} of {reference}'s time {where} {ONE_PROCESS}")
    return "; ".join(told) + "."


def _split(document: Row) -> Iterable[str]:
    if document.get("experiment", {}).get("data", {}).get("vary_split"):
        yield (
            "Every seed drew its own split into training and test rows, besides its weights and its order of "
            "rows: the intervals over seeds hold the chance of all three."
        )


def _agreement(rows: Sequence[Row], reference: str) -> Iterable[str]:
    """How far apart the accuracies of an implementation and the reference end at the same settings."""
    settings = ("batch_size", *CONTEXT)
    theirs = {tuple(row[key] for key in settings): row for row in rows if row["implementation"] == reference}
    for name in dict.fromkeys(row["implementation"] for row in rows if row["implementation"] != reference):
        gaps = []
        for row in rows:
            twin = theirs.get(tuple(row[key] for key in settings))
            values = (row["test_accuracy"], twin["test_accuracy"] if twin else None)
            if row["implementation"] == name and None not in values:
                gaps.append((abs(values[0] - values[1]), at_settings(row, rows)))
        if gaps and max(gaps)[0] == 0:
            yield f"At the same settings {name} and {reference} end with the same test accuracy."
        elif gaps:
            gap, where = max(gaps)
            points = f"{points_text(100 * gap)} points ({where[3:]})"
            yield (
                f"At the same settings {name} and {reference} differ in test accuracy by at most {points}: "
                f"rounding, made larger by the training, since they compute the same."
            )


def _untimed(timings: Iterable[Row], rows: Sequence[Row]) -> Iterable[str]:
    for timing in timings:
        if timing["status"] != "ok":
            name = timing["implementation"] + (", again," if timing["again"] else "")
            if timing.get("floor"):
                name = f"the floor through {timing['implementation']}"
            yield f"{at_settings(timing, rows)}, {name} could not be timed: {timing['reason']}."


def _troubles(rows: Sequence[Row]) -> Iterable[str]:
    for row in rows:
        status, _, reason = row["status"].partition(": ")
        name, why = row["implementation"], row.get("reason")
        if reason and status == "refused":
            yield f"{at_settings(row, rows)}, {name} took no part: {reason}."
        elif reason:
            yield f"{at_settings(row, rows)}, {name} differs by design: {reason}."
        elif row["status"] != "ok":
            which = f"{'no' if row['train_loss'] is None else 'not every'} run of {name} is in the means"
            yield f"{at_settings(row, rows)}, {which}: {row['status']}{f': {why}' if why else ''}."
