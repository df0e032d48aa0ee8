"""Flags beat files: a table with the values of the flags put in, and the flag of a key."""

from collections.abc import Mapping
from typing import Any

from compare.names import OPTIMIZERS

LENGTHS = ("epochs", "updates", "seconds")
DESCRIBED = ("data.dataset", "model.", "factors.objectives", "factors.batch_sizes", "factors.optimizers")
"""Beginnings of the keys that a description tells of: where a flag changes one, the description goes."""


def flag_of(key: str) -> str:
    """Give the flag that sets a "section.key"."""
    return "--" + key.rpartition(".")[2].replace("_", "-")


def overridden(table: Mapping[str, Any], overrides: Mapping[str, object]) -> dict[str, Any]:
    """Copy an experiment's table with values put in by "section.key".

    A length of training replaces whichever the table has; learning rates by optimizer leave the others' be;
    a description that no longer holds goes.
    """
    changed = {key: dict(value) if isinstance(value, Mapping) else value for key, value in table.items()}
    if any(f"training.{key}" in overrides for key in LENGTHS) and isinstance(changed.get("training"), dict):
        for key in LENGTHS:
            changed["training"].pop(key, None)
    if any(place.startswith(DESCRIBED) for place in overrides):
        changed.pop("description", None)
    for place, value in overrides.items():
        section, _, key = place.partition(".")
        keys = changed.setdefault(section, {})
        if isinstance(keys, dict):
            keys[key] = _merged_rates(keys.get(key), value) if place == "training.lr" else value
    return changed


def _merged_rates(before: object, rates: object) -> object:
    if not isinstance(rates, Mapping):
        return rates
    if isinstance(before, Mapping):
        return {**before, **rates}
    return rates if before is None else {**dict.fromkeys(OPTIMIZERS, before), **rates}
