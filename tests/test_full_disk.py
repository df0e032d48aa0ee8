"""A disk that is full in the middle of a file: one line, nothing half written, and it goes on with room."""

import gzip
import json
import signal
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from contestant_support import one_line, write_csv
from hostile_server import serving
from small_disk import leave, mounted
from test_data_idx import idx_bytes
from ungated import ungate

from compare import check, finishing, report
from compare import run as command
from compare.render import files
from compare.store import JOURNALS
from data import parsed
from data.export import main as export

TOML = """
[data]
dataset = "three.csv"
[model]
hidden = [5]
[training]
epochs = 3
[factors]
implementations = ["numpy"]
batch_sizes = ["full", 16]
[run]
seeds = [0, 1, 2, 3, 4]
processes = 1
rounds = 2
floor = false
"""
FIGURE = "figures/curves-epochs.svg"
SIZE = 1 << 20
COMMAND = ["small.toml", "--output", "disk/out", "--quiet"]


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A disk of a megabyte in the current directory, with the experiment small.toml beside it."""
    with mounted(tmp_path / "disk", SIZE) as place:
        set_up(tmp_path, monkeypatch)
        yield place


def set_up(folder: Path, monkeypatch) -> None:
    monkeypatch.chdir(folder)
    ungate(monkeypatch.setattr)
    monkeypatch.setattr(finishing, "TEXTS", ("json", "csv"))
    monkeypatch.setattr(finishing, "DRAWN", ("svg",))
    drawn = files.figures_of
    monkeypatch.setattr(files, "figures_of", lambda document: drawn(document)[:1])
    monkeypatch.setattr(signal, "signal", lambda *handler: None)
    write_csv(folder / "three.csv")
    (folder / "small.toml").write_text(TOML)


def names(directory: Path) -> set[str]:
    return {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}


FULL_FROM = {
    "experiment.json": ("", 0),
    "runs.jsonl": ("record_runs", 1),
    "timings.jsonl": ("record_timings", 0),
    "results.json": ("write_results", 1),
    FIGURE: ("draw", 2),
}
"""From what on so few pages are left, for a file to be cut off in the middle."""


@pytest.fixture
def full_from(disk, monkeypatch):
    """Let the disk fill up but for some pages just before a function of `compare.finishing`, once."""

    def full_from(name, free):
        if not name:
            leave(disk, free)
            return
        called = "write_results" if name == "draw" else name
        before = getattr(finishing, called)

        def function(*arguments):
            if not (disk / "ballast").exists() and (name != "draw" or "svg" in arguments[2]):
                leave(disk, free)
            return before(*arguments)

        monkeypatch.setattr(finishing, called, function)

    return full_from


@pytest.mark.parametrize("name", FULL_FROM)
def test_full_disk_in_the_middle_of_a_file_is_told_and_gone_on_from(name, disk, full_from, capsys):
    full_from(*FULL_FROM[name])
    assert command.main(COMMAND) == 2
    told = capsys.readouterr().err
    assert one_line(told)
    assert f"{name}: No space left on device" in told
    out = disk / "out"
    begun = name != "experiment.json"
    assert begun == ("--resume disk/out" in told)
    assert out.exists() == begun
    (disk / "ballast").write_bytes(b"")
    if begun:
        assert not [
            left for left in names(out) if "partial" in left or (left == name and name not in JOURNALS)
        ]
        for journal in JOURNALS & names(out):
            content = (out / journal).read_text()
            assert content == "" or content.endswith("\n")
            assert all(map(json.loads, content.splitlines()))
    assert command.main(["--resume", "disk/out", "--quiet"] if begun else COMMAND) == 0
    assert capsys.readouterr().err == ""
    assert {*FULL_FROM} <= names(out)


def test_scratch_folder_on_a_full_disk_is_told(disk, monkeypatch, capsys):
    leave(disk, 1)
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    assert command.main(["small.toml", "--output", "out", "--quiet"]) == 2
    told = capsys.readouterr().err
    assert one_line(told)
    assert told.startswith(f"error: cannot begin: {disk}/side-by-side-")
    assert not any(disk.glob("side-by-side-*"))


def test_report_on_a_full_disk_is_told_and_leaves_no_half(disk, capsys):
    assert command.main(["small.toml", "--output", "out", "--quiet"]) == 0
    capsys.readouterr()
    leave(disk, 1)
    assert report.main(["out", "--output", "disk/report", "--format", "csv,md", "--quiet"]) == 2
    told = capsys.readouterr().err
    assert one_line(told)
    assert "No space left on device" in told
    assert not [name for name in names(disk) if "partial" in name]
    assert all((disk / name).stat().st_size for name in names(disk))


def test_cache_of_parsed_data_on_a_full_disk_is_done_without(disk, monkeypatch):
    from data import load_dataset

    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(disk))
    monkeypatch.setattr(parsed, "LEAST_BYTES", 0)
    path = Path("wide.csv")
    path.write_text(
        "".join(f"{row % 2}," + ",".join(map(str, range(row, row + 50))) + "\n" for row in range(90))
    )
    ballast = leave(disk, 2)
    first = load_dataset(path)
    assert [name for name in names(disk) if name != ballast.name] == []
    ballast.unlink()
    second = load_dataset(path)
    assert second.sha256 == first.sha256
    assert any(name.endswith("X_train.npy") for name in names(disk))
    np.testing.assert_array_equal(first.X_train, second.X_train)


@pytest.mark.parametrize("tool", ["export", "check"])
def test_file_on_a_full_disk_is_told_and_not_left_half_written(tool, disk, capsys):
    leave(disk, 0)
    homework = Path(__file__).resolve().parents[1] / "examples" / "homework_wrong.py"
    if tool == "export":
        code = export(["digits", "disk/digits.csv"])
    else:
        code = check.main([f"{homework}:loss_and_gradients", "--json", "disk/told.json", "--quiet"])
    told = capsys.readouterr().err
    assert code == 2
    assert one_line(told)
    assert "No space left on device" in told
    assert names(disk) == {"ballast"}


def test_download_to_a_full_disk_is_told_and_gone_on_with(disk, monkeypatch):
    from data import DatasetNotFound, load_dataset, obtain, places, published

    rng = np.random.default_rng(5)
    arrays = (
        rng.integers(0, 256, (40, 20, 20)),
        np.arange(40) % 4,
        rng.integers(0, 256, (8, 20, 20)),
        np.arange(8) % 4,
    )
    contents = dict(zip(places.IDX_NAMES, map(idx_bytes, arrays), strict=True))
    described = tuple(
        published.PublishedFile(name, len(content), sha256(content).hexdigest())
        for name, content in contents.items()
    )
    monkeypatch.delenv(places.OFFLINE_VARIABLE, raising=False)
    monkeypatch.setenv(places.CACHE_VARIABLE, str(disk))
    with serving() as server:
        server.files = {f"{name}.gz": gzip.compress(content) for name, content in contents.items()}
        small = replace(published.PUBLISHED["mnist"], mirrors=(server.mirror("ranges"),), files=described)
        monkeypatch.setattr(obtain, "PUBLISHED", {"mnist": small})
        ballast = leave(disk, 2)
        with pytest.raises(DatasetNotFound, match=r"disk/mnist: No space left on device\)"):
            load_dataset("mnist", download=True)
        assert names(disk / "mnist") <= {".lock", f".{places.IDX_NAMES[0]}.gz.part"}
        arrived = (disk / "mnist" / f".{places.IDX_NAMES[0]}.gz.part").stat().st_size
        ballast.unlink()
        assert load_dataset("mnist", download=True).X_train.shape == (40, 400)
    assert arrived > 0
    assert server.requests[1][2] == f"bytes={arrived}-"
