"""One run: train a contestant under the clock, evaluate it outside."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from compare.batches import BatchSize, batches_per_epoch, epoch_batches
from compare.implementation import Array, Implementation
from compare.pictures import sample_rows
from compare.results import CurvePoint
from compare.targets import accuracy, predicted_classes

LONGEST_CURVE = 100
"""Points a curve has at most, so that long runs do not spend their time on evaluation."""


@dataclass(frozen=True)
class Budget:
    """How long to train: exactly one of epochs, updates and seconds of training is given."""

    epochs: int | None = None
    updates: int | None = None
    seconds: float | None = None

    def epochs_at_most(self, per_epoch: int) -> float:
        """Return the number of epochs, the last perhaps partial, that this budget can reach."""
        if self.epochs is not None:
            return self.epochs
        return math.inf if self.updates is None else math.ceil(self.updates / per_epoch)


@dataclass(frozen=True)
class Split:
    """Training or test set: inputs X (n, features), targets Y (n, outputs), the dataset's own labels."""

    X: Array
    Y: Array
    labels: Array


@dataclass(frozen=True)
class Training:
    """What came of a run; seconds are of the training loop alone."""

    status: str
    reason: str | None
    epochs: int
    updates: int
    seconds: float
    cpu_seconds: float
    seconds_to_target: float | None
    curve: tuple[CurvePoint, ...]


class Clock:
    """Wall and CPU seconds of this process, summed over the blocks between `start` and `stop`."""

    def __init__(self) -> None:
        self.seconds = self.cpu_seconds = 0.0

    def __enter__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def __exit__(self, *_: object) -> None:
        self.seconds += time.perf_counter() - self._wall
        self.cpu_seconds += time.process_time() - self._cpu


def train(
    contestant: Implementation,
    training: Split,
    test: Split,
    batch_size: BatchSize,
    seed: int,
    budget: Budget,
    target: float | None,
    report: Callable[[float], None],
) -> Training:
    """Train until the budget is spent or the loss is no longer finite.

    The clock runs while batches are drawn, gathered and stepped through, and stands still during
    evaluation, which happens before the first epoch and then at most `LONGEST_CURVE` times.

    Args:
        contestant: built from its initial weights, with the training set loaded.
        training: the training set; test: the test set.
        batch_size: rows a batch, or "full".
        seed: decides the order of the rows.
        budget: when to stop.
        target: test accuracy whose first reaching is timed, or None.
        report: called now and then with the fraction done.
    """
    n = len(training.X)
    per_epoch = batches_per_epoch(n, batch_size)
    last_epoch = budget.epochs_at_most(per_epoch)
    clock, curve, reached = Clock(), [], None
    epoch = updates = 0
    spent = 0.0
    while True:
        point = evaluated(contestant, training, test, epoch, updates, clock.seconds)
        curve.append(point)
        report(spent)
        if reached is None and target is not None and (point.test_accuracy or 0.0) >= target:
            reached = clock.seconds
        diverged = not math.isfinite(point.train_loss)
        if spent >= 1 or diverged:
            break
        next_point = spent + 1 / LONGEST_CURVE
        while spent < min(next_point, 1):
            batches = epoch_batches(n, batch_size, seed, epoch)
            steps = per_epoch if budget.updates is None else min(per_epoch, budget.updates - updates)
            with clock:
                contestant.train(batch for _, batch in zip(range(steps), batches, strict=False))
            epoch, updates = epoch + 1, updates + steps
            spent = epoch / last_epoch if budget.seconds is None else clock.seconds / budget.seconds
    return Training(
        "diverged" if diverged else "ok",
        f"the training loss is not finite after epoch {epoch}" if diverged else None,
        epoch,
        updates,
        clock.seconds,
        clock.cpu_seconds,
        reached,
        tuple(curve),
    )


def evaluated(
    contestant: Implementation, training: Split, test: Split, epoch: int, updates: int, seconds: float
) -> CurvePoint:
    """Return the losses and the test accuracy as they are now."""
    train_loss, _ = contestant.evaluate(training.X, training.Y)
    test_loss, Y_hat = contestant.evaluate(test.X, test.Y)
    share = accuracy(Y_hat, test.labels) if np.isfinite(Y_hat).all() else None
    return CurvePoint(epoch, updates, seconds, float(train_loss), float(test_loss), share)


def predicted(contestant: Implementation, test: Split) -> list[int] | None:
    """Return the classes of the test rows that are told; None where an output is not finite."""
    rows = sample_rows(len(test.X))
    _, Y_hat = contestant.evaluate(test.X[rows], test.Y[rows])
    return predicted_classes(Y_hat).tolist() if np.isfinite(Y_hat).all() else None


def warm_up(contestant: Implementation, n: int, batch_size: BatchSize, at_least: float = 0.05) -> None:
    """Train a contestant that is thrown away afterwards: caches, threads and clock frequency settle."""
    end = time.perf_counter() + at_least
    epoch = 0
    while time.perf_counter() < end or epoch == 0:
        batches = epoch_batches(n, batch_size, seed=0, epoch=epoch)
        contestant.train(batch for _, batch in zip(range(50), batches, strict=False))
        epoch += 1
