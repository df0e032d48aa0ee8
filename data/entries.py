"""The entries of the cache: written whole or not at all, checked when read, bounded in number and size.

An entry in use is locked (shared) by whoever reads it, and the lock ends with its process, however that ends;
only entries without one make room for others. Checksums are sums of words: they find every accident, take a
tenth of a SHA-256's time, and are no protection from those who may write into one's cache.
"""

import json
import os
import shutil
import sys
import tempfile
import time
import weakref
from contextlib import suppress
from dataclasses import fields
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.dataset import PARTS, Dataset

if sys.platform != "win32":
    import fcntl

MOST_ENTRIES = 16
MOST_BYTES = 4 << 30
_RECORD = "entry.json"
_TOLD = [field.name for field in fields(Dataset) if field.name not in ("name", "source", *PARTS)]
_LONGEST_RECORD = 1 << 24
_WORDS_PER_SUM = 1 << 17
_ABANDONED_SECONDS = 3600.0


def recall(entries: Path, key: str, name: str, sentence: str) -> Dataset | None:
    """Return the dataset of an entry, its arrays mapped read-only, under a name and a source.

    An entry that is damaged in any way is removed. Returns None if there is none, or none any more.
    """
    entry = entries / key
    try:
        handle = os.open(entry / _RECORD, os.O_RDONLY)
    except OSError:
        if os.path.lexists(entry):
            _discard(entry)
        return None
    try:
        _lock(handle, exclusive=False)
        dataset = _read(entry, handle, name, sentence)
        os.utime(handle)
    except BlockingIOError:  # somebody is removing it
        os.close(handle)
        return None
    except (OSError, ValueError, KeyError, TypeError):
        os.close(handle)
        _discard(entry)
        return None
    weakref.finalize(dataset, os.close, handle)
    return dataset


def keep(entries: Path, key: str, dataset: Dataset) -> None:
    """Write an entry and make room for it; where that fails (no space, no permission) there is none."""
    building = None
    try:
        entries.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=".building-", dir=entries))
        sums = {}
        for part in PARTS:
            path = building / f"{part}.npy"
            np.save(path, getattr(dataset, part), allow_pickle=False)
            sums[part] = _checksum(path)
        told = {name: getattr(dataset, name) for name in _TOLD}
        record = {"sums": sums, "sha256": dataset.sha256, "dataset": told}
        text = json.dumps(record)
        (building / _RECORD).write_text(f"{_digest(text)}\n{text}", encoding="utf-8")
        if _size(building) <= MOST_BYTES:
            building.rename(entries / key)  # fails where another process was faster
            _make_room(entries, key)
    except OSError:
        pass
    finally:
        if building is not None:
            shutil.rmtree(building, ignore_errors=True)


def _read(entry: Path, handle: int, name: str, sentence: str) -> Dataset:
    """Read and check an entry; raises where anything is not as it was written."""
    with open(handle, "rb", closefd=False) as stream:
        digest, _, text = stream.read(_LONGEST_RECORD).decode("utf-8").partition("\n")
    if digest != _digest(text):
        raise ValueError("the record is damaged")
    record = json.loads(text)
    arrays: dict[str, Any] = {part: _mapped(entry / f"{part}.npy", record["sums"][part]) for part in PARTS}
    told: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record["dataset"].items()
    }
    dataset = Dataset(name, sentence, **arrays, **told)
    vars(dataset)["sha256"] = record["sha256"]  # what the cached property would find, without the work
    return dataset


def _mapped(path: Path, checksum: str) -> NDArray[Any]:
    if _checksum(path) != checksum:
        raise ValueError(f"{path} is damaged")
    array: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _checksum(path: Path) -> str:
    """Return a digest of a file's length and of the sums of its words, a megabyte at a time."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    whole = len(content) // (8 * _WORDS_PER_SUM) * _WORDS_PER_SUM
    words = content[: len(content) // 8 * 8].view(np.uint64)
    digest = blake2b(f"{len(content)}".encode(), digest_size=16)
    digest.update(words[:whole].reshape(-1, _WORDS_PER_SUM).sum(axis=1).tobytes())
    digest.update(words[whole:].tobytes() + content[len(content) // 8 * 8 :].tobytes())
    return digest.hexdigest()


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _make_room(entries: Path, newest: str) -> None:
    """Remove what was used longest ago until the bounds hold, and what was begun and never finished."""
    now, found = time.time(), []
    for path in entries.iterdir():
        with suppress(OSError):
            if path.name.startswith("."):
                if now - path.stat().st_mtime > _ABANDONED_SECONDS:
                    shutil.rmtree(path, ignore_errors=True)
            elif path.name != newest:
                found.append(((path / _RECORD).stat().st_mtime, _size(path), path))
    count, total = len(found) + 1, sum(size for _, size, _ in found) + _size(entries / newest)
    for _, size, path in sorted(found):
        if count <= MOST_ENTRIES and total <= MOST_BYTES:
            return
        if _remove_unused(path):
            count, total = count - 1, total - size


def _remove_unused(entry: Path) -> bool:
    """Remove an entry unless somebody reads it; tell whether it is gone."""
    try:
        handle = os.open(entry / _RECORD, os.O_RDONLY)
    except OSError:
        return False
    try:
        _lock(handle, exclusive=True)
        _discard(entry)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _discard(entry: Path) -> None:
    """Take an entry away in one step, then remove it."""
    with suppress(OSError):
        away = Path(tempfile.mkdtemp(prefix=".discarded-", dir=entry.parent))
        with suppress(OSError):
            entry.rename(away / entry.name)
        shutil.rmtree(away, ignore_errors=True)


def _lock(handle: int, exclusive: bool) -> None:
    """Lock a file for reading or removing; raise BlockingIOError where others' locks are in the way."""
    if sys.platform != "win32":
        fcntl.flock(handle, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)


def _size(entry: Path) -> int:
    return sum(path.stat().st_size for path in entry.iterdir())
