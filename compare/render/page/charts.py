"""The data of the page's charts, small enough for a page: what is drawn, and how much was left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from compare.analysis.attribution import is_shown
from compare.cell_names import CONTEXT, Key, key_of, varying
from compare.render.attribution_sentences import NOT_SHOWN, factor_name
from compare.render.page.curves import MOST_CONTESTANTS, contestants, curves, kept, short
from compare.render.page.names import settings_of
from compare.render.text import printable

Row = Mapping[str, Any]
Document = Mapping[str, Any]
MOST_SAMPLES = 60
"""Raw times drawn of a contestant; of more, so many from the fastest to the slowest."""
MOST_ERRORS = 2000
SWEPT = ("updates_to_target", "seconds_to_target", "seconds_per_epoch")


def chart_data(document: Document) -> dict[str, Any]:
    """Return all that the page's script draws; a chart without data is an empty list."""
    rows = document["summary"]
    return {
        "contestants": contestants(rows),
        "curves": curves(rows, document["runs"]),
        "times": times(rows, document.get("timings") or (), document["runs"]),
        "errors": errors(document["parity"]["tensors"]),
        "sweep": sweep(document.get("sweep") or ()),
        "attribution": attribution(document["attribution"]),
    }


def times(rows: Sequence[Row], timings: Sequence[Row], runs: Iterable[Row]) -> list[dict[str, Any]]:
    """Return for each row of the summary the seconds an update: raw samples, the median and its interval.

    The samples are timing blocks or, of a contestant without any, whole runs; the floor is no contestant.
    """
    samples: dict[Key, list[float]] = {}
    updates: dict[Key, float] = {}
    for timing in timings:
        if timing["status"] == "ok" and not timing["again"] and not timing.get("floor"):
            values = (seconds / count for count, seconds, *_ in timing["blocks"] if count)
            samples.setdefault(key_of(timing), []).extend(values)
            updates[key_of(timing)] = timing["updates_per_epoch"]
    timed = set(samples)
    for run in runs if any(key_of(row) not in timed for row in rows) else ():
        key = key_of(run)
        if key not in timed and run["status"] == "ok" and run["updates"] and run["epochs"]:
            samples.setdefault(key, []).append(run["seconds"] / run["updates"])
            updates[key] = run["updates"] / run["epochs"]
    found = [
        _time(place, row, samples[key_of(row)], updates[key_of(row)])
        for place, row in enumerate(rows)
        if samples.get(key_of(row)) and row["seconds_per_epoch"] is not None
    ]
    return found[:MOST_CONTESTANTS]


def _time(contestant: int, row: Row, samples: list[float], updates_per_epoch: float) -> dict[str, Any]:
    samples = sorted(samples)
    drawn = [short(samples[at]) for at in kept(len(samples), MOST_SAMPLES)]
    bounds = {
        name: None if row[key] is None else short(row[key] / updates_per_epoch)
        for name, key in (
            ("point", "seconds_per_epoch"),
            ("low", "seconds_per_epoch_low"),
            ("high", "seconds_per_epoch_high"),
        )
    }
    return {"contestant": contestant, "samples": drawn, "of": len(samples), **bounds}


def errors(tensors: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the error of every tensor beside its tolerance, grouped by objective and dtype."""
    return [
        {
            "group": printable(f"{row['objective']}, {row['dtype']}"),
            "implementation": printable(row["implementation"]),
            "tensor": printable(row["tensor"]),
            "error": None if row["relative_error"] is None else short(row["relative_error"]),
            "tolerance": None if row["tolerance"] is None else short(row["tolerance"]),
            "passed": row["passed"],
        }
        for row in tensors[:MOST_ERRORS]
    ]


def sweep(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return a line for each contestant over the batch sizes: what it took to reach the target."""
    lines: dict[Key, list[Row]] = {}
    for row in rows:
        lines.setdefault(tuple(row.get(key) for key in ("implementation", *CONTEXT)), []).append(row)
    firsts = [of_line[0] for of_line in lines.values()]
    keys = varying(firsts, CONTEXT)
    found = []
    for family, of_line in enumerate(list(lines.values())[:MOST_CONTESTANTS]):
        points = sorted(of_line, key=lambda row: row.get("rows_per_batch") or math.inf)
        told = settings_of(points[0], keys)
        name = printable(", ".join(filter(None, [str(points[0]["implementation"]), told])))
        line: dict[str, Any] = {"name": name, "family": family}
        line["rows"] = [row.get("rows_per_batch") for row in points]
        line["reached"] = [printable(str(row.get("target_reached") or "")) for row in points]
        for key in SWEPT:
            for end in ("", "_low", "_high"):
                values = (row.get(f"{key}{end}") for row in points)
                line[f"{key}{end}"] = [None if value is None else short(value) for value in values]
        found.append(line)
    return found


def attribution(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the shares of each outcome; of time as natural logarithms, of accuracy in points."""
    return [
        {
            "outcome": row["outcome"],
            "factor": factor_name(row),
            "change": printable(f"{row['from']} to {row['to']}"),
            "note": NOT_SHOWN if is_shown(row) is False else "",
            **{
                name: None if row[name] is None else short(_scale(row) * row[name])
                for name in ("contribution", "low", "high", "total")
            },
        }
        for row in rows
    ]


def _scale(row: Row) -> float:
    return 1.0 if row["outcome"] == "seconds_per_epoch" else 100.0
