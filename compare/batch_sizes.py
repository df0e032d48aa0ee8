"""Lists of batch sizes with a "..." in them: the geometric series that is meant, written out."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from compare.checks import batch_size as single
from compare.checks import listed_values, refusal, shown

if TYPE_CHECKING:
    from compare.batches import BatchSize

BatchSizes = tuple[int | Literal["full", "..."], ...]
DOTS = ("...", "…")


def size_list(values: Any) -> BatchSizes:
    """Accept a list of numbers of samples, "full", and one "..." for the sizes that go on as they began.

    `1, 2, 4, ..., 64` is written out at once. `1, 2, 4, ..., full` keeps its "..." until `on_rows` is told
    how many rows there are.
    """
    kept: BatchSizes = listed_values(values, _size_or_dots)
    return kept if "..." not in kept else _continued(kept, None)


def on_rows(sizes: BatchSizes, rows: int) -> tuple[BatchSize, ...]:
    """Write out a "..." up to below the number of training rows."""
    written = _continued(sizes, rows) if "..." in sizes else sizes
    return tuple(size for size in written if size != "...")


def rows_per_batch(size: BatchSize, rows: int) -> int:
    """Return the rows of a batch."""
    return rows if size == "full" else size


def _size_or_dots(value: Any) -> Any:
    return "..." if isinstance(value, str) and value in DOTS else single(value)


def _continued(sizes: BatchSizes, rows: int | None) -> BatchSizes:
    """Put sizes in the place of the dots, from the last one before them to below the end after them."""
    place = sizes.index("...")
    before, after = sizes[:place], sizes[place + 1 :]
    factor = _factor(before)
    if not after:
        raise refusal("ends with '...'; name the size it leads to, such as 64 or full")
    end = rows if after[0] == "full" else after[0]
    if end is None:
        return sizes
    made: list[Any] = [before[-1]]
    while made[-1] * factor < end:
        made.append(made[-1] * factor)
    if len(made) == 1 and after[0] != "full":
        raise refusal(f"has nothing to put between {before[-1]} and {shown(after[0])}; leave '...' out")
    written: BatchSizes = listed_values([*before, *made[1:], *after], single)
    return written


def _factor(before: Sequence[Any]) -> int:
    """Return by which whole factor the numbers before the dots grow; refuse those that do not say."""
    numbers = [size for size in before if size != "full"]
    if len(numbers) < 2:
        raise refusal("needs two sizes before '...' to go on from, such as 1,2,4,...,64")
    factors = {b / a for a, b in pairwise(numbers)}
    factor = factors.pop()
    if factors or factor < 2 or factor != int(factor) or before[-1] == "full":
        told = ", ".join(str(size) for size in before)
        raise refusal(f"cannot go on from {told}: before '...' every size must be the same whole multiple")
    return int(factor)
