"""The contestant `torch-manual`: the textbook's forward, backward and update on tensors, without autograd.

Its lines are those of `numpy-textbook`, its kernels those of `torch`: against the one it shows what the
kernels do, against the other what autograd and `torch.optim` cost.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from compare.implementation import Array, Trace, UpdateRule
from compare.implementations.textbook import Library, Textbook
from compare.implementations.textbook_rules import rule_of
from compare.implementations.torch_device import ready_device, to_array, to_tensor
from compare.implementations.torch_eager import DTYPES
from compare.network import Network


class TorchManual:
    """The textbook on tensors; gradients are never recorded."""

    devices = ("cpu", "cuda")

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        rule: UpdateRule,
        dtype: str,
        device: str = "cpu",
    ) -> None:
        self.device, self.dtype = ready_device(device), DTYPES[dtype]
        library = Library(
            torch.exp,
            torch.log,
            torch.log1p,
            torch.sigmoid,
            torch.tanh,
            lambda Z: torch.softmax(Z, 1),
            lambda Z: torch.logsumexp(Z, 1),
            torch.finfo(self.dtype).tiny,
        )
        self.textbook = Textbook(network, library)
        self.rule = rule_of(rule.name, rule.options)
        self.own = {
            name: torch.tensor(values, device=self.device, dtype=self.dtype)
            for name, values in parameters.items()
        }
        self.memory: dict[str, Any] = {
            name: (torch.zeros_like(values),) * self.rule.slots for name, values in self.own.items()
        }
        self.steps = 0

    def step(self, X: Array, Y: Array) -> None:
        self._step(self._tensor(X), self._tensor(Y))

    def load(self, X: Array, Y: Array) -> None:
        self.X, self.Y = self._tensor(X), self._tensor(Y)

    @torch.no_grad()
    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for rows in batches:
            if rows is None:
                self._step(self.X, self.Y)
            else:
                index = torch.from_numpy(rows).to(self.device)
                self._step(torch.index_select(self.X, 0, index), torch.index_select(self.Y, 0, index))
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def _step(self, X: Tensor, Y: Tensor) -> None:
        passed = self.textbook.forward(self.own, X)
        gradients, _ = self.textbook.backward(self.own, passed, Y)
        self.steps += 1
        numbers = self.rule.numbers(self.steps)
        for name, g in gradients.items():
            self.own[name], self.memory[name] = self.rule.apply(self.own[name], g, self.memory[name], numbers)

    def loss_and_gradients(self, X: Array, Y: Array) -> tuple[float, dict[str, Array]]:
        trace = self.trace(X, Y)
        return trace.loss, {name: trace.gradients[name] for name in self.own}

    def predict(self, X: Array) -> Array:
        return to_array(self.textbook.forward(self.own, self._tensor(X)).A[-1])

    def evaluate(self, X: Array, Y: Array) -> tuple[float, Array]:
        passed = self.textbook.forward(self.own, self._tensor(X))
        return self.textbook.loss(passed, self._tensor(Y)).item(), to_array(passed.A[-1])

    def trace(self, X: Array, Y: Array) -> Trace:
        passed = self.textbook.forward(self.own, self._tensor(X))
        targets = self._tensor(Y)
        gradients, dZ = self.textbook.backward(self.own, passed, targets)
        values = {}
        for layer, (Z, A) in enumerate(zip(passed.Z, passed.A[1:], strict=True), start=1):
            values[f"Z{layer}"], values[f"A{layer}"] = to_array(Z), to_array(A)
        gradients["X"] = dZ @ self.own["W1"]
        return Trace(
            self.textbook.loss(passed, targets).item(),
            values,
            {name: to_array(gradient) for name, gradient in gradients.items()},
        )

    def parameters(self) -> dict[str, Array]:
        return {name: to_array(values) for name, values in self.own.items()}

    def _tensor(self, array: Array) -> Tensor:
        return to_tensor(array, self.device)
