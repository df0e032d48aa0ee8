"""The multilayer perceptron as an `nn.Module`; every gradient comes from autograd."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from torch_impl.activations import HIDDEN_ACTIVATIONS, OUTPUT_ACTIVATIONS
from torch_impl.architecture import check_architecture
from torch_impl.errors import TorchImplError
from torch_impl.losses import find_objective

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Trace:
    """Everything one batch produces: the loss, each layer's Z and A, and the loss's gradients.

    `values` holds Z1, A1, ..., the last A being y_hat, each (n, width). `gradients` holds one entry a
    parameter (W1, b1, ...), shaped like it, and `X`, the gradient of the loss with respect to the input.
    """

    loss: float
    values: dict[str, Array]
    gradients: dict[str, Array]


class UnsetLinear(nn.Linear):
    """A linear layer that starts as NaN instead of at random values.

    Every run loads the shared initial weights, so drawing others would only cost time and disturb torch's
    random numbers; and a forgotten `load` shows at once as a NaN loss, not as another initialisation.
    """

    def reset_parameters(self) -> None:
        """Fill weight and bias with NaN."""
        for parameter in self.parameters():
            nn.init.constant_(parameter, math.nan)


class MLP(nn.Module):
    """A multilayer perceptron whose parameters are NaN until `load` is called.

    Args:
        sizes: widths of the input, of each hidden layer and of the output.
        activations: one of sigmoid, tanh, relu, identity for each hidden layer.
        output: sigmoid, tanh, relu, identity or softmax.
        loss: squared_error, binary_cross_entropy or cross_entropy.
        bias: whether every layer has a bias.
        dtype: torch.float32 or torch.float64.

    Raises:
        TorchImplError: if these do not describe a network, or the loss is not defined on the output.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        activations: Sequence[str],
        output: str,
        loss: str,
        bias: bool = True,
        dtype: torch.dtype = torch.float64,
    ) -> None:
        super().__init__()
        objective = find_objective(output, loss)
        check_architecture(sizes, activations, output, dtype)
        self.sizes = tuple(sizes)
        self.layers = nn.ModuleList(
            UnsetLinear(inputs, outputs, bias=bias, dtype=dtype) for inputs, outputs in pairwise(sizes)
        )
        self.activations = [HIDDEN_ACTIVATIONS[name] for name in activations]
        self.output_activation = OUTPUT_ACTIVATIONS[output]
        self.objective = objective
        self.takes_class_indices = (output, loss) == ("softmax", "cross_entropy")

    def forward(self, X: Tensor) -> Tensor:
        """Return the last layer's Z (n, outputs), before the output activation, for `X` (n, features)."""
        *hidden, last = self.layers
        A = X
        for layer, activation in zip(hidden, self.activations, strict=True):
            A = activation(layer(A))
        Z: Tensor = last(A)
        return Z

    @torch.no_grad()
    def predict(self, X: Tensor) -> Tensor:
        """Return Y_hat (n, outputs) for `X` (n, features), without recording a graph."""
        return self.output_activation(self(X))

    def loss(self, Z: Tensor, Y: Tensor) -> Tensor:
        """Return the loss, a scalar: the mean over samples of the sum over outputs.

        Args:
            Z: (n, outputs), what `forward` returned.
            Y: (n, outputs) in the network's dtype; for softmax+cross_entropy also int64 class indices (n,).

        Raises:
            TorchImplError: if the shape of `Y` is neither; torch would broadcast it.
        """
        if Y.shape != Z.shape and not (self.takes_class_indices and Y.ndim == 1):
            raise TorchImplError(f"the targets have shape {tuple(Y.shape)}, the outputs {tuple(Z.shape)}")
        return self.objective(Z, Y)

    def trace(self, X: Array, Y: Array) -> Trace:
        """Return the loss, every Z and A, and every gradient of one batch; no parameter's `.grad` is set.

        Args:
            X: (n, features).
            Y: (n, outputs), or integer class indices (n,) for softmax+cross_entropy.

        Raises:
            TorchImplError: if the arrays do not fit the network.
        """
        inputs, targets = self._input_tensor(X), self._target_tensor(Y, samples=len(X))
        values: dict[str, Tensor] = {}
        A = inputs
        for number, (layer, activation) in enumerate(
            zip(self.layers, [*self.activations, self.output_activation], strict=True), start=1
        ):
            Z = values[f"Z{number}"] = layer(A)
            A = values[f"A{number}"] = activation(Z)
        loss = self.loss(Z, targets)
        wanted = self._named_parameters() | {"X": inputs}
        gradients = torch.autograd.grad(loss, list(wanted.values()))
        return Trace(
            loss=loss.item(),
            values={name: _to_array(value) for name, value in values.items()},
            gradients={name: _to_array(value) for name, value in zip(wanted, gradients, strict=True)},
        )

    @torch.no_grad()
    def load(self, parameters: Mapping[str, Array]) -> None:
        """Copy arrays W1 (outputs, inputs), b1 (outputs,), ... into the network, cast to its dtype.

        Raises:
            TorchImplError: if a name or shape differs from the network's; nothing is copied then.
        """
        own = self._named_parameters()
        wanted = {name: tuple(parameter.shape) for name, parameter in own.items()}
        given = {name: np.shape(array) for name, array in parameters.items()}
        wrong = [
            f"{name} {given.get(name, 'missing')}, wanted {wanted.get(name, 'none')}"
            for name in wanted | given
            if given.get(name) != wanted.get(name)
        ]
        if wrong:
            raise TorchImplError(f"the parameters do not fit the network: {'; '.join(wrong)}")
        for name, parameter in own.items():
            parameter.copy_(torch.tensor(parameters[name]))

    def export(self) -> dict[str, Array]:
        """Return copies of the parameters as arrays W1 (outputs, inputs), b1 (outputs,), ..."""
        return {name: _to_array(parameter) for name, parameter in self._named_parameters().items()}

    def _named_parameters(self) -> dict[str, Tensor]:
        letters = {"weight": "W", "bias": "b"}
        return {
            f"{letters[kind]}{number}": parameter
            for number, layer in enumerate(self.layers, start=1)
            for kind, parameter in layer.named_parameters()
        }

    def _input_tensor(self, X: Array) -> Tensor:
        features = self.sizes[0]
        if X.ndim != 2 or X.shape[1] != features or len(X) == 0:
            raise TorchImplError(f"X has shape {X.shape}, wanted (n, {features}) with n of at least 1")
        like = next(self.parameters())
        return torch.tensor(X, dtype=like.dtype, device=like.device, requires_grad=True)

    def _target_tensor(self, Y: Array, samples: int) -> Tensor:
        like = next(self.parameters())
        if not (self.takes_class_indices and Y.ndim == 1):
            return torch.tensor(Y, dtype=like.dtype, device=like.device)
        classes = self.sizes[-1]
        if len(Y) != samples or Y.dtype.kind not in "iu" or Y.min() < 0 or Y.max() >= classes:
            raise TorchImplError(f"Y must hold {samples} whole class indices from 0 to {classes - 1}")
        return torch.tensor(Y, dtype=torch.int64, device=like.device)


def _to_array(tensor: Tensor) -> Array:
    return tensor.detach().cpu().numpy().copy()
