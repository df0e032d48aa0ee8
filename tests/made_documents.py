"""Hand-made documents of results.json, for what is rendered from them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from derivation_support import derive, make_pass
from made_runs import cell, parity, run, tensor
from made_timings import timed

from compare.analysis.attribution import attribute
from compare.analysis.null_test import null_test
from compare.analysis.summary import summarise
from compare.results import Cell, CurvePoint, Run, build_results
from compare.timings import Timing


def learning(of: Cell, seed: int = 0, points: int = 5, **fields: Any) -> Run:
    """A run whose loss falls and whose accuracy rises, a little otherwise for every seed and batch size."""
    full = of.batch_size == "full"
    per_epoch, speed = (1, 0.2) if full else (10, 0.8)
    seconds = 0.01 * per_epoch * (3 if of.implementation == "torch" else 1)
    curve = tuple(
        CurvePoint(
            epoch,
            per_epoch * epoch,
            seconds * epoch * (1 + 0.01 * seed),
            2.3 * (1 - speed) ** epoch + 0.01 * seed,
            2.4 * (1 - speed) ** epoch + 0.01 * seed,
            1 - (0.9 - 0.005 * seed) * (1 - speed) ** epoch if fields.get("classes", True) else None,
        )
        for epoch in range(points)
    )
    fields.pop("classes", None)
    last = curve[-1]
    lengths = {"epochs": last.epoch, "updates": last.updates, "seconds": last.seconds}
    return run(of, seed, **{"curve": curve, **lengths, **fields})


def runs_of(names: Sequence[str], batches: Sequence[Any] = ("full", 32), seeds: int = 3, **kinds: Any) -> Any:
    """A run of each implementation at each batch size from each seed."""
    cells = [cell(name, batch_size=batch) for batch in batches for name in names]
    return [learning(of, seed, **kinds) for of in cells for seed in range(seeds)]


def timings_of(names: Sequence[str], batches: Sequence[Any] = ("full", 32)) -> list[Timing]:
    """Three processes of three blocks each, the reference's second contestant among them."""
    found = []
    for batch in batches:
        for at, name in enumerate(names):
            blocks = [[0.05 * (at + 1) * (1 + 0.01 * (p + b)) for b in range(3)] for p in range(3)]
            found += timed(name, blocks, batch_size=batch)
        found += timed(names[-1], [[0.1, 0.11, 0.1]] * 3, again=True, batch_size=batch)
        found += [replace(each, floor=True) for each in timed("numpy", [[1e-3] * 3] * 3, batch_size=batch)]
    return found


def document(
    runs: Sequence[Run], timings: Sequence[Timing] = (), reference: str = "torch", **parts: Any
) -> dict[str, Any]:
    """The document of these runs and timings; `parts` replace or add keys."""
    null = null_test(timings, reference)
    made = build_results(
        experiment={"name": "made", "training": {"target": 0.9}},
        environment={},
        parity=parts.pop("parity", parity(tensor(), tensor(tensor="b1", relative_error=0.0))),
        runs=runs,
        summary=summarise(runs, reference, 0.9, timings, null),
        attribution=attribute(runs, timings=timings, null=null),
        reference=reference,
        timings=[timing.to_json() for timing in timings] or None,
        null_test=null,
    )
    return {**made, **parts}


def sweep_rows(names: Sequence[str] = ("numpy", "torch")) -> list[dict[str, Any]]:
    """Three batch sizes; the largest does not get to the target."""
    rows = []
    for at, name in enumerate(names):
        for size, count, updates in ((4, 4, 900.0), (64, 64, 400.0), ("full", 1437, None)):
            seconds = None if updates is None else updates * 1e-5 * (at + 1)
            row = {"implementation": name, "objective": "softmax+cross_entropy", "optimizer": "sgd"}
            row |= {"dtype": "float32", "threads": 1, "batch_size": size, "rows_per_batch": count}
            for key, value in (("updates_to_target", updates), ("seconds_to_target", seconds)):
                row |= {key: value, f"{key}_low": value and 0.8 * value, f"{key}_high": value and 1.3 * value}
            reached = "3 of 3" if updates else "0 of 3"
            row |= {"seconds_per_epoch": 0.01, "seconds_per_epoch_low": None, "seconds_per_epoch_high": None}
            rows.append({**row, "updates_between": updates and 45, "target_reached": reached})
    return rows


def noise_scale(*sizes: float) -> list[dict[str, Any]]:
    """A prediction for each seed."""
    names = {"objective": "softmax+cross_entropy", "optimizer": "sgd", "dtype": "float32", "batch_size": 32}
    made = {"status": "ok", "reason": None, "points": [], "averaged_updates": 100.0}
    return [{**names, **made, "seed": seed, "predicted_batch_size": size} for seed, size in enumerate(sizes)]


def pictures(count: int = 10, names: Sequence[str] = ("numpy", "torch")) -> dict[str, Any]:
    """Pictures of 2x2 pixels; the first two are taken for something else by the first contestant."""
    items = []
    for at in range(count):
        read = {name: "7" if at < 2 and not place else "3" for place, name in enumerate(names)}
        items.append({"pixels": [0, 85, 170, 255], "label": "3", "predicted": read})
    return {"height": 2, "width": 2, "items": items}


def full_document(names: Sequence[str] = ("numpy", "torch"), **parts: Any) -> dict[str, Any]:
    """A document with something for every figure."""
    everything = {
        "sweep": sweep_rows(names),
        "noise_scale": noise_scale(20.0, 30.0),
        "pictures": pictures(names=names),
        "derivation": derive(make_pass((2, 3, 2, 1), "identity", "identity+squared_error", bias=False)),
    }
    return document(runs_of(names), timings_of(names), names[-1], **{**everything, **parts})
