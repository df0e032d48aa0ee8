"""Students' files for the tests of compare.check, and a way to run them without a process of their own."""

import sys
import textwrap
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from compare.experiment import Experiment
from compare.parity.student.process import Reply, Target, answered
from compare.parity.student.question import Question, pose_question
from compare.parity.student.worker import respond
from data import load_dataset

RIGHT = '''
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))

def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)

def answer(parameters, X, Y):
    """The right loss and gradients, for the wrong ones to start from."""
    n = len(X)
    A1 = sigmoid(X @ parameters["W1"].T + parameters["b1"])
    A2 = softmax(A1 @ parameters["W2"].T + parameters["b2"])
    dZ2 = (A2 - Y) / n
    dZ1 = dZ2 @ parameters["W2"] * A1 * (1 - A1)
    loss = -np.sum(Y * np.log(A2)) / n
    return loss, {"W1": dZ1.T @ X, "b1": dZ1.sum(axis=0), "W2": dZ2.T @ A1, "b2": dZ2.sum(axis=0)}
'''


def in_process(target: Target, task: str, request: dict, arrays: dict, timeout: float) -> Reply:
    """Ask a student's file in this process."""
    asked = {**request, "file": str(Path(target.path).resolve()), "name": target.name, "task": task}
    return answered(*respond(asked, arrays), 0)


def write(directory: Path, code: str, name: str = "homework.py") -> Path:
    """Write a student's file."""
    path = directory / name
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    return path


@pytest.fixture
def clean_imports() -> Iterator[None]:
    """Forget what students' files have put into sys.path and sys.modules."""
    path, modules = list(sys.path), set(sys.modules)
    yield
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name in ("homework", "neighbour") or "student's" in name:
            del sys.modules[name]


@cache
def question(
    objective: str = "softmax+cross_entropy",
    hidden: tuple[int, ...] = (8,),
    dtype: str = "float64",
    rows: int | str = 37,
    bias: bool = True,
    activation: str = "sigmoid",
) -> Question:
    """A small question about the embedded digits."""
    experiment = Experiment.model_validate(
        {
            "training": {"epochs": 1},
            "model": {"hidden": hidden, "bias": bias, "activation": activation},
            "factors": {"objectives": [objective], "batch_sizes": [rows], "dtypes": [dtype]},
        }
    )
    return pose_question(experiment, digits())


@cache
def digits():
    return load_dataset("digits")
