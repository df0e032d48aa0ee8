"""A multilayer perceptron whose every derivative is written by hand, in NumPy alone.

Read `layer.py` first, then `objectives.py` and `mlp.py`; the labels in brackets, such as [B2], are the
equations of `docs/derivation.md`.
"""

from handwritten.activations import ACTIVATIONS
from handwritten.mlp import MLP
from handwritten.objectives import OBJECTIVES
from handwritten.optimizers import OPTIMIZERS, SGD, Adam, AdamW, RMSprop
from handwritten.threads import ThreadedTrainer
from handwritten.training import Trainer

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "OBJECTIVES",
    "OPTIMIZERS",
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "ThreadedTrainer",
    "Trainer",
]
