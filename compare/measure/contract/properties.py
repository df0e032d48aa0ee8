"""What an implementation has to keep, a property a function: it raises `Broken` where one does not hold."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from compare.implementation import Array
from compare.implementations.defaults import completed
from compare.measure.contract.trial import BATCH, ROWS, Trial
from compare.parity.tolerance import relative_error, tolerances
from compare.plural import counted
from handwritten import MLP

REPEATED = 6
"""How many times the steps of a trial make a training that is long for its few numbers."""
SAME_TRAINING = {"float64": 1e-9, "float32": 1e-2}
"""How far two trainings in other pieces may lie apart: by rounding, not by a step."""
LATE, TRIALS = 0.25, 3
"""The part of that training's time that handing out the parameters may take, in the best of some trials."""


class Broken(Exception):  # noqa: N818
    """A property that does not hold; the message says what is wrong. `subject` is what might excuse it."""

    def __init__(self, what: str, subject: str = "") -> None:
        super().__init__(what)
        self.subject = subject


def start(trial: Trial) -> None:
    """Begin with the parameters given, by name, shape, dtype and value."""
    own = trial.fresh().parameters()
    same_shapes("parameters()", own, trial.given)
    for name, values in own.items():
        if not np.array_equal(values, trial.given[name]):
            raise Broken(f"{name} is not what was given when it was built")


def shapes(trial: Trial) -> None:
    """Give a number for the loss, gradients named and shaped as the parameters, and (n, outputs)."""
    implementation = trial.fresh()
    loss, gradients = implementation.loss_and_gradients(trial.X, trial.Y)
    if not isinstance(loss, float):
        raise Broken(f"the loss is a {type(loss).__name__}, not a float")
    same_shapes("the gradients", gradients, trial.given)
    Y_hat = implementation.predict(trial.X)
    if not isinstance(Y_hat, np.ndarray) or Y_hat.shape != trial.Y.shape:
        raise Broken(f"predict gives {getattr(Y_hat, 'shape', type(Y_hat).__name__)}, not {trial.Y.shape}")


def dtypes(trial: Trial) -> None:
    """Give everything in the dtype that was asked for."""
    implementation = trial.fresh()
    gradients = implementation.loss_and_gradients(trial.X, trial.Y)[1]
    arrays = {f"the gradient of {name}": values for name, values in gradients.items()}
    arrays |= {"predict": implementation.predict(trial.X), **trial_parameters(implementation)}
    for name, values in arrays.items():
        if str(values.dtype) != trial.case.dtype:
            raise Broken(f"{name} is {values.dtype}, not {trial.case.dtype}")


def parity(trial: Trial) -> None:
    """Compute loss, gradients and outputs as the hand-written network does."""
    network = trial.case.network
    mlp = MLP(*network.arguments)
    mlp.load(trial.exact)
    allowed = tolerances(network, trial.exact, trial.X, trial.Y, trial.case.dtype)
    loss, gradients = mlp.loss_and_gradients(trial.X, trial.Y)
    implementation = trial.fresh()
    own_loss, own = implementation.loss_and_gradients(trial.X, trial.Y)
    outputs = f"A{network.depth}"
    compared = {
        "loss": (np.array(own_loss), np.array(loss)),
        **{n: (own[n], gradients[n]) for n in gradients},
    }
    compared[outputs] = (implementation.predict(trial.X), mlp.forward(trial.X))
    for name, (mine, right) in compared.items():
        error = relative_error(mine, right)
        if not error <= allowed[name]:
            told = "the outputs are" if name == outputs else f"{'the ' * (name == 'loss')}{name} is"
            raise Broken(f"{told} off by {error:.1e}, tolerance {allowed[name]:.1e}", "gradients")


def training(trial: Trial) -> None:
    """Follow the update rule, step by step."""
    states, allowed = trial.right()
    trainable = completed(trial.fresh())
    trainable.load(trial.X.copy(), trial.Y.copy())
    for step, (rows, right) in enumerate(zip(trial.batches, states, strict=True), start=1):
        trainable.train([rows])
        own = trainable.parameters()
        for name, values in right.items():
            error = relative_error(own[name], values)
            if not error <= allowed[f"{step} {name}"]:
                partial = f", a partial batch of {counted(len(rows), 'row')}," if len(rows) < BATCH else ""
                told = f"after step {step}{partial} {name} is off by {error:.1e}"
                raise Broken(f"{told}, tolerance {allowed[f'{step} {name}']:.1e}", trial.case.rule.name)


