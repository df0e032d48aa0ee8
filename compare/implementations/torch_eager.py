"""The contestant `torch`: PyTorch in eager mode, gradients by autograd."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from compare.implementation import Array, Trace, UpdateRule
from compare.network import Network
from torch_impl import MLP, make_optimizer, training_step


class TorchEager:
    """`torch_impl.MLP` with `torch.optim`, stepping the way PyTorch's own tutorials do."""

    def __init__(
        self, network: Network, parameters: Mapping[str, Array], rule: UpdateRule, dtype: str
    ) -> None:
        real = {"float32": torch.float32, "float64": torch.float64}[dtype]
        self.model = MLP(network.sizes, network.activations, network.output, network.loss, network.bias, real)
        self.model.load(parameters)
        self.optimizer = make_optimizer(rule.name, self.model.parameters(), rule.options)

    def trace(self, X: Array, Y: Array) -> Trace:
        trace = self.model.trace(X, Y)
        return Trace(trace.loss, trace.values, trace.gradients)

    def load(self, X: Array, Y: Array) -> None:
        self.X, self.Y = tensor(X), self._targets(Y)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for rows in batches:
            X, Y = (self.X, self.Y) if rows is None else self._gather(torch.from_numpy(rows))
            training_step(self.model, self.optimizer, X, Y)

    @torch.no_grad()
    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        Z = self.model(tensor(X))
        loss = self.model.loss(Z, self._targets(Y)).item()
        return loss, self.model.output_activation(Z).numpy()

    def parameters(self) -> dict[str, Array]:
        return self.model.export()

    def _gather(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Copy rows out; `index_select` does it several times faster than `X[rows]`."""
        return torch.index_select(self.X, 0, rows), torch.index_select(self.Y, 0, rows)

    def _targets(self, Y: Array) -> Tensor:
        """Return Y as a tensor: class indices where the network takes them, PyTorch's faster path."""
        if self.model.takes_class_indices:
            return torch.from_numpy(Y.argmax(axis=1))
        return tensor(Y)


def tensor(array: Array) -> Tensor:
    """Return the array as a tensor that shares its memory, or, where it is read-only, as a copy."""
    return torch.from_numpy(array) if array.flags.writeable else torch.tensor(array)
