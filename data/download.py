"""Downloading one file over HTTP: verified, resumable, moved into place only when it is right.

``urllib`` of the standard library does HTTP, TLS, proxies and redirects (at most ten, to http and https
alone). Pooch and torch.hub download too, but neither goes on where a download broke off, tries a second
mirror, or compares digests of decompressed content; what is here is what they lack.
"""

import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from data.published import PublishedFile, is_published

CONNECT_SECONDS = 5.0
"""For everything up to the first byte of content: finding the address, connecting, redirects, headers."""
STALL_SECONDS = 20.0
"""How long a transfer may bring fewer than `LEAST_BYTES`."""
LEAST_BYTES = 20_000
_TRIES = 3
_PIECE = 1 << 16
_SLACK = 1 << 16

Report = Callable[[int, int | None], None]
"""Told how many bytes are here, and how many there will be, if that is known."""


class DownloadError(Exception):
    """A mirror did not deliver; the message is a few words."""


class _CutShortError(DownloadError):
    """The transfer broke off; it may be worth going on."""


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follow redirects to http and https alone, and never from https to http."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        allowed = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in allowed:
            raise DownloadError(f"redirects to {newurl[:60]!r}, which is not followed")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def download(file: PublishedFile, mirrors: Sequence[str], target: Path, report: Report) -> None:
    """Download a file from the first mirror that delivers it.

    What has arrived is kept beside the target as ``.NAME.part`` and gone on with the next time, also after
    an interruption; only content with the right digest is moved to the target.

    Args:
        file: what is to arrive.
        mirrors: addresses of directories, tried in turn.
        target: where to put it; nobody else writes there at the same time.
        report: told of the progress.

    Raises:
        DownloadError: no mirror delivered, with the reason of each.
        OSError: it cannot be written.
    """
    part = target.with_name(f".{target.name}.part")
    reasons = []
    for mirror in mirrors:
        try:
            _from_mirror(file, f"{mirror}{file.name}.gz", part, report)
        except DownloadError as error:
            reasons.append(f"{urlsplit(mirror).hostname}: {error}")
            continue
        part.replace(target)
        return
    raise DownloadError(", ".join(reasons))


def _from_mirror(file: PublishedFile, address: str, part: Path, report: Report) -> None:
    """Download from one address, going on where a transfer broke off as long as something arrives."""
    for attempt in range(1, _TRIES + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            resumed = _transfer(file, address, part, report)
        except _CutShortError:
            after = part.stat().st_size if part.exists() else 0
            if attempt == _TRIES or after == before:
                raise
            continue
        try:
            return _verify(file, part)
        except DownloadError:
            part.unlink()
            if not resumed:  # else what was here before may have been another's, or damaged
                raise
    raise DownloadError("does not deliver the right file")


def _transfer(file: PublishedFile, address: str, part: Path, report: Report) -> bool:
    """Append to the part what is missing of it, or begin anew; return whether it was appended."""
    here = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"User-Agent": "side-by-side"})
    if here:
        request.add_header("Range", f"bytes={here}-")
    try:
        response = _open_within(CONNECT_SECONDS, request)
    except urllib.error.HTTPError as error:
        with closing(error):
            if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and here:
                part.unlink()
                raise _CutShortError("has not that range") from None
            raise DownloadError(f"answers {error.code} {str(error.reason)[:60]}".strip()) from None
    except (urllib.error.URLError, OSError, http.client.HTTPException, ValueError) as error:
        raise DownloadError(_words(getattr(error, "reason", error))) from None
    with closing(response):
        resumed = bool(here) and _goes_on_from(response, here)
        with part.open("ab" if resumed else "wb") as out:
            _receive(response, file, out, here if resumed else 0, report)
    return resumed


def _open_within(seconds: float, request: urllib.request.Request) -> Any:
    """Open an address, or give up after a time that covers names, redirects and headers that drip in."""
    outcome: list[Any] = []
    given_up = threading.Event()

    def open_it() -> None:
        try:
            response = urllib.request.build_opener(_Redirects).open(request, timeout=seconds)
            outcome.append(response)
            if given_up.is_set():
                response.close()
        except Exception as error:
            outcome.append(error)

    opening = threading.Thread(target=open_it, daemon=True)
    opening.start()
    opening.join(seconds)
    if not outcome:
        given_up.set()
        raise DownloadError(f"no answer within {seconds:g} s")
    if isinstance(outcome[0], Exception):
        raise outcome[0]
    return outcome[0]


def _goes_on_from(response: Any, here: int) -> bool:
    """Tell whether the server sends the rest, as asked, and not the whole."""
    told = str(response.headers.get("Content-Range", ""))
    return bool(response.status == http.client.PARTIAL_CONTENT) and told.startswith(f"bytes {here}-")


def _receive(response: Any, file: PublishedFile, out: Any, here: int, report: Report) -> None:
    """Write what arrives, bounded in bytes and in the time without progress."""
    length = response.headers.get("Content-Length", "")
    total = here + int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
    most = file.size + _SLACK  # compressed it is smaller
    if total is not None and total > most:
        raise DownloadError(f"announces {total} bytes, more than the file can have")
    arrived, checked, checked_at = here, here, time.monotonic()
    while True:
        try:
            piece = response.read1(_PIECE)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _CutShortError(f"breaks off after {arrived} bytes ({_words(error)})") from None
        if not piece:
            break
        arrived += len(piece)
        if arrived > most:
            raise DownloadError(f"sends more than {most} bytes, more than the file can have")
        out.write(piece)
        report(arrived, total)
        if time.monotonic() - checked_at > STALL_SECONDS:
            if arrived - checked < LEAST_BYTES:
                raise DownloadError(f"sends fewer than {LEAST_BYTES} bytes in {STALL_SECONDS:g} s")
            checked, checked_at = arrived, time.monotonic()
    if total is not None and arrived < total:
        raise _CutShortError(f"breaks off after {arrived} of {total} bytes")


def _verify(file: PublishedFile, part: Path) -> None:
    """Raise DownloadError unless the part is the file; never decompress more than it may hold."""
    if not is_published(part, file):
        raise DownloadError("sends another content than the one published")


def _words(error: object) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return " ".join(text.split())[:80] or type(error).__name__
