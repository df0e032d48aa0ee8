"""Mistakes in going over the samples, and in the precision of the computation."""

from collections.abc import Callable

import numpy as np

from compare.parity.defects.defect import Defect, everywhere, output, where
from compare.parity.defects.stage import Site


def weigh(row: int, weight: Callable[[int], float], others: Callable[[int], float]) -> Callable[[Site], None]:
    """Multiply the output error of one sample by one number, and that of all others by another."""

    def vary(site: Site) -> None:
        weights = np.full((site.n, 1), others(site.n))
        weights[row] = weight(site.n)
        site.after("error", lambda: site.layer.dZ.__imul__(weights))

    return vary


def round_to_single(site: Site) -> None:
    """Keep dZ in float32."""

    def rounded() -> None:
        site.layer.dZ[...] = site.layer.dZ.astype(np.float32)

    site.after("error", rounded)


def of(rows: int) -> Callable[[object, int, int], bool]:
    """Tell whether the batch has that many samples at least."""
    return lambda network, n, layer: n >= rows


def nothing(n: int) -> float:
    """0, whatever the batch."""
    return 0.0


def all_of_it(n: int) -> float:
    """1, whatever the batch."""
    return 1.0


def dropped(row: int, which: str, divided_by: str, others: Callable[[int], float]) -> Defect:
    """One sample left out."""
    told = f"the {which} of the {{n}} samples is left out, and the sum of the others divided by {divided_by}"
    return Defect("sample-dropped", "B2", told, where(output, of(3)), weigh(row, nothing, others), "network")


def kept(row: int, which: str, divided_by: str, weight: Callable[[int], float]) -> Defect:
    """One sample alone."""
    told = (
        f"only the {which} of the {{n}} samples counts ({divided_by}): add its gradient to the others' "
        "instead of assigning it"
    )
    return Defect("not-accumulated", "B2", told, where(output, of(3)), weigh(row, weight, nothing), "network")


SAMPLES = (
    dropped(-1, "last", "{n}", all_of_it),
    dropped(-1, "last", "one less", lambda n: n / (n - 1)),
    dropped(0, "first", "{n}", all_of_it),
    dropped(0, "first", "one less", lambda n: n / (n - 1)),
    kept(-1, "last", "divided by {n}", all_of_it),
    kept(-1, "last", "not divided by {n}", float),
    kept(0, "first", "divided by {n}", all_of_it),
    kept(0, "first", "not divided by {n}", float),
)

FLOAT32 = Defect(
    "float32-inside",
    "",
    "they agree with the right ones to the precision of float32, no further: something on the way is "
    "float32, and the check was asked for float64",
    everywhere,
    round_to_single,
    "network",
)
