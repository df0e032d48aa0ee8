"""The files of a published dataset: found, or else downloaded, into the user's cache."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from data.errors import DataError, DatasetNotFound, shown
from data.places import IDX_NAMES, cache_directory, find_all, is_offline
from data.published import PUBLISHED, Published, is_published

if TYPE_CHECKING:
    from data.download import Report

LOCK_SECONDS = 1800.0
"""How long to wait for another process that downloads the same."""


def obtain(name: str, data_dir: Path | None, may_download: bool, progress: bool) -> list[Path]:
    """Return the four IDX files of a dataset: from a directory, from the cache, or from the network.

    Args:
        name: in `PUBLISHED`.
        data_dir: where to look first; the files stay there.
        may_download: whether to try the network.
        progress: whether to show it where standard error is a terminal.

    Raises:
        DatasetNotFound: the files are nowhere; where they belong.
        DataError: the directory is none, or holds another dataset under the same names.
    """
    published = PUBLISHED[name]
    cache = cache_directory() / name
    try:
        if data_dir is not None and not data_dir.is_dir():
            raise DataError(f"{data_dir}: is not a directory (given as the data directory)")
        if found := _find(published, data_dir, cache):
            return found
    except DataError:
        raise
    except (OSError, ValueError) as error:  # a ValueError where the name holds a NUL
        told = getattr(error, "strerror", None) or error
        raise DataError(f"{shown(str(data_dir))}: {told} (given as the data directory)") from error
    if not may_download or is_offline():
        raise _missing(published, data_dir, cache, "; downloading is switched off")
    from data.download import DownloadError  # brings urllib along, which nobody else needs

    try:
        _download_missing(published, cache, progress)
    except (DownloadError, OSError) as error:
        told = str(error) if isinstance(error, DownloadError) else _told(error, cache)
        raise _missing(published, data_dir, cache, f"; it could not be downloaded ({told})") from None
    return find_all(cache, IDX_NAMES)


def _find(published: Published, data_dir: Path | None, cache: Path) -> list[Path]:
    given = [] if data_dir is None else [*(data_dir / folder for folder in published.folders), data_dir]
    for directory in (*given, cache):
        if files := find_all(directory, IDX_NAMES):
            _refuse_another(published, directory, files)
            return files
    return []


def _refuse_another(published: Published, directory: Path, files: list[Path]) -> None:
    """Raise DataError where the files are another published dataset's, which have the same names."""
    for other in PUBLISHED.values():
        if other is not published and is_published(files[-1], other.files[-1]):
            raise DataError(f"{directory}: holds the files of {other.name}, not of {published.name}")


def _download_missing(published: Published, cache: Path, progress: bool) -> None:
    """Download what is not in the cache yet, one process at a time."""
    from filelock import FileLock, Timeout

    from data.download import DownloadError, download

    cache.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(cache / ".lock", timeout=LOCK_SECONDS):
            for file in published.files:
                if not find_all(cache, [file.name]):
                    with _bar(f"{published.title}: {file.name}", progress) as report:
                        download(file, published.mirrors, cache / f"{file.name}.gz", report)
    except Timeout:
        raise DownloadError("another process holds its lock") from None


@contextmanager
def _bar(what: str, progress: bool) -> "Iterator[Report]":
    """Show a bar of bytes on a terminal, and nothing elsewhere."""
    from tqdm import tqdm

    off = not (progress and sys.stderr.isatty())
    with tqdm(desc=what, unit="B", unit_scale=True, disable=off, leave=False, file=sys.stderr) as bar:

        def report(arrived: int, total: int | None) -> None:
            bar.total = total
            bar.update(arrived - bar.n)

        yield report


def _missing(published: Published, data_dir: Path | None, cache: Path, why: str) -> DatasetNotFound:
    names = f"{', '.join(IDX_NAMES[:3])} and {IDX_NAMES[3]} (each with or without .gz)"
    place = cache if data_dir is None else data_dir
    other = ", or name their directory as the data directory (--data-dir)" if data_dir is None else ""
    return DatasetNotFound(f"{published.name}: put {names} into {place}{other}{why}")


def _told(error: OSError, cache: Path) -> str:
    return f"{error.filename or cache}: {error.strerror or error}"
