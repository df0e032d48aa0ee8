"""The contract of an implementation, tried: a property a line, over a few small networks and update rules.

It runs wherever the implementation may run: in a contestant's own process. The measure of right and wrong is
the hand-written network in float64, with the tolerances of parity.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from compare.batches import first_batches
from compare.implementation import Array, UpdateRule
from compare.implementations.defaults import completed
from compare.initial_weights import draw_parameters
from compare.network import Network
from compare.parity.drift import drift_tolerances, trajectory
from compare.parity.tolerance import relative_error, rounded_to, tolerances
from handwritten import MLP

ROWS, BATCH, STEPS = 20, 8, 12
"""Rows of the training set, rows a batch (the last of an epoch has 4), and steps of a training."""
REPEATED = 6
"""How many times these steps make a training that is long for its few numbers."""
SAME_TRAINING = {"float64": 1e-9, "float32": 1e-2}
"""How far two trainings in other pieces may lie apart: by rounding, not by a step."""
LATE, TRIALS = 0.25, 3
"""The part of that training's time that handing out the parameters may take, in the best of some trials."""


@dataclass(frozen=True)
class Case:
    """A network, an update rule and a dtype."""

    network: Network
    rule: UpdateRule
    dtype: str

    @property
    def label(self) -> str:
        """What it is, in a line."""
        sizes = "-".join(map(str, self.network.sizes))
        bias = "" if self.network.bias else ", no bias"
        hidden = "/".join(self.network.activations)
        return f"{sizes} {hidden} {self.network.objective}{bias}, {self.rule.name}, {self.dtype}"


def case(hidden: str, objective: str, rule: str, dtype: str, bias: bool = True, **options: Any) -> Case:
    """Return the case of a network 4-...-3; `hidden` names the activation of each layer of five units."""
    output, loss = objective.split("+")
    activations = tuple(hidden.split("/"))
    sizes = (4, *[5] * len(activations), 3)
    return Case(Network(sizes, activations, output, loss, bias), UpdateRule(rule, options), dtype)


CASES = (
    case("tanh", "softmax+cross_entropy", "sgd", "float64", lr=0.5),
    case("tanh", "softmax+cross_entropy", "sgd", "float32", lr=0.5),
    case("tanh", "softmax+cross_entropy", "sgd", "float64", lr=0.5, weight_decay=0.1),
    case("sigmoid", "softmax+cross_entropy", "adam", "float64", lr=0.01),
    case("tanh", "sigmoid+squared_error", "adam", "float32", lr=0.01),
    case("relu/tanh", "identity+squared_error", "rmsprop", "float32", bias=False, lr=0.01),
    case("sigmoid", "sigmoid+binary_cross_entropy", "adamw", "float64", lr=0.01, weight_decay=0.1),
    case("identity", "identity+squared_error", "sgd", "float64", lr=0.1, momentum=0.9, nesterov=True),
)
"""Every optimizer, both dtypes, with and without biases, fused and composed losses."""


class Broken(Exception):  # noqa: N818
    """A property that does not hold; the message says what is wrong. `subject` is what might excuse it."""

    def __init__(self, what: str, subject: str = "") -> None:
        super().__init__(what)
        self.subject = subject


@dataclass(frozen=True)
class Finding:
    """A property, in how many cases it was tried, and what is wrong in the first where it does not hold.

    `excuse` is what the implementation declares for it: it then differs by design.
    """

    property: str
    cases: int
    wrong: str | None
    excuse: str | None


