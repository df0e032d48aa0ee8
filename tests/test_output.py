"""What a command says it has written: each directory once, its files by name, the figures as a pattern."""

from pathlib import Path

import pytest

from compare.output import told_paths


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        (["out/results.md"], "Written to out: results.md"),
        (["out/results.md", "out/report.html"], "Written to out: results.md, report.html"),
        (["out/figures/a.svg", "out/figures/b.svg"], "Written to out: figures/*.svg"),
        (
            ["out/results.md", "out/figures/a.svg", "out/figures/a.png"],
            "Written to out: results.md, figures/*.{png,svg}",
        ),
        (["out/results.md", "other/results.md"], "Written to out: results.md\nWritten to other: results.md"),
    ],
)
def test_files_are_told_by_name_under_their_directory(paths, told):
    assert told_paths(map(Path, paths)) == told
