"""A flag for every key of an experiment.

Flags only turn text into values; whether a value will do is the experiment's to say.
"""

import argparse
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from compare.names import ACTIVATIONS, DEVICES, DTYPES, IMPLEMENTATIONS, INITS, OPTIMIZERS
from compare.overrides import flag_of


def value(text: str) -> object:
    """Read a whole number, a number, or else leave the text as it is."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def values(text: str) -> object:
    """Read values separated by commas; "none" is the empty list, and nothing at all is no list."""
    if text.strip() in ("", "none"):
        return [] if text.strip() else ""
    return [value(part.strip()) for part in text.split(",")]


def words(text: str) -> object:
    """Read words separated by commas."""
    return [part.strip() for part in text.split(",")] if text.strip() else []


def word_or_words(text: str) -> object:
    """Read one word, or several separated by commas as a list."""
    return words(text) if "," in text else text.strip()


def rate_or_rates(text: str) -> object:
    """Read one number, or a table such as "sgd=0.5,adam=0.001"."""
    if "=" not in text:
        return value(text)
    pairs = [part.partition("=") for part in text.split(",")]
    return {name.strip(): value(rate.strip()) for name, _, rate in pairs}


def number_or_name(text: str) -> object:
    """Read a whole number, or else leave the text as it is."""
    return int(text) if text.isascii() and text.isdigit() else text


@dataclass(frozen=True)
class Flag:
    """A flag for an experiment's "section.key"; `read` turns its text into a value, None makes a switch."""

    key: str
    read: Callable[[str], object] | None
    metavar: str
    help: str

    @property
    def spelling(self) -> str:
        """The flag as it is written, such as --batch-sizes."""
        return flag_of(self.key)


GROUPS = {
    "factors": "factors (several levels separated by commas; the grid of them all is run)",
    "data": "data",
    "model": "model",
    "training": "training (one of --epochs, --updates and --seconds; it replaces the experiment's)",
    "run": "run",
}

