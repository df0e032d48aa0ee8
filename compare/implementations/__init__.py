"""The contestants by name; each lives in a module that is imported only when it is asked for."""

import importlib

from compare.implementation import Implementation

IMPLEMENTATIONS: dict[str, tuple[str, str]] = {
    "numpy": ("compare.implementations.handwritten_numpy:HandwrittenNumpy", "the network written by hand"),
    "torch": ("compare.implementations.torch_eager:TorchEager", "PyTorch, autograd, eager mode"),
}
"""Where each contestant's class is, and what it is in a few words."""


def load_implementation(name: str) -> type[Implementation]:
    """Import and return a contestant's class; raise KeyError for an unknown name."""
    module, _, cls = IMPLEMENTATIONS[name][0].partition(":")
    found: type[Implementation] = getattr(importlib.import_module(module), cls)
    return found
