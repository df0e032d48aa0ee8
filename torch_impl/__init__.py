"""The equivalent network in PyTorch: an `nn.Module`, losses with the project's reductions, `torch.optim`."""

from torch_impl.errors import TorchImplError
from torch_impl.losses import OBJECTIVES
from torch_impl.network import MLP, Trace
from torch_impl.optimizers import OPTIMIZERS, make_optimizer, training_step

__all__ = ["MLP", "OBJECTIVES", "OPTIMIZERS", "TorchImplError", "Trace", "make_optimizer", "training_step"]
