"""How fast and how exact the three-way check is, beside `torch.autograd.gradcheck` on the same network.

    python -m benchmarks.three_way_check [--repeats 5]

Both check every gradient of a 784-30-10 network in float64 on a batch of 32. The three-way check computes
the gradients by hand, by autograd and by the complex step, with the tolerances; gradcheck compares autograd
with central differences, one pair of forward passes a parameter.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from tabulate import tabulate

from compare.implementation import Array, UpdateRule
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.implementations.torch_eager import TorchEager
from compare.initial_weights import draw_parameters
from compare.network import Network
from compare.parity.tolerance import relative_error, tolerances
from compare.parity.witnesses import ComplexStep, Testimony, hear_witnesses

NETWORK = Network((784, 30, 10), ("sigmoid",), "softmax", "cross_entropy", bias=True)
ROWS = 32


def three_way(parameters: dict[str, Array], X: Array, Y: Array) -> list[Testimony]:
    """Return what the three witnesses say of the loss and of every gradient."""
    rule = UpdateRule("sgd", {})
    by_hand = HandwrittenNumpy(NETWORK, parameters, rule, "float64").trace(X, Y)
    autograd = TorchEager(NETWORK, parameters, rule, "float64").trace(X, Y)
    return hear_witnesses(
        by_hand.gradients | {"loss": np.array(by_hand.loss)},
        autograd.gradients | {"loss": np.array(autograd.loss)},
        ComplexStep(NETWORK, parameters, X, Y),
        tolerances(NETWORK, parameters, X, Y, "float64"),
    )


def gradcheck(parameters: dict[str, Array], X: Array, Y: Array) -> None:
    """Check the same gradients as PyTorch does; raise where they differ."""
    contestant = TorchEager(NETWORK, parameters, UpdateRule("sgd", {}), "float64")
    model, inputs, targets = contestant.model, torch.tensor(X), torch.tensor(Y)
    names = [name for name, _ in model.named_parameters()]

    def loss(*values: torch.Tensor) -> torch.Tensor:
        Z = torch.func.functional_call(model, dict(zip(names, values, strict=True)), inputs)
        return model.loss(Z, targets)

    values = tuple(parameter.detach().clone().requires_grad_() for parameter in model.parameters())
    torch.autograd.gradcheck(loss, values)


def central_difference_error(parameters: dict[str, Array], X: Array, Y: Array) -> float:
    """Return the error of gradcheck's own numeric gradient (step 1e-6) for the output weights."""
    contestant = HandwrittenNumpy(NETWORK, parameters, UpdateRule("sgd", {}), "float64")
    exact = contestant.trace(X, Y).gradients["W2"]
    weights, numeric = contestant.mlp.parameters["W2"], np.empty_like(exact)
    for index in np.ndindex(exact.shape):
        kept = weights[index]
        weights[index] = kept + 1e-6
        above = contestant.mlp.loss(X, Y)
        weights[index] = kept - 1e-6
        numeric[index] = (above - contestant.mlp.loss(X, Y)) / 2e-6
        weights[index] = kept
    return relative_error(numeric, exact)


def main() -> None:
    """Print both times, their ratio and the errors."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="timed rounds (default: 5)")
    repeats = parser.parse_args().repeats
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    parameters = draw_parameters(NETWORK, "pytorch", seed=0)
    X, Y = rng.random((ROWS, 784)), np.eye(10)[rng.integers(10, size=ROWS)]
    testimonies = three_way(parameters, X, Y)
    ratios = []
    for _ in range(repeats):
        start = time.perf_counter()
        three_way(parameters, X, Y)
        middle = time.perf_counter()
        gradcheck(parameters, X, Y)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    rows = [
        (t.tensor, t.contestant_autograd, t.contestant_complex_step, t.autograd_complex_step, t.tolerance)
        for t in testimonies
    ]
    headers = ("tensor", "hand-autograd", "hand-complex step", "autograd-complex step", "tolerance")
    print(tabulate(rows, headers, floatfmt=".1e"))
    print(
        f"central differences, as gradcheck takes them, W2: {central_difference_error(parameters, X, Y):.1e}"
    )
    print(
        f"gradcheck takes {statistics.median(ratios):.0f} times as long as the three-way check "
        f"({min(ratios):.0f} to {max(ratios):.0f} over {repeats} rounds)"
    )


if __name__ == "__main__":
    main()
