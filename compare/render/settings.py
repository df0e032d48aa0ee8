"""What was run: the title, and the settings a reader needs to run it again."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from compare.plural import number_of
from compare.render.text import printable

Document = Mapping[str, Any]
LENGTHS = ("epochs", "updates", "seconds")


def title_of(experiment: Mapping[str, Any], dataset: str | None) -> str:
    """Return the experiment's title, with the dataset where the title does not name it."""
    title = printable(str(experiment.get("title") or experiment.get("name") or "Results"))
    if dataset is None or re.search(rf"(?<!\w){re.escape(dataset)}(?!\w)", title, re.IGNORECASE):
        return title
    return f"{title} (on {dataset})"


def target_of(document: Document) -> str:
    """Return the target as a sentence says it, such as "95% test accuracy"."""
    target = document["experiment"].get("training", {}).get("target")
    return "the target" if target is None else f"{100 * target:g}% test accuracy"


def settings_lines(document: Document) -> list[str]:
    """Return the settings that are the same for every row of the table, a line a subject."""
    experiment = document["experiment"]
    model, training, run = (experiment.get(key, {}) for key in ("model", "training", "run"))
    told = {
        "data": _data(document["environment"].get("data", {})),
        "network": network_told(model),
        "training": training_told(training, experiment.get("factors", {}).get("optimizers", ())),
        "seeds": ", ".join(str(seed) for seed in run.get("seeds", ())),
        "note": "; ".join(filter(None, [experiment.get("shortened"), document["environment"].get("note")])),
    }
    return [f"{subject}: {facts}" for subject, facts in told.items() if facts]


def _data(data: Mapping[str, Any]) -> str:
    return "; ".join(str(data[key]) for key in ("source", "split", "scaling") if data.get(key))


def network_told(model: Mapping[str, Any]) -> str:
    """Return the network in words; "" where nothing is known of it."""
    if not model:
        return ""
    hidden = model["hidden"]
    widths = f"hidden layers {', '.join(str(width) for width in hidden)}" if hidden else "no hidden layer"
    activation = model["activation"]
    names = activation if isinstance(activation, str) else ", ".join(activation)
    bias = "with biases" if model["bias"] else "without biases"
    return f"{widths}; {names}; {bias}; initial weights: {model['init']}"


def training_told(training: Mapping[str, Any], optimizers: Collection[str]) -> str:
    """Return the length of training and what was set of these optimizers, in words."""
    lengths = (number_of(f"{training[key]:g}", key[:-1]) for key in LENGTHS if training.get(key))
    length = next(lengths, "")
    left_out = (*LENGTHS, "tune_lr")
    options = {key: value for key, value in training.items() if value is not None and key not in left_out}
    told = [f"{key} {_value(value, optimizers)}" for key, value in options.items()]
    if training.get("tune_lr"):
        told.append(f"for the runs each regime's lr was tuned, {training['tune_lr']} tried around that")
    return "; ".join(filter(None, [length, *told]))


def _value(value: object, optimizers: Collection[str]) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{entry:g} ({name})" for name, entry in value.items() if name in optimizers)
    return f"{value:g}" if isinstance(value, float) else str(value)
