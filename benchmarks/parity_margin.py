"""How far honest errors lie below the tolerance of the parity check, and defects above it.

    python -m benchmarks.parity_margin [--cases 1000] [--defects 200]

Honest: on random architectures, weights from tiny to saturating, every value, gradient and loss of the
hand-written network and of PyTorch, in float32 and float64, against autograd in float64.
Defects: every defect of the catalogue at every place of smaller random architectures with the batches and
weights of a check (2 to 64 rows, weights of ordinary size), in float64. A defect that changes no tensor by
more than honest rounding can (the largest honest error seen) does nothing there, and is counted as such.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tabulate import tabulate
from tqdm import trange

from benchmarks.architectures import Case, draw_case
from compare.implementation import Array, UpdateRule
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.implementations.torch_eager import TorchEager
from compare.parity.defects import gradients_with, suspects
from compare.parity.tolerance import relative_error, rounded_to, tolerances

CONTESTANTS = {"numpy": HandwrittenNumpy, "torch": TorchEager}


@dataclass(frozen=True)
class Margin:
    """The error of one tensor over its tolerance."""

    contestant: str
    dtype: str
    tensor: str
    ratio: float
    tolerance: float
    seed: int


def honest_margins(seed: int) -> Iterator[Margin]:
    """Yield the margins of both contestants in both dtypes on one random architecture."""
    case = draw_case(seed)
    for dtype in ("float64", "float32"):
        parameters = {name: rounded_to(values, dtype) for name, values in case.parameters.items()}
        X, Y = rounded_to(case.X, dtype), rounded_to(case.Y, dtype)
        allowed = tolerances(case.network, parameters, X, Y, dtype)
        wanted = traced("torch", "float64", case, parameters, X, Y)
        for contestant in CONTESTANTS:
            if (contestant, dtype) == ("torch", "float64"):
                continue
            given = traced(contestant, dtype, case, parameters, X, Y)
            for tensor, tolerance in allowed.items():
                error = relative_error(given[tensor], wanted[tensor])
                yield Margin(contestant, dtype, tensor, error_ratio(error, tolerance), tolerance, seed)


def traced(
    contestant: str, dtype: str, case: Case, parameters: dict[str, Array], X: Array, Y: Array
) -> dict[str, Array]:
    """Return loss, values and gradients of a contestant."""
    built = CONTESTANTS[contestant](case.network, parameters, UpdateRule("sgd", {}), dtype)
    trace = built.trace(X.astype(dtype), Y.astype(dtype))
    return {**trace.values, **trace.gradients, "loss": np.array(trace.loss)}


def error_ratio(error: float, tolerance: float) -> float:
    """Return error / tolerance; 0 where nothing of the tensor is left to compare."""
    if not np.isfinite(tolerance):
        return 0.0
    return error / tolerance if tolerance else float(np.inf if error else 0)


def defect_margins(seed: int) -> Iterator[tuple[str, float]]:
    """Yield each defect with the largest ratio of a gradient's error to its tolerance on one architecture."""
    case = draw_case(seed, widest=40, longest=64, deepest=5)
    scale = max(case.scale, 0.3) / case.scale if case.scale < 1 else 1 / case.scale
    parameters = {name: values * scale for name, values in case.parameters.items()}
    if len(case.X) < 2:
        return
    arguments = (case.network, parameters, case.X, case.Y)
    allowed = tolerances(*arguments, "float64")
    loss, right = gradients_with(*arguments, [])
    right = {name: np.copy(values) for name, values in right.items()}
    for suspect in suspects(case.network, len(case.X)):
        wrong_loss, wrong = gradients_with(*arguments, [suspect])
        ratios = [error_ratio(relative_error(wrong[name], right[name]), allowed[name]) for name in right]
        ratios.append(error_ratio(abs(wrong_loss - loss) / abs(loss) if loss else 0.0, allowed["loss"]))
        yield suspect.defect.id, max(ratios)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=1000, help="random architectures (default: 1000)")
    parser.add_argument("--defects", type=int, default=200, help="architectures for defects (default: 200)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    margins = [margin for seed in trange(options.cases, disable=None) for margin in honest_margins(seed)]
    largest = print_honest(margins)
    ratios: dict[str, list[float]] = defaultdict(list)
    for seed in trange(options.defects, disable=None):
        for name, ratio in defect_margins(seed):
            ratios[name].append(ratio)
    print_defects(ratios, largest)


def print_honest(margins: list[Margin]) -> float:
    """Print how large honest errors are beside their tolerance; return the largest of float64."""
    rows = []
    groups: dict[tuple[str, str], list[Margin]] = defaultdict(list)
    for margin in margins:
        groups[margin.contestant, margin.dtype].append(margin)
    for (contestant, dtype), group in groups.items():
        ratios = np.array([margin.ratio for margin in group])
        lost = np.mean([margin.tolerance >= 1 for margin in group])
        quantiles = np.quantile(ratios, [0.5, 0.99, 1])
        rejected = int(np.sum(ratios > 1))
        middle = float(np.median([margin.tolerance for margin in group]))
        rows.append((contestant, dtype, len(group), *quantiles, rejected, middle, f"{100 * lost:.1f}%"))
    headers = (
        "contestant",
        "dtype",
        "tensors",
        "median of error / tolerance",
        "99th percentile",
        "largest",
        "rejected",
        "median tolerance",
        "lost to rounding",
    )
    floats = ("", "", "d", ".3f", ".3f", ".3f", "d", ".1e", "")
    print(tabulate(rows, headers, tablefmt="github", floatfmt=floats))
    return max(margin.ratio for margin in margins if margin.dtype == "float64")


def print_defects(ratios: dict[str, list[float]], largest_honest: float) -> None:
    """Print, for each defect, how far above the tolerance it lies where it does anything."""
    rows = []
    for name, of_defect in ratios.items():
        visible = [ratio for ratio in of_defect if ratio > largest_honest]
        missed = sum(ratio <= 1 for ratio in visible)
        least = min((ratio for ratio in visible if ratio > 1), default=float("nan"))
        middle = float(np.median(visible)) if visible else float("nan")
        rows.append((name, len(of_defect), len(of_defect) - len(visible), missed, least, middle))
    headers = ("defect", "tried", "changed nothing", "hidden", "least error / tolerance", "median")
    print()
    print(tabulate(rows, headers, tablefmt="github", floatfmt=".1e"))
    print("\nhidden: changed a tensor by more than the largest honest error, and by less than its tolerance")


if __name__ == "__main__":
    main()
