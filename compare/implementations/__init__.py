"""The contestants by name; each lives in a module that is imported only when it is asked for."""

import importlib
from importlib.metadata import EntryPoint, entry_points

from compare.implementation import Implementation
from compare.plugins import GROUP, plugin_of

IMPLEMENTATIONS: dict[str, tuple[str, str]] = {
    "numpy": ("compare.implementations.handwritten_numpy:HandwrittenNumpy", "the network written by hand"),
    "torch": ("compare.implementations.torch_eager:TorchEager", "PyTorch, autograd, eager mode"),
    "numpy-textbook": (
        "compare.implementations.numpy_textbook:NumpyTextbook",
        "the formulas as the sources write them, allocation and all",
    ),
    "torch-manual": (
        "compare.implementations.torch_manual:TorchManual",
        "the textbook's lines on PyTorch's tensors, without autograd",
    ),
    "torch-compile": (
        "compare.implementations.torch_compile:TorchCompile",
        "gradient and update in one graph of torch.compile",
    ),
    "torch-dataloader": (
        "compare.implementations.torch_dataloader:TorchDataLoader",
        "torch, each batch collated sample by sample by a DataLoader",
    ),
    "torch-fused": ("compare.implementations.torch_fused:TorchFused", "torch with a fused optimizer"),
    "sklearn": (
        "compare.implementations.sklearn_mlp:SklearnMLP",
        "scikit-learn's MLPClassifier and MLPRegressor, a partial_fit a batch",
    ),
    "jax": ("compare.implementations.jax_jit:JaxJit", "JAX, autograd, one jitted function a step"),
}
"""Where each contestant's class is, and what it is in a few words."""


def installed_plugins() -> dict[str, EntryPoint]:
    """Return what installed packages offer, by name, without importing it; our own names go first."""
    found = {point.name: point for point in entry_points(group=GROUP)}
    return {name: point for name, point in sorted(found.items()) if name not in IMPLEMENTATIONS}


def known_names() -> tuple[str, ...]:
    """Name every contestant that is here or offered by an installed package."""
    return (*IMPLEMENTATIONS, *installed_plugins())


def load_implementation(name: str) -> type[Implementation]:
    """Import and return a contestant's class, by its name or as FILE.py:CLASS.

    Raises:
        KeyError: the name is unknown.
        PluginError: the file or the package does not give a class that fulfils the contract.
    """
    if name in IMPLEMENTATIONS:
        module, _, cls = IMPLEMENTATIONS[name][0].partition(":")
        found: type[Implementation] = getattr(importlib.import_module(module), cls)
        return found
    from compare.implementations.finding import class_in_file, class_of_package

    plugin = plugin_of(name)
    return class_in_file(plugin) if plugin else class_of_package(installed_plugins()[name])
