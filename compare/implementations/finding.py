"""Classes from files and installed packages: imported, and held against the contract's signatures.

This runs somebody else's code, so it is only called inside a contestant's own process.
"""

import inspect
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, cast

from compare.implementation import Implementation
from compare.implementations.defaults import OPTIONAL
from compare.parity.student.signature import accepts, missing_name, shown
from compare.parity.student.worker import diagnosed, load_module
from compare.plugins import PluginError, PluginFile

METHODS = {
    "loss_and_gradients": ("X", "Y"),
    "step": ("X", "Y"),
    "predict": ("X",),
    "parameters": (),
}
MAY_HAVE = {
    "trace": ("X", "Y"),
    "load": ("X", "Y"),
    "train": ("batches",),
    "evaluate": ("X", "Y"),
    "compile": ("sizes",),
}
BUILT_WITH = ("network", "parameters", "rule", "dtype")


def class_in_file(plugin: PluginFile) -> type[Implementation]:
    """Run the file and return its class.

    Raises:
        PluginError: there is no such file or class, it cannot be imported, or a method does not fit.
    """
    file = Path(plugin.path).resolve()
    if not file.is_file():
        raise PluginError(f"{plugin.path}: no such file in {Path.cwd()}")
    try:
        module = load_module(file)
    except BaseException as error:
        raise PluginError(f"{plugin.label}: {diagnosed(error, file)[1]}") from None
    if not hasattr(module, plugin.name):
        raise PluginError(f"{plugin.label}: {file.name} {missing_name(module, plugin.name)}")
    return checked(getattr(module, plugin.name), plugin.label)


def class_of_package(point: EntryPoint) -> type[Implementation]:
    """Import what an installed package offers; raise PluginError where that is no implementation."""
    try:
        found = point.load()
    except BaseException as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise PluginError(f"{point.name}: {point.value} cannot be imported: {told[:300]}") from None
    return checked(found, point.name)


def checked(found: Any, label: str) -> type[Implementation]:
    """Return the class if it has the methods of the contract; raise PluginError for the first that is off."""
    if not inspect.isclass(found):
        raise PluginError(f"{label}: is a {type(found).__name__}, not a class")
    if not accepts(found, len(BUILT_WITH)):
        built = f"{found.__name__}({', '.join(BUILT_WITH)})"
        raise PluginError(f"{label}: it is built as {built}, but its __init__ takes {shown(found)}")
    for name, arguments in (METHODS | MAY_HAVE).items():
        method = getattr(found, name, None)
        call = f"{name}({', '.join(arguments)})"
        if method is None and name in METHODS:
            raise PluginError(f"{label}: has no method {call}; see docs/implementations.md")
        if method is not None and not (callable(method) and accepts(method, 1 + len(arguments))):
            takes = shown(method) if callable(method) else type(method).__name__
            raise PluginError(f"{label}: it is called as {call}, but {name} takes {takes}")
    for names in OPTIONAL:
        present = [name for name in names if hasattr(found, name)]
        if present and len(present) < len(names):
            missing = next(name for name in names if name not in present)
            raise PluginError(f"{label}: has {present[0]} but not {missing}; they go together")
    return cast(type[Implementation], found)
