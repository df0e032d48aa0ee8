"""What is tried on the commands: one record for what users, files and machines do to them."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes:
        title: what was tried, in words.
        make: builds it in an empty directory; returns the arguments for ``python -m compare.run``.
    """

    title: str
    make: Callable[[Path], list[str]]
