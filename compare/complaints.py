"""What is wrong with an experiment, in one line: where, what, and what would do."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from compare.checks import shown
from compare.experiment_file import ExperimentError
from compare.names import suggest
from compare.overrides import flag_of
from compare.sections import SECTIONS

_NO_TRAINING = "is missing; add the section with one of epochs, updates and seconds"


def complaint(
    problems: Sequence[tuple[str, str]], label: str, overrides: Mapping[str, object]
) -> ExperimentError:
    """Tell the first problem, where it stands (a flag, or the file called `label`), and how many more."""
    key, what = problems[0]
    place = flag_of(key) if key in overrides else f"{label}: {key}"
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return ExperimentError(f"{place}: {what}{more}")


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """Give the "section.key" and the words for each of pydantic's complaints.

    Unknown keys stand first: a key that is missing may only be misspelt.
    """
    details = sorted(error.errors(include_url=False), key=lambda detail: detail["type"] != "extra_forbidden")
    return [_problem(detail) for detail in details]


def _problem(detail: Any) -> tuple[str, str]:
    """Give the "section.key" and the words for one of pydantic's error details."""
    location = [str(part) for part in detail["loc"]]
    key = ".".join(location[:2])
    match detail["type"]:
        case "refused":
            return detail["ctx"]["key"] or key, detail["ctx"]["what"]
        case "extra_forbidden":
            return key, _unknown_key(location)
        case "missing":
            return key, "is missing; add it" if key != "training" else _NO_TRAINING
        case "model_type" | "dict_type":
            return key, f"must be a section of keys, not {shown(detail['input'])}; write it as [{key}]"
        case _:
            return key, f"{detail['msg'][:1].lower()}{detail['msg'][1:]}, not {shown(detail['input'])}"


def _unknown_key(location: list[str]) -> str:
    *sections, key = location
    homes = [section for section, model in SECTIONS.items() if key in model.model_fields]
    if homes:
        return f"does not belong here; write it under [{homes[0]}]"
    if sections:
        return f"is not a key of [{sections[0]}]; {suggest(key, SECTIONS[sections[0]].model_fields)}"
    return f"is not a section or key; {suggest(key, (*SECTIONS, 'title', 'description'))}"
