import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import data
from data import DATASETS, DataError, DatasetNotFound, load_dataset
from data.csv_file import read_csv
from data.places import IDX_NAMES

ROOM = Path(data.__file__).parent


def test_embedded_files_have_the_stated_checksums():
    stated = dict(
        re.findall(r"^## `(\S+)`.*?SHA-256: `(\w{64})`", (ROOM / "SOURCES.md").read_text(), re.S | re.M)
    )
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in ROOM.glob("*.csv")}
    assert stated == found
    assert len(found) == 2


def test_embedded_digits_are_the_1797_of_uci():
    table = read_csv(ROOM / "digits.csv")
    assert table.features.shape == (1797, 64)
    assert table.features.sum(dtype=np.float64) == 561_718
    assert [table.labels.count(str(digit)) for digit in range(10)] == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]
    assert table.columns[0] == "pixel_0_0"
    assert table.columns[-1] == "pixel_7_7"


def test_embedded_breast_cancer_is_the_569_of_uci():
    table = read_csv(ROOM / "breast-cancer.csv")
    assert table.features.shape == (569, 30)
    assert table.features.sum(dtype=np.float64) == pytest.approx(1_056_474.4596356, rel=1e-7)
    assert [table.labels.count(word) for word in ("malignant", "benign")] == [212, 357]


@pytest.mark.parametrize("module", ["pandas", "torch", "compare", "handwritten"])
def test_listing_the_names_imports_none_of_the_heavy_modules(module):
    code = f"import sys; from data import DATASETS; print(*DATASETS); sys.exit({module!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["digits", "breast-cancer", "nuclei", "mnist", "fashion-mnist"]


@pytest.mark.parametrize("description", DATASETS.values(), ids=DATASETS)
def test_each_name_is_described_in_one_line(description):
    assert "rows" in description
    assert "\n" not in description


def test_an_unknown_name_gets_the_nearest_suggested():
    with pytest.raises(
        DataError, match=r"unknown dataset 'digist': did you mean 'digits'\? \(known: digits, "
    ):
        load_dataset("digist")
    with pytest.raises(DataError, match=r"unknown dataset 'zzz': \(known"):
        load_dataset("zzz")


@pytest.mark.parametrize("path", ["nowhere/table", "table.csv", Path("digits")], ids=str)
def test_a_path_that_is_not_there_is_told(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="no such file or directory"):
        load_dataset(path)


def test_a_path_too_long_is_told():
    with pytest.raises(DataError, match="File name too long"):
        load_dataset("x" * 5000 + ".csv")


def test_absent_mnist_is_told_with_its_four_files_and_their_place(tmp_path, monkeypatch):
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(tmp_path / "cache"))
    with pytest.raises(DatasetNotFound) as caught:
        load_dataset("mnist")
    for name in IDX_NAMES:
        assert name in str(caught.value)
    assert str(tmp_path / "cache" / "mnist") in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(
        DatasetNotFound, match=rf"into {re.escape(str(tmp_path))}; downloading is switched off$"
    ):
        load_dataset("mnist", data_dir=tmp_path)


def test_a_data_directory_that_is_not_there_is_not_mistaken_for_absent_mnist(tmp_path):
    with pytest.raises(DataError, match="is not a directory") as caught:
        load_dataset("mnist", data_dir=tmp_path / "typo")
    assert not isinstance(caught.value, DatasetNotFound)


@pytest.mark.parametrize(
    ("directory", "message"),
    [("a\0b", r"a\\x00b"), ("x" * 5000, "File name too long")],
    ids=["NUL", "too long"],
)
def test_a_data_directory_that_cannot_be_a_name_is_told(directory, message):
    with pytest.raises(DataError, match=message) as caught:
        load_dataset("mnist", data_dir=Path(directory))
    assert str(caught.value).isprintable()
    with pytest.raises(DataError, match=message):
        load_dataset(Path(directory))


def test_a_directory_that_may_not_be_entered_is_told(tmp_path, monkeypatch):
    def refuse(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    for arguments in (("mnist", tmp_path), (tmp_path,)):
        with pytest.raises(DataError, match="Permission denied"):
            load_dataset(*arguments)


@pytest.mark.parametrize("name", ["two\nlines.csv", "\x1b[31mred.csv", "latin-\udce9.csv"], ids=ascii)
def test_a_message_is_one_line_that_can_be_printed_whatever_the_name_of_the_file(name):
    with pytest.raises(DataError) as caught:
        load_dataset(name)
    assert str(caught.value) == f"{repr(name)[1:-1]}: no such file or directory"


def test_a_directory_without_data_is_told(tmp_path):
    (tmp_path / "train.csv").write_text("0,1\n1,2\n")
    with pytest.raises(DataError, match=r"holds neither train\.csv and test\.csv nor the four IDX files"):
        load_dataset(tmp_path)
