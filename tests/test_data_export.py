import gzip
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from data import load_dataset
from data.export import main


def test_all_rows_of_an_embedded_dataset_read_back_as_the_same_dataset(tmp_path):
    for name in ("digits", "breast-cancer"):
        assert main([name, str(tmp_path / f"{name}.csv"), "--part", "all"]) == 0
        again = load_dataset(tmp_path / f"{name}.csv")
        assert again.sha256 == load_dataset(name).sha256
        assert again.classes == load_dataset(name).classes


@pytest.mark.parametrize("ending", [".csv", ".csv.gz"])
def test_two_parts_in_a_directory_read_back_as_the_same_dataset(tmp_path, ending, capsys):
    assert main(["digits", str(tmp_path / f"train{ending}")]) == 0
    assert main(["digits", str(tmp_path / f"test{ending}"), "--part", "test"]) == 0
    assert "1438 rows of a label and 64 features (digits)" in capsys.readouterr().out
    assert load_dataset(tmp_path).sha256 == load_dataset("digits").sha256
    assert sorted(os.listdir(tmp_path)) == [f"test{ending}", f"train{ending}"]


def test_values_are_written_as_the_source_has_them(tmp_path):
    main(["digits", str(tmp_path / "digits.csv"), "--part", "all"])
    original = (Path(main.__code__.co_filename).parent / "digits.csv").read_text().splitlines()
    exported = (tmp_path / "digits.csv").read_text().splitlines()
    assert exported[0] == original[0]
    assert sorted(exported) == sorted(original)


def test_compression_goes_by_the_name_and_is_reproducible(tmp_path):
    for name in ("a.csv", "b.csv.gz", "c.csv.gz"):
        main(["breast-cancer", str(tmp_path / name)])
    assert gzip.decompress((tmp_path / "b.csv.gz").read_bytes()) == (tmp_path / "a.csv").read_bytes()
    assert (tmp_path / "b.csv.gz").read_bytes() == (tmp_path / "c.csv.gz").read_bytes()


def test_regression_targets_are_written_first(tmp_path):
    main(["nuclei", str(tmp_path / "nuclei.csv"), "--part", "all"])
    lines = (tmp_path / "nuclei.csv").read_text().splitlines()
    assert lines[0] == "target,mean radius,mean texture"
    assert "122.8,17.99,10.38" in lines


def test_awkward_labels_names_and_values_survive(tmp_path, rng):
    values = (rng.standard_normal(20) * 10.0 ** rng.integers(-30, 30, 20)).astype(np.float32)
    rows = "".join(f'"a ""b"", c",{value},{i}\nplain,{-value},{i}\n' for i, value in enumerate(values))
    (tmp_path / "table.csv").write_text('label,"x, 1",y\n' + rows)
    assert main([str(tmp_path / "table.csv"), str(tmp_path / "again.csv"), "--part", "all"]) == 0
    first, again = load_dataset(tmp_path / "table.csv"), load_dataset(tmp_path / "again.csv")
    assert again.sha256 == first.sha256
    assert again.classes == ('a "b", c', "plain")
    assert (tmp_path / "again.csv").read_text().splitlines()[0] == 'label,"x, 1",y'


def test_an_existing_file_is_not_overwritten(tmp_path, capsys):
    path = tmp_path / "digits.csv"
    path.write_text("precious")
    assert main(["digits", str(path)]) == 2
    assert path.read_text() == "precious"
    assert capsys.readouterr().err == f"error: {path}: exists already; remove it or choose another name\n"


def test_a_failure_while_writing_leaves_nothing_behind(tmp_path, monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data.export._lines", full)
    assert main(["digits", str(tmp_path / "digits.csv")]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "the following arguments are required: NAME, FILE.csv", id="no arguments"),
        pytest.param(["digits", "x.csv", "--part", "half"], "invalid choice: 'half'", id="unknown part"),
        pytest.param(["digist", "x.csv"], "did you mean 'digits'?", id="unknown name"),
        pytest.param(["digits", "absent/x.csv"], "No such file or directory", id="absent directory"),
        pytest.param(["mnist", "x.csv", "--data-dir", "."], "put train-images-idx3-ubyte", id="absent mnist"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(tmp_path / "cache"))
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err


def test_the_command_runs_as_a_module(tmp_path):
    command = [sys.executable, "-W", "error", "-m", "data.export", "breast-cancer", str(tmp_path / "x.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "x.csv").read_text().count("\n") == 456
