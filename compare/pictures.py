"""Which test rows a run tells its predictions for, so that what it saw can be shown afterwards."""

MOST_ROWS = 1000
"""A few kilobytes of a run's record."""


def sample_rows(count: int) -> list[int]:
    """Return up to `MOST_ROWS` of so many test rows, evenly spread: the same ones for every run."""
    chosen = min(count, MOST_ROWS)
    return [at * count // chosen for at in range(chosen)]
