"""The command line of ``python -m compare.check``: errors are one line and exit code 2."""

from __future__ import annotations

import argparse
import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from compare.flags import FLAGS, Flag, add_flag, add_offline, value
from compare.names import DTYPES, OBJECTIVES, OPTIMIZERS
from compare.options import Parser
from compare.overrides import flag_of

DEFAULT_ROWS = 37
"""Rows of the batch: many, and as many as no layer of the default network has units."""
DEFAULT_STEPS = 20
DEFAULT_TIMEOUT = 60.0

NETWORK = "the network and the batch"
RULE = "with --optimizer"

GIVEN_ONCE = (
    Flag(
        "factors.objectives", str, "O+L", "OUTPUT+LOSS (default: softmax+cross_entropy); defined: see below"
    ),
    Flag("factors.batch_sizes", value, "N", f'rows of the batch, or "full" (default: {DEFAULT_ROWS})'),
    Flag("factors.dtypes", str, "NAME", f"of {', '.join(DTYPES)} (default: float64)"),
)
"""What is a factor of `compare.run`, and here has one level; the flag is the singular."""

SHARED = (
    "model.hidden",
    "model.activation",
    "model.bias",
    "model.init",
    "data.dataset",
    "data.data_dir",
    "data.download",
    "data.label_column",
)
HYPERPARAMETERS = (
    "training.lr",
    "training.momentum",
    "training.dampening",
    "training.nesterov",
    "training.weight_decay",
    "training.alpha",
    "training.beta1",
    "training.beta2",
    "training.eps",
)

DESCRIPTION = """\
Check your own back-propagation. FUNCTION(parameters, X, Y) must return (loss, gradients): parameters and
gradients are dicts with the keys W1 (outputs, inputs), b1 (outputs,), W2, ...; X is (n, features) and
Y (n, outputs), one-hot where there are classes; the loss is the mean over the samples of the sum over the
outputs. A class with a method loss_and_gradients(X, Y), built from CLASS(parameters), will do as well."""

EPILOG = f"""\
With --optimizer an update rule is checked: FUNCTION(parameters, gradients, state, **hyperparameters) must
return (parameters, state). It is called once a step, with the state it returned the step before, at first an
empty dict; hyperparameters are named as the flags above: lr, momentum, beta1, ...

Exit code 0: equal; 1: not equal; 2: could not be checked, and why.
{textwrap.fill("Objectives that are defined: " + ", ".join(OBJECTIVES), 110, break_on_hyphens=False)}

Examples: python -m compare.check examples/homework_wrong.py:loss_and_gradients
          python -m compare.check mine.py:backward --layout columns --hidden 20,15 --activation tanh
          python -m compare.check --optimizer mine.py:adam --rule adam --weight-decay 0.1"""


@dataclass(frozen=True)
class CheckOptions:
    """What was asked; `overrides`: values for an experiment by "section.key"; `json`: a path, "-", None."""

    target: str
    is_optimizer: bool
    overrides: dict[str, object]
    layout: str
    steps: int
    json: str | None
    quiet: bool


def singular(key: str) -> str:
    """Give the flag of a factor that has one level, such as --batch-size."""
    return flag_of(key).removesuffix("s")


def build_parser() -> Parser:
    """Build the parser of ``python -m compare.check``."""
    parser = Parser("python -m compare.check", DESCRIPTION, EPILOG)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("target", nargs="?", metavar="FILE.py:FUNCTION", help="what to check")
    parser.add_argument(
        "--optimizer", nargs="?", const="", metavar="FILE.py:FUNCTION", help="check an update rule instead"
    )
    parser.add_argument(
        "--timeout", type=seconds, metavar="S", help=f"seconds it may take (default: {DEFAULT_TIMEOUT:g})"
    )
    parser.add_argument("--json", metavar="PATH", help='write the result there too; "-": to standard output')
    parser.add_argument("--quiet", action="store_true", help="print the verdict alone, in one line")
    parser.add_argument("--seed", type=value, metavar="N", help="of parameters and data (default: 0)")
    network = parser.add_argument_group(NETWORK)
    network.add_argument(
        "--layout",
        choices=("rows", "columns"),
        help="columns: X (features, n), Y (outputs, n), biases (outputs, 1) (default: rows)",
    )
    known = {flag.key: flag for flag in FLAGS}
    add_offline(network)
    for flag in (*GIVEN_ONCE, *(known[key] for key in SHARED)):
        add_flag(network, flag, singular(flag.key) if flag in GIVEN_ONCE else None)
    rule = parser.add_argument_group(RULE)
    rule.add_argument("--rule", metavar="NAME", help=f"of {', '.join(OPTIMIZERS)}")
    rule.add_argument(
        "--steps", type=count, metavar="K", help=f"steps, lr halved half way (default: {DEFAULT_STEPS})"
    )
    for key in HYPERPARAMETERS:
        add_flag(rule, known[key])
    return parser


def parse_check_options(arguments: Sequence[str] | None = None) -> CheckOptions:
    """Parse the command line (None: the process's own), or leave with one line and exit code 2."""
    parser = build_parser()
    given = parser.parse(arguments)
    is_optimizer = given.optimizer is not None
    if given.target and given.optimizer:
        parser.error(f"{given.optimizer!r} and {given.target!r}: give one FILE.py:FUNCTION")
    target = given.optimizer or given.target
    if not target:
        parser.error("say what to check, as FILE.py:FUNCTION")
    once = [flag.key for flag in GIVEN_ONCE]
    of_network, of_rule = [*once, *SHARED], list(HYPERPARAMETERS)
    chosen = {
        key: [vars(given)[key]] if key in once else vars(given)[key]
        for key in (of_rule if is_optimizer else of_network)
        if vars(given)[key] is not None
    }
    spellings = {key: singular(key) if key in once else flag_of(key) for key in (*of_network, *of_rule)}
    spellings |= {"layout": "--layout"} if is_optimizer else {"rule": "--rule", "steps": "--steps"}
    for key in (*of_network, "layout") if is_optimizer else (*of_rule, "rule", "steps"):
        if vars(given)[key] is not None:
            what = "says nothing about an update rule" if is_optimizer else "is for --optimizer alone"
            parser.error(f"{spellings[key]}: {what}; leave it out")
    if is_optimizer and given.rule is None:
        parser.error(f"--rule: say which rule it is to be, of {', '.join(OPTIMIZERS)}")
    if is_optimizer:
        chosen["factors.optimizers"] = [given.rule]
    if given.seed is not None:
        chosen["run.seeds"] = [given.seed]
    chosen["run.timeout"] = DEFAULT_TIMEOUT if given.timeout is None else given.timeout
    return CheckOptions(
        target=target,
        is_optimizer=is_optimizer,
        overrides=chosen,
        layout=given.layout or "rows",
        steps=given.steps or DEFAULT_STEPS,
        json=given.json,
        quiet=given.quiet,
    )


def seconds(text: str) -> float:
    """Read a number of seconds."""
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds above 0, not {text}")
    return number


def count(text: str) -> int:
    """Read a number of steps."""
    number = int(text)
    if not 2 <= number <= 1000:
        raise argparse.ArgumentTypeError(f"must be a whole number from 2 to 1000, not {text}")
    return number