class Trial:
    """One case on trial: its data, and fresh implementations of it."""

    def __init__(self, build: Callable[..., Any], case: Case) -> None:
        self.build, self.case = build, case
        rng = np.random.default_rng(0)
        network, dtype = case.network, case.dtype
        drawn = draw_parameters(network, "pytorch", seed=0)
        self.given: dict[str, Array] = {name: values.astype(dtype) for name, values in drawn.items()}
        self.X: Array = rng.uniform(0, 1, (ROWS, network.sizes[0])).astype(dtype)
        self.Y: Array = np.eye(network.sizes[-1], dtype=dtype)[np.arange(ROWS) % network.sizes[-1]]
        self.batches = [rows for rows in first_batches(ROWS, BATCH, 0, STEPS) if rows is not None]
        self.exact = {name: rounded_to(values, dtype) for name, values in self.given.items()}

    def fresh(self) -> Any:
        """Build the implementation anew, from copies."""
        case = self.case
        given = {name: values.copy() for name, values in self.given.items()}
        return self.build(case.network, given, case.rule, case.dtype)

    def trained(self, batches: list[Array]) -> dict[str, Array]:
        """Return the parameters of a fresh one after a step a batch."""
        trainable = completed(self.fresh())
        trainable.load(self.X.copy(), self.Y.copy())
        trainable.train(batches)
        return trainable.parameters()

    def right(self) -> tuple[list[dict[str, Array]], dict[str, float]]:
        """Return the right parameters after every step, and how far rounding may carry from them."""
        arguments = (self.case.network, self.exact, self.X, self.Y, self.batches, self.case.rule)
        states = list(trajectory(*arguments, None, "float64"))
        return states, drift_tolerances(*arguments, self.case.dtype)


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
    mlp = MLP(network.sizes, network.activations, network.output, network.loss, network.bias)
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
    compared[outputs] = (implementation.predict(trial.X), mlp.forward(trial.X).copy())
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
                partial = f", a partial batch of {len(rows)} rows," if len(rows) < BATCH else ""
                told = f"after step {step}{partial} {name} is off by {error:.1e}"
                raise Broken(f"{told}, tolerance {allowed[f'{step} {name}']:.1e}", trial.case.rule.name)


def partial_batch(trial: Trial) -> None:
    """Take the mean of the last, partial batch over its own rows."""
    implementation = trial.fresh()
    rows = trial.batches[ROWS // BATCH]
    network = trial.case.network
    own = implementation.loss_and_gradients(trial.X[rows], trial.Y[rows])[0]
    mlp = MLP(network.sizes, network.activations, network.output, network.loss, network.bias)
    mlp.load(trial.exact)
    right = mlp.loss(trial.X[rows], trial.Y[rows])
    if not abs(own - right) <= 1e-4 * abs(right):
        raise Broken(f"the loss of {len(rows)} rows is {own:.6g}, not {right:.6g}", "gradients")
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


def check_contract(build: Callable[..., Any], cases: tuple[Case, ...] = CASES) -> dict[str, Any]:
    """Try every property in every case that the implementation does not refuse.

    Returns:
        "findings", a record for each property (`Finding`), and "refused": case and reason.
    """
    trials, refused = [], []
    for one in cases:
        trial = Trial(build, one)
        try:
            trial.fresh()
        except NotImplementedError as refusal:
            refused.append([one.label, " ".join(str(refusal).split()) or "it says no more"])
        else:
            trials.append(trial)
    declared: Mapping[str, str] = getattr(build, "deviations", {})
    findings = [tried(name, hold, trials, declared) for name, hold in PROPERTIES.items()]
    return {"findings": [asdict(finding) for finding in findings], "refused": refused}


def tried(
    name: str, hold: Callable[[Trial], None], trials: list[Trial], declared: Mapping[str, str]
) -> Finding:
    """Try a property in every case; the first where it does not hold, and is not excused, is told."""
    excused = None
    for trial in trials:
        try:
            with np.errstate(all="ignore"):
                hold(trial)
        except Broken as broken:
            if broken.subject not in declared:
                return Finding(name, len(trials), f"{broken} ({trial.case.label})", None)
            excused = Finding(name, len(trials), f"{broken} ({trial.case.label})", declared[broken.subject])
        except Exception as error:
            told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            return Finding(name, len(trials), f"{told} ({trial.case.label})", None)
    return excused or Finding(name, len(trials), None, None)


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
