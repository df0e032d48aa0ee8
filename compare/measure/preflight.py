"""Before anything is made: are the contestants here that an experiment names, and can they be loaded?"""

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from compare.experiment import Experiment
from compare.experiment_file import ExperimentError
from compare.implementations import IMPLEMENTATIONS
from compare.measure.contestant import Contestant, ContestantError

NEEDS = {"sklearn": ("sklearn", "sklearn"), "jax": ("jax", "jax")}
"""The module that an implementation imports, and the extra of this project that installs it."""
ON_CUDA = "torch"


def missing_need(name: str) -> str | None:
    """Say what an implementation lacks on this machine and how to get it, or None."""
    module, extra = NEEDS.get(name, ("", ""))
    if module and find_spec(module) is None:
        return f"{module} is not installed; pip install 'side-by-side[{extra}]'"
    if name == "torch-compile" and compiler() is None:
        return "torch.compile needs a C++ compiler, and none was found; install one (g++), or name it in CXX"
    return None


def compiler() -> str | None:
    """Return the path of the C++ compiler that torch.compile would call, or None."""
    usual = {"darwin": "clang++", "win32": "cl"}.get(sys.platform, "g++")
    return shutil.which(os.environ.get("CXX") or usual)


class NoDeviceError(ExperimentError):
    """The device is not here; those contestants that would use it cannot take part."""


def check_contestants(experiment: Experiment, folder: Path = Path()) -> str:
    """Start every contestant that is not the project's own, and look for the device; return what it is.

    Raises:
        NoDeviceError: there is no such device, and somebody wants it.
        ExperimentError: a contestant is missing, cannot be loaded or breaks the contract.
    """
    for name in experiment.factors.implementations:
        lack = missing_need(name)
        if lack is not None:
            raise ExperimentError(f"factors.implementations: {name}: {lack}")
        if name not in IMPLEMENTATIONS:
            ask(name, folder, "factors.implementations")
    device = experiment.run.device
    if device == "cpu" or not on_device(experiment):
        return ""
    try:
        return ask(ON_CUDA, folder, "run.device", device)
    except ExperimentError as error:
        raise NoDeviceError(str(error)) from None


def on_device(experiment: Experiment) -> tuple[str, ...]:
    """Name the contestants that run on the experiment's device; the others stay on the processor."""
    return tuple(name for name in experiment.factors.implementations if name.split("-")[0] == ON_CUDA)


def skipping(experiment: Experiment, error: NoDeviceError) -> tuple[Experiment, str]:
    """Return the experiment without those whose device is not here, and a sentence that says so.

    Raises:
        ExperimentError: nobody would be left.
    """
    skipped = on_device(experiment)
    left = experiment.without(skipped)
    if not left.factors.implementations:
        raise ExperimentError(f"{error}; nobody else is to run: leave --device out")
    return left, f"Skipped {', '.join(skipped)}: {error}."


def ask(name: str, folder: Path, key: str, device: str | None = None) -> str:
    """Start a contestant, let it look for a device if one is given, and end it again."""
    contestant = Contestant(name, 1, folder)
    try:
        contestant.start()
        return "" if device is None else str(contestant.ask("device", 60.0, name=device)["device"])
    except ContestantError as error:
        what = f"{device}: " if device else ""
        told = str(error).removeprefix("RuntimeError: ")
        raise ExperimentError(f"{key}: {what}{told}") from None
    finally:
        contestant.close()
