"""Back-propagation through two layers, one sample at a time: column vectors and outer products.

Written as the derivation with column vectors has it: x (k0, 1), W1 (h, k0), b1 (h, 1), W2 (m, h), b2 (m, 1),
the derivative of the loss by y_hat first, then through the activation, nothing fused. The mean over the
samples of a batch must be the gradient that back-propagation gives for the whole batch at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from compare.analysis.back_propagation import BackPropagation, norm
from compare.analysis.formulas import LOSS_DERIVATIVE, SIGMA
from compare.implementation import Array
from compare.network import Network
from compare.parity.tolerance import relative_error


@dataclass(frozen=True)
class Comparison:
    """The norms of a gradient's mean over samples and of the batch's gradient, and how far they are apart."""

    mean_norm: float
    batch_norm: float
    relative_difference: float


@dataclass(frozen=True)
class SampleRow:
    """One column vector or outer product of the first sample; of a parameter's gradient also the mean."""

    quantity: str
    equation: str
    shape: tuple[int, int]
    norm: float
    compared: Comparison | None


@dataclass(frozen=True)
class SampleTable:
    """The first sample of a batch, step by step, and the mean over all of its samples."""

    objective: str
    samples: int
    rows: tuple[SampleRow, ...]


def sample_table(passed: BackPropagation) -> SampleTable | None:
    """Return the table of a network of two layers whose output acts element by element; None for others."""
    network, samples = passed.network, len(passed.X)
    if len(network.sizes) != 3 or network.output not in SIGMA:
        return None
    columns = [(x[:, np.newaxis], y[:, np.newaxis]) for x, y in zip(passed.X, passed.Y, strict=True)]
    first = one_sample(network, passed.parameters, *columns[0])
    means = {name: np.zeros_like(first[f"dL/d{name}"]) for name in passed.parameters}
    for x, y in columns:
        made = one_sample(network, passed.parameters, x, y)
        for name, mean in means.items():
            mean += made[f"dL/d{name}"] / samples
    rows = []
    for quantity, equation in equations(network).items():
        values, name = first[quantity], quantity.removeprefix("dL/d")
        compared = compare(means[name], passed.gradients[name]) if name in means else None
        rows.append(SampleRow(quantity, equation, (len(values), values.shape[1]), norm(values), compared))
    return SampleTable(network.objective, samples, tuple(rows))


def compare(mean: Array, batch: Array) -> Comparison:
    """Hold the mean over samples, biases as columns (k, 1), to the batch's gradient, biases as (k,)."""
    return Comparison(norm(mean), norm(batch), relative_error(mean.reshape(batch.shape), batch))


def one_sample(network: Network, parameters: Mapping[str, Array], x: Array, y: Array) -> dict[str, Array]:
    """Return every quantity of `equations` for the columns x (k0, 1) and y (m, 1)."""
    sigma_1, sigma_2 = SIGMA[network.activations[0]], SIGMA[network.output]
    W1, W2 = parameters["W1"], parameters["W2"]
    b1, b2 = (parameters[name][:, np.newaxis] if network.bias else 0.0 for name in ("b1", "b2"))
    z1 = W1 @ x + b1  # (h, 1)
    h1 = sigma_1.value(z1)
    z2 = W2 @ h1 + b2  # (m, 1)
    y_hat = sigma_2.value(z2)
    dL_dy_hat = LOSS_DERIVATIVE[network.loss].value(y, y_hat)  # (m, 1)
    dL_dz2 = dL_dy_hat * sigma_2.prime(z2)  # (m, 1)
    dL_dz1 = (W2.T @ dL_dz2) * sigma_1.prime(z1)  # (h, 1)
    return {
        "x": x,
        "z1": z1,
        "h1": h1,
        "z2": z2,
        "y_hat": y_hat,
        "dL/dy_hat": dL_dy_hat,
        "dL/dz2": dL_dz2,
        "dL/dW2": dL_dz2 @ h1.T,  # (m, h)
        "dL/db2": dL_dz2,
        "dL/dz1": dL_dz1,
        "dL/dW1": dL_dz1 @ x.T,  # (h, k0)
        "dL/db1": dL_dz1,
    }


def equations(network: Network) -> dict[str, str]:
    """Return each quantity with its equation, in the order of the computation."""
    hidden, output = network.activations[0], network.output
    bias_1, bias_2 = (" + b1", " + b2") if network.bias else ("", "")
    lines = {
        "x": "one row of X, as a column",
        "z1": f"W1 x{bias_1}",
        "h1": f"{hidden}(z1)",
        "z2": f"W2 h1{bias_2}",
        "y_hat": f"{output}(z2)",
        "dL/dy_hat": LOSS_DERIVATIVE[network.loss].text,
        "dL/dz2": f"dL/dy_hat ⊙ {output}'(z2)",
        "dL/dW2": "dL/dz2 h1^T",
        "dL/db2": "dL/dz2",
        "dL/dz1": f"(W2^T dL/dz2) ⊙ {hidden}'(z1)",
        "dL/dW1": "dL/dz1 x^T",
        "dL/db1": "dL/dz1",
    }
    return {name: text for name, text in lines.items() if network.bias or "/db" not in name}
