"""The contestant `torch-fused`: as `torch`, with the fused optimizers of `torch.optim`."""

from torch.optim import Optimizer

from compare.implementation import UpdateRule
from compare.implementations.torch_eager import TorchEager
from torch_impl import make_optimizer

FUSED = ("sgd", "adam", "adamw")


class TorchFused(TorchEager):
    """`torch` with `fused=True`: one kernel updates all parameters."""

    def _optimizer(self, rule: UpdateRule) -> Optimizer:
        if rule.name not in FUSED:
            raise NotImplementedError(f"torch.optim has no fused {rule.name}")
        return make_optimizer(rule.name, self.model.parameters(), rule.options, fused=True)
