"""The catalogue of defects: the hand-written backward pass, each time with one named mistake."""

from collections.abc import Mapping, Sequence

from compare.implementation import Array
from compare.network import Network
from compare.parity.defects.catalogue.biases import BIASES
from compare.parity.defects.catalogue.derivatives import DERIVATIVES, KINKS
from compare.parity.defects.catalogue.forward import FORWARD
from compare.parity.defects.catalogue.losses import OTHER_LOSSES
from compare.parity.defects.catalogue.outputs import OUTPUTS
from compare.parity.defects.catalogue.passing import PASSING
from compare.parity.defects.catalogue.samples import FLOAT32, SAMPLES
from compare.parity.defects.catalogue.scale import PARTS, SCALED, WHOLE
from compare.parity.defects.catalogue.weights import WEIGHTS
from compare.parity.defects.defect import Defect, Suspect
from compare.parity.defects.stage import Returned, Site, Stage

__all__ = ["CATALOGUE", "Defect", "Suspect", "gradients_with", "rehearse", "suspects"]

CATALOGUE: tuple[Defect, ...] = (
    *WHOLE,
    *BIASES,
    *WEIGHTS,
    *OUTPUTS,
    *OTHER_LOSSES,
    *DERIVATIVES,
    *PASSING,
    *PARTS,
    *SAMPLES,
    *FORWARD,
    *KINKS,
    FLOAT32,
    *SCALED,
)
"""All defects, the commonest first: where two explain the same gradients, the earlier one is named."""


def suspects(network: Network, n: int) -> list[Suspect]:
    """Return every defect at every place where it changes something, on a batch of n rows."""
    found = []
    for defect in CATALOGUE:
        places = defect.where(network, n)
        if defect.scope != "network":
            found += [Suspect(defect, layer, defect.amount) for layer in places]
        if (places and defect.scope == "network") or (len(places) > 1 and defect.scope == "layers"):
            found.append(Suspect(defect, None, defect.amount))
    return found


def gradients_with(
    network: Network,
    parameters: Mapping[str, Array],
    X: Array,
    Y: Array,
    defects: Sequence[Suspect],
    dtype: str = "float64",
) -> tuple[float, Returned]:
    """Return the loss and the gradients of the hand-written network with these defects.

    Args:
        network: the architecture and objective.
        parameters: their values, by name.
        X: inputs, (n, features); Y: targets, (n, outputs).
        defects: the mistakes to make, all of them.
        dtype: in which to compute.

    Some defects return gradients of another shape than the parameter's: that is the mistake.
    """
    return rehearse(Stage(network, parameters, X, Y, dtype), defects)


def rehearse(stage: Stage, defects: Sequence[Suspect]) -> tuple[float, Returned]:
    """Return the loss and the gradients of a stage with these defects, and leave it as it was."""
    try:
        for suspect in defects:
            for number in suspect.sites(stage.network, stage.n):
                suspect.defect.vary(Site(stage, number, suspect.amount))
        return stage.run()
    finally:
        stage.reset()
