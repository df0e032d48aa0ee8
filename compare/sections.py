"""The five sections of an experiment, each key checked by itself; `experiment` checks them together."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from compare import checks
from compare.batch_sizes import BatchSizes, size_list
from compare.names import DEVICES, DTYPES, INITS, OPTIMIZERS

Switch = Annotated[bool | None, checks.optional(checks.true_or_false)]
Count = Annotated[int | None, checks.optional(checks.whole(1))]
Positive = Annotated[float | None, checks.optional(checks.above_zero)]
NotNegative = Annotated[float | None, checks.optional(checks.from_zero)]
BelowOne = Annotated[float | None, checks.optional(checks.below_one)]
UpToOne = Annotated[float | None, checks.optional(checks.up_to_one)]
Name = Annotated[str | None, checks.optional(checks.text)]


class Section(BaseModel):
    """A frozen table of known keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Data(Section):
    """[data]: which dataset, from where, how it is split, and the embedded one used if it is missing.

    Attributes:
        label_column: the number (from 1) or the name of a CSV file's column of labels; None: the first.
        download: whether MNIST and Fashion-MNIST may be downloaded where they are not found.
        vary_split: whether every seed draws a split of its own.
    """

    dataset: Annotated[str, checks.given(checks.text)] = "digits"
    data_dir: Annotated[Path | None, checks.optional(checks.directory)] = None
    test_fraction: Annotated[float | None, checks.optional(checks.fraction)] = None
    vary_split: Annotated[bool, checks.given(checks.true_or_false)] = False
    label_column: Annotated[int | str | None, checks.optional(checks.column)] = None
    download: Annotated[bool, checks.given(checks.true_or_false)] = True
    fallback: Name = None


class Model(Section):
    """[model]: the network between its input and its output activation."""

    hidden: Annotated[tuple[int, ...], checks.listed(checks.whole(1), least=0, distinct=False)] = (32,)
    activation: Annotated[str | tuple[str, ...], checks.given(checks.activation)] = "sigmoid"
    bias: Annotated[bool, checks.given(checks.true_or_false)] = True
    init: Annotated[str, checks.given(checks.one_of(INITS))] = "pytorch"


class Training(Section):
    """[training]: for how long, and with which options of the optimizers (None: torch's own default)."""

    epochs: Count = None
    updates: Count = None
    seconds: Positive = None
    target: Annotated[float | None, checks.optional(checks.accuracy)] = None
    lr: Annotated[float | dict[str, float] | None, checks.optional(checks.learning_rate)] = None
    tune_lr: Annotated[int | None, checks.optional(checks.whole(2))] = None
    momentum: BelowOne = None
    dampening: UpToOne = None
    nesterov: Switch = None
    weight_decay: NotNegative = None
    alpha: BelowOne = None
    beta1: BelowOne = None
    beta2: BelowOne = None
    eps: Positive = None


class Factors(Section):
    """[factors]: what varies; the grid of all levels is what runs."""

    implementations: Annotated[tuple[str, ...], checks.listed(checks.text)] = ("numpy", "torch")
    objectives: Annotated[tuple[str, ...], checks.listed(checks.objective)] = ("softmax+cross_entropy",)
    batch_sizes: Annotated[BatchSizes, checks.given(size_list)] = (32,)
    optimizers: Annotated[tuple[str, ...], checks.listed(checks.one_of(OPTIMIZERS))] = ("sgd",)
    dtypes: Annotated[tuple[str, ...], checks.listed(checks.one_of(DTYPES))] = ("float32",)
    threads: Annotated[tuple[int, ...], checks.listed(checks.whole(1))] = (1,)


class RunSettings(Section):
    """[run]: how often, against what, for how many seconds and in how many GB at most.

    0 processes: no timing blocks.
    `noise_scale`: whether the gradient noise is measured (None: where there are three batch sizes or more).
    """

    seeds: Annotated[tuple[int, ...], checks.listed(checks.whole(0))] = (0,)
    reference: Name = None
    timeout: Annotated[float, checks.given(checks.above_zero)] = 600.0
    memory_limit: Positive = None
    processes: Annotated[int, checks.given(checks.whole(0))] = 5
    rounds: Annotated[int, checks.given(checks.whole(1))] = 6
    null_test: Annotated[bool, checks.given(checks.true_or_false)] = True
    floor: Annotated[bool, checks.given(checks.true_or_false)] = True
    noise_scale: Switch = None
    device: Annotated[str, checks.given(checks.one_of(DEVICES))] = "cpu"


SECTIONS: dict[str, type[Section]] = {
    "data": Data,
    "model": Model,
    "training": Training,
    "factors": Factors,
    "run": RunSettings,
}
