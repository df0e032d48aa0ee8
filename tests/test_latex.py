import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from made_runs import cell, parity, run, tensor, trajectory
from page_documents import every_part

from compare.analysis.attribution import attribute
from compare.analysis.budgets import budgets
from compare.analysis.summary import summarise
from compare.render.csv_tables import csv_files
from compare.render.latex import table_tex
from compare.render.layout import Layout
from compare.render.tex import escaped, number
from compare.render.value import Value
from compare.results import Run, build_results

HOSTILE = "ev\\il%&_#~^{}$ [x] *--\"`'é中π\n\\end{table}\\input{/etc/passwd} <b> | ?`"
SPREAD = (0.98, 1.0, 1.02)


def some_runs(name: str = "numpy") -> list[Run]:
    return [
        run(cell(who, batch_size=size), seed, seconds=speed * luck, accuracy=accuracy)
        for who, speed in ((name, 1.0), ("torch", 2.0))
        for size, accuracy in (("full", 0.8), (32, 0.95))
        for seed, luck in enumerate(SPREAD)
    ]


def a_document(name: str = "numpy", **parts: Any) -> dict[str, Any]:
    runs = some_runs(name)
    made = {"experiment": {"name": "digits", "title": f"100% of {name}"}, "environment": {"python": "3.11"}}
    made |= {"parity": parity(tensor(implementation=name), steps=[trajectory(implementation=name)])}
    made |= {"summary": summarise(runs, "torch"), "attribution": attribute(runs), "budgets": budgets(runs)}
    return build_results(runs=runs, reference="torch", **{**made, **parts})


def test_all_five_tables_are_floats_with_caption_and_label() -> None:
    text = table_tex(a_document())
    assert text.count(r"\begin{table}") == text.count(r"\end{table}") == text.count(r"\caption{") == 5
    assert re.findall(r"\\label\{tab:digits-(\w+)\}", text) == [
        *("results", "parity", "trajectory", "budgets", "attribution")
    ]
    assert "booktabs" in text.split(r"\begin{table}")[0]


def test_best_is_bold_and_only_it() -> None:
    text = table_tex(a_document()).split(r"\end{table}")[0]
    rows = [line.strip() for line in text.splitlines() if line.strip().startswith("{}")]
    fast = [row for row in rows if row.startswith("{}numpy")]
    assert all(row.count(r"\textbf") >= 2 for row in fast)
    slow_and_inaccurate = next(row for row in rows if row.startswith("{}torch & full"))
    assert r"\textbf" not in slow_and_inaccurate


def test_nothing_is_bold_where_nothing_was_shown() -> None:
    runs = [run(cell(who), seed, accuracy=0.9) for who in ("numpy", "torch") for seed in range(3)]
    text = table_tex(a_document(summary=summarise(runs, "torch")))
    assert r"\textbf{" not in text
    assert "Bold" not in text


def test_intervals_come_in_brackets_or_as_plus_and_minus() -> None:
    even, lopsided = Value("0.43", "0.41", "0.45"), Value("0.43", "0.41", "0.46")
    assert number(even, "brackets") == "0.43 [0.41, 0.45]"
    assert number(even, "pm") == r"0.43 $\pm$ 0.02"
    assert number(lopsided, "pm") == "0.43 $^{+0.03}_{-0.02}$"
    assert number(Value("-3", "-5", "1"), "brackets") == "$-3$ [$-5$, 1]"
    assert number(Value("3.1e-16"), "pm") == r"$3.1 \times 10^{-16}$"
    assert number(Value("73.7", "68", "80"), "pm") == r"73.7 $\pm$ 6"
    assert number(Value("0.4", "0", "4"), "pm") == "0.4 $^{+4}_{-0}$"
    assert (
        number(Value("0.0009", "1e-10", "1e+04"), "pm") == r"0.0009 [$1 \times 10^{-10}$, $1 \times 10^{4}$]"
    )
    assert number(Value("0.99", "0.97", "1.01", "~"), "pm") == r"0.99 $\pm$ 0.02 $\sim$"


