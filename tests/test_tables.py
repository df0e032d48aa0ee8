import csv
import io
import json
import math
from dataclasses import replace
from typing import Any

import pytest
from made_runs import cell, pair, parity, run, tensor, trajectory
from made_timings import timing

from compare.analysis.attribution import attribute
from compare.analysis.budgets import budgets
from compare.analysis.summary import SUMMARY_KEYS, summarise
from compare.render.attribution_sentences import attribution_sentences
from compare.render.attribution_table import attribution_table
from compare.render.markdown import table_markdown
from compare.render.parity_table import parity_table
from compare.render.tables import WIDEST, csv_text, summary_table
from compare.render.terminal import results_paragraphs
from compare.render.text import markdown_cell, printable
from compare.render.timing_notes import timing_notes
from compare.render.verdict import verdict
from compare.results import Run, build_results

# ruff: noqa: E501  (literal tables and sentences)

SPREAD = (0.98, 1.0, 1.02)


def both_regimes(target: float | None = None) -> list[Run]:
    """numpy and torch, full batch (1 update an epoch, 86%) and batch 32 (45 updates, 97%), three seeds each."""
    runs = []
    for name, speed in (("numpy", 0.11), ("torch", 1.0)):
        for size, updates, accuracy in (("full", 60, 0.86), (32, 2700, 0.97)):
            for seed, luck in enumerate(SPREAD):
                took = speed * updates * 0.002 * (luck if name == "numpy" else 1.0)
                reached = took / 2 if target and accuracy >= target else None
                ended = {"epochs": 60, "updates": updates, "seconds": took, "seconds_to_target": reached}
                runs.append(
                    run(cell(name, batch_size=size), seed, accuracy=accuracy + 0.01 * (luck - 1), **ended)
                )
    return runs


def a_document(runs: list[Run] | None = None, **parts: Any) -> dict[str, Any]:
    runs = both_regimes() if runs is None else runs
    made = {"experiment": {"name": "digits"}, "environment": {"python": "3.11", "command": "make compare"}}
    made |= {"parity": parity(), "summary": summarise(runs, "torch"), "attribution": attribute(runs)}
    return build_results(runs=runs, reference="torch", **{**made, **parts})


def test_the_terminal_table_shows_what_varies_and_tells_the_rest_above() -> None:
    rows = summarise(both_regimes(target=0.9), "torch", 0.9)
    assert (
        summary_table(rows, reference="torch")
        == """\
All rows: softmax+cross_entropy, optimizer sgd, float32, 1 thread, 3 seeds, 60 epochs.

implementation  batch  updates  ms/epoch              time /                train  test                  s to
                                                      torch                 loss   accuracy %            target
--------------  -----  -------  --------------------  --------------------  -----  --------------------  ------
numpy           full   60       0.220 [0.209, 0.231]  0.110 [0.105, 0.116]  0.25   86.00 [85.95, 86.05]  0 of 3
numpy           32     2700     9.9 [9.4, 10.4]       0.110 [0.105, 0.116]  0.25   97.00 [96.95, 97.05]  0.3
torch           full   60       2.00 [2.00, 2.00]     1                     0.25   86.00 [85.95, 86.05]  0 of 3
torch           32     2700     90.0 [90.0, 90.0]     1                     0.25   97.00 [96.95, 97.05]  2.7"""
    )


def test_the_github_table_is_whole_and_uses_pipes() -> None:
    rows = summarise(both_regimes(), "torch")
    lines = summary_table(rows, "github", "torch").splitlines()
    assert [cell.strip() for cell in lines[2].strip("|").split("|")] == [
        *("implementation", "batch", "updates", "ms/epoch", "time / torch", "train loss", "test accuracy %")
    ]
    assert [cell.strip() for cell in lines[4].strip("|").split("|")] == [
        *(
            "numpy",
            "full",
            "60",
            "0.220 [0.209, 0.231]",
            "0.110 [0.105, 0.116]",
            "0.25",
            "86.00 [85.95, 86.05]",
        )
    ]


def test_csv_has_every_key_in_order_and_fractions_in_full() -> None:
    rows = summarise([*both_regimes(), run(cell("third"), status="failed", reason="x", curve=())], "torch")
    read = list(csv.DictReader(io.StringIO(summary_table(rows, "csv"))))
    assert tuple(read[0]) == SUMMARY_KEYS
    for row, back in zip(rows, read, strict=True):
        assert back == {key: "" if row[key] is None else str(row[key]) for key in SUMMARY_KEYS}
    assert float(read[0]["test_accuracy"]) == rows[0]["test_accuracy"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1"])
def test_csv_holds_no_formula(name) -> None:
    head, row = csv.reader(io.StringIO(csv_text([{name: name, "x": -1.5}], [name, "x"]), newline=""))
    assert head == ["'" + name, "x"]
    assert row == ["'" + name, "-1.5"]


def test_csv_has_a_row_a_row_whatever_a_name_holds() -> None:
    text = csv_text([{"x": "a\rb"}, {"x": "c\r\n=1"}], ["x"])
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["x"], ["a b"], ["c \n=1"]]


