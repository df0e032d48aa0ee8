"""Runs in brief: of a curve only the points that the figures of a cell are made from."""

from __future__ import annotations

from compare.results import Run
from compare.rows import Row


def in_brief(row: Row, target: float | None) -> Run:
    """Return a run, given as its JSON object, with at most three points of its curve.

    They are the first that shows the `target`, the one before it, and the last. The `budgets` of a run are
    read between other points, and need the curve whole.
    """
    curve = row["curve"]
    places = {len(curve) - 1}
    if target is not None:
        accuracies = (point["test_accuracy"] for point in curve)
        at = next((at for at, found in enumerate(accuracies) if found is not None and found >= target), None)
        places |= set() if at is None else {at - 1, at}
    points = [curve[place] for place in sorted(places) if place >= 0]
    return Run.from_json({**row, "curve": points})
