"""Temporary folders: gone with their owner, and after a kill with the next one's beginning."""

import os
import subprocess
import sys
import tempfile

import pytest

from compare.measure.scratch import Scratch

HOLDING = """
import sys, time
from compare.measure.scratch import Scratch
scratch = Scratch()
print(scratch.folder, flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


def test_folder_goes_with_its_owner(tmp_path):
    with Scratch() as scratch:
        (scratch.folder / "data").mkdir()
        (scratch.folder / "data" / "X.npy").write_bytes(b"0")
        assert scratch.folder.parent == tmp_path
    scratch.cleanup()
    assert list(tmp_path.iterdir()) == []


def test_folder_of_a_killed_process_goes_with_the_next_and_no_other_does(tmp_path):
    if sys.platform == "win32":
        pytest.skip("Windows has no such lock")
    (tmp_path / "side-by-side-of-something-else").mkdir()
    (tmp_path / "side-by-side-file").touch()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "lock").touch()
    (tmp_path / "side-by-side-link").symlink_to(tmp_path / "elsewhere")
    process = subprocess.Popen([sys.executable, "-c", HOLDING], stdout=subprocess.PIPE, text=True)
    folder = process.stdout.readline().strip()
    with Scratch():
        assert os.path.exists(folder), "it was in use"
    process.kill()
    process.communicate()
    assert os.path.exists(folder)
    with Scratch() as scratch:
        left = {path.name for path in tmp_path.iterdir()} - {scratch.folder.name}
    assert left == {"side-by-side-of-something-else", "side-by-side-file", "elsewhere", "side-by-side-link"}
