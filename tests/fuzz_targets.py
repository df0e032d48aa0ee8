"""What a fuzz target is: any bytes in, told whether a reader took them; it raises where all else happens."""

import atexit
import functools
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Target = Callable[[bytes], bool]

FOLDER = Path(tempfile.mkdtemp(prefix="fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
LONGEST_MESSAGE = 2000


def refused_in_one_line(error: Exception | str) -> None:
    told = str(error)
    assert told.strip(), "an error without a word"
    assert "\n" not in told, f"more than a line: {told!r}"
    assert len(told) < LONGEST_MESSAGE, f"{len(told)} signs: {told[:200]!r}"


def refusing(*errors: type[Exception]) -> Callable[[Callable[[bytes], Any]], Target]:
    """Make a target of a function that may raise these errors, in one line, and nothing else."""

    def target_of(read: Callable[[bytes], Any]) -> Target:
        @functools.wraps(read)
        def target(content: bytes) -> bool:
            try:
                read(content)
            except errors as error:
                refused_in_one_line(error)
                return False
            return True

        return target

    return target_of


def written(name: str, content: bytes) -> Path:
    """A file of this content."""
    path = FOLDER / name
    path.write_bytes(content)
    return path


def line(document: object) -> bytes:
    return json.dumps(document).encode() + b"\n"