def test_csv_quotes_what_would_break_it() -> None:
    rows = summarise([run(cell('a,"b\nc'))], "torch")
    assert next(csv.DictReader(io.StringIO(summary_table(rows, "csv"))))["implementation"] == 'a,"b\nc'


def test_a_wide_table_keeps_to_the_terminal_and_says_what_it_left_out() -> None:
    settings = [
        ("softmax+cross_entropy", "float32", "sgd"),
        ("sigmoid+binary_cross_entropy", "float64", "adamw"),
    ]
    runs = []
    for objective, dtype, optimizer in settings:
        for one in both_regimes(target=0.9):
            where = replace(one.cell, objective=objective, dtype=dtype, optimizer=optimizer)
            runs.append(replace(one, cell=where))
    text = summary_table(summarise(runs, "torch", 0.9), reference="torch")
    assert max(map(len, text.splitlines())) <= WIDEST
    assert "Not shown, for width: interval of the time an epoch, train loss" in text


def test_a_wider_terminal_gets_the_columns_that_fit_it():
    rows = summarise(
        [
            replace(one, cell=replace(one.cell, dtype=dtype))
            for dtype in ("float32", "float64")
            for one in both_regimes(target=0.9)
        ],
        "torch",
        0.9,
    )
    whole = summary_table(rows, reference="torch", columns=1000)
    width = max(map(len, whole.splitlines()))
    assert width > WIDEST
    assert "Not shown" not in whole
    assert summary_table(rows, reference="torch", columns=width) == whole
    assert "Not shown" in summary_table(rows, reference="torch", columns=width - 1)
    assert summary_table(rows, reference="torch", columns=80) == summary_table(rows, reference="torch")


def test_the_note_says_that_the_seconds_to_the_target_are_not_those_of_the_blocks() -> None:
    experiment = {"name": "digits", "training": {"target": 0.9}}
    runs = both_regimes(target=0.9)
    document = a_document(runs, experiment=experiment, summary=summarise(runs, "torch", 0.9))
    blocks = [timing(runs[0].cell, 0, [0.1]).to_json()]
    (told,) = (
        note for note in timing_notes(document | {"timings": blocks}) if note.startswith("s to target")
    )
    assert "their median (the times an epoch are from blocks of their own)" in told


@pytest.mark.parametrize(
    ("target", "told"),
    [
        (
            0.95,
            's to target: time until 95% test accuracy in the training runs, their median; "0 of 3" says how many got there.',
        ),
        (0.855, "s to target: time until 85.5% test accuracy in the training runs, their median."),
    ],
)
def test_the_note_says_which_target_the_seconds_are_to(target: float, told: str) -> None:
    runs = both_regimes(target=target)
    experiment = {"name": "digits", "training": {"target": target}}
    document = a_document(runs, experiment=experiment, summary=summarise(runs, "torch", target))
    assert told in timing_notes(document)
    assert f"\n- {told}\n" in table_markdown(document)
    assert told in " ".join(" ".join(results_paragraphs(document)).split())
    assert told not in timing_notes(document, ["implementation", "time_ratio"])
    assert told in timing_notes(document, ["seconds_to_target"])


def test_no_target_has_no_note() -> None:
    assert timing_notes(a_document()) == []


def test_one_run_is_a_table_without_intervals() -> None:
    assert (
        summary_table(summarise([run(cell("torch"))], "torch"), reference="torch")
        == """\
The one row: torch, batch 32, softmax+cross_entropy, optimizer sgd, float32, 1 thread, 1 seed, 10 epochs, 100
  updates.

ms/epoch  time /  train  test
          torch   loss   accuracy %
--------  ------  -----  ----------
200       1       0.25   90.0"""
    )


def test_no_rows_are_told() -> None:
    assert summary_table([]) == "No runs were made."
    assert summary_table([], "csv").strip() == ",".join(SUMMARY_KEYS)


def test_bad_runs_show_in_a_status_column() -> None:
    runs = [run(cell("numpy"), 0), run(cell("numpy"), 1, status="diverged", reason="x"), run(cell("torch"))]
    text = summary_table(summarise(runs, "torch"))
    assert "status" in text
    assert "diverged (1 of 2)" in text


def test_regression_shows_the_test_loss_instead_of_the_accuracy() -> None:
    text = summary_table(summarise([run(accuracy=None)], "torch"), "github")
    assert "test loss" in text
    assert "accuracy" not in text


