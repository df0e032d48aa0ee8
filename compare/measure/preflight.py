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


def check_contestants(experiment: Experiment, folder: Path = Path()) -> str:
    """Start every contestant that is not the project's own, and look for the device; return what it is.

    Raises:
        ExperimentError: one is missing, cannot be loaded or breaks the contract, or there is no such device.
    """
    for name in experiment.factors.implementations:
        lack = missing_need(name)
        if lack is not None:
            raise ExperimentError(f"factors.implementations: {name}: {lack}")
        if name not in IMPLEMENTATIONS:
            ask(name, folder, "factors.implementations")
    device = experiment.run.device
    return "" if device == "cpu" else ask(ON_CUDA, folder, "run.device", device)


def ask(name: str, folder: Path, key: str, device: str | None = None) -> str:
    """Start a contestant, let it look for a device if one is given, and end it again."""
    contestant = Contestant(name, 1, folder)
    try:
        contestant.start()
        return "" if device is None else str(contestant.ask("device", 60.0, name=device)["device"])
    except ContestantError as error:
        what = f"{device}: " if device else ""
        raise ExperimentError(f"{key}: {what}{error}") from None
    finally:
        contestant.close()
