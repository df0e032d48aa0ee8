"""Small hand-made runs and documents that several test files share."""

from collections.abc import Iterable
from typing import Any

from compare.results import Cell, CurvePoint, Run

SHA = "0" * 64


def cell(implementation: str = "numpy", **settings: Any) -> Cell:
    defaults = {"batch_size": 32, "objective": "softmax+cross_entropy", "optimizer": "sgd"}
    return Cell(implementation, **{**defaults, "dtype": "float32", "threads": 1, **settings})


def run(of: Cell | None = None, seed: int = 0, **fields: Any) -> Run:
    """A run of 10 epochs and 100 updates; `seconds`, `accuracy`, `loss` and every field can be given."""
    seconds = fields.pop("seconds", 2.0)
    accuracy, loss = fields.pop("accuracy", 0.9), fields.pop("loss", 0.25)
    epochs, updates = fields.pop("epochs", 10), fields.pop("updates", 100)
    end = CurvePoint(epochs, updates, seconds, loss, 2 * loss, accuracy)
    defaults = {"status": "ok", "reason": None, "curve": (end,), "seconds_to_target": None, "round": 0}
    hashes = {"initial_weights_sha256": SHA, "final_weights_sha256": SHA}
    measured = {"epochs": epochs, "updates": updates, "seconds": seconds, "cpu_seconds": seconds}
    return Run(cell=of or cell(), seed=seed, **{**defaults, **hashes, **measured, **fields})


def pair(numpy_seconds: Iterable[float], torch_seconds: Iterable[float], **settings: Any) -> list[Run]:
    """A run of numpy and of torch for each seed."""
    ours = [run(cell("numpy", **settings), seed, seconds=s) for seed, s in enumerate(numpy_seconds)]
    theirs = [run(cell("torch", **settings), seed, seconds=s) for seed, s in enumerate(torch_seconds)]
    return ours + theirs


def tensor(**fields: Any) -> dict[str, Any]:
    names = {"implementation": "numpy", "objective": "softmax+cross_entropy", "dtype": "float64"}
    errors = {"tensor": "W1", "relative_error": 3.1e-16, "tolerance": 1.2e-14, "passed": True}
    errors |= {"against": "autograd", "complex_step_error": 2.5e-16, "alone": None}
    return {**names, **errors, **fields}


def trajectory(**fields: Any) -> dict[str, Any]:
    names = {"implementation": "numpy", "objective": "softmax+cross_entropy", "optimizer": "sgd"}
    errors = {"dtype": "float64", "steps": 20, "relative_error": 4e-16, "tolerance": 1e-13, "passed": True}
    return {**names, **errors, "first_step": None, "first_tensor": None, **fields}


def parity(*tensors: dict[str, Any], steps: Iterable[dict[str, Any]] = ()) -> dict[str, Any]:
    rows, paths = list(tensors) or [tensor()], list(steps)
    return {"passed": all(row["passed"] for row in rows + paths), "tensors": rows, "trajectory": paths}