FLAGS = (
    Flag(
        "factors.implementations",
        words,
        "NAMES",
        f"of {', '.join(IMPLEMENTATIONS)}, those of installed packages (see --list), and FILE.py:CLASS "
        "(default: numpy,torch)",
    ),
    Flag(
        "factors.objectives",
        words,
        "O+L,...",
        "OUTPUT+LOSS (default: softmax+cross_entropy); defined: see below",
    ),
    Flag(
        "factors.batch_sizes",
        values,
        "SIZES",
        'samples an update, or "full" for all, e.g. full,32 or 1,2,4,...,full (default: 32)',
    ),
    Flag("factors.optimizers", words, "NAMES", f"of {', '.join(OPTIMIZERS)} (default: sgd)"),
    Flag("factors.dtypes", words, "NAMES", f"of {', '.join(DTYPES)} (default: float32)"),
    Flag("factors.threads", values, "COUNTS", "threads of each process (default: 1)"),
    Flag("data.dataset", str, "NAME|PATH", "of --list, a CSV file, or a directory (default: digits)"),
    Flag("data.data_dir", str, "DIR", "directory to look for mnist or fashion-mnist in first"),
    Flag("data.download", None, "", "download them where they are not found (default: --download)"),
    Flag("data.label_column", number_or_name, "N|NAME", "column of a CSV file's labels (default: 1)"),
    Flag(
        "data.test_fraction",
        value,
        "F",
        "fraction kept for testing, 0 to 1 (default: the dataset's own split)",
    ),
    Flag("data.vary_split", None, "", "every seed draws a split of its own (default: --no-vary-split)"),
    Flag(
        "data.fallback", str, "NAME", "dataset used, and said so, if the first is not found (default: none)"
    ),
    Flag(
        "model.hidden", values, "WIDTHS", 'units of each hidden layer, e.g. 100,50, or "none" (default: 32)'
    ),
    Flag("model.activation", word_or_words, "NAMES", f"of {', '.join(ACTIVATIONS)} (default: sigmoid)"),
    Flag("model.bias", None, "", "give every layer a bias, or none (default: --bias)"),
    Flag("model.init", str, "NAME", f"initial weights, of {', '.join(INITS)} (default: pytorch)"),
    Flag("training.epochs", value, "N", "train for N passes over the training data"),
    Flag("training.updates", value, "N", "train for N steps of the optimizer"),
    Flag("training.seconds", value, "S", "train for S seconds of wall time"),
    Flag("training.target", value, "ACCURACY", "test accuracy, 0 to 1, to time the way to (default: none)"),
    Flag("training.lr", rate_or_rates, "RATE", "learning rate, or sgd=0.5,adam=0.001 (default: torch's)"),
    Flag(
        "training.tune_lr",
        value,
        "N",
        "try N rates around it, x3 apart, in every regime and use the best (default: none)",
    ),
    Flag("training.momentum", value, "M", "of sgd and rmsprop, 0 to below 1 (default: torch's, 0)"),
    Flag("training.dampening", value, "D", "of sgd's momentum, 0 to 1 (default: torch's, 0)"),
    Flag("training.nesterov", None, "", "Nesterov momentum for sgd (default: --no-nesterov)"),
    Flag("training.weight_decay", value, "W", "factor of the weights (default: torch's, 0; adamw 0.01)"),
    Flag("training.alpha", value, "A", "smoothing of rmsprop, 0 to below 1 (default: torch's, 0.99)"),
    Flag("training.beta1", value, "B", "first decay of adam and adamw (default: torch's, 0.9)"),
    Flag("training.beta2", value, "B", "second decay of adam and adamw (default: torch's, 0.999)"),
    Flag("training.eps", value, "E", "added to the root in rmsprop, adam, adamw (default: torch's, 1e-8)"),
    Flag("run.seeds", values, "SEEDS", "one training a seed, e.g. 0,1,2 (default: 0)"),
    Flag(
        "run.reference", str, "NAME", "implementation the time ratios are to (default: torch, else the first)"
    ),
    Flag("run.timeout", value, "S", "seconds one training may take (default: 600)"),
    Flag(
        "run.memory_limit", value, "GB", "GB one contestant may take (default: four fifths of the machine's)"
    ),
    Flag(
        "run.processes", value, "N", "processes in which each contestant is timed; 0: no timing (default: 5)"
    ),
    Flag("run.rounds", value, "N", "blocks that each is timed in a process (default: 6)"),
    Flag("run.device", str, "NAME", f"of {', '.join(DEVICES)}, for the torch contestants (default: cpu)"),
    Flag("run.null_test", None, "", "time the reference against itself too (default: --null-test)"),
    Flag("run.floor", None, "", "time the matrix products of the steps alone too (default: --floor)"),
    Flag(
        "run.noise_scale", None, "", "estimate the gradient noise scale (default: from three batch sizes on)"
    ),
)


def add_flags(parser: argparse.ArgumentParser, keys: Iterable[str] | None = None) -> None:
    """Add the experiment's flags to a parser, by group; `keys` ("section.key") where not all of them."""
    wanted = None if keys is None else set(keys)
    for section, title in GROUPS.items():
        flags = [flag for flag in FLAGS if flag.key.startswith(f"{section}.")]
        flags = [flag for flag in flags if wanted is None or flag.key in wanted]
        group = parser.add_argument_group(title) if flags else parser
        for flag in flags:
            if flag.key == "data.download":
                add_offline(group)
            add_flag(group, flag)


def add_flag(group: argparse._ActionsContainer, flag: Flag, spelling: str | None = None) -> None:
    """Add a flag of an experiment, under another spelling where one is given."""
    name = spelling or flag.spelling
    if flag.read is None:
        switch = argparse.BooleanOptionalAction
        group.add_argument(name, dest=flag.key, action=switch, default=None, help=flag.help)
    else:
        group.add_argument(name, dest=flag.key, type=flag.read, metavar=flag.metavar, help=flag.help)


def add_offline(group: argparse._ActionsContainer) -> None:
    """Add --offline, the other name of --no-download."""
    told = "the same as --no-download"
    group.add_argument("--offline", dest="data.download", action="store_false", default=None, help=told)


def overrides_of(namespace: argparse.Namespace) -> dict[str, object]:
    """Collect the values given by flags, by "section.key"."""
    given = vars(namespace)
    return {flag.key: given[flag.key] for flag in FLAGS if given.get(flag.key) is not None}
