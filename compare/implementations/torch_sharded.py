"""PyTorch on a full batch that is spread over the processes of `torchrun`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import repeat

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray

from compare.implementation import Array, UpdateRule
from compare.implementations.torch_eager import TorchEager, tensor
from compare.network import Network
from torch_impl.data_parallel import ShardedBatch

Gradients = tuple[float, dict[str, Array]]


class Group:
    """The processes that `torchrun` started; made once a process, left by `close`."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        dist.init_process_group("gloo")
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def agree(self, number: int) -> int:
        """Return the number that the first process gave."""
        shared = torch.tensor([number])
        dist.broadcast(shared, src=0)
        return int(shared.item())

    def wait(self) -> None:
        """Return when all processes have come here."""
        dist.barrier()

    def close(self) -> None:
        """Leave the group."""
        dist.destroy_process_group()


class WholeTorch:
    """The network on the whole batch in this process alone; arguments as `ShardedTorch`'s."""

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        rule: UpdateRule,
        dtype: str,
        X: Array,
        Y: Array,
    ) -> None:
        self._torch = TorchEager(network, parameters, rule, dtype)
        self._torch.load(X, Y)

    def block(self, steps: int) -> float:
        """Take steps on the whole batch; return their wall seconds."""
        begun = time.perf_counter()
        self._torch.train(repeat(None, steps))
        return time.perf_counter() - begun


class ShardedTorch:
    """The network on some rows of a full batch, whose other rows are with the other processes.

    Args:
        network, parameters, rule, dtype: as an `Implementation`'s.
        X: all inputs (n, features); Y: all targets (n, outputs).
        mine: this process's row numbers.
    """

    def __init__(
        self,
        network: Network,
        parameters: Mapping[str, Array],
        rule: UpdateRule,
        dtype: str,
        X: Array,
        Y: Array,
        mine: NDArray[np.intp],
    ) -> None:
        self._torch = TorchEager(network, parameters, rule, dtype)
        self._batch = ShardedBatch(self._torch.model, tensor(X[mine]), tensor(Y[mine]), len(X))
        self._names = list(network.parameter_shapes)

    def gradients(self) -> Gradients:
        """Return loss and gradients of the whole batch."""
        return self._batch.gradients(), self._named()

    def averaged_gradients(self) -> Gradients:
        """Return what plain averaging over the processes gives."""
        return self._batch.averaged_gradients(), self._named()

    def block(self, steps: int) -> float:
        """Take steps on the whole batch; return their wall seconds."""
        begun = time.perf_counter()
        for _ in range(steps):
            self._batch.step(self._torch.optimizer)
        return time.perf_counter() - begun

    def parameters(self) -> dict[str, Array]:
        """Return copies of the parameters."""
        return self._torch.parameters()

    def _named(self) -> dict[str, Array]:
        gradients = (parameter.grad for parameter in self._torch.model.parameters())
        return {
            name: gradient.numpy().copy()
            for name, gradient in zip(self._names, gradients, strict=True)
            if gradient is not None
        }
