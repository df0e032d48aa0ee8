"""The contestant `torch-compile`: gathering, forward, gradient and update in one graph of `torch.compile`.

The strongest of the forms that were tried: `torch.func.grad` instead of `backward`, the parameters changed
in place, and the numbers that differ from step to step (Adam's corrections) handed in, because as tensors of
the graph they would be computed anew for every parameter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import linear
from torch.optim import Optimizer

from compare.implementation import Array, UpdateRule
from compare.implementations.textbook_rules import Rule, rule_of
from compare.implementations.torch_eager import TorchEager
from compare.network import Network
from torch_impl.activations import HIDDEN_ACTIVATIONS
from torch_impl.losses import find_objective

MOST_GRAPHS = 64
"""Shapes that a network may be compiled for; torch gives up after eight unless told otherwise."""

Tensors = list[Tensor]
Step = Callable[[Tensors, list[Tensors], Tensor, Tensor, Tensor, Tensor | None], None]


class TorchCompile(TorchEager):
    """`torch_impl`'s activations and losses, differentiated and updated in one compiled function."""

    backend = "inductor"

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        rule: UpdateRule,
        dtype: str,
        device: str = "cpu",
    ) -> None:
        super().__init__(network, parameters, rule, dtype, device)
        self.rule, self.steps = rule_of(rule.name, rule.options), 0
        self.tensors = [parameter.detach() for parameter in self.model.parameters()]
        self.memory = [[torch.zeros_like(one) for _ in range(self.rule.slots)] for one in self.tensors]
        self.numbers = torch.zeros(len(self.rule.numbers(1)), dtype=self.tensors[0].dtype, device=self.device)
        self.compiled = compiled_step(network, rule.name, tuple(sorted(rule.options.items())), self.backend)

    def _optimizer(self, rule: UpdateRule) -> Optimizer:
        """Return none: the update is part of the graph."""
        return None  # type: ignore[return-value]

    def _step(self, X: Tensor, Y: Tensor, rows: Tensor | None = None) -> None:
        self.steps += 1
        for place, number in enumerate(self.rule.numbers(self.steps)):
            self.numbers[place] = number
        self.compiled(self.tensors, self.memory, self.numbers, X, Y, rows)

    def train(self, batches: Iterable[NDArray[np.intp] | None]) -> None:
        for rows in batches:
            self._step(self.X, self.Y, None if rows is None else torch.from_numpy(rows).to(self.device))
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def compile(self, sizes: Sequence[int | None]) -> None:
        """Take a step for each number of rows, and undo them all."""
        kept = [one.clone() for one in self.tensors]
        self.train([None if size is None else np.arange(size) for size in sizes])
        for one, before in zip(self.tensors, kept, strict=True):
            one.copy_(before)
        for arrays in self.memory:
            for array in arrays:
                array.zero_()
        self.steps = 0


@lru_cache(maxsize=1)
def compiled_step(network: Network, rule: str, options: tuple[tuple[str, Any], ...], backend: str) -> Step:
    """Return the function of one step; two contestants of one setting share it, and what was compiled."""
    torch._dynamo.reset()  # forget the settings before: they count towards the limit
    torch._dynamo.config.recompile_limit = MOST_GRAPHS
    step: Step = torch.compile(
        whole_step(network, rule_of(rule, dict(options))), dynamic=False, fullgraph=True, backend=backend
    )
    return step


def whole_step(network: Network, rule: Rule) -> Step:
    """Return the function that gathers a batch and updates the parameters, and what the rule remembers."""
    activations = [HIDDEN_ACTIVATIONS[name] for name in network.activations]
    objective, a_layer = find_objective(network.output, network.loss), 1 + network.bias

    def loss(tensors: Tensors, X: Tensor, Y: Tensor) -> Tensor:
        *hidden, last = [tensors[at : at + a_layer] for at in range(0, len(tensors), a_layer)]
        A = X
        for layer, activation in zip(hidden, activations, strict=True):
            A = activation(linear(A, *layer))
        return objective(linear(A, *last), Y)

    def step(
        tensors: Tensors, memory: list[Tensors], numbers: Tensor, X: Tensor, Y: Tensor, rows: Tensor | None
    ) -> None:
        if rows is not None:
            X, Y = torch.index_select(X, 0, rows), torch.index_select(Y, 0, rows)
        gradients: Any = torch.func.grad(loss)(tensors, X, Y)
        for theta, g, arrays in zip(tensors, gradients, memory, strict=True):
            updated, remembered = rule.apply(theta, g, tuple(arrays), numbers)
            theta.copy_(updated)
            for array, new in zip(arrays, remembered, strict=True):
                array.copy_(new)

    return step
