"""Bad data get one line with file, row and column, exit code 2, and leave nothing behind."""

import pytest
from contestant_support import one_line
from faults_data import CASES

from compare import run as command


@pytest.mark.parametrize("title", CASES)
def test_bad_data_are_told_in_one_line(title, tmp_path, monkeypatch, capsys):
    make, told = CASES[title]
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "given"
    place.mkdir()
    arguments = make(place)
    before = sorted(tmp_path.rglob("*"))
    try:
        code = command.main([*arguments, "--quiet"])
    except SystemExit as left:
        code = left.code
    captured = capsys.readouterr()
    assert code == 2
    assert one_line(captured.err)
    assert captured.err.startswith("error: ")
    assert told in captured.err
    assert captured.out == ""
    assert sorted(tmp_path.rglob("*")) == before
