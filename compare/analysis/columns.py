"""A whole batch as columns, for one sigmoid output with binary cross-entropy, beside the same batch as rows.

Written as the derivation with columns has it: X (m, n), W1 (k, m), b1 (k, 1), W2 (1, k), b2 (1, 1), and the
mean's 1/n in dW and db. The row form is `handwritten`'s, with the 1/n in dZ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.analysis.back_propagation import BackPropagation
from compare.analysis.formulas import SIGMA, sigmoid
from compare.implementation import Array
from compare.network import Network
from compare.parity.tolerance import relative_error


@dataclass(frozen=True)
class ColumnRow:
    """One array in both forms; `relation` says how the row form follows from the column form."""

    array: str
    row_shape: tuple[int, ...]
    column_shape: tuple[int, ...]
    equation: str
    relation: str
    relative_difference: float


@dataclass(frozen=True)
class ColumnTable:
    """Every array of a forward and backward pass, as rows and as columns."""

    objective: str
    samples: int
    rows: tuple[ColumnRow, ...]


def column_table(passed: BackPropagation) -> ColumnTable | None:
    """Return the table of two layers with one sigmoid output and binary cross-entropy; None for others."""
    network = passed.network
    one_output = len(network.sizes) == 3 and network.sizes[-1] == 1
    if not one_output or network.objective != "sigmoid+binary_cross_entropy":
        return None
    columns = as_columns(network, passed.parameters, passed.X.T, passed.Y.T)
    rows = [
        _row(array, equation, row_form(passed, array), columns[array])
        for array, equation in equations(network).items()
    ]
    return ColumnTable(network.objective, len(passed.X), tuple(rows))


def as_columns(network: Network, parameters: Mapping[str, Array], X: Array, Y: Array) -> dict[str, Array]:
    """Return every array of `equations` for X (m, n) and Y (1, n)."""
    sigma, n = SIGMA[network.activations[0]], X.shape[1]
    W1, W2 = parameters["W1"], parameters["W2"]
    b1, b2 = (parameters[name][:, np.newaxis] if network.bias else 0.0 for name in ("b1", "b2"))
    A0 = X
    Z1 = W1 @ A0 + b1  # (k, n)
    A1 = sigma.value(Z1)
    Z2 = W2 @ A1 + b2  # (1, n)
    A2 = sigmoid(Z2)
    dZ2 = A2 - Y  # (1, n)
    dZ1 = (W2.T @ dZ2) * sigma.prime(Z1)  # (k, n)
    return {
        "X": A0,
        "Z1": Z1,
        "A1": A1,
        "Z2": Z2,
        "A2": A2,
        "dZ2": dZ2,
        "dW2": 1 / n * dZ2 @ A1.T,  # (1, k)
        "db2": 1 / n * np.sum(dZ2, axis=1, keepdims=True),  # (1, 1)
        "dZ1": dZ1,
        "dW1": 1 / n * dZ1 @ A0.T,  # (k, m)
        "db1": 1 / n * np.sum(dZ1, axis=1, keepdims=True),  # (k, 1)
    }


def equations(network: Network) -> dict[str, str]:
    """Return each array's equation in columns, in the order of the computation."""
    hidden = network.activations[0]
    bias_1, bias_2 = (" + b1", " + b2") if network.bias else ("", "")
    lines = {
        "X": "A0 = X",
        "Z1": f"Z1 = W1 A0{bias_1}",
        "A1": f"A1 = {hidden}(Z1)",
        "Z2": f"Z2 = W2 A1{bias_2}",
        "A2": "A2 = sigmoid(Z2)",
        "dZ2": "dZ2 = A2 - Y",
        "dW2": "dW2 = 1/n dZ2 A1^T",
        "db2": "db2 = 1/n sum(dZ2)",
        "dZ1": f"dZ1 = (W2^T dZ2) ⊙ {hidden}'(Z1)",
        "dW1": "dW1 = 1/n dZ1 A0^T",
        "db1": "db1 = 1/n sum(dZ1)",
    }
    return {array: text for array, text in lines.items() if network.bias or not array.startswith("db")}


def row_form(passed: BackPropagation, array: str) -> Array:
    """Return an array of the hand-written pass by its name here."""
    if array == "X":
        return passed.X
    return passed.gradients[array[1:]] if array.startswith("d") else passed.values[array]


def _row(array: str, equation: str, rows: Array, columns: Array) -> ColumnRow:
    n = columns.shape[1]
    if array.startswith("dW"):
        relation, expected = "equal", columns
    elif array.startswith("db"):
        relation, expected = "equal, one axis fewer", columns[:, 0]
    elif array.startswith("dZ"):
        relation, expected = "transposed, times 1/n", columns.T / n
    else:
        relation, expected = "transposed", columns.T
    return ColumnRow(array, rows.shape, columns.shape, equation, relation, relative_error(rows, expected))
