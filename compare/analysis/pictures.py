"""What the networks see: some test images with what each trained network takes them for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from compare.cell_names import key_of, names_of
from compare.pictures import sample_rows
from compare.results import Cell, Run

MOST_MISTAKES, FEWEST_RIGHT, A_LINE = 32, 8, 8
"""Pictures: mistaken ones at most, right ones at least, and what the right ones fill up lines of."""
MOST_CELLS = 12


@dataclass(frozen=True)
class Images:
    """A test set: X (m, features) in [0, 1], labels (m,) by number, the classes' names, (height, width)."""

    X: NDArray[np.float32]
    labels: NDArray[np.int64]
    classes: Sequence[str]
    shape: tuple[int, int]


def pictures_of(images: Images, runs: Iterable[Run], foremost: Sequence[str] = ()) -> dict[str, Any] | None:
    """Return the key `pictures` of results.json; None where no run told its predictions.

    The images that most cells mistake come first, then right ones of every class.

    Args:
        images: the test set.
        runs: all runs; used are those that ended well with predictions, of each cell the first.
        foremost: implementations that are kept where there are too many cells.
    """
    rows = sample_rows(len(images.X))
    told = _predictions(runs, len(rows), foremost)
    if not told:
        return None
    labels = images.labels[rows]
    answers = np.array(list(told.values()))
    names = names_of(key_of(asdict(cell)) for cell in told)
    called = [names[key_of(asdict(cell))] for cell in told]
    items = []
    for at in chosen(answers, labels):
        read = dict(zip(called, (images.classes[answer] for answer in answers[:, at]), strict=True))
        pixels = np.rint(255 * images.X[rows[at]]).astype(int).tolist()
        items.append({"pixels": pixels, "label": images.classes[labels[at]], "predicted": read})
    height, width = images.shape
    return {"height": height, "width": width, "items": items}


def _predictions(runs: Iterable[Run], count: int, foremost: Sequence[str]) -> Mapping[Cell, Sequence[int]]:
    found: dict[Cell, Sequence[int]] = {}
    for run in runs:
        if run.status == "ok" and run.predictions is not None and len(run.predictions) == count:
            found.setdefault(run.cell, run.predictions)
    if len(found) <= MOST_CELLS:
        return found
    kept = sorted(found, key=lambda cell: cell.implementation not in foremost)[:MOST_CELLS]
    return {cell: found[cell] for cell in found if cell in kept}


def chosen(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> list[int]:
    """Return the columns to show, of answers (cells, rows) beside labels (rows,).

    First those that most cells mistake, then right ones, of each class in turn.
    """
    wrong = (answers != labels).sum(axis=0)
    mistaken = [int(at) for at in np.argsort(-wrong, kind="stable") if wrong[at]][:MOST_MISTAKES]
    seen: dict[int, int] = {}
    turns = []
    for at in np.flatnonzero(wrong == 0):
        label = int(labels[at])
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], label, int(at)))
    filling = FEWEST_RIGHT + -len(mistaken) % A_LINE
    return mistaken + [at for _, _, at in sorted(turns)[:filling]]
