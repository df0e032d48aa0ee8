"""The architecture and objective that every implementation of a cell shares."""

import itertools
from dataclasses import asdict, dataclass
from typing import Any

FUSED = (("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"))
"""The pairs of output activation and loss whose derivatives cancel."""


@dataclass(frozen=True)
class Network:
    """A fully connected network and its loss, without its parameters.

    Args:
        sizes: widths of all layers, the input's first.
        activations: one a hidden layer.
        output: output activation.
        loss: loss on top of it.
        bias: whether the layers have one.
    """

    sizes: tuple[int, ...]
    activations: tuple[str, ...]
    output: str
    loss: str
    bias: bool

    @property
    def arguments(self) -> tuple[tuple[int, ...], tuple[str, ...], str, str, bool]:
        """What both networks, `handwritten.MLP` and `torch_impl.MLP`, are made from, in their order."""
        return self.sizes, self.activations, self.output, self.loss, self.bias

    @property
    def objective(self) -> str:
        """Output activation and loss as experiments name them, such as softmax+cross_entropy."""
        return f"{self.output}+{self.loss}"

    @property
    def depth(self) -> int:
        """The number of layers of weights."""
        return len(self.sizes) - 1

    @property
    def functions(self) -> tuple[str, ...]:
        """The activation of every layer, the output's included."""
        return (*self.activations, self.output)

    @property
    def is_fused(self) -> bool:
        """Whether loss and output activation cancel to an output error of (Y_hat - Y) / n [B0]."""
        return (self.output, self.loss) in FUSED

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Names and shapes of all parameters, first layer first: W1 (outputs, inputs), b1 (outputs,), ..."""
        shapes: dict[str, tuple[int, ...]] = {}
        for layer, (inputs, outputs) in enumerate(itertools.pairwise(self.sizes), start=1):
            shapes[f"W{layer}"] = (outputs, inputs)
            if self.bias:
                shapes[f"b{layer}"] = (outputs,)
        return shapes

    def to_dict(self) -> dict[str, Any]:
        """Return the fields, ready for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(fields: dict[str, Any]) -> "Network":
        """Return the network that `to_dict` described."""
        return Network(
            tuple(fields["sizes"]),
            tuple(fields["activations"]),
            fields["output"],
            fields["loss"],
            fields["bias"],
        )
