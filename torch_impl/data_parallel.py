"""A full batch spread over the processes of a `torch.distributed` group, each with rows of its own.

The gradient of the whole batch is Σ_r (n_r / n) g_r, where g_r is that of the mean over the n_r rows of
process r: each process scales its loss by n_r / n, and the gradients are added up. Averaging the g_r instead,
as `DistributedDataParallel` does, is the same only where all processes have equally many rows.
"""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.optim import Optimizer

from torch_impl.network import MLP


class ShardedBatch:
    """A network and this process's rows of a full batch.

    Args:
        model: the network; its `.grad` become views of one buffer, so that one message carries them all.
        X: this process's inputs (n_r, features); Y: its targets. There may be none.
        rows: n, of all processes together.
    """

    def __init__(self, model: MLP, X: Tensor, Y: Tensor, rows: int) -> None:
        self.model, self.X, self.Y = model, X, Y
        self.share = len(X) / rows
        parameters = list(model.parameters())
        self._message = torch.zeros(sum(p.numel() for p in parameters) + 1, dtype=parameters[0].dtype)
        start = 1
        for parameter in parameters:
            parameter.grad = self._message[start : start + parameter.numel()].view_as(parameter)
            start += parameter.numel()

    def gradients(self) -> float:
        """Fill every `.grad` with the gradient of the whole batch; return its loss."""
        return self._reduced(self.share)

    def averaged_gradients(self) -> float:
        """Fill every `.grad` with the plain average over the processes; return that of their losses."""
        return self._reduced(1 / dist.get_world_size())

    def step(self, optimizer: Optimizer) -> None:
        """Take one step on the whole batch."""
        self.gradients()
        optimizer.step()

    def _reduced(self, weight: float) -> float:
        self._message.zero_()
        if len(self.X):
            loss = self.model.loss(self.model(self.X), self.Y) * weight
            loss.backward()  # type: ignore[no-untyped-call]
            self._message[0] = loss.detach()
        dist.all_reduce(self._message)
        return self._message[0].item()
