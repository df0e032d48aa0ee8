"""How often does a 95% interval of the time ratio contain the truth? On simulated noise, where it is known.

    python -m benchmarks.coverage

Every process has its luck (3%), drifts by its own amount (5% over its rounds), every block has heavy-tailed
noise (Student's t with 2 degrees of freedom, 1%) and, one in ten, is hit by a burst (up to twice the time).
"""

import numpy as np
from numpy.typing import NDArray
from tabulate import tabulate

from compare.analysis.statistics import Interval, nested_interval

REPETITIONS = 2000


def simulated(
    rng: np.random.Generator, true_ratio: float, processes: int = 5, rounds: int = 6
) -> NDArray[np.float64]:
    """Return ratios of blocks, (processes, rounds), of two contestants in the same noise."""
    shape = (processes, rounds, 2)
    luck = np.exp(0.03 * rng.standard_normal((processes, 1, 2)))
    slopes, time = rng.normal(0, 0.05, (processes, 1, 1)), np.linspace(0, 1, rounds)[:, np.newaxis]
    heavy = np.exp(0.01 * np.clip(rng.standard_t(2, shape), -30, 30))
    bursts = np.where(rng.random(shape) < 0.1, 1 + rng.random(shape), 1.0)
    seconds = 0.05 * luck * np.exp(slopes * time) * heavy * bursts
    ratios: NDArray[np.float64] = true_ratio * seconds[..., 0] / seconds[..., 1]
    return ratios


def intervals(
    true_ratio: float, processes: int, rounds: int, over_blocks: bool = False, repetitions: int = REPETITIONS
) -> list[Interval]:
    """Return each repetition's interval, over processes or, wrongly, over the blocks of the first one."""
    rng = np.random.default_rng(2024)
    drawn = [simulated(rng, true_ratio, processes, rounds) for _ in range(repetitions)]
    return [
        nested_interval((ratios[0][:, np.newaxis] if over_blocks else ratios).tolist()) for ratios in drawn
    ]


def main() -> None:
    """Print coverage, half-width and the error of the point estimate for several protocols."""
    rows = []
    for told, processes, rounds, over_blocks in (
        ("1 process x 30 rounds, over blocks", 1, 30, True),
        ("--fast: 2 x 3", 2, 3, False),
        ("default: 5 x 6", 5, 6, False),
        ("--rigorous: 10 x 12", 10, 12, False),
    ):
        found = intervals(1.0, processes, rounds, over_blocks)
        logs = np.log(np.array([(one.point, one.low, one.high) for one in found], float))
        covered = np.mean([one.contains(1.0) for one in found])
        half_width, error = np.median(logs[:, 2] - logs[:, 1]) / 2, np.quantile(np.abs(logs[:, 0]), 0.95)
        rows.append((told, f"{covered:.3f}", f"{half_width:.1%}", f"{error:.1%}"))
    headers = ("protocol", "contain the truth", "median half-width", "95% of points are off by less than")
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main()
