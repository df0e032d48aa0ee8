"""`compare.run` as it is, which notes in a file to what stage it has come, for whoever wants to disturb it.

    SIDE_BY_SIDE_STAGES=FILE python -m benchmarks.stages ARGUMENTS

A line a stage, the seconds of the system's clock behind its name; a stage lasts until the next begins.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any

from compare.signals import end_with

FILE = "SIDE_BY_SIDE_STAGES"
START = "start"
"""From the start of the process to the first of the others: nothing is noted yet."""
MARKS: dict[str, tuple[str, ...]] = {
    "check_parity": ("parity",),
    "record_tunings": ("tuning",),
    "record_runs": ("runs",),
    "record_noise": ("noise scale",),
    "record_timings": ("timing",),
    "describe_environment": ("analysis",),
    "write_results": ("tables and page", "figures"),
}
"""The functions of `compare.finishing` and the stages that begin with their first call, second call, ..."""
STAGES = (START, *(name for names in MARKS.values() for name in names))


def noted(function: Callable[..., Any], names: tuple[str, ...], file: str) -> Callable[..., Any]:
    """Return a function that notes the next of its names, and then does what it did."""
    left = iter(names)

    def noting(*arguments: Any, **options: Any) -> Any:
        if (name := next(left, None)) is not None:
            descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            os.write(descriptor, f"{name}\t{time.monotonic()}\n".encode())
            os.close(descriptor)
        return function(*arguments, **options)

    return noting


def reached(file: os.PathLike[str]) -> list[tuple[str, float]]:
    """Return the stages noted so far, with the time at which each began."""
    try:
        with open(file, encoding="utf-8") as lines:
            pairs = [line.split("\t") for line in lines if line.endswith("\n")]
    except FileNotFoundError:
        return []
    return [(name, float(seconds)) for name, seconds in pairs]


def main() -> int:
    """Run the command; return its exit code."""
    from compare import finishing, run

    for name, stages in MARKS.items():
        setattr(finishing, name, noted(getattr(finishing, name), stages, os.environ[FILE]))
    return run.main(sys.argv[1:])


if __name__ == "__main__":
    end_with(main)
