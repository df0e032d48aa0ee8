"""Data are parsed once and mapped ever after; what is wrong in the cache is noticed and made anew."""

import errno
import json
import os
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from contestant_support import experiment, write_csv

from compare.measure.laboratory import Laboratory
from data import PARTS, Dataset, csv_file, entries, load_dataset, parsed
from data.places import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache that keeps the smallest data too."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(parsed, "LEAST_BYTES", 0)
    return tmp_path / "cache" / "parsed"


@pytest.fixture
def table(tmp_path):
    return write_csv(tmp_path / "three.csv")


@pytest.fixture
def parses(monkeypatch):
    """Counts how often a CSV file is parsed."""
    made = []
    original = csv_file._read_chunks

    def counted(*arguments):
        made.append(arguments)
        return original(*arguments)

    monkeypatch.setattr(csv_file, "_read_chunks", counted)
    return made


def entries_in(cache: Path) -> list[Path]:
    return [path for path in cache.iterdir() if not path.name.startswith(".")]


def assert_same(one: Dataset, other: Dataset) -> None:
    for part in PARTS:
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
    for name in ("sha256", *(field.name for field in fields(Dataset) if field.name not in PARTS)):
        assert getattr(one, name) == getattr(other, name)


def test_the_second_load_parses_nothing_and_is_the_same(table, parses, monkeypatch):
    monkeypatch.setattr(parsed, "LEAST_BYTES", 10**9)
    plain = load_dataset(table)
    assert plain.folder is None
    monkeypatch.setattr(parsed, "LEAST_BYTES", 0)
    first, second = load_dataset(table), load_dataset(table)
    assert len(parses) == 2
    assert second.folder is not None
    assert_same(first, plain)
    assert_same(second, plain)
    assert not second.X_train.flags.writeable


def test_the_same_content_under_another_name_is_the_same_entry(table, parses):
    load_dataset(table)
    copy = table.with_name("copy.csv")
    copy.write_bytes(table.read_bytes())
    dataset = load_dataset(copy)
    assert len(parses) == 1
    assert dataset.name == "copy"
    assert str(copy) in dataset.source


@pytest.mark.parametrize("change", ["content", "test fraction", "label column", "code"])
def test_another_content_option_or_reader_is_another_entry(table, parses, cache, monkeypatch, change):
    before = load_dataset(table)
    options = {"test fraction": {"test_fraction": 0.5}, "label column": {"label_column": 1}}.get(change, {})
    if change == "content":
        table.write_text(table.read_text() + "0,1,1,1\n")
    if change == "code":
        monkeypatch.setattr(parsed, "_READERS", ("csv_file",))
    after = load_dataset(table, **options)
    assert len(parses) == len(entries_in(cache)) == 2
    assert (after.sha256 == before.sha256) == (change in ("label column", "code"))


def test_embedded_and_small_data_are_not_kept(cache, table, monkeypatch):
    load_dataset("digits")
    monkeypatch.setattr(parsed, "LEAST_BYTES", 4_000_000)
    load_dataset(table)
    assert not cache.exists()


DAMAGE = {
    "a byte changed": lambda entry: overwrite(entry / "X_train.npy", 200, b"\x55"),
    "the last byte changed": lambda entry: overwrite(entry / "Y_test.npy", -1, b"\x55"),
    "a header changed": lambda entry: overwrite(entry / "X_test.npy", 20, b"("),
    "an array cut short": lambda entry: os.truncate(entry / "X_train.npy", 300),
    "an array emptied": lambda entry: os.truncate(entry / "X_train.npy", 0),
    "an array gone": lambda entry: (entry / "Y_train.npy").unlink(),
    "the record gone": lambda entry: (entry / "entry.json").unlink(),
    "the record emptied": lambda entry: os.truncate(entry / "entry.json", 0),
    "the record cut short": lambda entry: os.truncate(entry / "entry.json", 60),
    "the record changed": lambda entry: overwrite(entry / "entry.json", -20, b"x"),
    "the record not text": lambda entry: (entry / "entry.json").write_bytes(b"\xff" * 9),
    "a file instead": lambda entry: (entry.rename(entry.parent / ".gone"), entry.write_text("no entry")),
}


def overwrite(path: Path, place: int, content: bytes) -> None:
    whole = bytearray(path.read_bytes())
    place %= len(whole)
    assert whole[place : place + len(content)] != content
    whole[place : place + len(content)] = content
    path.write_bytes(whole)


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_entry_is_noticed_and_made_anew(table, parses, cache, damage):
    expected = load_dataset(table).sha256
    (entry,) = entries_in(cache)
    damage(entry)
    dataset = load_dataset(table)
    assert dataset.sha256 == expected
    np.testing.assert_array_equal(dataset.X_test, load_dataset(table).X_test)
    assert len(parses) == 2
    assert dataset.folder == entry


def test_blocks_that_changed_places_are_noticed(tmp_path):
    path = tmp_path / "blocks"
    block = 8 * entries._WORDS_PER_SUM
    path.write_bytes(bytes(block) + b"\1" * block)
    before = entries._checksum(path)
    path.write_bytes(b"\1" * block + bytes(block))
    assert entries._checksum(path) != before


