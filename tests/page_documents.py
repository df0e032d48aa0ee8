"""Results documents for the tests of `report.html`: with every part, hostile, and large."""

from collections.abc import Sequence
from typing import Any

from made_runs import cell, parity, run, tensor, trajectory
from made_timings import timed

from compare.analysis.attribution import attribute
from compare.analysis.budgets import budgets
from compare.analysis.null_test import null_test
from compare.analysis.summary import summarise
from compare.results import CurvePoint, Run, build_results

HOSTILE = "<img src=x onerror=alert(1)>"
SCRIPT = "</script><script>alert(2)</script>"
LINK = "<a href='javascript:alert(3)'>%{x}&lt;b&gt;</a><br>$x$ {{ 7*7 }}"


def curve(seed: int, updates: int, epochs: int = 4, accuracy: float = 0.9) -> tuple[CurvePoint, ...]:
    """A loss that falls and an accuracy that rises, a little apart from seed to seed."""
    return tuple(
        CurvePoint(
            epoch=at,
            updates=at * updates,
            seconds=0.01 * at * (1 + 0.1 * seed) * updates,
            train_loss=2.3 / (1 + at + 0.1 * seed),
            test_loss=2.4 / (1 + at + 0.1 * seed),
            test_accuracy=accuracy * at / epochs + 0.01 * seed,
        )
        for at in range(epochs + 1)
    )


def made_runs(names: Sequence[str], sizes: Sequence[Any] = ("full", 32), seeds: int = 3) -> list[Run]:
    """The runs of each implementation at each batch size."""
    runs = []
    for name in names:
        for size in sizes:
            updates = 1 if size == "full" else 45
            for seed in range(seeds):
                points = curve(seed, updates, accuracy=0.8 if size == "full" else 0.9)
                told = {"epochs": 4, "updates": 4 * updates, "seconds": points[-1].seconds, "curve": points}
                runs.append(run(cell(name, batch_size=size), seed, **told))
    return runs


def page_document(names: Sequence[str] = ("numpy", "torch"), **parts: Any) -> dict[str, Any]:
    """A document with two batch sizes, timings, budgets and attribution; the last name is the reference."""
    runs = parts.pop("runs", None) or made_runs(names)
    timings = []
    for speed, name in enumerate(names, start=1):
        for size, seconds in (("full", 0.02), (32, 0.05)):
            rounds = [[seconds * speed * (1 + 0.01 * r + 0.02 * p) for r in range(4)] for p in range(3)]
            timings += timed(name, rounds, batch_size=size)
    null = null_test(timings, names[-1])
    tensors = [
        tensor(implementation=name, tensor=each, dtype=dtype)
        for name in names
        for dtype in ("float64", "float32")
        for each in ("W1", "b1", "W2")
    ]
    document = build_results(
        experiment={"name": "digits", "title": "Digits", "description": "A small network."},
        environment={"python": "3.11", "command": "make compare", "caches": {"L1": "32K"}},
        parity=parity(*tensors, steps=[trajectory(implementation=name) for name in names]),
        runs=runs,
        summary=summarise(runs, names[-1], None, timings, null),
        attribution=attribute(runs, None, timings, null=null),
        reference=names[-1],
        timings=[timing.to_json() for timing in timings],
        null_test=null,
        budgets=budgets(runs),
    )
    return {**document, **parts}


