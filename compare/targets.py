"""From a dataset's labels to the target matrix Y of a network, and from Y_hat to an accuracy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def output_width(classes: int, regression_outputs: int, objective: str) -> int:
    """Return the number of outputs a network needs.

    One a class, except that two classes need a single output, which says "the second", unless the
    objective compares the classes with one another (softmax, cross_entropy). Regression: one a target.
    """
    if not classes:
        return regression_outputs
    output, loss = objective.split("+")
    single = classes == 2 and output != "softmax" and loss != "cross_entropy"
    return 1 if single else classes


def target_matrix(Y: Array, outputs: int, dtype: str) -> Array:
    """Return targets (n, outputs): one-hot rows from labels (n,), or the real targets as they are."""
    if Y.ndim == 2:
        return np.ascontiguousarray(Y, dtype)
    if outputs == 1:
        return Y[:, np.newaxis].astype(dtype)
    return np.eye(outputs, dtype=dtype)[Y]


def accuracy(Y_hat: Array, Y: Array) -> float | None:
    """Return the fraction of rows whose largest output is the label's (a single output: above ½).

    Args:
        Y_hat: outputs (n, outputs); Y: labels (n,), or real targets (n, outputs), which have no accuracy.
    """
    if Y.ndim == 2:
        return None
    return float(np.mean(predicted_classes(Y_hat) == Y))


def predicted_classes(Y_hat: Array) -> Array:
    """Return the classes (n,) of outputs (n, outputs): the largest, of a single one whether it is above ½."""
    return (Y_hat[:, 0] > 0.5).astype(np.int64) if Y_hat.shape[1] == 1 else Y_hat.argmax(axis=1)
