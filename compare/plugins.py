"""Contestants that are not the project's own: how they are named, `FILE.py:CLASS`, and what they are called.

A file is never imported here: it is only run inside the contestant's process.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

GROUP = "side_by_side.implementations"
"""The entry points under which an installed package offers contestants."""

_FORM = re.compile(r"(?P<path>.*\.py):(?P<name>[^:/\\]*)", re.DOTALL)


class PluginError(ValueError):
    """A contestant that cannot be taken from its file or package; one line."""


@dataclass(frozen=True)
class PluginFile:
    """A file as the user wrote it, relative to the current directory, and the name of a class in it."""

    path: str
    name: str

    @property
    def label(self) -> str:
        """What results call it: FILE.py:CLASS without folders; no other kind of name has a colon."""
        return f"{Path(self.path.replace(chr(92), '/')).name}:{self.name}"


def plugin_of(text: str) -> PluginFile | None:
    r"""Read FILE.py:CLASS; None for any other name.

    The class stands behind the last colon, so C:\\folder\\mine.py:Net means what it says.
    """
    match = _FORM.fullmatch(text)
    return PluginFile(match["path"], match["name"]) if match else None


def label_of(text: str) -> str:
    """Return what results call an implementation that an experiment names so."""
    plugin = plugin_of(text)
    return text if plugin is None else plugin.label


def fault_of(text: str) -> str | None:
    """Say in a few words why FILE.py:CLASS cannot be tried here, or None; other names have no such fault."""
    plugin = plugin_of(text)
    if plugin is None:
        return f"{text!r} names no class; write it as {text}:CLASS" if text.endswith(".py") else None
    if not plugin.name.isidentifier():
        return f"{text!r} names no class; write it as {plugin.path}:CLASS"
    if not Path(plugin.path).exists():
        return f"{plugin.path}: no such file (a path may hold no comma, and begins at the current directory)"
    if not Path(plugin.path).is_file():
        return f"{plugin.path}: is not a file; give the file that holds {plugin.name}"
    return None


def alike(names: Iterable[str]) -> str | None:
    """Return a label that two of the names share, or None."""
    labels = [label_of(name) for name in names]
    return next((label for place, label in enumerate(labels) if label in labels[:place]), None)
