"""The computation graph of a network on a batch: every node with its shape and its gradient."""

from dataclasses import dataclass
from typing import Any

from compare.analysis.back_propagation import BackPropagation, norm

MOST_WEIGHTS = 50
"""Parameters of a network whose derivatives are all written into its graph."""

LOSSES = {
    "squared_error": "mean over samples of 1/2 sum ({output} - Y)²",
    "binary_cross_entropy": "mean over samples of -sum [Y log {output} + (1 - Y) log(1 - {output})]",
    "cross_entropy": "mean over samples of -sum Y log {output}",
}


@dataclass(frozen=True)
class Node:
    """One array of the graph.

    Args:
        name: X, Y, W1, b1, Z1, A1, ..., or L, the loss.
        kind: "data", "parameter", "value" or "loss".
        equation: how it is made from the nodes before it; empty where it is given.
        shape: (n, width) with samples as rows, (outputs, inputs) of weights, (outputs,) of biases, () of L.
        inputs: names of the nodes it is made from.
        gradient_norm: of dL/d(node); None for Y, by which nobody differentiates.
        gradient: dL/d(parameter) in full, where the network is small.
    """

    name: str
    kind: str
    equation: str
    shape: tuple[int, ...]
    inputs: tuple[str, ...]
    gradient_norm: float | None
    gradient: list[Any] | None = None


@dataclass(frozen=True)
class Graph:
    """The nodes, each after those it is made from."""

    objective: str
    samples: int
    nodes: tuple[Node, ...]


def computation_graph(passed: BackPropagation) -> Graph:
    """Return the graph as frameworks hold it: identities left out, a fused output layer within the loss."""
    network = passed.network
    nodes, source = [Node("X", "data", "", passed.X.shape, (), norm(passed.gradients["X"]))], "X"
    functions = (*network.activations, network.output)
    fused = network.is_fused
    for layer, function in enumerate(functions, start=1):
        W, b, Z, A = f"W{layer}", f"b{layer}", f"Z{layer}", f"A{layer}"
        names = [W, b] if network.bias else [W]
        nodes += [parameter(passed, name) for name in names]
        product = f"{Z} = {source} {W}ᵀ" + (f" + {b}" if network.bias else "")
        nodes.append(value(passed, Z, product, (source, *names)))
        source = Z
        if function != "identity" and not (fused and layer == len(functions)):
            nodes.append(value(passed, A, f"{A} = {function}({Z})", (Z,)))
            source = A
    nodes.append(Node("Y", "data", "", passed.Y.shape, (), None))
    output = f"{network.output}({source})" if fused else source
    equation = f"L = {LOSSES[network.loss].format(output=output)}"
    nodes.append(Node("L", "loss", equation, (), (source, "Y"), 1.0))
    return Graph(network.objective, len(passed.X), tuple(nodes))


def parameter(passed: BackPropagation, name: str) -> Node:
    """Return the node of a weight matrix or a bias."""
    gradient = passed.gradients[name]
    small = sum(values.size for values in passed.parameters.values()) <= MOST_WEIGHTS
    in_full = gradient.tolist() if small else None
    return Node(name, "parameter", "", gradient.shape, (), norm(gradient), in_full)


def value(passed: BackPropagation, name: str, equation: str, inputs: tuple[str, ...]) -> Node:
    """Return the node of a Z or an A."""
    return Node(name, "value", equation, passed.values[name].shape, inputs, norm(passed.gradients[name]))
