"""Where PyTorch computes, the processor or a CUDA device held to full float32; arrays in and out of it."""

import torch
from torch import Tensor

from compare.implementation import Array


def ready_device(name: str) -> torch.device:
    """Return a device that is here; on CUDA, TF32 is turned off, which would round float32 to 10 bits.

    Raises:
        RuntimeError: there is no such device.
    """
    if name == "cuda":
        if not torch.cuda.is_available():
            raise RuntimeError(f"PyTorch {torch.__version__} finds no CUDA device here")
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False
    return torch.device(name)


def to_tensor(array: Array, device: torch.device) -> Tensor:
    """Return the array as a tensor that shares its memory where it can: not if it is read-only."""
    made = torch.from_numpy(array) if array.flags.writeable else torch.tensor(array)
    return made.to(device)


def to_array(values: Tensor) -> Array:
    """Return a copy as a NumPy array."""
    array: Array = values.detach().cpu().numpy().copy()
    return array


def describe_device(name: str) -> str:
    """Return what results say of a device; raise RuntimeError where it is not here."""
    device = ready_device(name)
    if device.type != "cuda":
        return name
    return f"{torch.cuda.get_device_name(device)}, CUDA {torch.version.cuda}, TF32 off"