def test_parity_shows_the_worst_tensor_of_each_dtype() -> None:
    small = [tensor(), tensor(tensor="W2", relative_error=1e-15, tolerance=1e-12)]
    wrong = [tensor(dtype="float32", relative_error=0.5, tolerance=1e-5, passed=False)]
    assert (
        parity_table(
            parity(*small, *wrong, steps=[trajectory(first_step=3, first_tensor="W1", passed=False)])
        )
        == """\
implementation  objective              dtype    against   tensors  worst tensor  relative error  tolerance  passed
--------------  ---------------------  -------  --------  -------  ------------  --------------  ---------  ------
numpy           softmax+cross_entropy  float64  autograd  2        W1            3.1e-16         1.2e-14    yes
numpy           softmax+cross_entropy  float32  autograd  1        W1            5.0e-01         1.0e-05    NO

implementation  objective              optimizer  dtype    steps  relative error  tolerance  passed  parts at
--------------  ---------------------  ---------  -------  -----  --------------  ---------  ------  ----------
numpy           softmax+cross_entropy  sgd        float64  20     4.0e-16         1.0e-13    NO      step 3, W1"""
    )


@pytest.mark.parametrize("error", [None, math.nan])
def test_an_error_that_is_not_a_number_is_the_worst(error: float | None) -> None:
    text = parity_table(parity(tensor(), tensor(tensor="b9", relative_error=error, passed=False)))
    assert "b9            not a number" in text


def test_parity_not_checked_is_told() -> None:
    assert parity_table({"passed": False, "tensors": [], "trajectory": []}) == "Parity was not checked."


def test_markdown_cells_cannot_break_out() -> None:
    assert markdown_cell("a|b\n<script>*x*`y`[z](w)") == r"a\|b &lt;script&gt;\*x\*\`y\`[z]\(w)"
    assert printable("\x1b[31mred\r\n") == " [31mred  "


def test_a_hostile_name_stays_in_its_cell() -> None:
    runs = [run(cell("evil|name\n| <b>")), run(cell("torch"))]
    page = table_markdown(a_document(runs))
    assert "<b>" not in page
    assert r"| evil\|name \| &lt;b&gt;" in page


def test_the_page_has_findings_table_parity_and_command() -> None:
    page = table_markdown(a_document())
    titles = [line for line in page.splitlines() if line.startswith("#")]
    assert titles == [
        "# digits",
        "## Results",
        "## Parity",
        "## What made the difference",
        "## Method",
        "## How it was made",
    ]
    assert page.endswith("- environment: python 3.11\n\n    make compare\n")
    assert "{" not in page


def test_a_fact_that_is_empty_is_not_told() -> None:
    told = table_markdown({**a_document(), "environment": {"note": "", "jobs": 1}})
    assert "- environment: jobs 1" in told


def test_the_page_is_the_same_from_a_file() -> None:
    document = a_document()
    assert table_markdown(json.loads(json.dumps(document))) == table_markdown(document)


def test_the_verdict_is_made_from_the_numbers() -> None:
    errors = [tensor(), tensor(dtype="float32", relative_error=2e-7, tolerance=1e-5)]
    assert verdict(a_document(parity=parity(*errors))) == [
        "numpy and torch compute the same: the relative error nearest to its tolerance is "
        "3.1e-16 in float64 (tolerance 1.2e-14) and 2.0e-07 in float32 (tolerance 1.0e-05).",
        "At full batch, numpy takes 0.110 of torch's time (95% interval 0.105 to 0.116).",
        "At batch 32, numpy takes 0.110 of torch's time (95% interval 0.105 to 0.116).",
        "At the same settings numpy and torch end with the same test accuracy.",
        "Of the 410x in seconds per epoch between the two ends of the grid: "
        "batch regime (full to 32) 45.0x [45.0, 45.0], framework (numpy to torch) 9.1x [8.7, 9.6].",
        "Of the 11.0 points of test accuracy between the two ends of the grid: "
        "batch regime (full to 32) +11.0 [+11.0, +11.0], framework (numpy to torch) nothing.",
    ]


@pytest.mark.parametrize(
    ("ours", "told"),
    [
        (
            [0.9, 1.0, 1.15],
            "At batch 32, no difference in time between numpy and torch was shown (ratio 1.0, 95% interval 0.7 to 1.4).",
        ),
        (
            [1.4, 1.41, 1.42],
            "At batch 32, numpy takes 1.41 times as long as torch (95% interval 1.39 to 1.44).",
        ),
        (
            [0.99, 0.991, 0.992],
            "At batch 32, numpy takes 0.991 of torch's time (95% interval 0.989 to 0.993).",
        ),
        ([0.43], "At batch 32, numpy took 0.43 of torch's time in one process: that gives no interval."),
    ],
)
def test_a_difference_in_time_is_told_only_where_the_interval_shows_it(ours: list[float], told: str) -> None:
    assert told in verdict(a_document(pair(ours, [1.0] * len(ours))))


