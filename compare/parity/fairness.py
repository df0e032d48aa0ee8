"""The fairness lint: what differs between the contestants besides who computes, found or declared."""

from collections.abc import Iterator

from compare.measure.laboratory import Laboratory
from compare.parity.verdicts import Difference, Parity

SERIAL = ("openmp",)
"""Thread pools that multiply no matrices."""


def fairness_of(laboratory: Laboratory, parity: Parity) -> list[Difference]:
    """Return every difference once: of the parity check, of the libraries and of the device."""
    found = [*parity.differences, *_products(laboratory), *_devices(laboratory)]
    return list(dict.fromkeys(found))


def _products(laboratory: Laboratory) -> Iterator[Difference]:
    """Say whose matrix products are made by another library than the reference's."""
    makers = {name: products_of(laboratory, name) for name in laboratory.experiment.contestants}
    reference = laboratory.experiment.reference
    theirs = makers[reference]
    for name, maker in makers.items():
        if maker and theirs and maker != theirs:
            told = f"its matrix products are made by {maker}, {reference}'s by {theirs}"
            yield Difference(name, "library", told, True)


def products_of(laboratory: Laboratory, name: str) -> str:
    """Name the library that multiplies a contestant's matrices, as far as its process shows it."""
    contestant = laboratory.contestant(name, laboratory.experiment.factors.threads[0])
    pools = [pool for pool in contestant.pools if pool["library"] not in SERIAL]
    for library in ("torch", "jax"):
        if library in contestant.builds:
            if library == "torch" and "MKL" in contestant.builds[library]:
                return "MKL"
            return library
    names = [f"{pool['library']} {pool['version'] or ''}".strip() for pool in pools]
    return ", ".join(dict.fromkeys(names))


def _devices(laboratory: Laboratory) -> Iterator[Difference]:
    """Say who stays on the processor where the experiment is on another device."""
    device = laboratory.experiment.run.device
    for name in laboratory.experiment.contestants if device != "cpu" else ():
        contestant = laboratory.contestant(name, laboratory.experiment.factors.threads[0])
        if device not in contestant.devices:
            yield Difference(name, "device", f"it computes on the processor, others on {device}", True)
