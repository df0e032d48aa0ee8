"""The constant factors by which a gradient or a loss is usually off, and what each of them tells."""

import itertools
from dataclasses import dataclass

from compare.network import Network


@dataclass(frozen=True)
class Factor:
    """One recognised ratio.

    Args:
        id: the defect that it gives away.
        value: the ratio.
        shown: the ratio as it is written in a message.
        because: what the number is, as a half sentence.
    """

    id: str
    value: float
    shown: str
    because: str


def gradient_factors(network: Network, n: int) -> list[Factor]:
    """Return the factors that a gradient may be off by, commonest first; factors of 1 are left out."""
    k = network.sizes[-1]
    factors = [
        Factor("missing-mean", n, f"{n} times", f"{n} is your batch size"),
        Factor("averaged-twice", 1 / n, f"1/{n} of", f"{n} is your batch size"),
        Factor("mean-over-elements", 1 / k, f"1/{k} of", f"{k} is your number of outputs"),
        Factor("factor-two", 2.0, "2 times", "a 2 is left over, or a ½ is missing"),
        Factor("sign-flipped", -1.0, "-1 times", "the sign is turned round"),
    ]
    if n > 1:
        because = f"it is divided by {n - 1} instead of {n}"
        factors.append(Factor("mean-over-n-minus-one", n / (n - 1), f"{n}/{n - 1} times", because))
    return [factor for factor in factors if factor.value != 1]


def other_factors(network: Network, n: int) -> list[Factor]:
    """Return further ratios that mean something, though no mistake with a name of its own."""
    k = network.sizes[-1]
    factors = [
        Factor("scaled", 0.5, "½ of", "a ½ is left over"),
        Factor("scaled", k, f"{k} times", f"{k} is your number of outputs"),
        Factor("scaled", n * k, f"{n * k} times", f"{n} is your batch size and {k} your number of outputs"),
        Factor("scaled", (n - 1) / n, f"{n - 1}/{n} of", f"{n} is your batch size"),
        Factor("scaled", 1 / n**2, f"1/{n}² of", f"{n} is your batch size"),
    ]
    for layer, width in enumerate(network.sizes[:-1]):
        of = f"the width of layer {layer}" if layer else "your number of features"
        factors.append(Factor("scaled", width, f"{width} times", f"{width} is {of}"))
        factors.append(Factor("scaled", 1 / width, f"1/{width} of", f"{width} is {of}"))
    return [factor for factor in factors if factor.value not in (0, 1)]


def loss_factors(network: Network, n: int) -> list[Factor]:
    """Return the factors between the usual definitions of a batch's loss; `because` says what was done."""
    k = network.sizes[-1]
    summed, averaged = f"you sum over the batch of {n}", f"you average over the {k} outputs as well"
    factors = [
        Factor("summed", n, f"{n} times", summed),
        Factor("elements", 1 / k, f"1/{k} of", averaged),
        Factor("negative", -1.0, "-1 times", "you maximise what we minimise"),
        Factor("outputs", k, f"{k} times", f"{k} is your number of outputs"),
        Factor("twice", 1 / n, f"1/{n} of", f"you divide by the batch size {n} twice"),
    ]
    if network.loss == "squared_error":
        factors += [
            Factor("doubled", 2.0, "2 times", "you leave out the ½"),
            Factor(
                "torch", 2 / k, f"2/{k} of", f"you leave out the ½ and {averaged}, as MSELoss of PyTorch does"
            ),
            Factor("summed doubled", 2 * n, f"{2 * n} times", f"{summed} and leave out the ½"),
        ]
    if n > 1:
        factors.append(
            Factor("n-1", n / (n - 1), f"{n}/{n - 1} times", f"you divide by {n - 1} instead of {n}")
        )
    return [factor for factor in factors if factor.value != 1]


def recognise(ratio: float, factors: list[Factor], tolerance: float) -> list[Factor]:
    """Return the factors that a ratio equals to within a relative tolerance."""
    return [factor for factor in factors if abs(ratio - factor.value) <= tolerance * abs(factor.value)]


def recognise_product(ratio: float, factors: list[Factor], tolerance: float) -> list[Factor]:
    """Return the first two factors whose product a ratio equals, or none."""
    for pair in itertools.combinations(factors, 2):
        product = pair[0].value * pair[1].value
        if product != 1 and abs(ratio - product) <= tolerance * abs(product):
            return list(pair)
    return []