@pytest.mark.parametrize("wrong", ["no permission", "disk full", "a file in the way"])
def test_a_cache_that_cannot_be_written_is_done_without(table, cache, monkeypatch, wrong):
    def refuse(*_, **__):
        code = errno.ENOSPC if wrong == "disk full" else errno.EACCES
        raise OSError(code, os.strerror(code))

    if wrong == "a file in the way":
        cache.parent.write_text("")
    else:
        monkeypatch.setattr(
            *((np, "save") if wrong == "disk full" else (entries.tempfile, "mkdtemp")), refuse
        )
    dataset = load_dataset(table)
    assert dataset.folder is None
    assert dataset.X_train.shape[1] == 3
    assert not cache.exists() or not list(cache.iterdir())


def test_a_file_that_changes_while_it_is_read_is_not_kept(table, cache, monkeypatch):
    original = csv_file._read_chunks

    def changing(*arguments):
        table.write_text(table.read_text() + "1,1,1,1\n")
        return original(*arguments)

    monkeypatch.setattr(csv_file, "_read_chunks", changing)
    assert load_dataset(table).folder is None
    assert not cache.exists()


@pytest.fixture
def several(tmp_path):
    return [write_csv(tmp_path / f"{rows}.csv", rows) for rows in (60, 61, 62, 63)]


def load_all(paths: list[Path]) -> None:
    """Load each, a while after the one before."""
    for path in paths:
        load_dataset(path)
        for entry in entries_in(Path(os.environ[CACHE_VARIABLE]) / "parsed"):
            record = entry / "entry.json"
            moment = record.stat().st_mtime - 10
            os.utime(record, (moment, moment))


@pytest.mark.parametrize("bound", ["entries", "bytes"])
def test_what_was_used_longest_ago_makes_room(several, cache, parses, monkeypatch, bound):
    load_dataset(several[0])
    size = sum(path.stat().st_size for path in entries_in(cache)[0].iterdir())
    monkeypatch.setattr(entries, f"MOST_{bound.upper()}", 2 if bound == "entries" else int(2.5 * size))
    load_all([several[0], several[1], several[0], several[2]])
    assert len(entries_in(cache)) == 2
    made = len(parses)
    load_dataset(several[0])
    assert len(parses) == made
    load_dataset(several[1])
    assert len(parses) == made + 1


def test_data_larger_than_the_bound_are_not_kept(table, cache, monkeypatch):
    monkeypatch.setattr(entries, "MOST_BYTES", 100)
    assert load_dataset(table).folder is None
    assert list(cache.iterdir()) == []


def test_an_entry_in_use_stays(several, cache, monkeypatch):
    used = load_dataset(several[0])
    monkeypatch.setattr(entries, "MOST_ENTRIES", 1)
    load_all(several)
    assert used.folder.is_dir()
    assert len(entries_in(cache)) == 2
    del used
    load_all(several[1:2])
    assert len(entries_in(cache)) == 1


def test_what_a_killed_process_left_is_swept_away_after_an_hour(table, cache):
    for name, age in ((".building-new", 60), (".building-old", 7200), (".discarded-old", 7200)):
        (cache / name).mkdir(parents=True)
        os.utime(cache / name, (time.time() - age,) * 2)
    load_dataset(table)
    assert sorted(path.name for path in cache.iterdir() if path.name.startswith(".")) == [".building-new"]


LOAD_AND_TELL = """
import sys
from data import load_dataset, parsed
parsed.LEAST_BYTES = 0
print(load_dataset(sys.argv[1]).sha256)
"""


def test_several_processes_at_once_get_the_same(table, cache):
    command = [sys.executable, "-c", LOAD_AND_TELL, str(table)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert told == {load_dataset(table).sha256}
    assert [path.name for path in cache.iterdir()] == [entries_in(cache)[0].name]


def test_the_record_is_text_that_anyone_can_read(table, cache):
    dataset = load_dataset(table)
    _, text = (dataset.folder / "entry.json").read_text().split("\n", 1)
    record = json.loads(text)
    assert record["sha256"] == dataset.sha256
    assert record["dataset"]["classes"] == ["0", "1", "2"]


def test_contestants_map_the_cached_arrays_and_nothing_is_copied(table):
    dataset = load_dataset(table)
    with Laboratory(experiment(), dataset) as laboratory:
        assert [path.name for path in laboratory.folder.iterdir()] == ["lock"]
        contestant = laboratory.contestant("numpy", 1)
        assert contestant.data == dataset.folder
        contestant.start()
        setting = laboratory.setting("softmax+cross_entropy", "sgd", "float32", 0)
        contestant.ask("prepare", 60, setting=setting, batch_size=16, seed=0, at_least=0.0)
        maps = Path(f"/proc/{contestant.pid}/maps")
        if maps.exists():
            assert str(dataset.folder / "X_train.npy") in maps.read_text()


def test_arrays_that_are_not_those_on_disk_are_copied_for_the_contestants(table):
    dataset = load_dataset(table)
    parts = {part: getattr(dataset, part) for part in PARTS} | {"X_train": dataset.X_train[:]}
    texts = (dataset.classes, dataset.split, dataset.scaling)
    assert Dataset("a view", "", **parts, classes=texts[0], split=texts[1], scaling=texts[2]).folder is None
    swapped = parts | {"X_train": dataset.X_test, "X_test": dataset.X_train}
    assert (
        Dataset("swapped", "", **swapped, classes=texts[0], split=texts[1], scaling=texts[2]).folder is None
    )