def partial_batch(trial: Trial) -> None:
    """Take the mean of the last, partial batch over its own rows."""
    implementation = trial.fresh()
    rows = trial.batches[ROWS // BATCH]
    network = trial.case.network
    own = implementation.loss_and_gradients(trial.X[rows], trial.Y[rows])[0]
    mlp = MLP(*network.arguments)
    mlp.load(trial.exact)
    right = mlp.loss(trial.X[rows], trial.Y[rows])
    if not abs(own - right) <= 1e-4 * abs(right):
        raise Broken(f"the loss of {counted(len(rows), 'row')} is {own:.6g}, not {right:.6g}", "gradients")
    epoch = ROWS // BATCH + 1
    before, after = (trial.trained(trial.batches[:count]) for count in (epoch - 1, epoch))
    if all(np.array_equal(before[name], after[name]) for name in before):
        raise Broken("it takes no step on the last, partial batch")


def inputs(trial: Trial) -> None:
    """Leave the arrays alone that it is given."""
    given = {name: values.copy() for name, values in trial.given.items()}
    X, Y, case = trial.X.copy(), trial.Y.copy(), trial.case
    implementation = trial.build(case.network, given, case.rule, case.dtype)
    implementation.loss_and_gradients(X, Y)
    implementation.predict(X)
    implementation.step(X, Y)
    if not (np.array_equal(X, trial.X) and np.array_equal(Y, trial.Y)):
        raise Broken("it changes X or Y")
    changed = [name for name in given if not np.array_equal(given[name], trial.given[name])]
    if changed:
        raise Broken(f"a step changes the array {', '.join(changed)} that it was built from: copy it")


def copies(trial: Trial) -> None:
    """Hand out copies: of the parameters, the gradients and the outputs."""
    implementation = trial.fresh()
    for values in trial_parameters(implementation).values():
        values[...] = 99
    for name, values in implementation.parameters().items():
        if not np.array_equal(values, trial.given[name]):
            raise Broken(f"parameters() gives {name} itself, not a copy")
    gradients, Y_hat = implementation.loss_and_gradients(trial.X, trial.Y)[1], implementation.predict(trial.X)
    kept = {name: values.copy() for name, values in gradients.items()}, Y_hat.copy()
    implementation.step(trial.X[:3], trial.Y[:3])
    implementation.loss_and_gradients(trial.X, trial.Y[::-1].copy())
    implementation.predict(trial.X + 1)
    if any(not np.array_equal(gradients[name], kept[0][name]) for name in gradients):
        raise Broken("a later call writes into the gradients that were returned")
    if not np.array_equal(Y_hat, kept[1]):
        raise Broken("a later call writes into the outputs that were returned")


def looking(trial: Trial) -> None:
    """Change nothing by looking: loss, gradients, prediction and evaluation leave the training as it is."""
    ends = []
    for looks in (False, True):
        implementation = trial.fresh()
        trainable = completed(implementation)
        trainable.load(trial.X.copy(), trial.Y.copy())
        for rows in trial.batches[:4]:
            trainable.train([rows])
            if looks:
                implementation.loss_and_gradients(trial.X[:5], trial.Y[:5])
                implementation.predict(trial.X)
                trainable.evaluate(trial.X[:7], trial.Y[:7])
                trainable.trace(trial.X[:6], trial.Y[:6])
        ends.append(trainable.parameters())
    if any(not np.array_equal(ends[0][name], ends[1][name]) for name in ends[0]):
        raise Broken("a training that is looked at ends elsewhere than one that is not")


def whole_training(trial: Trial) -> None:
    """Take a step for each of many batches, as many as there are, and have done so when `train` returns.

    A training that only begins in the clock and goes on behind it is found by its time: to hand out the
    parameters then takes longer than to copy them.
    """
    batches = trial.batches * REPEATED
    in_parts = completed(trial.fresh())
    in_parts.load(trial.X.copy(), trial.Y.copy())
    for _ in range(1 + REPEATED):
        in_parts.train(iter(trial.batches))
    right = in_parts.parameters()
    shares: list[float] = []
    while len(shares) < TRIALS and min(shares, default=1.0) > LATE:
        trainable = completed(trial.fresh())
        trainable.load(trial.X.copy(), trial.Y.copy())
        trainable.train(iter(trial.batches))  # whoever compiles does it here
        trainable.parameters()
        begun = time.perf_counter()
        trainable.train(iter(batches))
        returned = time.perf_counter()
        own = trainable.parameters()
        shares.append((time.perf_counter() - returned) / (returned - begun))
    for name, values in right.items():
        error = relative_error(own[name], values)
        if not error <= SAME_TRAINING[trial.case.dtype]:
            told = f"{len(batches)} batches given at once train {name} otherwise than a few at a time"
            raise Broken(f"{told}: off by {error:.1e}", trial.case.rule.name)
    if min(shares) > LATE:
        raise Broken("its training goes on after train has returned: wait in train until it is done")


def determinism(trial: Trial) -> None:
    """End in the same bits when the same is done twice."""
    first, second = (trial.trained(trial.batches) for _ in range(2))
    other = [name for name in first if not np.array_equal(first[name], second[name])]
    if other:
        raise Broken(f"two trainings that are the same end with different {', '.join(other)}")


PROPERTIES: dict[str, Callable[[Trial], None]] = {
    "begins with the parameters given": start,
    "names and shapes": shapes,
    "dtype": dtypes,
    "loss, gradients, outputs": parity,
    "update rule": training,
    "last partial batch": partial_batch,
    "inputs are left alone": inputs,
    "hands out copies": copies,
    "looking changes nothing": looking,
    "all batches, before train returns": whole_training,
    "same again, same bits": determinism,
}
"""What is tried, by what the report calls it."""


def same_shapes(what: str, own: Any, wanted: Mapping[str, Array]) -> None:
    """Refuse other names and other shapes."""
    if not isinstance(own, dict) or list(own) != list(wanted):
        names = ", ".join(map(str, own)) if isinstance(own, dict) else type(own).__name__
        raise Broken(f"{what} should be a dict of {', '.join(wanted)}, in this order, not {names}")
    for name, values in wanted.items():
        shape = getattr(own[name], "shape", None)
        if shape != values.shape:
            raise Broken(f"{what}: {name} has the shape {shape}, not {values.shape}")


def trial_parameters(implementation: Any) -> dict[str, Array]:
    """Return what `parameters` gives."""
    parameters: dict[str, Array] = implementation.parameters()
    return parameters