def test_words_behind_a_number_are_told_and_escaped() -> None:
    assert number(Value("2.0", "1.9", "2.1", "no_effect"), "brackets") == r"2.0 [1.9, 2.1] no\_effect"
    assert number(Value("2.0", mark="no effect"), "pm") == "2.0 no effect"


def test_effects_that_were_not_shown_are_said_to_be_so_in_their_float() -> None:
    rows = attribute(some_runs(), null={"log_ratio_95": 5.0})
    text = table_tex(a_document(attribution=rows))
    (effects,) = (part for part in text.split(r"\end{table}") if "-attribution}" in part)
    times = [line for line in effects.splitlines() if "seconds/epoch" in line and "all together" not in line]
    assert len(times) == 2
    assert all("no effect shown" in line for line in times)
    assert r"$\sim$" not in effects


def test_escaped_text_has_no_sign_that_latex_would_obey() -> None:
    text = escaped(HOSTILE)
    assert text.startswith(r"ev\textbackslash{}il\%\&\_\#\textasciitilde{}\textasciicircum{}\{\}\$")
    assert r"\input" not in text
    assert "\n" not in text
    assert "[U+4E2D]" in text
    assert "é" in text
    assert "--" not in text


def test_file_of_no_runs_is_still_a_file() -> None:
    empty = build_results(
        experiment={},
        environment={},
        parity={"passed": False, "tensors": [], "trajectory": []},
        runs=[],
        summary=[],
        attribution=[],
        reference="torch",
    )
    assert r"\begin{table}" not in table_tex(empty)


def compiled(folder: Path, name: str) -> str:
    """Compile a file, and return what stands in the PDF as far as it is text."""
    tex = shutil.which("pdflatex")
    if tex is None:
        pytest.skip("pdflatex is not installed here, so no LaTeX was compiled")
    command = [tex, "-halt-on-error", "-interaction=nonstopmode", "-no-shell-escape", name]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, errors="replace")
    assert done.returncode == 0, done.stdout[-1500:]
    assert "Overfull" not in done.stdout
    assert "occurred" not in done.stdout
    return done.stdout


@pytest.mark.parametrize("intervals", ["brackets", "pm"])
def test_file_compiles_as_it_is_and_inside_a_document_with_a_hostile_name(
    intervals: str, tmp_path: Path
) -> None:
    layout = Layout(intervals=intervals, group_by="batch_size")  # type: ignore[arg-type]
    (tmp_path / "table.tex").write_text(table_tex(a_document(HOSTILE), layout), encoding="utf-8")
    assert "Output written on table.pdf" in compiled(tmp_path, "table.tex")
    inside = r"\documentclass{article}\usepackage{booktabs}\usepackage{graphicx}\begin{document}"
    (tmp_path / "paper.tex").write_text(
        f"{inside}\n\\input{{table}}\nSee \\ref{{tab:digits-results}}.\n\\end{{document}}\n"
    )
    assert "Output written on paper.pdf" in compiled(tmp_path, "paper.tex")


def test_sweep_rates_and_gradient_noise_are_floats_and_csv_files_too() -> None:
    document = a_document(**{key: every_part()[key] for key in ("sweep", "tuning", "noise_scale")})
    text = table_tex(document)
    assert re.findall(r"\\label\{tab:digits-(\w+)\}", text)[4:7] == ["sweep", "tuning", "noise"]
    assert "[U+" not in text
    files = dict(csv_files(document))
    swept, tried, noise = (
        files[name].splitlines() for name in ("sweep.csv", "tuning.csv", "noise_scale.csv")
    )
    assert len(swept) == 9
    assert tried[0].endswith("lr,train_loss,test_accuracy,status,best")
    assert [line.rpartition("sgd,")[2].split(",", 2)[2] for line in tried[1:]] == [
        "0.1,0.4,0.9,ok,True",
        "9.0,,,diverged,False",
    ]
    assert noise[0].startswith("batch_size,objective,optimizer,dtype,seed,predicted_batch_size,epoch,updates")
    assert len(noise) == 2


def test_interval_without_an_end_stays_open() -> None:
    assert number(Value("110", "90", "∞"), "pm") == r"110 [90, $\infty$)"
    assert Value("110", "90", "∞").text == "110 [90, ∞)"
