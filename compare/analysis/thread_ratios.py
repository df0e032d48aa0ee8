"""What more threads bring each implementation: its time with them beside its own with the fewest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from compare.analysis.null_test import differs
from compare.analysis.statistics import geometric_ratio_interval
from compare.analysis.times import Times, with_bounds
from compare.timings import Entrant


def thread_rows(times: Times, null: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Return a row for each timed cell that was timed with fewer threads, too.

    `thread_ratio` is its seconds an update over those of the same implementation at the same settings with
    `fewest_threads`: the median over processes of the ratios of their medians, with an interval over
    processes. The two are timed in different groups, not in the same rounds; what that adds lies in the
    interval. `thread_differs` says whether the ratio is a difference, given the `null` test.
    """
    rows = []
    for cell in times.cells:
        alike = [other for other in times.cells if replace(other, threads=cell.threads) == cell]
        fewest = min(alike, key=lambda other: other.threads)
        ratios = times.process_ratios(Entrant(cell), Entrant(fewest))
        if fewest == cell or not ratios:
            continue
        ratio = geometric_ratio_interval(list(ratios.values()))
        named = {**asdict(cell), "fewest_threads": fewest.threads}
        rows.append({**named, **with_bounds("thread_ratio", ratio), "thread_differs": differs(ratio, null)})
    return rows
