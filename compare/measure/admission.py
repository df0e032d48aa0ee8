"""What a Dask cluster has to have before it gets work: a scheduler that answers, and workers like us."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

from compare.experiment import Experiment
from compare.measure.environment import LIBRARIES
from compare.measure.workplaces import WorkplaceError
from compare.plugins import plugin_of

RESOURCE = "exclusive"
"""Every worker has one of it, and every task takes it."""
CONNECT_SECONDS = 10


def connected(address: str) -> Any:
    """Return a client of the scheduler at an address."""
    try:
        from distributed import Client
    except ImportError:
        raise WorkplaceError("--scheduler needs Dask: pip install 'side-by-side[cluster]'") from None
    for name in [name for name in logging.root.manager.loggerDict if name.startswith("distributed")]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what goes wrong is told here, in a line
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        told = " ".join(str(error).split())[:200]
        raise WorkplaceError(
            f"--scheduler {address}: no Dask scheduler answers there ({told}); start one: dask scheduler"
        ) from None


def usable_workers(client: Any, address: str) -> list[str]:
    """Return the workers' addresses, sorted; all must offer the resource and have our software."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    start = f"dask worker {address} --nthreads 1 --resources {RESOURCE}=1"
    if not workers:
        raise WorkplaceError(f"--scheduler {address}: the cluster has no worker; start some: {start}")
    for worker, about in workers.items():
        if about.get("resources", {}).get(RESOURCE) != 1:
            raise WorkplaceError(f"{worker} does not offer {RESOURCE}=1; start every worker so: {start}")
    ours = software()
    for worker, theirs in client.run(software).items():
        for name, version in ours.items():
            if theirs.get(name) != version:
                told = f"{worker} has {name} {theirs.get(name)} and this machine {version}"
                raise WorkplaceError(f"{told}; results of both would not be comparable: make them the same")
    return sorted(workers)


def check_files(client: Any, experiment: Experiment) -> None:
    """Raise WorkplaceError where a worker has another file of a contestant's name; that it has none is told
    of the runs that it is given."""
    plugins = [plugin_of(name) for name in experiment.factors.implementations]
    paths = [plugin.path for plugin in plugins if plugin is not None]
    ours = contents(paths)
    for worker, theirs in client.run(contents, paths).items() if paths else ():
        for path in paths:
            if theirs[path] not in (None, ours[path]):
                raise WorkplaceError(f"{worker} has another {path} than this machine; make them the same")


def contents(paths: Sequence[str]) -> dict[str, str | None]:
    """Return the SHA-256 of each file, None of one that is not there."""
    files = {path: Path(path) for path in paths}
    return {
        path: sha256(file.read_bytes()).hexdigest() if file.is_file() else None
        for path, file in files.items()
    }


def software() -> dict[str, str]:
    """Return the versions of Python and of the libraries that results depend on."""
    return {"python": python_version(), **{name: metadata.version(name) for name in LIBRARIES}}
