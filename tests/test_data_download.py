"""Downloading, against a local server that misbehaves in every manner of tests/hostile_server.py."""

import dataclasses
import errno
import gzip
import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from hostile_server import serving
from test_data_idx import idx_bytes

from data import (
    DataError,
    DatasetNotFound,
    download,
    load_dataset,
    obtain,
    parsed,
    places,
    published,
    sources,
)
from data.download import DownloadError
from data.files import content_sha256
from data.published import Published, PublishedFile

DEAD = "http://127.0.0.1:9/"
IDX_LABELS = places.IDX_NAMES[1]


@pytest.fixture(scope="module")
def contents():
    """Four small IDX files with the names of MNIST's: noise, which does not compress."""
    rng = np.random.default_rng(5)
    arrays = (
        rng.integers(0, 256, (40, 20, 20)),
        np.arange(40) % 4,
        rng.integers(0, 256, (8, 20, 20)),
        np.arange(8) % 4,
    )
    return dict(zip(places.IDX_NAMES, map(idx_bytes, arrays), strict=True))


@pytest.fixture
def server(contents):
    with serving() as server:
        server.files = {f"{name}.gz": gzip.compress(content) for name, content in contents.items()}
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch, tmp_path):
    """The network is open, waits are short, and the cache is empty."""
    monkeypatch.delenv(places.OFFLINE_VARIABLE)
    monkeypatch.setenv(places.CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(download, "CONNECT_SECONDS", 0.4)
    monkeypatch.setattr(download, "STALL_SECONDS", 0.3)


@pytest.fixture
def file(contents):
    name = places.IDX_NAMES[0]
    return PublishedFile(name, len(contents[name]), hashlib.sha256(contents[name]).hexdigest())


@pytest.fixture
def fetch(server, file, tmp_path):
    def fetch(*manners, file=file):
        target = tmp_path / f"{file.name}.gz"
        download.download(file, [server.mirror(manner) for manner in manners], target, lambda *_: None)
        return target

    return fetch


@pytest.fixture
def mnist_here(contents, server, monkeypatch):
    """Let "mnist" be the small files of the local server, by the manners given."""

    def mnist_here(*mirrors):
        files = tuple(
            PublishedFile(name, len(content), hashlib.sha256(content).hexdigest())
            for name, content in contents.items()
        )
        small = dataclasses.replace(published.PUBLISHED["mnist"], mirrors=mirrors, files=files)
        for module in (published, obtain, sources):
            monkeypatch.setattr(
                module, "PUBLISHED", MappingProxyType({**published.PUBLISHED, "mnist": small})
            )
        return small

    return mnist_here


def left_behind(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize("manner", ["good", "ranges", "moved", "no-length", "breaks-off"])
def test_a_file_arrives_and_nothing_else_is_left(fetch, contents, file, tmp_path, manner):
    target = fetch(manner)
    assert gzip.decompress(target.read_bytes()) == contents[file.name]
    assert left_behind(tmp_path) == [target.name]


FAULTS = {
    "missing": "answers 404",
    "broken": "answers 500",
    "round": "answers 302 The HTTP server returned a redirect error",
    "to-file": "Redirection to url 'file:///etc/passwd' is not",
    "not-http": "SSH-2.0",
    "closes": "closed connection without response",
    "stalls": "no answer",
    "stalls-midway": "breaks off after",
    "drips": "sends fewer than 20000 bytes in 0.3 s",
    "drips-headers": "no answer within 0.4 s",
    "truncates": "another content",
    "corrupts": "another content",
    "page": "another content",
    "too-long-announced": "breaks off after",
    "absurd-length": "announces 100000000000000 bytes",
    "endless": "more than the file can have",
}


@pytest.mark.parametrize(("manner", "told"), FAULTS.items(), ids=FAULTS)
def test_a_mirror_that_fails_is_told_and_the_next_one_is_tried(fetch, contents, file, tmp_path, manner, told):
    with pytest.raises(DownloadError) as caught:
        fetch(manner)
    assert str(caught.value).startswith("127.0.0.1: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / f"{file.name}.gz").exists()
    assert gzip.decompress(fetch(manner, "ranges").read_bytes()) == contents[file.name]


def test_a_gzip_bomb_is_not_decompressed_beyond_the_size_of_the_file(server, fetch, file, monkeypatch):
    received = 0
    original = gzip.GzipFile.read

    def counted(self, size=-1):
        nonlocal received
        piece = original(self, size)
        received += len(piece)
        return piece

    bomb = gzip.compress(bytes(10**7))
    server.files[f"{file.name}.gz"] = bomb
    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(DownloadError, match="another content"):
        fetch("good")
    assert received < file.size + 2 * download._PIECE


@pytest.mark.parametrize("level", [1, 9])
def test_any_compression_of_the_right_content_is_accepted(server, fetch, contents, file, level):
    body = gzip.compress(contents[file.name], level, mtime=level)
    server.files[f"{file.name}.gz"] = body
    assert fetch("good").read_bytes() == body


def test_what_arrived_before_is_not_asked_for_again(server, fetch, file, tmp_path):
    body = server.files[f"{file.name}.gz"]
    (tmp_path / f".{file.name}.gz.part").write_bytes(body[:5000])
    assert fetch("ranges").read_bytes() == body
    assert server.requests == [("ranges", f"{file.name}.gz", "bytes=5000-")]


def test_a_transfer_that_breaks_off_goes_on_where_it_was(server, fetch, file):
    server.breaks = 2
    fetch("breaks-off")
    asked = [wanted for _, _, wanted in server.requests]
    assert asked[0] is None
    assert len(asked) == 3
    assert 0 < int(asked[1][6:-1]) < int(asked[2][6:-1])


@pytest.mark.parametrize("manner", ["good", "ranges"], ids=["no ranges", "ranges"])
@pytest.mark.parametrize(
    "part", [b"another file's beginning", bytes(10**6), None], ids=["other", "long", "whole"]
)
def test_a_part_that_does_not_fit_is_replaced(server, fetch, file, tmp_path, manner, part):
    body = server.files[f"{file.name}.gz"]
    (tmp_path / f".{file.name}.gz.part").write_bytes(body if part is None else part)
    assert fetch(manner).read_bytes() == body


def test_a_redirect_from_https_to_http_is_not_followed():
    request = download.urllib.request.Request("https://a/x")
    with pytest.raises(DownloadError, match="redirects to 'http://b/x', which is not followed"):
        download._Redirects().redirect_request(request, None, 302, "", {}, "http://b/x")


def test_the_four_files_are_downloaded_once_and_found_ever_after(server, mnist_here, capsys):
    mnist_here(server.mirror("missing"), server.mirror("good"))
    first = load_dataset("mnist", download=True, progress=True)
    assert capsys.readouterr().err == ""  # no bar where nobody watches
    assert first.X_train.shape == (40, 400)
    assert "cache/mnist" in first.source
    assert len(server.requests) == 8
    assert load_dataset("mnist", download=True).sha256 == first.sha256
    assert load_dataset("mnist").sha256 == first.sha256
    assert len(server.requests) == 8


def test_only_files_that_are_missing_are_downloaded(server, mnist_here, contents, tmp_path):
    mnist_here(server.mirror("good"))
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    for name in places.IDX_NAMES[:3]:
        (tmp_path / "cache" / "mnist" / name).write_bytes(contents[name])
    load_dataset("mnist", download=True)
    assert [name for _, name, _ in server.requests] == [f"{places.IDX_NAMES[3]}.gz"]


def test_nothing_is_downloaded_where_the_directory_has_the_files(server, mnist_here, contents, tmp_path):
    mnist_here(server.mirror("good"))
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    load_dataset("mnist", tmp_path, download=True)
    assert server.requests == []


@pytest.mark.parametrize("forbidden_by", ["argument", "environment"])
def test_without_permission_the_network_is_not_tried(server, mnist_here, monkeypatch, forbidden_by):
    mnist_here(server.mirror("good"))
    if forbidden_by == "environment":
        monkeypatch.setenv(places.OFFLINE_VARIABLE, "1")
    with pytest.raises(DatasetNotFound, match="downloading is switched off"):
        load_dataset("mnist", download=forbidden_by == "environment")
    assert server.requests == []


def test_without_a_network_the_files_and_their_place_are_named_soon(mnist_here, tmp_path):
    mnist_here(DEAD, DEAD)
    with pytest.raises(DatasetNotFound) as caught:
        load_dataset("mnist", download=True)
    assert str(caught.value) == (
        f"mnist: put {', '.join(places.IDX_NAMES[:3])} and {places.IDX_NAMES[3]} (each with or without .gz) "
        f"into {tmp_path / 'cache' / 'mnist'}, or name their directory as the data directory (--data-dir); "
        "it could not be downloaded (127.0.0.1: Connection refused, 127.0.0.1: Connection refused)"
    )


def test_a_full_disk_is_told_and_leaves_no_file_in_place(server, mnist_here, monkeypatch, tmp_path):
    mnist_here(server.mirror("good"))

    def full(response, file, out, here, report):
        out.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "_receive", full)
    with pytest.raises(DatasetNotFound, match="No space left on device"):
        load_dataset("mnist", download=True)
    assert not [name for name in left_behind(tmp_path / "cache" / "mnist") if not name.startswith(".")]


def test_a_cache_that_cannot_be_written_is_told(server, mnist_here, tmp_path):
    mnist_here(server.mirror("good"))
    (tmp_path / "cache").write_text("a file where the directory belongs")
    with pytest.raises(DatasetNotFound, match=r"could not be downloaded \(.*cache"):
        load_dataset("mnist", download=True)


def test_files_of_the_other_dataset_are_not_taken_for_the_one_asked_for(mnist_here, contents, tmp_path):
    mnist_here(DEAD)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="holds the files of mnist, not of fashion-mnist"):
        load_dataset("fashion-mnist", tmp_path)


@pytest.mark.parametrize("harm", ["cut short", "damaged"])
def test_damaged_labels_have_no_digest_and_are_told(mnist_here, contents, tmp_path, harm):
    mnist_here(DEAD)
    for name, content in contents.items():
        body = gzip.compress(content)
        if name == places.IDX_NAMES[-1]:
            body = body[:-12] if harm == "cut short" else body[:10] + b"\xff" * (len(body) - 10)
        (tmp_path / f"{name}.gz").write_bytes(body)
    name = places.IDX_NAMES[-1]
    assert content_sha256(tmp_path / f"{name}.gz", len(contents[name])) == ""
    with pytest.raises(DataError, match=rf"{name}\.gz: its gzip data is damaged or cut short"):
        load_dataset("mnist", tmp_path)


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("kept", [False, True], ids=["parsed", "kept"])
def test_files_that_are_not_the_published_ones_are_used_and_named(
    mnist_here, contents, tmp_path, monkeypatch, ending, kept
):
    monkeypatch.setattr(parsed, "LEAST_BYTES", 0 if kept else 10**9)
    mnist_here(DEAD)
    other = IDX_LABELS, contents[IDX_LABELS][:-1] + b"\x00"
    longer = places.IDX_NAMES[2], idx_bytes(np.zeros((8, 20, 20), dtype=int))
    for changed, names in (((), ()), ((other,), (IDX_LABELS,)), ((other, longer), (IDX_LABELS, longer[0]))):
        for name, content in {**contents, **dict(changed)}.items():
            (tmp_path / f"{name}{ending}").write_bytes(gzip.compress(content) if ending else content)
        for _ in range(1 + kept):
            found = load_dataset("mnist", tmp_path)
            assert found.unpublished == tuple(f"{name}{ending}" for name in names)
            assert len(found.X_train) == 40
        assert load_dataset(tmp_path).unpublished == ()  # a directory of one's own is published by nobody


SCRIPT = """
import sys
from pathlib import Path
from types import MappingProxyType
from data import download, obtain
from data.published import Published, PublishedFile
mirror, names, sizes, digests = sys.argv[1], *(text.split(",") for text in sys.argv[2:5])
files = tuple(PublishedFile(n, int(s), d) for n, s, d in zip(names, sizes, digests, strict=True))
obtain.PUBLISHED = MappingProxyType({"mnist": Published("mnist", "MNIST", (mirror,), files, ("mnist",))})
print("ready", flush=True)
print(*obtain.obtain("mnist", None, True, False))
"""


def start(mirror: str, small: Published) -> "subprocess.Popen[str]":
    columns = zip(*((file.name, str(file.size), file.sha256) for file in small.files), strict=True)
    arguments = [mirror, *map(",".join, columns)]
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(download.__file__).parents[1])},
    )


def test_two_processes_at_once_download_each_file_once(server, mnist_here):
    small = mnist_here(DEAD)
    processes = [start(server.mirror("slowly"), small) for _ in range(2)]
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outcomes
    assert outcomes[0][0] == outcomes[1][0]
    assert len(server.requests) == 4


def test_an_interrupted_download_leaves_only_its_part(server, mnist_here, tmp_path):
    process = start(server.mirror("stalls-midway"), mnist_here(DEAD))
    cache = tmp_path / "cache" / "mnist"
    part = cache / f".{places.IDX_NAMES[0]}.gz.part"
    end = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size) and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert err.rstrip().endswith("KeyboardInterrupt")  # and not the mirror's failure, some seconds later
    assert set(left_behind(cache)) <= {".lock", part.name}
    assert part.stat().st_size > 0
