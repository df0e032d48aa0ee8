"""Experiments as files: the presets, the TOML tables as they were written, and errors that fit one line."""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compare.names import suggest

DEFAULT_PRESET = "digits"
LARGEST_FILE = 1_000_000  # bytes
LONGEST_MESSAGE = 1_000  # signs of an error; a key may be as long as the file
PRESETS = Path(__file__).with_name("presets")


class ExperimentError(ValueError):
    """An experiment that cannot be run as written: one line that says where, what is wrong, what would do."""

    def __init__(self, message: str):
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in message[:LONGEST_MESSAGE])
        super().__init__(line if len(message) <= LONGEST_MESSAGE else f"{line} ...")


@dataclass(frozen=True)
class ExperimentFile:
    """A file's keys and values, unchecked; the experiment's name; and what errors call the file."""

    name: str
    label: str
    table: dict[str, Any]


def preset_names() -> tuple[str, ...]:
    """Name the presets, the default one first."""
    names = sorted(path.stem for path in PRESETS.glob("*.toml"))
    return tuple(sorted(names, key=lambda name: name != DEFAULT_PRESET))


def preset_titles() -> dict[str, str]:
    """Give each preset's title by its name."""
    return {name: str(read_experiment_file(name).table.get("title", name)) for name in preset_names()}


def read_experiment_file(source: str | None) -> ExperimentFile:
    """Read a preset by its name, or the TOML file at a path; None reads the default preset.

    Arguments: `source` is taken for a path where it ends in ".toml" or has a path separator in it.
    Raises `ExperimentError` where there is no such preset or file, or the file is not TOML.
    """
    name = DEFAULT_PRESET if source is None else source
    if name.endswith(".toml") or os.sep in name or "/" in name:
        return ExperimentFile(_name_of(name), name, _parse(_read(name), name))
    if name not in preset_names():
        advice = suggest(name, preset_names())
        others = f" (presets: {', '.join(preset_names())})" if advice.startswith("did") else ""
        raise ExperimentError(f"{name!r}: no such preset; {advice}{others}; a file's name must end in .toml")
    label = f"preset {name}"
    return ExperimentFile(name, label, _parse(_read(str(PRESETS / f"{name}.toml")), label))


def _name_of(path: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", Path(path).stem).strip("-._")[:60] or "experiment"


def _read(path: str) -> bytes:
    try:
        if not os.path.exists(path):
            raise ExperimentError(
                f"{path}: no such file; check the path, or name a preset (--list shows them)"
            )
        if not os.path.isfile(path):
            raise ExperimentError(f"{path}: is not a file; give the path of a TOML file")
        with open(path, "rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, ExperimentError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise ExperimentError(
            f"{path}: cannot be read ({reason}); check the path and its permissions"
        ) from None
    if len(content) > LARGEST_FILE:
        raise ExperimentError(f"{path}: is over {LARGEST_FILE} bytes; an experiment is a short TOML file")
    return content


def _parse(content: bytes, label: str) -> dict[str, Any]:
    try:
        text = content.decode("utf-8")
        return tomllib.loads(text)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ExperimentError(f"{label}: line {line}: is not UTF-8 text; save the file as UTF-8") from None
    except RecursionError:
        raise ExperimentError(
            f"{label}: is nested too deeply; an experiment has five sections of keys"
        ) from None
    except ValueError as error:
        if "integer string conversion" in str(error):
            raise ExperimentError(f"{label}: has a number of too many digits") from None
        raise ExperimentError(f"{label}: {_place(str(error), text)}; see the presets for the form") from None


def _place(complaint: str, text: str) -> str:
    """Turn tomllib's "... (at line 3, column 5)" into "line 3, column 5: ..."."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", complaint, re.DOTALL)
    if match is None:
        return f"is not TOML: {complaint}"
    lines = text.split("\n")
    line, column = match[2] or len(lines), match[3] or len(lines[-1]) + 1
    return f"line {line}, column {column}: is not TOML: {match[1][:1].lower()}{match[1][1:]}"