def every_part() -> dict[str, Any]:
    """What other parts of the project may add to a document."""
    at = {"objective": "softmax+cross_entropy", "optimizer": "sgd", "dtype": "float32", "threads": 1}
    sweep = [
        {
            **at,
            "implementation": name,
            "batch_size": size,
            "rows_per_batch": rows,
            "seconds_per_epoch": None if (name, size) == ("torch", "full") else 0.1 / rows + 0.001,
            "seconds_per_epoch_low": None,
            "seconds_per_epoch_high": None,
            "updates_between": None if size == "full" else 45,
            "updates_to_target": None if size == "full" else 2000.0 / rows,
            "updates_to_target_low": None if size == "full" else 1900.0 / rows,
            "updates_to_target_high": None if size == "full" else 2100.0 / rows,
            "seconds_to_target": None if size == "full" else 0.4 * speed / rows + 0.01,
            "seconds_to_target_low": None if size == "full" else 0.3 * speed / rows + 0.01,
            "seconds_to_target_high": None if size == "full" else 0.5 * speed / rows + 0.01,
            "target_reached": "0 of 3" if size == "full" else "3 of 3",
        }
        for speed, name in enumerate(("numpy", "torch"), start=1)
        for size, rows in ((8, 8), (32, 32), (128, 128), ("full", 1438))
    ]
    rates = [
        {"lr": 0.1, "train_loss": 0.4, "test_accuracy": 0.9, "status": "ok"},
        {"lr": 9.0, "train_loss": None, "test_accuracy": None, "status": "diverged"},
    ]
    point = {
        "epoch": 4,
        "updates": 180,
        "gradient_norm_squared": 0.1,
        "covariance_trace": 2.0,
        "noise_scale": 20.0,
    }
    picture = {"pixels": [0, 255, 128, 64], "label": 3, "predicted": {"numpy": 3, "torch": 3}}
    wrong = {"pixels": [255, 0, 1, 2], "label": 5, "predicted": {"numpy": 5, "torch": 6}}
    floor = {
        "seconds_per_epoch": 0.01,
        "seconds_per_epoch_low": 0.009,
        "seconds_per_epoch_high": 0.012,
        "time_ratio": 0.4,
        "time_ratio_low": 0.3,
        "time_ratio_high": 0.5,
        "time_differs": True,
        "floor_ratio": 1.0,
        "floor_ratio_low": None,
        "floor_ratio_high": None,
        "floor_differs": None,
        "flags": None,
    }
    nodes = [
        {"name": "X", "kind": "data", "equation": "", "shape": [5, 2], "inputs": [], "gradient_norm": 0.1},
        {"name": "L", "kind": "loss", "equation": "L = ½", "shape": [], "inputs": ["X"], "gradient_norm": 1},
    ]
    weight = {"weight": "w1_11", "expression": "dL/dy * x_1", "by_paths": 0.5, "by_back_propagation": 0.5}
    matrix = {"tensor": "W1", "equation": "dW1 = dL/dy xᵀ", "shapes": "(1, 2)", "relative_difference": 1e-16}
    paths = {
        "objective": "identity+squared_error",
        "sizes": [2, 1],
        "paths": 2,
        "weights": [{**weight, "relative_difference": 0.0}],
        "matrices": [matrix],
    }
    column = {
        "array": "A1",
        "row_shape": [5, 2],
        "column_shape": [2, 5],
        "equation": "A1 = s(Z1)",
        "relation": "transposed",
    }
    sample = {"quantity": "dW2", "equation": "δ aᵀ", "shape": [1, 2], "norm": 0.1}
    compared = {"mean_norm": 0.1, "batch_norm": 0.1, "relative_difference": 1e-16}
    return {
        "sweep": sweep,
        "noise_scale": [
            {
                **{key: at[key] for key in ("objective", "optimizer", "dtype")},
                **{"seed": 0, "batch_size": 32, "status": "ok", "reason": None, "points": [point]},
                **{"averaged_updates": 180.0, "predicted_batch_size": 21.0},
            }
        ],
        "tuning": [
            {
                **at,
                "implementation": "numpy",
                "batch_size": 32,
                "rates": rates,
                "best_lr": 0.1,
                "seeds": [5, 6],
                "lr": 0.1,
                "edge": "lowest",
                "sensitivity": {
                    "loss_below": None,
                    "loss_above": None,
                    "within_10_percent_low": 0.1,
                    "within_10_percent_high": 0.1,
                },
            }
        ],
        "floor": [
            {**at, "library": "numpy", "batch_size": 32, **floor},
            {**at, "library": "torch", "batch_size": 32, **floor},
        ],
        "pictures": {"height": 2, "width": 2, "items": [wrong, picture]},
        "fairness": [
            {"implementation": "jax", "subject": "rounding", "difference": "fused", "detected": False}
        ],
        "derivation": {
            "rows": 5,
            "seed": 0,
            "graph": {"objective": "identity+squared_error", "samples": 5, "nodes": nodes},
            "paths": [paths],
            "columns": [{"objective": "o", "samples": 5, "rows": [{**column, "relative_difference": 1e-16}]}],
            "samples": [
                {
                    "objective": "o",
                    "samples": 5,
                    "rows": [{**sample, "compared": compared}, {**sample, "compared": None}],
                }
            ],
        },
    }


def wide_document() -> dict[str, Any]:
    """A document whose main table has eleven columns, most of them numbers with long intervals."""
    document = page_document()
    told = {"floor_ratio": 4.51, "floor_ratio_low": 1.02, "floor_ratio_high": 19.04, "floor_differs": False}
    told |= {"time_ratio": 0.208, "time_ratio_low": 0.0007, "time_ratio_high": 81.4, "time_differs": False}
    told |= {"seconds_per_epoch": 1.19, "seconds_per_epoch_low": 0.0005, "seconds_per_epoch_high": 4499}
    told |= {"target_reached": "0 of 3", "flags": "noisy, drifting, contaminated"}
    rows = [{**row, **told, "threads": at % 2 + 1} for at, row in enumerate(document["summary"])]
    return {**document, "summary": rows}


def hostile_document() -> dict[str, Any]:
    """Every text that somebody else may have chosen tries to be more than text."""
    document = page_document((HOSTILE, SCRIPT, LINK)) | every_part()
    document["experiment"] = {
        "name": "x",
        "title": f"Title {HOSTILE}",
        "description": SCRIPT,
        "shortened": LINK,
    }
    document["environment"] = {
        HOSTILE: LINK,
        "note": HOSTILE,
        "command": f"run '{SCRIPT}'",
        "data": {"name": HOSTILE, "sha256": SCRIPT, "source": LINK},
    }
    for row in (*document["sweep"], *document["tuning"], *document["fairness"]):
        row["implementation"] = HOSTILE
    for item in document["pictures"]["items"]:
        item |= {"label": HOSTILE, "predicted": {SCRIPT: LINK}}
    for row in document["parity"]["tensors"]:
        row |= {"tensor": HOSTILE, "objective": LINK}
    document["parity"]["failures"] = [{"implementation": HOSTILE, "objective": LINK, "reason": SCRIPT}]
    document["derivation"]["graph"]["nodes"][0] |= {"name": SCRIPT, "equation": HOSTILE}
    return document


def large_document(cells: int = 100, seeds: int = 10, epochs: int = 60) -> dict[str, Any]:
    """A document of `cells` times `seeds` runs."""
    runs = [
        run(
            cell(("numpy", "torch")[at % 2], batch_size=1 + at // 2),
            seed,
            epochs=epochs,
            curve=curve(seed, 45, epochs),
        )
        for at in range(cells)
        for seed in range(seeds)
    ]
    return page_document(runs=runs)
