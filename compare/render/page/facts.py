"""Plain facts of a document as subjects with their text: settings, machine, versions, command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from compare.plural import counted
from compare.render.settings import settings_lines
from compare.render.text import printable

Document = Mapping[str, Any]
Fact = tuple[str, str]
NOT_HERE = ("command", "data", "note")
"""Told elsewhere on the page."""


def settings_facts(document: Document) -> list[Fact]:
    """Return the settings that all rows share, a subject each."""
    parts = (line.partition(": ") for line in settings_lines(document))
    return [(printable(subject), printable(text)) for subject, _, text in parts]


def environment_facts(environment: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what is known of machine and software, and the data's SHA-256; what is not known is left out."""
    for subject, value in environment.items():
        text = _told(value)
        if text and subject not in NOT_HERE:
            yield printable(subject.replace("_", " ")), text
    data = environment.get("data")
    if isinstance(data, Mapping) and data.get("sha256"):
        yield "data", f"{printable(str(data.get('name')))}, SHA-256 {printable(str(data['sha256']))}"


def command_of(environment: Mapping[str, Any]) -> str:
    """Return the command that made the results, ready for a shell; "" where it is not known."""
    command = environment.get("command")
    if isinstance(command, (list, tuple)):
        command = shlex.join(map(str, command))
    return str(command or "")


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        told = ((key, _told(entry)) for key, entry in value.items())
        return "; ".join(f"{printable(str(key))}: {text}" for key, text in told if text)
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_entry, value)))
    return "" if value is None else printable(str(value))


def _entry(value: Any) -> str:
    """An entry of a list: of a record its values, such as "openblas 0.3.31 SkylakeX 1 thread"."""
    if isinstance(value, Mapping):
        words = (
            counted(entry, str(key).removesuffix("s")) if isinstance(entry, int) else str(entry)
            for key, entry in value.items()
            if entry is not None
        )
        return printable(" ".join(words))
    return _told(value)
