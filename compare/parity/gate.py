"""The gate: who computes the same as the reference, before anybody is timed."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from compare.batches import first_batches
from compare.implementation import Array, UpdateRule
from compare.initial_weights import draw_parameters
from compare.measure.contestant import ContestantError
from compare.measure.laboratory import Laboratory
from compare.parity.drift import drift_tolerances
from compare.parity.tolerance import relative_error, rounded_to, tolerances
from compare.parity.witnesses import ComplexStep, hear_witnesses
from compare.targets import target_matrix

ROWS = 50
"""Rows of the batch that gradients are compared on: enough that a mean differs from a sum."""
STEPS = 100
"""Optimizer steps of a trajectory."""
BATCH = 20
"""Rows a step of a trajectory; the last of an epoch has 10, so that a partial batch takes part."""
WITNESS = "torch"
"""Whose float64 gradients, by autograd, everyone is compared with."""


@dataclass(frozen=True)
class TensorParity:
    """One tensor of one contestant against a witness in float64.

    `against` is "autograd", or "complex step" where the contestant is autograd itself. The complex step's
    error, and who stands `alone` where two of the three agree against one, are given for the loss and the
    gradients in float64, where the third witness speaks.
    """

    implementation: str
    objective: str
    dtype: str
    tensor: str
    relative_error: float
    tolerance: float
    passed: bool
    against: str
    complex_step_error: float | None
    alone: str | None


@dataclass(frozen=True)
class TrajectoryParity:
    """The parameters of one contestant after a number of steps, against autograd's in float64.

    `steps` is how many could be compared, fewer than asked for where the training diverges.
    `relative_error` and `tolerance` are those of the step and tensor where the error is largest beside its
    tolerance; `first_step` and `first_tensor` say where it left the tolerance first.
    """

    implementation: str
    objective: str
    optimizer: str
    dtype: str
    steps: int
    relative_error: float
    tolerance: float
    passed: bool
    first_step: int | None
    first_tensor: str | None


@dataclass(frozen=True)
class Parity:
    """What the gate found; `failures` has a reason for every (implementation, objective) that may not run."""

    tensors: tuple[TensorParity, ...]
    trajectory: tuple[TrajectoryParity, ...]
    failures: Mapping[tuple[str, str], str]

    def to_dict(self) -> dict[str, Any]:
        """Return the parity part of results.json."""
        return {
            "passed": not self.failures,
            "tensors": [asdict(row) for row in self.tensors],
            "trajectory": [asdict(row) for row in self.trajectory],
            "failures": [
                {"implementation": implementation, "objective": objective, "reason": reason}
                for (implementation, objective), reason in self.failures.items()
            ],
        }


def check_parity(laboratory: Laboratory, report: Callable[[str], None]) -> Parity:
    """Compare every implementation with autograd for every objective, dtype and optimizer of the experiment.

    Args:
        laboratory: data, weights and processes.
        report: told what is being compared, in a few words, before each comparison.
    """
    experiment = laboratory.experiment
    dtypes = dict.fromkeys(("float64", *experiment.factors.dtypes))
    tensors: list[TensorParity] = []
    trajectories: list[TrajectoryParity] = []
    failures: dict[tuple[str, str], str] = {}
    for objective in experiment.factors.objectives:
        for dtype in dtypes:
            bench = Bench(laboratory, objective, dtype)
            for implementation in experiment.factors.implementations:
                report(f"{implementation}, {objective}, {dtype}")
                try:
                    tensors += bench.gradients(implementation)
                    if (implementation, dtype) != (WITNESS, "float64"):
                        for optimizer in experiment.factors.optimizers:
                            trajectories.append(bench.trajectory(implementation, optimizer))
                except ContestantError as error:
                    failures[implementation, objective] = f"parity could not be checked: {error}"
    rows: list[TensorParity | TrajectoryParity] = [*tensors, *trajectories]
    for row in rows:
        if not row.passed:
            failures.setdefault((row.implementation, row.objective), reason(row))
    return Parity(tuple(tensors), tuple(trajectories), failures)


def reason(row: TensorParity | TrajectoryParity) -> str:
    """Say in one line why a contestant failed."""
    what = (
        f"gradients: {row.tensor} is off"
        if isinstance(row, TensorParity)
        else f"{row.optimizer}: {row.first_tensor} is off from step {row.first_step} on,"
    )
    return f"{what} by {row.relative_error:.1e} in {row.dtype}, tolerance {row.tolerance:.1e}"


class Bench:
    """One objective and dtype: the network, a batch, and the witnesses' answers at rounded weights."""

    def __init__(self, laboratory: Laboratory, objective: str, dtype: str) -> None:
        self.laboratory, self.objective, self.dtype = laboratory, objective, dtype
        self.experiment = laboratory.experiment
        self.network = laboratory.network(objective)
        self.seed = self.experiment.run.seeds[0]
        drawn = draw_parameters(self.network, self.experiment.model.init, self.seed)
        self.parameters = {name: rounded_to(values, dtype) for name, values in drawn.items()}
        self.X, self.Y, self.batch = self._write_batch()
        self.tolerances = tolerances(self.network, self.parameters, self.X, self.Y, dtype)
        self.complex_step = ComplexStep(self.network, self.parameters, self.X, self.Y)
        self.required = {"loss", *self.parameters}
        self._known: dict[tuple[str, str], dict[str, Array]] = {}
        self._drift: dict[str, dict[str, float]] = {}

    def gradients(self, implementation: str) -> Iterator[TensorParity]:
        """Compare loss, Z, A and gradients with autograd's and, in float64, with the complex step's."""
        given, wanted = self._trace(implementation, self.dtype), self._trace(WITNESS, "float64")
        heard = self._testimonies(given, wanted) if self.dtype == "float64" else {}
        for tensor, reference in wanted.items():
            if tensor not in given and tensor not in self.required:
                continue
            error, tolerance, voice = (
                missing_or_off(given.get(tensor), reference),
                self.tolerances[tensor],
                heard.get(tensor),
            )
            itself = (implementation, self.dtype) == (WITNESS, "float64")
            if itself and voice is None:
                continue
            alone = voice.alone if voice else None
            passed = error <= tolerance if alone is None else alone not in ("contestant", "all")
            if itself:
                error = voice.autograd_complex_step if voice else error
                passed = error <= 2 * tolerance
            yield TensorParity(
                implementation,
                self.objective,
                self.dtype,
                tensor,
                error,
                tolerance,
                passed,
                "complex step" if itself else "autograd",
                voice.contestant_complex_step if voice else None,
                alone.replace("contestant", implementation).replace("autograd", WITNESS) if alone else None,
            )

    def trajectory(self, implementation: str, optimizer: str) -> TrajectoryParity:
        """Compare the parameters after each step."""
        given = self._trajectory(implementation, optimizer, self.dtype)
        wanted = self._trajectory(WITNESS, optimizer, "float64")
        allowed = self._drift_tolerances(optimizer)
        worst, first = (0.0, np.inf), None
        steps = 0
        for key, reference in wanted.items():
            if not np.isfinite(allowed[key]) or not np.abs(reference).max() < np.finfo(self.dtype).max:
                break  # the training diverges here: there is nothing more to compare
            steps = int(key.split()[0])
            error = missing_or_off(given.get(key), reference)
            if error * worst[1] >= worst[0] * allowed[key]:
                worst = error, allowed[key]
            if first is None and error > allowed[key]:
                first = key.split()
        return TrajectoryParity(
            implementation,
            self.objective,
            optimizer,
            self.dtype,
            steps,
            *worst,
            first is None,
            int(first[0]) if first else None,
            first[1] if first else None,
        )

    def _testimonies(self, given: dict[str, Array], wanted: dict[str, Array]) -> dict[str, Any]:
        spoken = [name for name in wanted if name == "loss" or name in self.parameters or name == "X"]
        said = {name: given[name] for name in spoken if name in given}
        return {t.tensor: t for t in hear_witnesses(said, wanted, self.complex_step, self.tolerances)}

    def _drift_tolerances(self, optimizer: str) -> dict[str, float]:
        if optimizer not in self._drift:
            rule = UpdateRule(optimizer, self.experiment.optimizer_options(optimizer))
            batches = first_batches(ROWS, BATCH, 0, STEPS)
            self._drift[optimizer] = drift_tolerances(
                self.network, self.parameters, self.X, self.Y, batches, rule, self.dtype
            )
        return self._drift[optimizer]

    def _trace(self, implementation: str, dtype: str) -> dict[str, Array]:
        arrays = self._asked("trace", implementation, self.experiment.factors.optimizers[0], dtype)
        return {
            name.removeprefix("gradient ").removeprefix("value "): array for name, array in arrays.items()
        }

    def _trajectory(self, implementation: str, optimizer: str, dtype: str) -> dict[str, Array]:
        return self._asked("trajectory", implementation, optimizer, dtype, batch_size=BATCH, steps=STEPS)

    def _asked(
        self, do: str, implementation: str, optimizer: str, dtype: str, **request: Any
    ) -> dict[str, Array]:
        """Ask a contestant for arrays; the witness is asked for each only once."""
        key = (do, optimizer)
        from_witness = (implementation, dtype) == (WITNESS, "float64")
        if from_witness and key in self._known:
            return self._known[key]
        setting = self.laboratory.setting(self.objective, optimizer, dtype, self.seed)
        output = self.laboratory.folder / "answer.npz"
        self.laboratory.contestant(implementation, self.experiment.factors.threads[0]).ask(
            do,
            self.experiment.run.timeout,
            setting=setting | {"rounded_to": self.dtype},
            batch=str(self.batch),
            output=str(output),
            **request,
        )
        with np.load(output) as arrays:
            answer = {name: arrays[name] for name in arrays.files}
        output.unlink()
        if from_witness:
            self._known[key] = answer
        return answer

    def _write_batch(self) -> tuple[Array, Array, Path]:
        """Draw a batch from the training set and write it, the same for every contestant."""
        data = self.laboratory.data
        rows = np.random.default_rng(0).permutation(len(data.X_train))[:ROWS]
        X = rounded_to(data.X_train[rows], self.dtype)
        Y = rounded_to(target_matrix(data.Y_train[rows], self.network.sizes[-1], "float64"), self.dtype)
        path = self.laboratory.folder / "batch.npz"
        np.savez(path, allow_pickle=False, X=X, Y=Y)
        return X, Y, path


def missing_or_off(given: Array | None, reference: Array) -> float:
    """Return the relative error of a tensor; infinite where the contestant did not give it."""
    return math.inf if given is None else relative_error(given, reference)
