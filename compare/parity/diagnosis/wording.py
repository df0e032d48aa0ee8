"""The sentences of a diagnosis."""

from collections.abc import Sequence

from compare.network import Network
from compare.parity.defects.defect import Suspect
from compare.parity.defects.factors import Factor, gradient_factors

EQUATIONS = {
    "F1": "Z = A Wᵀ + 1 b",
    "F2": "A = σ(Z)",
    "L": "L = 1/n Σ_i Σ_j ℓ",
    "L1'": "dA = (Y_hat - Y) / n",
    "D1": "σ'(z) = a (1 - a)",
    "D2": "tanh'(z) = 1 - a²",
    "D3": "relu'(z) = 1 where z > 0, else 0",
    "D5": "dZ = A ⊙ (dA - rowsum(dA ⊙ A))",
    "B0": "dZ = (Y_hat - Y) / n",
    "B1": "dZ = dA ⊙ σ'(Z)",
    "B2": "dW = dZᵀ A",
    "B3": "db = dZᵀ 1",
    "B4": "dA = dZ W, of the layer below",
    "S3": "log max(p, t)",
    "O1": "θ ← θ - η g",
    "O3": "g ← g + λ θ",
}
"""The equations of docs/derivation.md that a message may point to."""

RATIO_OF = {
    "bias-averaged-twice": "averaged-twice",
    "weights-averaged-twice": "averaged-twice",
    "bias-missing-mean": "missing-mean",
    "weights-missing-mean": "missing-mean",
}
"""Defects of one kind of tensor that have the ratio of another defect."""


def see(*equations: str) -> str:
    """Point to equations of the derivation."""
    shown = " and ".join(f"[{label}] {EQUATIONS[label]}" for label in equations if label)
    return f" See {shown} in docs/derivation.md." if shown else ""


def listed(names: Sequence[str]) -> str:
    """Return names as a text: W1, W1 and b1, W1, b1 and W2."""
    ordered = sorted(names, key=lambda name: (int(name[1:]) if name[1:].isdigit() else 0, name))
    return " and ".join(filter(None, (", ".join(ordered[:-1]), ordered[-1])))


def sentence(text: str) -> str:
    """Return a text with a full stop, unless it asks."""
    return text if text.endswith("?") else text + "."


def gradient_is(factor: Factor) -> str:
    """Say what a recognised ratio looks like and means."""
    return f"your gradient is {factor.shown} the right one, and {factor.because}"


def place_of(suspect: Suspect) -> str:
    """Say where a defect sits."""
    return f"in layer {suspect.layer}" if suspect.layer else "in every layer"


def told(suspect: Suspect, tensors: Sequence[str], network: Network, n: int) -> str:
    """Return the message for a defect: the tensors, what was done, and the equation to look at."""
    defect, layer = suspect.defect, suspect.layer
    sought = RATIO_OF.get(defect.id, defect.id)
    ratio = next((gradient_is(f) for f in gradient_factors(network, n) if f.id == sought), "")
    what = defect.told.format(
        at=place_of(suspect),
        l=layer or "_l",
        k=layer - 1 if layer else "_(l-1)",
        n=n,
        amount=f"{suspect.amount:.3g}",
        ratio=ratio,
    )
    return f"{listed(tensors)}: {sentence(what)}{see(defect.equation)}"


def titled(suspects: Sequence[Suspect]) -> str:
    """Name defects and their places in a few words."""
    return " with ".join(f"{s.defect.id} {place_of(s)}" if s.layer else s.defect.id for s in suspects)
