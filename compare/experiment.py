"""The experiment: what is trained on what, over which grid of factors, checked before anything runs."""

import os
from collections.abc import Collection, Iterable, Mapping
from itertools import product
from typing import Any, Self

from pydantic import ValidationError, model_validator

from compare.batch_sizes import on_rows
from compare.checks import refusal, shown
from compare.complaints import complaint, problems_of
from compare.experiment_file import ExperimentError, read_experiment_file
from compare.names import DEFAULT_LR, IMPLEMENTATIONS, OPTIONS_OF_OPTIMIZER, suggest
from compare.overrides import LENGTHS, overridden
from compare.plugins import alike, fault_of, label_of, plugin_of
from compare.plural import counted, number_of
from compare.results import Cell
from compare.sections import Data, Factors, Model, RunSettings, Section, Training

__all__ = ["Experiment", "ExperimentError", "load_experiment"]

FAST, RIGOROUS = (2, 3), (10, 12)
"""Processes a contestant and rounds in each, for --fast and --rigorous."""


class Experiment(Section):
    """One experiment; `name` is its preset's or its file's, `shortened` says what ``--fast`` took away."""

    name: str = "experiment"
    title: str = ""
    description: str = ""
    shortened: str = ""
    data: Data = Data()
    model: Model = Model()
    training: Training
    factors: Factors = Factors()
    run: RunSettings = RunSettings()

    @model_validator(mode="after")
    def _check_length(self) -> Self:
        given = [key for key in LENGTHS if getattr(self.training, key) is not None]
        if len(given) != 1:
            what = f"contradicts {given[0]}" if given else "does not say for how long"
            raise refusal(
                f"{what}; give one of epochs, updates and seconds", ".".join(["training", *given[1:2]])
            )
        if self.training.seconds is not None and self.training.seconds > self.run.timeout:
            limit = f"more than run.timeout ({self.run.timeout:g} s) allows; raise the one or lower the other"
            raise refusal(f"{self.training.seconds:g} s is {limit}", "training.seconds")
        return self

    @model_validator(mode="after")
    def _check_activations(self) -> Self:
        layers, activation = len(self.model.hidden), self.model.activation
        if not isinstance(activation, str) and len(activation) != layers:
            count = f"has {len(activation)} names for {layers} hidden layers"
            raise refusal(f"{count}; give one name for all, or one per hidden layer", "model.activation")
        return self

    @model_validator(mode="after")
    def _check_options(self) -> Self:
        chosen = self.factors.optimizers
        for option in dict.fromkeys(
            option for options in OPTIONS_OF_OPTIMIZER.values() for option in options
        ):
            knowing = [name for name, options in OPTIONS_OF_OPTIMIZER.items() if option in options]
            if getattr(self.training, option) is not None and not set(knowing) & set(chosen):
                unknown = f"is not an option of {' or '.join(chosen)}"
                raise refusal(
                    f"{unknown}; leave it out, or choose {' or '.join(knowing)}", f"training.{option}"
                )
        if self.training.nesterov and not self.training.momentum:
            raise refusal(
                "needs a momentum above 0; set momentum, or leave nesterov out", "training.nesterov"
            )
        if self.training.nesterov and self.training.dampening:
            raise refusal("needs dampening 0; leave one of the two out", "training.nesterov")
        return self

    @model_validator(mode="after")
    def _check_reference(self) -> Self:
        named, present = self.run.reference, self.contestants
        twice = alike(self.factors.implementations)
        if twice is not None:
            what = f"has two that would both be called {twice}; rename one file or class"
            raise refusal(what, "factors.implementations")
        if named is not None and label_of(named) not in present:
            advice = suggest(named, present)
            raise refusal(f"{shown(named)} is not among the implementations; {advice}", "run.reference")
        return self

    @property
    def reference(self) -> str:
        """The implementation others are compared with: the one named, else torch, else the first."""
        present = self.contestants
        if self.run.reference is not None:
            return label_of(self.run.reference)
        return "torch" if "torch" in present else present[0]

    @property
    def contestants(self) -> tuple[str, ...]:
        """What results call the implementations: their names, or FILE.py:CLASS without folders."""
        return tuple(label_of(name) for name in self.factors.implementations)

    def named(self, contestant: str) -> str:
        """Give the name, with the path of a file, that the experiment has for a contestant."""
        names = {label_of(name): name for name in self.factors.implementations}
        return names.get(contestant, contestant)

    def activations(self) -> tuple[str, ...]:
        """Name the activation of each hidden layer, the first layer's first."""
        activation = self.model.activation
        return (activation,) * len(self.model.hidden) if isinstance(activation, str) else activation

    def optimizer_options(self, optimizer: str) -> dict[str, float | bool]:
        """Give the options that `optimizer` knows and the experiment sets; its learning rate in any case."""
        training = self.training
        options = {option: getattr(training, option) for option in OPTIONS_OF_OPTIMIZER[optimizer]}
        rate = training.lr.get(optimizer) if isinstance(training.lr, dict) else training.lr
        options["lr"] = DEFAULT_LR[optimizer] if rate is None else rate
        return {option: value for option, value in options.items() if value is not None}

    def on_rows(self, rows: int) -> "Experiment":
        """Write out the batch sizes that a "..." stands for, now that the training rows are counted."""
        written = {"batch_sizes": on_rows(self.factors.batch_sizes, rows)}
        return self.model_copy(update={"factors": self.factors.model_copy(update=written)})

    def cells(self) -> tuple[Cell, ...]:
        """List the grid of the factors; the implementations of one setting stand next to one another."""
        factors = self.factors
        sizes = [size for size in factors.batch_sizes if size != "..."]
        grid = product(
            factors.threads,
            factors.dtypes,
            factors.objectives,
            factors.optimizers,
            sizes,
            self.contestants,
        )
        return tuple(
            Cell(
                implementation=implementation,
                batch_size=batch_size,
                objective=objective,
                optimizer=optimizer,
                dtype=dtype,
                threads=threads,
            )
            for threads, dtype, objective, optimizer, batch_size, implementation in grid
        )

    def fast(self, asked_for: Collection[str] = ()) -> "Experiment":
        """Shorten to two seeds, a fifth of the training and few timings; `shortened` says so.

        What was asked for by a flag ("section.key") stays as it is.
        """
        key = next(key for key in LENGTHS if getattr(self.training, key) is not None)
        length = getattr(self.training, key)
        fifth = length / 5 if key == "seconds" else length // 5
        short = length if f"training.{key}" in asked_for else min(length, max(1, fifth))
        seeds = self.run.seeds if "run.seeds" in asked_for else self.run.seeds[:2]
        processes, rounds = (
            getattr(self.run, name) if f"run.{name}" in asked_for else min(most, getattr(self.run, name))
            for name, most in zip(("processes", "rounds"), FAST, strict=True)
        )
        note = f"--fast: {len(seeds)} of {counted(len(self.run.seeds), 'seed')}"
        note += f", {short:g} of {number_of(f'{length:g}', key[:-1])}"
        note += f", times from {processes} x {counted(rounds, 'block')}" if processes else ""
        return self.model_copy(
            update={
                "shortened": note,
                "training": self.training.model_copy(update={key: short}),
                "run": self.run.model_copy(update={"seeds": seeds, "processes": processes, "rounds": rounds}),
            }
        )

    def rigorous(self) -> "Experiment":
        """Time each contestant in ten processes or more, for twelve rounds or more."""
        processes, rounds = RIGOROUS
        more = {"processes": max(processes, self.run.processes), "rounds": max(rounds, self.run.rounds)}
        return self.model_copy(update={"run": self.run.model_copy(update=more)})

    def without(self, names: Collection[str]) -> "Experiment":
        """Leave some implementations out; a reference among them is then no longer the one."""
        left = tuple(name for name in self.factors.implementations if name not in names)
        reference = None if self.run.reference in names else self.run.reference
        return self.model_copy(
            update={
                "factors": self.factors.model_copy(update={"implementations": left}),
                "run": self.run.model_copy(update={"reference": reference}),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the experiment as JSON has it, every key included."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(
        cls, table: Mapping[str, Any], overrides: Mapping[str, object] | None = None
    ) -> "Experiment":
        """Build the experiment that `to_dict` gave, also on a machine that could not run it.

        `overrides`, values by "section.key", beat it. Raises `ExperimentError` where it is no experiment.
        """
        overrides = overrides or {}
        return _validated(overridden(table, overrides), "experiment", overrides)


def load_experiment(
    source: str | None = None,
    overrides: Mapping[str, object] | None = None,
    implementations: Iterable[str] = IMPLEMENTATIONS,
) -> Experiment:
    """Read a preset or a TOML file, let the flags beat it, and check that it can run here.

    Arguments: `source`, a preset's name, the path of a file, or None for the default preset; `overrides`,
    values by "section.key"; `implementations`, the names of those there are.
    Raises `ExperimentError`: one line with the file or flag, the key, what is wrong and what would do.
    """
    file = read_experiment_file(source)
    overrides = overrides or {}
    for key in ("name", "shortened"):
        if key in file.table:
            raise ExperimentError(f"{file.label}: {key}: is not for the file to say; remove it, or use title")
    table = {"title": file.name, **overridden(file.table, overrides), "name": file.name}
    experiment = _validated(table, file.label, overrides)
    _check_here(experiment, file.label, overrides, tuple(implementations))
    return experiment


def _check_here(
    experiment: Experiment, label: str, overrides: Mapping[str, object], implementations: tuple[str, ...]
) -> None:
    """Refuse what another machine or installation might run and this one cannot."""
    for name in experiment.factors.implementations:
        fault = fault_of(name)
        if fault is not None:
            raise complaint([("factors.implementations", fault)], label, overrides)
        if name not in implementations and plugin_of(name) is None:
            what = f"{shown(name)} is not known; {suggest(name, implementations)}"
            raise complaint([("factors.implementations", what)], label, overrides)
    processors = processor_count()
    for threads in experiment.factors.threads:
        if threads > processors:
            what = (
                f"{threads} is more than the {processors} processors of this machine; use 1 to {processors}"
            )
            raise complaint([("factors.threads", what)], label, overrides)


def processor_count() -> int:
    """Count the processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _validated(table: Mapping[str, Any], label: str, overrides: Mapping[str, object]) -> Experiment:
    try:
        return Experiment.model_validate(table)
    except ValidationError as error:
        raise complaint(problems_of(error), label, overrides) from None
