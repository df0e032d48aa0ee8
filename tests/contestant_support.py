"""What the tests of worker, gate and command share: odd contestants, small experiments, their laboratory."""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from compare.experiment import Experiment
from compare.implementations import IMPLEMENTATIONS

CONTESTANTS = Path(__file__).with_name("contestants")
PYTHONPATH = os.pathsep.join([str(CONTESTANTS), str(CONTESTANTS.parents[1])])
"""With it, a process knows the contestants of tests/contestants/ (its sitecustomize.py names them)."""


def register_odd_contestants(monkeypatch) -> None:
    """Make the contestants of tests/contestants/ known here and in every worker started from now on."""
    monkeypatch.setenv("PYTHONPATH", PYTHONPATH)
    monkeypatch.syspath_prepend(str(CONTESTANTS))
    from hostile_contestants import HOSTILE
    from odd_contestants import ODD

    for name, where in (ODD | HOSTILE).items():
        monkeypatch.setitem(IMPLEMENTATIONS, name, where)


def experiment(**sections: Any) -> Experiment:
    """An experiment of 3 epochs on a 5-unit network, numpy alone; sections are merged into that."""
    table: dict[str, Any] = {
        "name": "small",
        "data": {},
        "model": {"hidden": [5]},
        "training": {"epochs": 3, "lr": 0.5},
        "factors": {"implementations": ["numpy"], "batch_sizes": [16]},
        "run": {"seeds": [0], "timeout": 60},
    }
    for section, keys in sections.items():
        table[section] = {**table[section], **keys}
    if "updates" in table["training"] or "seconds" in table["training"]:
        del table["training"]["epochs"]
    return Experiment.from_dict(table)


def write_csv(path: Path, rows: int = 90) -> Path:
    """A label-first CSV of three well-separated classes in three features."""
    rng = np.random.default_rng(7)
    labels = np.arange(rows) % 3
    features = np.eye(3)[labels] + rng.normal(0, 0.2, (rows, 3))
    lines = [
        ",".join([str(label), *map("{:.4f}".format, row)])
        for label, row in zip(labels, features, strict=True)
    ]
    path.write_text("\n".join(["label,p,q,r", *lines]) + "\n")
    return path


def one_line(text: str) -> bool:
    return bool(text.strip()) and text.strip().count("\n") == 0


def ends(pid):
    """Whether a process that may be nobody's child any more ends; one that has ended may still be listed."""
    for _ in range(1000):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False
