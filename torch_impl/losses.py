"""The losses: the mean over samples of the sum over outputs, as a function of the last layer's Z.

PyTorch's own default is another: `nn.MSELoss` and `nn.BCEWithLogitsLoss` take the mean over all elements, so
with C outputs they are 2/C and 1/C times the losses here. Only `nn.CrossEntropyLoss` divides by samples.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from torch_impl.activations import OUTPUT_ACTIVATIONS
from torch_impl.errors import TorchImplError

Loss = Callable[[Tensor, Tensor], Tensor]


def squared_error(Y_hat: Tensor, Y: Tensor) -> Tensor:
    """Return 1/n sum 1/2 (y_hat - y)^2 for `Y_hat` and `Y` (n, outputs)."""
    return F.mse_loss(Y_hat, Y, reduction="sum") / (2 * len(Y_hat))


def binary_cross_entropy(Y_hat: Tensor, Y: Tensor) -> Tensor:
    """Return -1/n sum [y log y_hat + (1 - y) log(1 - y_hat)] for `Y_hat` and `Y` (n, outputs)."""
    return -(Y * _floored_log(Y_hat) + (1 - Y) * _floored_log(1 - Y_hat)).sum() / len(Y_hat)


def cross_entropy(Y_hat: Tensor, Y: Tensor) -> Tensor:
    """Return -1/n sum y log y_hat for `Y_hat` and `Y` (n, outputs)."""
    return -(Y * _floored_log(Y_hat)).sum() / len(Y_hat)


def sigmoid_binary_cross_entropy(Z: Tensor, Y: Tensor) -> Tensor:
    """Return the binary cross-entropy of sigmoid(Z), stable for any logits `Z`; both are (n, outputs)."""
    return F.binary_cross_entropy_with_logits(Z, Y, reduction="sum") / len(Z)


def softmax_cross_entropy(Z: Tensor, Y: Tensor) -> Tensor:
    """Return the cross-entropy of softmax(Z), stable for any logits `Z` (n, outputs).

    `Y` holds either int64 class indices (n,) or probabilities (n, outputs) in `Z`'s dtype.
    """
    return F.cross_entropy(Z, Y)


def _floored_log(values: Tensor) -> Tensor:
    """Return the log with its argument floored, so that a saturated output gives a large finite loss."""
    return values.clamp(min=torch.finfo(values.dtype).tiny).log()


def _through(output: str, loss: Loss) -> Loss:
    """Return the loss as a function of (Z, Y): first the output activation, then the loss, as written."""
    activation = OUTPUT_ACTIVATIONS[output]
    return lambda Z, Y: loss(activation(Z), Y)


OBJECTIVES: dict[tuple[str, str], Loss] = {
    **{(output, "squared_error"): _through(output, squared_error) for output in OUTPUT_ACTIVATIONS},
    ("sigmoid", "binary_cross_entropy"): sigmoid_binary_cross_entropy,
    ("softmax", "binary_cross_entropy"): _through("softmax", binary_cross_entropy),
    ("sigmoid", "cross_entropy"): _through("sigmoid", cross_entropy),
    ("softmax", "cross_entropy"): softmax_cross_entropy,
}


def find_objective(output: str, loss: str) -> Loss:
    """Return the loss of an output activation as a function of (Z, Y).

    Raises:
        TorchImplError: if the loss is not defined on that output; the message lists the pairs that are.
    """
    if (output, loss) not in OBJECTIVES:
        defined = ", ".join(f"{output}+{loss}" for output, loss in OBJECTIVES)
        raise TorchImplError(f"{output}+{loss} is not defined; defined are {defined}")
    return OBJECTIVES[output, loss]
