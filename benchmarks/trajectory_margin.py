"""How far honest trainings lie inside the tolerance of trajectories, at small learning rates and absurd ones.

    python -m benchmarks.trajectory_margin [--cases 300]

On random architectures, with every update rule, at rates from a ninth of a usual one to 81 times it: the
parameters after each step of the hand-written network and of PyTorch, in float32 and float64, against
autograd's in float64.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from tabulate import tabulate
from tqdm import trange

from benchmarks.architectures import draw_case
from benchmarks.parity_margin import CONTESTANTS, error_ratio
from compare.batches import first_batches
from compare.implementation import Array, UpdateRule
from compare.network import Network
from compare.parity.drift import drift_tolerances
from compare.parity.tolerance import relative_error, rounded_to

USUAL = {"sgd": 0.1, "rmsprop": 0.01, "adam": 0.01, "adamw": 0.01}
TIMES = (1 / 9, 1.0, 9.0, 81.0)
STEPS = 60
ROWS, BATCH = 50, 20


@dataclass(frozen=True)
class Margin:
    """The worst error over its tolerance of one training; how many of its steps could be compared."""

    rule: str
    times: float
    dtype: str
    ratio: float
    steps: int


def margins(seed: int) -> Iterator[Margin]:
    """Yield the margins of both contestants in both dtypes on one random architecture and rule."""
    case = draw_case(seed, widest=40, longest=2, deepest=5)
    rng = np.random.default_rng([seed, 1])
    network = case.network
    name = list(USUAL)[seed % len(USUAL)]
    scale = max(case.scale, 0.3) / case.scale if case.scale < 1 else 1 / case.scale
    X = rng.uniform(0, 1, (ROWS, network.sizes[0]))
    Y = np.eye(network.sizes[-1])[rng.integers(network.sizes[-1], size=ROWS)]
    batches = list(first_batches(ROWS, BATCH, 0, STEPS))
    for times in TIMES:
        rule = UpdateRule(name, {"lr": USUAL[name] * times})
        for dtype in ("float64", "float32"):
            parameters = {key: rounded_to(values * scale, dtype) for key, values in case.parameters.items()}
            asked = (network, parameters, rounded_to(X, dtype), Y)
            allowed = drift_tolerances(*asked, batches, rule, dtype)
            wanted = trained("torch", "float64", *asked, batches, rule)
            for contestant in CONTESTANTS:
                if (contestant, dtype) != ("torch", "float64"):
                    given = trained(contestant, dtype, *asked, batches, rule)
                    yield Margin(name, times, dtype, *worst(given, wanted, allowed))


def trained(
    contestant: str,
    dtype: str,
    network: Network,
    parameters: dict[str, Array],
    X: Array,
    Y: Array,
    batches: list[Array | None],
    rule: UpdateRule,
) -> dict[str, Array]:
    """Return the parameters of a contestant after each step."""
    built = CONTESTANTS[contestant](network, parameters, rule, dtype)
    built.load(X.astype(dtype), Y.astype(dtype))
    states: dict[str, Array] = {}
    for step, rows in enumerate(batches, start=1):
        built.train([rows])
        states |= {f"{step} {name}": values for name, values in built.parameters().items()}
    return states


def worst(given: dict[str, Array], wanted: dict[str, Array], allowed: dict[str, float]) -> tuple[float, int]:
    """Return the largest error over its tolerance, and the steps up to where there is nothing to compare."""
    ratio, steps = 0.0, 0
    for key, reference in wanted.items():
        if not np.isfinite(allowed[key]):
            break
        steps = int(key.split()[0])
        ratio = max(ratio, error_ratio(relative_error(given[key], reference), allowed[key]))
    return ratio, steps


def main() -> None:
    """Print a line for every rate and dtype."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--cases", type=int, default=300, help="random architectures (default: 300)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    groups: dict[tuple[float, str], list[Margin]] = defaultdict(list)
    with np.errstate(all="ignore"):
        for seed in trange(options.cases, disable=None):
            for margin in margins(seed):
                groups[margin.times, margin.dtype].append(margin)
    rows = []
    for (times, dtype), group in groups.items():
        ratios = [margin.ratio for margin in group]
        rejected = sum(ratio > 1 for ratio in ratios)
        cut = sum(margin.steps < STEPS for margin in group)
        rows.append((f"{times:.2g}", dtype, len(group), *np.quantile(ratios, [0.5, 0.99, 1]), rejected, cut))
    headers = ["rate, times a usual one", "dtype", "trainings", "median of error / tolerance"]
    headers += ["99th percentile", "largest", "rejected", "cut short"]
    print(tabulate(rows, headers, tablefmt="github", floatfmt=".3f"))


if __name__ == "__main__":
    main()
