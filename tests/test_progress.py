"""The progress bar: on a terminal only, and only where there is something to wait for."""

import io
import sys

import pytest

from compare.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "total", "shown", "seen"),
    [
        (Terminal, 2, True, True),
        (Terminal, 2, False, False),
        (Terminal, 0, True, False),
        (io.StringIO, 2, True, False),
    ],
    ids=["terminal", "not wanted", "nothing to do", "no terminal"],
)
def test_a_bar_is_drawn_where_somebody_sees_it_and_there_is_something_to_wait_for(
    stream, total, shown, seen, monkeypatch
):
    monkeypatch.setattr(sys, "stderr", stream())
    with Progress(total, shown) as progress:
        progress.doing("numpy", 0.5)
    assert ("runs" in sys.stderr.getvalue()) is seen
