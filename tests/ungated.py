"""`compare.run` without the check of parity, figures and page, which take longest, and with blocks of 1 ms.

Its sentences stand on a line each, however long, to be looked for.

python tests/ungated.py ARGUMENTS
"""

import sys
from collections.abc import Callable
from pathlib import Path

from compare import finishing
from compare.measure import protocol
from compare.parity.verdicts import Parity
from compare.render import screen

Patch = Callable[[object, str, object], object]


def ungate(patch: Patch) -> None:
    """Take out what has tests of its own, with `monkeypatch.setattr` or its like."""
    patch(finishing, "check_parity", lambda laboratory, report: Parity((), (), {}))
    patch(finishing, "check_tuned_rates", lambda laboratory, parity, report: parity)
    patch(screen, "WIDEST", 10_000)
    leave_undrawn(patch)


def leave_undrawn(patch: Patch) -> None:
    """Take out figures and page alone, and shorten the blocks."""
    patch(finishing, "TEXTS", ("json", "csv", "md", "tex"))
    patch(finishing, "DRAWN", ())
    patch(protocol, "BLOCK_SECONDS", 1e-3)
    patch(protocol, "FLOOR_BLOCK_SECONDS", 1e-3)


def replace(place: object, name: str, value: object) -> None:
    """Set what is there already: a part that has moved is noticed."""
    getattr(place, name)
    setattr(place, name, value)


UNGATED = [sys.executable, str(Path(__file__))]
"""The command line that runs it in a process of its own."""

if __name__ == "__main__":
    from compare import run

    ungate(replace)
    sys.exit(run.main(sys.argv[1:]))
