"""Parsing once: a dataset is kept as it was parsed, split and scaled, and mapped into memory the next time.

An entry is known by the SHA-256 of the files it was made from, the options, and the code that read them, so
it cannot be out of date. It is a directory of four ``.npy`` files, which the processes of a run map as well.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

from data.dataset import PARTS, Dataset
from data.entries import keep, recall
from data.files import file_sha256
from data.places import cache_directory
from data.sources import Source

LEAST_BYTES = 4_000_000
"""Smaller arrays are not worth an entry: they are parsed in a few tenths of a second."""
_READERS = (
    *("csv_file", "text_stream", "idx_file", "table", "labels", "split", "scaling", "images", "load"),
    *("dataset", "entries", "files", "published", "sources"),
)


def parsed_once(source: Source, options: Mapping[str, object], parse: Callable[[], Dataset]) -> Dataset:
    """Return a dataset from the cache, or else parse it and keep it there.

    Args:
        source: where it comes from; an embedded one is always parsed.
        options: what else decides how it is parsed, ready for JSON.
        parse: returns the dataset.

    Returns:
        The dataset; its arrays are mapped read-only if they are in the cache, in memory otherwise: they are
        small, or the cache cannot be written.
    """
    if not source.files:
        return parse()
    entries = cache_directory() / "parsed"
    key = _key(source, options)
    if found := recall(entries, key, source.name, source.sentence):
        return found
    dataset = parse()
    size = sum(getattr(dataset, part).nbytes for part in PARTS)
    if size < LEAST_BYTES or _key(source, options) != key:  # a file that changes now is not to be kept
        return dataset
    keep(entries, key, dataset)
    return recall(entries, key, source.name, source.sentence) or dataset


def _key(source: Source, options: Mapping[str, object]) -> str:
    room = Path(__file__).parent
    parts = {
        "files": [file_sha256(path) for path in source.files],
        "options": options,
        "code": [file_sha256(room / f"{name}.py") for name in _READERS],
    }
    return sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
