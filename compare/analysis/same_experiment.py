"""Whether two results are of the same experiment, and of the same machine and software."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compare.experiment import Experiment, ExperimentError

Document = Mapping[str, Any]

LABELS = ("name", "title", "description", "shortened", "data.data_dir", "data.fallback")
"""Keys of the experiment that say what it is called or where its data lie, not what is done."""
PRECISION = ("run.timeout", "run.processes", "run.rounds", "run.null_test")
"""Keys that say how closely it is measured."""
DECIDING = (
    *("processor", "cores", "caches", "governor", "system", "timed_on"),
    *("python", "libraries", "builds", "thread_pools"),
)
"""What must be the same for times to be set in proportion: CPU, system, versions, BLAS, threads."""
ABSENT = "absent"


class OtherExperimentError(ValueError):
    """Results of different experiments, which are not compared; one line with the first key that differs."""


@dataclass(frozen=True)
class Difference:
    """A key of the environment that two results differ in; `decides` where times then have no ratio."""

    key: str
    first: str
    second: str
    decides: bool


def require_same_experiment(first: Document, second: Document) -> None:
    """Raise `OtherExperimentError` where the two did not do the same on the same data."""
    ours, theirs = (dict(_leaves(_completed(document["experiment"]))) for document in (first, second))
    told = {f"experiment.{key}": (ours.get(key), theirs.get(key)) for key in dict.fromkeys([*ours, *theirs])}
    told["reference"] = (first["reference"], second["reference"])
    shas = [document["environment"].get("data", {}).get("sha256") for document in (first, second)]
    told["environment.data.sha256"] = (shas[0], shas[1])
    ignored = {f"experiment.{key}" for key in (*LABELS, *PRECISION)}
    for key, (our, their) in told.items():
        if key not in ignored and our != their:
            raise OtherExperimentError(
                f"{key} is {_shown(our)} in the first and {_shown(their)} in the second"
            )


def environment_differences(first: Document, second: Document) -> list[Difference]:
    """Return what differs between the machines and the software, and in how closely was measured."""
    pairs = [
        (key, ours.get(key), theirs.get(key))
        for part in ("environment", "experiment")
        for ours, theirs in [(dict(_leaves(first[part])), dict(_leaves(second[part])))]
        for key in dict.fromkeys([*ours, *theirs])
        if part == "environment" or key in PRECISION
    ]
    return [
        Difference(key, _shown(ours), _shown(theirs), key.partition(".")[0] in DECIDING)
        for key, ours, theirs in pairs
        if _unordered(ours) != _unordered(theirs) and not key.startswith("data.")
    ]


def _completed(experiment: Document) -> Document:
    """The experiment with the defaults of keys that it is too old to know; as it is where it is none."""
    try:
        return Experiment.from_dict(experiment).to_dict()
    except ExperimentError:
        return experiment


def _leaves(value: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and what stands there; lists whole."""
    for key, entry in value.items():
        if isinstance(entry, Mapping):
            yield from _leaves(entry, f"{path}{key}.")
        else:
            yield f"{path}{key}", entry


def _unordered(value: Any) -> Any:
    """A list without its order, in which libraries are found by chance."""
    return sorted(json.dumps(entry, sort_keys=True) for entry in value) if isinstance(value, list) else value


def _shown(value: object) -> str:
    if value is None:
        return ABSENT
    if isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        found = (" ".join(f"{key} {of}" for key, of in entry.items() if of is not None) for entry in value)
        return "; ".join(sorted(found))
    return value if isinstance(value, str) else json.dumps(value)
