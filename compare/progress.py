"""Progress on a terminal: a bar with an estimate of the time left."""

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm


class Progress:
    """A bar over runs that moves within a run too; shown on a terminal only. A context manager.

    Args:
        total: number of runs.
        shown: False to show nothing in any case.
        unit: what is counted, if not runs.
    """

    def __init__(self, total: int, shown: bool, unit: str = "runs") -> None:
        self._done = 0
        self._begun = False
        self._bar = tqdm(
            total=total,
            disable=not (shown and total and sys.stderr.isatty()),
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
            bar_format=f"{{l_bar}}{{bar}}| {{n:.1f}}/{{total}} {unit}, {{elapsed}} gone, {{remaining}} to go",
        )

    def doing(self, what: str, fraction: float = 0.0) -> None:
        """Say what is in progress, and how much of it is done."""
        self._bar.set_description_str(what, refresh=False)
        self._move(self._done + min(fraction, 1.0))

    def next(self, what: str) -> None:
        """Say what is in progress now; what was before is done."""
        if self._begun:
            self.did_one()
        self._begun = True
        self.doing(what)

    def did_one(self) -> None:
        """Count one as done."""
        self._done += 1
        self._move(self._done)

    def _move(self, to: float) -> None:
        self._bar.update(to - self._bar.n)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()
