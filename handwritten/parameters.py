"""Parameters and gradients: one flat buffer each, seen through one view a tensor."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import DTypeLike

from handwritten.arrays import Array, zeros


def tensor_shapes(sizes: tuple[int, ...], bias: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield name and shape of every tensor, first layer first: W1 (outputs, inputs), b1 (outputs,), ..."""
    for layer, (inputs, outputs) in enumerate(itertools.pairwise(sizes), start=1):
        yield f"W{layer}", (outputs, inputs)
        if bias:
            yield f"b{layer}", (outputs,)


class FlatTensors:
    """A vector and, into it, one view a tensor.

    A weight matrix of shape (outputs, inputs) lies in the vector transposed, inputs first, so that the
    view is column-major; nobody outside has to know.

    Args:
        sizes: widths of all layers, the input's first.
        bias: whether the layers have one.
        dtype: float32 or float64.
    """

    def __init__(self, sizes: tuple[int, ...], bias: bool, dtype: DTypeLike) -> None:
        shapes = dict(tensor_shapes(sizes, bias))
        self.flat: Array = zeros((sum(math.prod(shape) for shape in shapes.values()),), dtype)
        self.views: dict[str, Array] = {}
        start = 0
        for name, shape in shapes.items():
            stop = start + math.prod(shape)
            self.views[name] = self.flat[start:stop].reshape(shape[::-1]).T
            start = stop

    def matches(self, other: FlatTensors) -> bool:
        """Whether the other's tensors have the same names, shapes and type."""
        shapes, others = ({name: view.shape for name, view in one.views.items()} for one in (self, other))
        return shapes == others and self.flat.dtype == other.flat.dtype

    def load(self, tensors: Mapping[str, Array]) -> None:
        """Copy tensors in; raise ValueError where a name or a shape differs."""
        if tensors.keys() != self.views.keys():
            raise ValueError(f"parameters are {', '.join(self.views)}; got {', '.join(tensors) or 'none'}")
        for name, view in self.views.items():
            given = np.shape(tensors[name])
            if given != view.shape:
                raise ValueError(f"{name} has the shape {given}; this network needs {view.shape}")
        for name, view in self.views.items():
            view[...] = tensors[name]
