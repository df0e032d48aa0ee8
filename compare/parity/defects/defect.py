"""What a defect is, and where in a network it can sit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from compare.network import Network
from compare.parity.defects.stage import Site

Places = Callable[[Network, int], Sequence[int]]
"""From a network and its batch size to the layers where a defect changes something."""


@dataclass(frozen=True)
class Defect:
    """One named mistake: a small variation of the hand-written backward pass.

    Args:
        id: its name; several ways to make the same mistake share one.
        equation: label of the equation of docs/derivation.md that it breaks.
        told: what was done, in words, with fields that `compare.parity.diagnosis.wording` fills in.
        where: the layers it can sit at.
        vary: puts it on the stage, at one of them.
        scope: "layer": at one layer; "layers": at one or at all of them; "network": at all, or not at all.
        amount: its strength, where it has one.
        fitted: whether the strength is unknown (such as a learning rate) and found from the gradients.
    """

    id: str
    equation: str
    told: str
    where: Places
    vary: Callable[[Site], None]
    scope: Literal["layer", "layers", "network"] = "layers"
    amount: float = 1.0
    fitted: bool = False


@dataclass(frozen=True)
class Suspect:
    """One defect at one place; `layer` None: at every layer where it can sit, or of the batch as a whole."""

    defect: Defect
    layer: int | None
    amount: float

    def sites(self, network: Network, n: int) -> Sequence[int]:
        """Return the layers that are varied."""
        return self.defect.where(network, n) if self.layer is None else (self.layer,)


def everywhere(network: Network, n: int) -> Sequence[int]:
    """All layers."""
    return range(1, network.depth + 1)


def hidden(network: Network, n: int) -> Sequence[int]:
    """All hidden layers."""
    return range(1, network.depth)


def output(network: Network, n: int) -> Sequence[int]:
    """The output layer."""
    return (network.depth,)


def above_the_first(network: Network, n: int) -> Sequence[int]:
    """All layers that pass an error on to a layer below."""
    return range(2, network.depth + 1)


def where(places: Places, condition: Callable[[Network, int, int], bool]) -> Places:
    """Keep the places for which condition(network, n, layer) holds."""
    return lambda network, n: [layer for layer in places(network, n) if condition(network, n, layer)]
