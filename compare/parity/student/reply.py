"""What a student's process leaves behind: read within bounds, and believed only in the form of its task."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from compare.fields import Kind, check_fields, object_with
from compare.implementation import Array
from compare.measure.channel import LONGEST_LINE, ContestantError, read_arrays, understood
from compare.measure.processes import printable_line
from compare.parity.student.calls import CALLS

Record = dict[str, Any]


def read_reply(
    folder: Path, task: str, request: Mapping[str, Any], given: Mapping[str, Array]
) -> tuple[Record, Mapping[str, Array]]:
    """Return the record and the arrays in a folder; of a failure its kind and message, and no arrays.

    Args:
        folder: holds `reply.json` and `reply.npz`.
        task: "gradients" or "updates".
        request: what was asked.
        given: the arrays that were handed out.

    Raises:
        ContestantError: there is no such reply.
    """
    with understood():
        with open(folder / "reply.json", "rb") as file:
            line = file.read(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise ContestantError(f"its answer has more than the {LONGEST_LINE} bytes that are read")
        record = json.loads(line.decode("utf-8"))
        if isinstance(record, dict) and "failure" in record:
            failure = object_with(record["failure"], ["kind", "message"], "a failure")
            told = {key: printable_line(str(text)) or "unknown" for key, text in failure.items()}
            return {"failure": told}, {}
        record = object_with(record, list(_FORMS[task]), "a reply")
        check_fields(record, _FORMS[task])
        arrays = read_arrays(folder / "reply.npz")
        for name, shape in expected(task, request, given, record).items():
            if name not in arrays or (shape is not None and arrays[name].shape != shape):
                raise ValueError(f"it lacks the array {name}" + ("" if shape is None else f" {shape}"))
        return record, arrays


def expected(
    task: str, request: Mapping[str, Any], given: Mapping[str, Array], record: Record
) -> dict[str, tuple[int, ...] | None]:
    """Return the names of the arrays that a reply must hold, with their shapes where those are fixed."""
    prefix = "parameter "
    shapes = {key.removeprefix(prefix): given[key].shape for key in given if key.startswith(prefix)}
    if task == "gradients":
        calls = enumerate(record["calls"])
        return {
            f"{call} {n}": None for call, of in calls for n in ("loss", *shapes) if n in {"loss", *of["keys"]}
        }
    steps = range(1, len(request["hyperparameters"]) + 1)
    return {f"{call} {step} {n}": shapes[n] for call in range(CALLS) for step in steps for n in shapes}


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _are_calls(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == CALLS
        and all(isinstance(call, dict) and set(call) == {"keys", "lists"} for call in value)
        and all(_are_texts(texts) for call in value for texts in call.values())
    )


_TEXTS: Kind = (_are_texts, "a list of texts")
_CALLS: Kind = (_are_calls, f"a list of {CALLS} calls")
_FORMS: dict[str, dict[str, Kind]] = {
    "gradients": {"calls": _CALLS, "changed": _TEXTS, "warnings": _TEXTS},
    "updates": {"changed": _TEXTS, "left_out": _TEXTS, "warnings": _TEXTS},
}
