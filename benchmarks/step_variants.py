"""The steps that `benchmarks.tricks` times: each differs from the finished one in one thing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks import step_ideas as ideas
from benchmarks import step_without as without
from benchmarks.step_contestants import LEARNING_RATE, Cell, Data, Loop
from benchmarks.training_step import FULL
from compare.implementations.blas import blas, small_product
from handwritten import MLP, OPTIMIZERS, Trainer
from handwritten.activations import ACTIVATIONS, OUTPUT_ACTIVATIONS
from handwritten.optimizers import SGD, Adam

LAYER, GRADIENT = "handwritten.mlp.Layer", "handwritten.training.BatchGradient"
HIDDEN, OUTPUT = "handwritten.mlp.ACTIVATIONS", "handwritten.objectives.OUTPUT_ACTIVATIONS"
NETWORK, TRAINER, RULES = (f"{__name__}.{name}" for name in ("MLP", "Trainer", "OPTIMIZERS"))
ZEROS = [f"handwritten.{module}.zeros" for module in ("arrays", "parameters", "products")]

Replaced = dict[str, object]


@dataclass(frozen=True)
class Variant:
    """A step that does one thing otherwise.

    Args:
        name: what `--variants` takes.
        told: what it does, for the table.
        where: shape, optimizer and batch sizes at which it is timed.
        replaced: what stands in for what, by dotted names, while a contestant is built for a cell and steps.
        clock: the clock that tells its time, if only one does.
    """

    name: str
    told: str
    where: tuple[str, ...]
    replaced: Callable[[Cell], Replaced]
    clock: str | None = None

    def cells(self) -> Iterator[Cell]:
        """Yield where it is timed."""
        for place in self.where:
            shape, optimizer, sizes = place.split()
            inputs, hidden, outputs = map(int, shape.split("-"))
            for size in sizes.split(","):
                rows = FULL[inputs]
                yield Cell((inputs, hidden, outputs), optimizer, rows if size == "full" else int(size), rows)


class HandwrittenLoop(Loop):
    """A trainer of `handwritten/`, and what is replaced while it steps.

    Buffers are reserved anew wherever the number of rows changes, as at the last part of a large batch.
    """

    def __init__(self, trainer: Trainer, data: Data, replaced: Replaced) -> None:
        self.trainer, self.mlp = trainer, trainer.network
        self._train, self._batches = trainer.train, data.forever()
        self._replaced = replaced

    def steps(self, count: int) -> float:
        """Take `count` steps; return the seconds they took."""
        with replacing(self._replaced):
            return super().steps(count)


@contextlib.contextmanager
def replacing(replaced: Replaced) -> Iterator[None]:
    """Let what is given stand in for what is named, the names of imported modules; takes next to no time."""
    before = []
    for path, stand_in in replaced.items():
        module, _, name = path.rpartition(".")
        before.append((sys.modules[module], name, getattr(sys.modules[module], name)))
        setattr(sys.modules[module], name, stand_in)
    try:
        yield
    finally:
        for place, name, own in before:
            setattr(place, name, own)


def build(cell: Cell, data: Data, variant: Variant | None = None, dtype: str = "float32") -> HandwrittenLoop:
    """Return the finished step, or a variant of it, with its buffers made by a first step."""
    replaced = variant.replaced(cell) if variant else {}
    with replacing(replaced):
        mlp = MLP(*cell.network.arguments, dtype, small_product(blas()))
        mlp.load(data.parameters)
        rule = OPTIMIZERS[cell.optimizer](mlp.flat_parameters, mlp.flat_gradients, lr=LEARNING_RATE)
        loop = HandwrittenLoop(Trainer(mlp, rule, data.X, data.Y), data, replaced)
    loop.steps(1)
    return loop


def same(*pairs: tuple[str, object]) -> Callable[[Cell], Replaced]:
    """Return a function that replaces the same in every cell."""
    return lambda cell: dict(pairs)


def rules(adam: type[Adam] = Adam, sgd: type[SGD] = SGD) -> tuple[str, object]:
    """Return what replaces the update rules."""
    return RULES, {"adam": adam, "sgd": sgd}


def softmax(function: type[object]) -> tuple[str, object]:
    """Return what replaces the softmax."""
    return OUTPUT, {**OUTPUT_ACTIVATIONS, "softmax": function}


def sigmoid(function: type[object]) -> tuple[str, object]:
    """Return what replaces the sigmoid of hidden layers."""
    return HIDDEN, {**ACTIVATIONS, "sigmoid": function}


def one_tensor_at_a_time(cell: Cell) -> Replaced:
    """Return update rules that do not see the vectors of all parameters."""
    return {
        RULES: {name: without.by_tensor(rule, cell.sizes) for name, rule in (("sgd", SGD), ("adam", Adam))}
    }


WITHOUT = (
    Variant(
        "plain",
        "**None of them**: expressions, `@`, new arrays, one tensor at a time, Adam as printed",
        (
            "784-200-10 sgd 1,8,32,256,full",
            "784-200-10 adam 1,8,32,256",
            "784-30-10 sgd 1,32,full",
            "784-30-10 adam 1,32",
            "64-32-10 sgd 1,32,full",
            "64-32-10 adam 1,32,full",
        ),
        same((TRAINER, without.PlainTrainer)),
    ),
    Variant(
        "buffers",
        "New arrays for all but the gradients",
        (
            "784-200-10 sgd 1,32,1024,full",
            "784-200-10 adam 1,32",
            "64-32-10 sgd 1,32,full",
            "64-32-10 adam 1,32,full",
        ),
        same(
            (LAYER, without.FreshLayer),
            (NETWORK, without.FreshMLP),
            (GRADIENT, without.FreshGradient),
            sigmoid(without.FreshSigmoid),
            softmax(without.FreshSoftmax),
            rules(without.FreshAdam),
        ),
    ),
    Variant(
        "flat",
        "The update takes one tensor after the other",
        ("784-200-10 sgd 1,32", "784-200-10 adam 1,32", "64-32-10 sgd 1,32", "64-32-10 adam 1,32"),
        one_tensor_at_a_time,
    ),
    Variant(
        "aligned",
        "Kept arrays begin 16 bytes after a cache line",
        (
            "784-200-10 sgd 1,8,32,256",
            "784-200-10 adam 1,8,32,256",
            "784-30-10 sgd 1,32",
            "784-30-10 adam 1,32",
            "64-32-10 adam 1,32",
        ),
        lambda cell: dict.fromkeys(ZEROS, without.packed_zeros),
    ),
    Variant(
        "layout",
        "Weights lie outputs first in memory",
        ("784-200-10 sgd 1,8,32,256,full", "784-30-10 sgd 1,8,32,1024", "64-32-10 sgd 1,32,full"),
        same(("handwritten.mlp.FlatTensors", without.OutputsFirst), (LAYER, without.OutputsFirstLayer)),
    ),
    Variant(
        "dot",
        "`np.matmul` for the method `dot`",
        ("784-200-10 sgd 1", "64-32-10 sgd 1,32,256"),
        same((LAYER, without.LayerByMatmul)),
    ),
    Variant(
        "method",
        "The function `np.dot` for the method",
        ("784-200-10 sgd 1,8", "64-32-10 sgd 1,32,256", "64-32-10 adam 1,32"),
        same((LAYER, without.LayerByFunction)),
    ),
    Variant(
        "small products",
        "Every product is one call of BLAS",
        ("784-200-10 sgd 8,32,256,full", "784-30-10 sgd 32,256,1024,full"),
        same((f"{__name__}.small_product", without.no_small_product)),
    ),
    Variant(
        "column-major",
        "All buffers are row-major",
        ("784-200-10 sgd 256,1024,full", "784-200-10 adam 256", "784-30-10 sgd 256,full"),
        same(("handwritten.layer.column_major_pays", without.never_pays)),
    ),
    Variant(
        "scaled",
        "The update multiplies the gradient by $\\eta$",
        ("784-200-10 sgd 1,8,32,256", "784-30-10 sgd 1,32", "64-32-10 sgd 1,32"),
        same(rules(sgd=without.UnscaledSGD)),
    ),
    Variant(
        "unshifted",
        "Softmax always finds and subtracts the largest of each row",
        ("784-30-10 sgd 1024", "64-32-10 sgd 1,32,256,full"),
        same(softmax(without.ShiftedSoftmax)),
    ),
    Variant(
        "ones",
        "Softmax sums its rows by `np.add.reduce`",
        ("784-30-10 sgd 1024", "64-32-10 sgd 1,32,256,full"),
        same(softmax(without.ReducingSoftmax)),
    ),
    Variant(
        "columns",
        "Softmax divides by one column of sums",
        ("784-30-10 sgd 1024", "64-32-10 sgd 1,32,256,full"),
        same(softmax(without.ColumnSoftmax)),
    ),
    Variant(
        "constants",
        "Python numbers for constants",
        ("784-200-10 adam 1", "64-32-10 sgd 1,32,256", "64-32-10 adam 1,32,256"),
        same(sigmoid(without.NumberSigmoid), rules(without.NumberAdam)),
    ),
    Variant(
        "take",
        "`np.take(X, ...)` gathers a batch",
        ("784-200-10 sgd 1,32", "64-32-10 sgd 1,32"),
        same((GRADIENT, without.FunctionGradient)),
    ),
    Variant(
        "bias row",
        "The bias is added as a vector",
        ("64-32-10 sgd 1,32,256",),
        same((LAYER, without.BroadcastLayer)),
    ),
    Variant(
        "one-hot",
        "The target is taken away by an index a row, from gathered labels",
        ("784-30-10 sgd 1,256", "64-32-10 sgd 1,32,256,full"),
        same(
            (GRADIENT, without.LabelGradient),
            ("handwritten.objectives.SoftmaxCrossEntropy", without.LabelObjective),
        ),
    ),
    Variant(
        "parts",
        "A large batch is taken at once, with row-major buffers",
        ("784-200-10 sgd full", "784-30-10 sgd full"),
        same((GRADIENT, without.WholeGradient)),
    ),
    Variant(
        "passes",
        "Adam holds $m$ and $v$: 13 passes",
        ("784-200-10 adam 1,8,32,256", "784-30-10 adam 1,32", "64-32-10 adam 1,32"),
        same(rules(without.TextbookAdam)),
    ),
    Variant(
        "levels",
        "The rows of a bias gradient are summed in one level",
        ("784-200-10 sgd 1024", "784-30-10 sgd 1024,full", "64-32-10 sgd 1024,full"),
        same((LAYER, without.SingleSumLayer)),
    ),
)
"""Steps without one of the tricks that were kept, and one without any."""

IDEAS = (
    Variant(
        "view",
        "A batch of one row is a view and not gathered",
        ("784-200-10 sgd 1", "784-200-10 adam 1", "64-32-10 sgd 1", "64-32-10 adam 1"),
        same((GRADIENT, ideas.ViewGradient)),
    ),
    Variant(
        "positional",
        "The destination without its name in the sigmoid, `np.exp(Z, A)`",
        ("64-32-10 sgd 1,32",),
        same(sigmoid(ideas.PositionalSigmoid)),
    ),
    Variant(
        "inline",
        "The same calls of NumPy in one function, without layers and activations",
        ("784-200-10 sgd 1,32", "64-32-10 sgd 1,32", "64-32-10 adam 1,32"),
        same((TRAINER, ideas.InlineTrainer)),
    ),
    Variant(
        "tanh",
        "`sigmoid` by way of `tanh`",
        ("784-200-10 sgd 32,full", "64-32-10 sgd 1,32,full"),
        same(sigmoid(ideas.TanhSigmoid)),
    ),
    Variant(
        "pieces",
        "Adam in four pieces, all passes over one before the next",
        ("784-200-10 adam 1,8,32", "784-30-10 adam 1,32"),
        same(rules(ideas.PiecewiseAdam)),
    ),
    Variant(
        "growing",
        "Gradients that grow by $1/\\sqrt{\\beta_2}$ a step, so that Adam takes 9 passes",
        ("784-200-10 adam 1,8,32", "784-30-10 adam 1,32", "64-32-10 adam 1,32"),
        same(rules(ideas.GrowingAdam), (TRAINER, ideas.GrowingTrainer)),
    ),
    Variant(
        "staggered",
        "Kept arrays begin at different distances from a page of memory",
        ("784-200-10 sgd 1,32", "784-200-10 adam 1,32"),
        lambda cell: dict.fromkeys(ZEROS, ideas.staggered_zeros),
    ),
    Variant(
        "unstored",
        "The gradient of the first layer is subtracted in seven blocks and never stored",
        ("784-200-10 sgd 1,8,32,256",),
        lambda cell: dict([(LAYER, ideas.BlockLayer), rules(sgd=ideas.after_blocks(cell.sizes))]),
    ),
    Variant(
        "outer",
        "The outer product of one row by `np.multiply`",
        ("784-200-10 sgd 1", "64-32-10 sgd 1"),
        same((LAYER, ideas.OuterByMultiply)),
    ),
)
"""Steps with an idea that was dropped."""
