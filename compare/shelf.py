"""Records on disk that are read whenever they are asked for: what is in memory is where each one stands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from compare.journal import Journal, Place


class Kept(Protocol):
    """What a record has that can be kept."""

    @property
    def key(self) -> tuple[Any, ...]:
        """What makes it the same record when it is repeated."""

    @property
    def status(self) -> str:
        """How it ended."""

    def to_json(self) -> dict[str, Any]:
        """Return it as one JSON object."""


Record = TypeVar("Record", bound=Kept)


class Shelf(Generic[Record]):
    """The records of one kind in their journal, oldest first; a repeated one is there once, as it was last.

    What is held of a record is its key, its place in the file and its status, however long it is.

    Args:
        journal: opens the file when it is first needed.
        parse: makes the record of its JSON object; raises ResultsError for one that will not do.
    """

    def __init__(self, journal: Callable[[], Journal], parse: Callable[[object], Record]) -> None:
        self._journal, self._parse = journal, parse
        self._index: dict[tuple[Any, ...], tuple[Place, str]] = {}
        self._parts: dict[Any, Any] = {}

    def append(self, record: Record) -> None:
        """Add a record and return once it is on disk."""
        self._keep(record, self._journal().append(record.to_json()))

    def take_up(self) -> bool:
        """Find and check the records in the file; a torn last line is cut off, and True says so."""
        return self._journal().take_up(lambda place, entry: self._keep(self._parse(entry), place))

    def __len__(self) -> int:
        return len(self._index)

    def __iter__(self) -> Iterator[Record]:
        return self.of(list(self._index))

    def statuses(self) -> dict[Any, str]:
        """Return how each record ended, by its key."""
        return {key: status for key, (_, status) in self._index.items()}

    def of(self, keys: Iterable[Any]) -> Iterator[Record]:
        """Yield the records with these keys, in this order."""
        return map(self._parse, self.entries(keys))

    def entries(self, keys: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """Yield the JSON objects of the records with these keys, in this order."""
        return (self._journal().read(self._index[key][0]) for key in keys)

    def _keep(self, record: Record, place: Place) -> None:
        """Keys share their parts: many runs are of one cell, or of one seed."""
        key = tuple(self._parts.setdefault(part, part) for part in record.key)
        self._index[key] = place, sys.intern(record.status)