def test_times_at_many_settings_are_told_in_a_sentence() -> None:
    ours = {8: [0.1, 0.1], 16: [0.2, 0.2], 32: [0.3, 0.3], 64: [0.9, 1.2], "full": [2.0, 2.0]}
    runs = [each for size, seconds in ours.items() for each in pair(seconds, [1.0, 1.0], batch_size=size)]
    assert [text for text in verdict(a_document(runs)) if "of torch's time" in text] == [
        "numpy takes from 0.100 [0.100, 0.100] (batch 8) to 0.300 [0.300, 0.300] (batch 32) of torch's time "
        "at 3 of 5 settings; numpy takes 2.00 [2.00, 2.00] (full batch) times as long as torch at 1 of 5 settings; "
        "no difference in time between numpy and torch was shown at batch 64."
    ]


def with_budgets(*seeds_of_small: float) -> list[str]:
    """The verdict on a full batch that ends at 90% in every seed, and batches of 32 that end as given."""
    ends = {"full": [0.9] * len(seeds_of_small), 32: list(seeds_of_small)}
    runs = [
        run(cell("torch", batch_size=size), seed, accuracy=accuracy)
        for size, accuracies in ends.items()
        for seed, accuracy in enumerate(accuracies)
    ]
    return [text for text in verdict(a_document(runs, budgets=budgets(runs))) if "At equal epochs" in text]


def test_batch_sizes_are_compared_seed_by_seed_at_what_was_held_equal() -> None:
    assert with_budgets(0.95, 0.96, 0.94) == [
        "At equal epochs (10), batch 32 has 95.0% test accuracy and full batch 90.0%: "
        "a difference of 5.0 [3, 7] points, seed by seed."
    ]


def test_difference_of_batch_sizes_within_its_interval_is_not_shown() -> None:
    (told,) = with_budgets(0.95, 0.88, 0.9)
    assert "no difference was shown" in told


def test_difference_of_batch_sizes_in_one_seed_shows_nothing() -> None:
    (told,) = with_budgets(0.95)
    assert told.endswith("one seed, which shows no difference.")


def test_a_failed_parity_names_tensor_and_error() -> None:
    wrong = tensor(relative_error=0.5, passed=False)
    assert verdict(a_document([], parity=parity(wrong))) == [
        "numpy does not compute the same as torch: with softmax+cross_entropy, "
        "the relative error of W1 is 5.0e-01 in float64 (tolerance 1.2e-14)."
    ]


def test_a_failed_trajectory_names_the_step() -> None:
    wrong = trajectory(relative_error=0.5, passed=False, first_step=2, first_tensor="W1")
    assert verdict(a_document([], parity=parity(steps=[wrong]))) == [
        "numpy does not compute the same as torch: with softmax+cross_entropy, the parameters part at step 2 of sgd: "
        "after 20 steps their relative error is 5.0e-01 in float64 (tolerance 1.0e-13)."
    ]


def test_runs_left_out_of_the_means_are_told() -> None:
    runs = [run(cell("torch"), 0), run(cell("torch"), 1, status="diverged", reason="x")]
    assert verdict(a_document(runs))[-1] == (
        "At batch 32, not every run of torch is in the means: diverged (1 of 2): x."
    )
    assert verdict(a_document(runs[1:]))[-1] == "At batch 32, no run of torch is in the means: diverged: x."


def test_attribution_is_told_in_sentences_and_as_a_table() -> None:
    rows = attribute(both_regimes())
    assert attribution_sentences(rows)[0].startswith("Of the 410x in seconds per epoch")
    assert (
        attribution_table(rows)
        == """\
outcome, unit          factor        from        to        effect                split within
---------------------  ------------  ----------  --------  --------------------  ------------
seconds/epoch, times   batch regime  full batch  batch 32  45.0 [45.0, 45.0]     3 seeds
seconds/epoch, times   framework     numpy       torch     9.1 [8.7, 9.6]        3 seeds
seconds/epoch, times   all together                        410                   3 seeds
test accuracy, points  batch regime  full batch  batch 32  +11.0 [+11.0, +11.0]  3 seeds
test accuracy, points  framework     numpy       torch     0                     3 seeds
test accuracy, points  all together                        +11.0                 3 seeds"""
    )
    assert attribution_sentences([]) == []
    assert attribution_table([]).startswith("Nothing to attribute")
