"""One objective and dtype on the bench: a contestant's gradients and trajectories beside the witnesses'."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from compare.batches import epoch_batches, first_batches
from compare.implementation import Array, UpdateRule
from compare.measure.channel import read_arrays, understood
from compare.measure.laboratory import Laboratory
from compare.measure.states import by_step
from compare.parity.batch import draw_batch
from compare.parity.drift import drift_tolerances
from compare.parity.epoch import explain
from compare.parity.rounding import UNIT_ROUNDOFF
from compare.parity.tolerance import relative_error, tolerances
from compare.parity.verdicts import TensorParity, TrajectoryParity
from compare.parity.witnesses import ComplexStep, Testimony, hear_witnesses

STEPS = 100
"""Optimizer steps of a trajectory."""
BATCH = 20
"""Rows a step of a trajectory; the last of an epoch has 10, so that a partial batch takes part. Where the
experiment has full batches, one follows: contestants may take it another way."""
TELLING = 10
"""Elements of gradients, none of them zero, that it takes to tell a dtype by their rounding."""
WITNESS = "torch"
"""Whose float64 gradients, by autograd, everyone is compared with."""


class Bench:
    """A batch, its tolerances and what the witnesses say of it; the witnesses are asked only once."""

    def __init__(self, laboratory: Laboratory, objective: str, dtype: str) -> None:
        self.laboratory, self.objective, self.dtype = laboratory, objective, dtype
        self.experiment = laboratory.experiment
        self.batch = draw_batch(self.experiment, laboratory.data, objective, dtype)
        arguments = (self.batch.network, self.batch.parameters, self.batch.X, self.batch.Y)
        self.tolerances = tolerances(*arguments, dtype)
        self.complex_step = ComplexStep(*arguments)
        self._then_full = "full" in self.experiment.factors.batch_sizes
        self.path = laboratory.folder / f"batch-{objective}-{dtype}.npz"
        np.savez(self.path, allow_pickle=False, X=self.batch.X, Y=self.batch.Y)
        self._known: dict[tuple[str, str, float | None, int | None], dict[str, Array]] = {}
        self._drift: dict[tuple[str, float | None], dict[str, float]] = {}

    def is_witness(self, implementation: str) -> bool:
        """Return whether an implementation is, here, what the others are compared with."""
        return (implementation, self.dtype) == (WITNESS, "float64")

    def inspection(self, implementation: str, optimizer: str) -> dict[str, Any]:
        """Let a contestant be built and looked at: refused, deviations, differences."""
        setting = self._setting(optimizer, self.dtype)
        contestant = self.laboratory.contestant(implementation, self.experiment.factors.threads[0])
        timeout = self.experiment.run.timeout
        return contestant.ask("inspect", timeout, setting=setting, batch=str(self.path))

    def epoch(self, implementation: str, optimizer: str) -> tuple[str, str] | None:
        """Explain a training that failed by a batch, an order or a mean: subject and difference."""
        given = self._trajectory(implementation, optimizer, self.dtype)
        rule = UpdateRule(optimizer, self.experiment.optimizer_options(optimizer))
        batches = [rows for rows in epoch_batches(len(self.batch.X), BATCH, 0, 0) if rows is not None]
        ended = {
            name: given.get(f"{len(batches)} {name}", np.array(math.nan)) for name in self.batch.parameters
        }
        allowed = self._drift_tolerances(optimizer)
        tolerance = 2 * max(allowed[f"{len(batches)} {name}"] for name in self.batch.parameters)
        return explain(ended, self.batch, batches, rule, tolerance) if tolerance < 1e-2 else None

    def gradients(self, implementation: str, optimizer: str) -> Iterator[TensorParity]:
        """Compare loss, Z, A and gradients with autograd's and, in float64, with the complex step's.

        Autograd in float64 is itself compared with the complex step.
        """
        given = self._trace(implementation, optimizer, self.dtype)
        wanted = self._trace(WITNESS, self.experiment.factors.optimizers[0], "float64")
        required = {"loss", *self.batch.parameters}
        heard = self._testimonies(given, wanted) if self.dtype == "float64" else {}
        for tensor, reference in wanted.items():
            voice = heard.get(tensor)
            if self.is_witness(implementation):
                if voice is not None:
                    yield self._of_autograd(implementation, voice)
            elif tensor in given or tensor in required:
                error = missing_or_off(given.get(tensor), reference)
                yield self._of_contestant(implementation, tensor, error, voice)

    def precision(self, implementation: str, optimizer: str) -> tuple[str, str] | None:
        """Say so where gradients in float32 are autograd's in float64, rounded: subject and difference.

        Who computes in float32 hits the nearest number now and then, and not in every element.
        """
        if self.dtype != "float32":
            return None
        given = self._trace(implementation, optimizer, self.dtype)
        wanted = self._trace(WITNESS, self.experiment.factors.optimizers[0], "float64")
        names = list(self.batch.parameters)
        if any(name not in given or given[name].shape != wanted[name].shape for name in names):
            return None
        right = np.concatenate([wanted[name].ravel() for name in names])
        errors = np.abs(np.concatenate([given[name].ravel() for name in names]) - right)
        telling = np.abs(right) > np.finfo("float32").tiny
        exact = errors[telling] <= UNIT_ROUNDOFF["float32"] * np.abs(right[telling])
        if telling.sum() < TELLING or not exact.all():
            return None
        return "dtype", "it computes in float64 where float32 is asked for, and rounds what it hands out"

    def trajectory(
        self, implementation: str, optimizer: str, lr: float | None = None, threads: int | None = None
    ) -> TrajectoryParity:
        """Compare the parameters after each step, as far as the training does not diverge.

        `lr` is the learning rate in place of the experiment's, `threads` the contestant's in place of the
        experiment's first.
        """
        given = self._trajectory(implementation, optimizer, self.dtype, lr, threads)
        wanted = self._trajectory(WITNESS, optimizer, "float64", lr)
        allowed = self._drift_tolerances(optimizer, lr)
        compared: list[tuple[float, float]] = []
        steps, first = 0, None
        for key, reference in wanted.items():
            if not np.isfinite(allowed[key]) or not np.abs(reference).max() < np.finfo(self.dtype).max:
                break  # the training diverges here: there is nothing more to compare
            steps = int(key.split()[0])
            compared.append((missing_or_off(given.get(key), reference), allowed[key]))
            if first is None and compared[-1][0] > allowed[key]:
                first = key.split()
        worst = max(compared, key=lambda pair: pair[0] / pair[1], default=(math.nan, math.nan))
        return TrajectoryParity(
            implementation=implementation,
            objective=self.objective,
            optimizer=optimizer,
            dtype=self.dtype,
            steps=steps,
            relative_error=worst[0],
            tolerance=worst[1],
            passed=first is None,
            first_step=int(first[0]) if first else None,
            first_tensor=first[1] if first else None,
            lr=lr,
            threads=threads,
        )

    def _of_contestant(
        self, implementation: str, tensor: str, error: float, voice: Testimony | None
    ) -> TensorParity:
        alone = voice.alone if voice else None
        named = {"contestant": implementation, "autograd": WITNESS}
        return TensorParity(
            implementation=implementation,
            objective=self.objective,
            dtype=self.dtype,
            tensor=tensor,
            relative_error=error,
            tolerance=self.tolerances[tensor],
            passed=error <= self.tolerances[tensor] if alone is None else alone not in ("contestant", "all"),
            against="autograd",
            complex_step_error=voice.contestant_complex_step if voice else None,
            alone=named.get(alone, alone) if alone else None,
        )

    def _of_autograd(self, implementation: str, voice: Testimony) -> TensorParity:
        return TensorParity(
            implementation=implementation,
            objective=self.objective,
            dtype=self.dtype,
            tensor=voice.tensor,
            relative_error=voice.autograd_complex_step,
            tolerance=voice.tolerance,
            passed=voice.autograd_complex_step <= 2 * voice.tolerance,
            against="complex step",
            complex_step_error=voice.autograd_complex_step,
            alone=None,
        )

    def _testimonies(self, given: dict[str, Array], wanted: dict[str, Array]) -> dict[str, Testimony]:
        spoken_of = {"loss", "X", *self.batch.parameters}
        said = {name: array for name, array in given.items() if name in spoken_of}
        return {t.tensor: t for t in hear_witnesses(said, wanted, self.complex_step, self.tolerances)}

    def _drift_tolerances(self, optimizer: str, lr: float | None = None) -> dict[str, float]:
        if (optimizer, lr) not in self._drift:
            batch, setting = self.batch, self._setting(optimizer, self.dtype, lr)
            batches = first_batches(len(batch.X), BATCH, 0, STEPS, self._then_full)
            rule = UpdateRule(optimizer, setting["options"])
            self._drift[optimizer, lr] = drift_tolerances(
                batch.network, batch.parameters, batch.X, batch.Y, batches, rule, self.dtype
            )
        return self._drift[optimizer, lr]

    def _setting(self, optimizer: str, dtype: str, lr: float | None = None) -> dict[str, Any]:
        return self.laboratory.setting(self.objective, optimizer, dtype, self.batch.seed, lr)

    def _trace(self, implementation: str, optimizer: str, dtype: str) -> dict[str, Array]:
        arrays = self._asked("trace", implementation, optimizer, dtype)
        return {
            name.removeprefix("gradient ").removeprefix("value "): array for name, array in arrays.items()
        }

    def _trajectory(
        self,
        implementation: str,
        optimizer: str,
        dtype: str,
        lr: float | None = None,
        threads: int | None = None,
    ) -> dict[str, Array]:
        length = {"batch_size": BATCH, "steps": STEPS, "then_full": self._then_full}
        return self._asked("trajectory", implementation, optimizer, dtype, lr, threads, **length)

    def _asked(
        self,
        do: str,
        implementation: str,
        optimizer: str,
        dtype: str,
        lr: float | None = None,
        threads: int | None = None,
        **request: Any,
    ) -> dict[str, Array]:
        """Ask a contestant for arrays; the witness is asked for each only once."""
        key = (do, optimizer, lr, threads)
        from_witness = (implementation, dtype) == (WITNESS, "float64")
        if from_witness and key in self._known:
            return self._known[key]
        setting = self._setting(optimizer, dtype, lr)
        output = self.laboratory.folder / "answer.npz"
        self.laboratory.contestant(implementation, threads or self.experiment.factors.threads[0]).ask(
            do,
            self.experiment.run.timeout,
            setting=setting | {"rounded_to": self.dtype},
            batch=str(self.path),
            output=str(output),
            **request,
        )
        answer = read_arrays(output)
        if do == "trajectory":
            with understood():
                answer = by_step(answer, STEPS)
        if from_witness:
            self._known[key] = answer
        return answer


def missing_or_off(given: Array | None, reference: Array) -> float:
    """Return the relative error of a tensor; infinite where the contestant did not give it."""
    return math.inf if given is None else relative_error(given, reference)
