"""The optimizers of `torch.optim` under the project's option names, and the usual training step."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from torch.optim import Optimizer

from torch_impl.errors import TorchImplError
from torch_impl.network import MLP

ADAM_OPTIONS = ("lr", "beta1", "beta2", "eps", "weight_decay")
OPTIMIZERS: dict[str, tuple[Callable[..., Optimizer], tuple[str, ...]]] = {
    "sgd": (torch.optim.SGD, ("lr", "momentum", "dampening", "weight_decay", "nesterov")),
    "rmsprop": (torch.optim.RMSprop, ("lr", "alpha", "eps", "weight_decay", "momentum")),
    "adam": (torch.optim.Adam, ADAM_OPTIONS),
    "adamw": (torch.optim.AdamW, ADAM_OPTIONS),
}


def make_optimizer(
    name: str,
    parameters: Iterable[torch.nn.Parameter],
    options: Mapping[str, float | bool],
    fused: bool | None = None,
) -> Optimizer:
    """Return torch's optimizer, with its defaults for absent options.

    Args:
        name: sgd, rmsprop, adam or adamw.
        parameters: what to update, e.g. `model.parameters()`.
        options: options by the names in `OPTIMIZERS`.
        fused: whether one kernel updates all parameters; None: torch's own default implementation.

    Raises:
        TorchImplError: if the name or an option is unknown, or torch refuses a value.
    """
    if name not in OPTIMIZERS:
        raise TorchImplError(f"unknown optimizer {name!r}: choose {', '.join(OPTIMIZERS)}")
    optimizer, known = OPTIMIZERS[name]
    unknown = [option for option in options if option not in known]
    if unknown:
        raise TorchImplError(f"{name} has no option {', '.join(unknown)}: it takes {', '.join(known)}")
    arguments: dict[str, object] = {
        key: value for key, value in options.items() if not key.startswith("beta")
    }
    if "beta1" in known:
        arguments["betas"] = (options.get("beta1", 0.9), options.get("beta2", 0.999))
    if fused is not None:
        arguments["fused"] = fused
    try:
        return optimizer(parameters, **arguments)
    except (TypeError, ValueError) as error:
        raise TorchImplError(f"{name}: {error}") from error


def training_step(model: MLP, optimizer: Optimizer, X: Tensor, Y: Tensor) -> None:
    """Update the parameters once from one batch."""
    optimizer.zero_grad(set_to_none=True)
    model.loss(model(X), Y).backward()  # type: ignore[no-untyped-call]
    optimizer.step()
