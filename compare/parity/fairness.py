"""The fairness lint: what differs between the contestants besides who computes, found or declared."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from compare.implementations import IMPLEMENTATIONS
from compare.measure.laboratory import Laboratory
from compare.parity.verdicts import Difference, Parity
from handwritten.threads import SHARED_BATCH

SERIAL = ("openmp",)
"""Thread pools that multiply no matrices."""


def fairness_of(laboratory: Laboratory, parity: Parity) -> list[Difference]:
    """Return every difference once: of the parity check, of the libraries, of threads and of the device."""
    found = [*parity.differences, *_products(laboratory), *_threads(laboratory), *_devices(laboratory)]
    return list(dict.fromkeys(found))


def _products(laboratory: Laboratory) -> Iterator[Difference]:
    """Say whose matrix products are made by another library than the reference's, or may be."""
    makers = {name: products_of(laboratory, name) for name in laboratory.experiment.contestants}
    reference = laboratory.experiment.reference
    theirs = " or ".join(makers[reference])
    for name, found in makers.items():
        if len(found) > 1 and name != reference:
            told = f"it has loaded {' and '.join(found)}, and which makes its matrix products cannot be seen"
            yield Difference(name, "library", f"{told}; {reference}'s are made by {theirs}", True)
        elif found and theirs and found[0] != theirs:
            told = f"its matrix products are made by {found[0]}, {reference}'s by {theirs}"
            yield Difference(name, "library", told, True)


def products_of(laboratory: Laboratory, name: str) -> tuple[str, ...]:
    """Name the library that multiplies a contestant's matrices, as far as its process shows it.

    The project's own contestants multiply by PyTorch or JAX where they have loaded it. Somebody else's may
    as well multiply by NumPy there; it then may be either.
    """
    ours = laboratory.experiment.named(name) in IMPLEMENTATIONS
    contestant = laboratory.contestant(name, laboratory.experiment.factors.threads[0])
    frameworks = [library for library in ("torch", "jax") if library in contestant.builds]
    found = ["MKL" if "MKL" in contestant.builds[library] else library for library in frameworks]
    if not (found and ours):
        found += numpys_own(contestant.pools, contestant.builds)
    return tuple(dict.fromkeys(found))


def numpys_own(pools: Iterable[Mapping[str, Any]], builds: Mapping[str, str]) -> list[str]:
    """Name NumPy's library of matrix products; SciPy may have brought another one along."""
    able = [pool for pool in pools if pool["library"] not in SERIAL]
    own = [pool for pool in able if pool["version"] and f" {pool['version']} " in f"{builds.get('numpy')} "]
    names = [f"{pool['library']} {pool['version'] or ''}".strip() for pool in own or able]
    return list(dict.fromkeys(names))


def _threads(laboratory: Laboratory) -> Iterator[Difference]:
    """Say that the hand-written network leaves threads idle where waking them would cost more."""
    experiment = laboratory.experiment
    for name in experiment.contestants if max(experiment.factors.threads) > 1 else ():
        if experiment.named(name) == "numpy":
            told = f"a batch of less than {SHARED_BATCH:,} rows times parameters takes one thread"
            yield Difference(name, "threads", told, False)


def _devices(laboratory: Laboratory) -> Iterator[Difference]:
    """Say who stays on the processor where the experiment is on another device."""
    device = laboratory.experiment.run.device
    for name in laboratory.experiment.contestants if device != "cpu" else ():
        contestant = laboratory.contestant(name, laboratory.experiment.factors.threads[0])
        if device not in contestant.devices:
            yield Difference(name, "device", f"it computes on the processor, others on {device}", True)
