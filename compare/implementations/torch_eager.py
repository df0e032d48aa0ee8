"""The contestant `torch`: PyTorch in eager mode, gradients by autograd."""

from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim import Optimizer

from compare.implementation import Array, Trace, UpdateRule
from compare.implementations.torch_device import ready_device, to_array, to_tensor
from compare.network import Network
from torch_impl import MLP, make_optimizer, training_step

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class TorchEager:
    """`torch_impl.MLP` with `torch.optim`, stepping the way PyTorch's own tutorials do."""

    devices: ClassVar[tuple[str, ...]] = ("cpu", "cuda")

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        rule: UpdateRule,
        dtype: str,
        device: str = "cpu",
    ) -> None:
        self.device = ready_device(device)
        self.model = MLP(*network.arguments, DTYPES[dtype]).to(self.device)
        self.model.load(parameters)
        self.optimizer = self._optimizer(rule)

    def _optimizer(self, rule: UpdateRule) -> Optimizer:
        return make_optimizer(rule.name, self.model.parameters(), rule.options)

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        trace = self.trace(X, Y)
        return trace.loss, {name: values for name, values in trace.gradients.items() if name != "X"}

    def step(self, X: Array, Y: Array) -> None:
        self._step(self._tensor(X), self._targets(Y))

    def predict(self, X: Array) -> Array:
        return self.evaluate(X, None)[1]

    def trace(self, X: Array, Y: Array) -> Trace:
        trace = self.model.trace(X, Y)
        return Trace(trace.loss, trace.values, trace.gradients)

    def load(self, X: Array, Y: Array) -> None:
        self.X, self.Y = self._tensor(X), self._targets(Y)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for rows in batches:
            X, Y = (self.X, self.Y) if rows is None else self._gather(torch.from_numpy(rows))
            self._step(X, Y)
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    @torch.no_grad()
    def evaluate(self, X: Array, Y: Array | None) -> tuple[float, Array]:
        Z = self.model(self._tensor(X))
        loss = float("nan") if Y is None else self.model.loss(Z, self._targets(Y)).item()
        return loss, to_array(self.model.output_activation(Z))

    def parameters(self) -> dict[str, Array]:
        return self.model.export()

    def _step(self, X: Tensor, Y: Tensor) -> None:
        training_step(self.model, self.optimizer, X, Y)

    def _gather(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Copy rows out; `index_select` does it several times faster than `X[rows]`."""
        rows = rows.to(self.device)
        return torch.index_select(self.X, 0, rows), torch.index_select(self.Y, 0, rows)

    def _targets(self, Y: Array) -> Tensor:
        """Return Y as a tensor: class indices where the network takes them, PyTorch's faster path."""
        if self.model.takes_class_indices:
            return torch.from_numpy(Y.argmax(axis=1)).to(self.device)
        return self._tensor(Y)

    def _tensor(self, array: Array) -> Tensor:
        return to_tensor(array, self.device)
