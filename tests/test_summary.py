import math

import pytest
from made_runs import cell, pair, run

from compare.analysis.summary import SUMMARY_KEYS, summarise


def test_a_row_holds_every_key_with_its_value() -> None:
    runs = pair([1.0, 2.0, 4.0], [10.0, 16.0, 32.0])
    row = summarise(runs, "torch")[0]
    assert tuple(row) == SUMMARY_KEYS
    expected = {
        "implementation": "numpy",
        "batch_size": 32,
        "objective": "softmax+cross_entropy",
        "optimizer": "sgd",
        "dtype": "float32",
        "threads": 1,
        "seeds": 3,
        "epochs": 10,
        "updates": 100,
        "seconds_per_epoch": 0.2,
        "time_ratio": 0.125,
        "train_loss": 0.25,
        "test_accuracy": 0.9,
        "test_accuracy_low": 0.9,
        "test_accuracy_high": 0.9,
        "seconds_to_target": None,
        "status": "ok",
        "test_loss": 0.5,
        "target_reached": None,
        "diverged": 0,
        "failed": 0,
    }
    told = {key: round(value, 12) if isinstance(value, float) else value for key, value in row.items()}
    assert {key: told[key] for key in expected} == expected
    half_width = 4.302652729749464 * math.log(2) / math.sqrt(3)
    assert row["seconds_per_epoch_low"] == pytest.approx(0.2 * math.exp(-half_width))
    assert row["seconds_per_epoch_high"] == pytest.approx(0.2 * math.exp(half_width))


def test_the_ratio_pairs_runs_of_the_same_seed_and_round() -> None:
    ours = [run(cell("numpy"), 0, seconds=1.0), run(cell("numpy"), 0, seconds=3.0, round=1)]
    theirs = [run(cell("torch"), 0, seconds=6.0, round=1), run(cell("torch"), 0, seconds=2.0)]
    row, reference = summarise([*ours, *theirs], "torch")
    assert row["time_ratio"] == pytest.approx(0.5, rel=1e-12)
    assert row["time_ratio_low"] == pytest.approx(0.5)
    assert (reference["time_ratio"], reference["time_ratio_low"], reference["time_ratio_high"]) == (
        1,
        None,
        None,
    )


def test_the_ratio_is_of_seconds_per_update() -> None:
    runs = [run(cell("numpy"), seconds=1.0, updates=50), run(cell("torch"), seconds=1.0, updates=100)]
    assert summarise(runs, "torch")[0]["time_ratio"] == 2.0


def test_one_run_has_no_interval() -> None:
    row = summarise(pair([1.0], [2.0]), "torch")[0]
    assert (row["time_ratio"], row["time_ratio_low"], row["test_accuracy_low"]) == (0.5, None, None)


@pytest.mark.parametrize(
    "other",
    [
        cell("torch", batch_size="full"),
        cell("torch", objective="sigmoid+squared_error"),
        cell("torch", optimizer="adam"),
        cell("torch", dtype="float64"),
        cell("torch", threads=2),
    ],
)
def test_a_reference_in_another_cell_gives_no_ratio(other: object) -> None:
    assert summarise([run(cell("numpy")), run(other)], "torch")[0]["time_ratio"] is None


def test_rows_come_as_their_cells_are_first_seen() -> None:
    cells = [cell("torch", batch_size=32), cell("numpy", batch_size="full"), cell("numpy", batch_size=32)]
    runs = [run(each, seed) for seed in (1, 0) for each in cells]
    rows = summarise(runs, "torch")
    assert [(row["implementation"], row["batch_size"]) for row in rows] == [
        ("torch", 32),
        ("numpy", "full"),
        ("numpy", 32),
    ]


def test_accuracy_counts_each_seed_once_whatever_its_rounds() -> None:
    runs = [run(seed=0, accuracy=0.8, round=r) for r in range(3)] + [run(seed=1, accuracy=0.9)]
    row = summarise(runs, "torch")[0]
    assert row["test_accuracy"] == pytest.approx(0.85)
    assert row["seeds"] == 2
    assert row["test_accuracy_low"] == pytest.approx(
        0.85 - 12.7062047364 * 0.05 * math.sqrt(2) / math.sqrt(2)
    )


def test_diverged_and_failed_runs_are_counted_and_left_out_of_the_means() -> None:
    bad = [
        run(seed=2, status="diverged", reason="loss", loss=math.nan, accuracy=0.1, seconds=99.0),
        run(seed=3, status="failed", reason="killed", curve=(), epochs=0, updates=0, seconds=0.0),
        run(seed=4, status="timeout", reason="60 s", curve=()),
    ]
    row = summarise([run(seed=0), run(seed=1), *bad], "torch")[0]
    assert row["status"] == "diverged (1 of 5), failed (1 of 5), timeout (1 of 5)"
    assert (row["diverged"], row["failed"], row["seeds"]) == (1, 2, 5)
    assert row["reason"] == "loss; killed; 60 s"
    assert (row["train_loss"], row["test_accuracy"], row["seconds_per_epoch"]) == (0.25, 0.9, 0.2)


def test_reasons_are_told_once_and_the_first_three_of_many() -> None:
    bad = [run(seed=seed, status="failed", reason=f"reason {seed // 2}") for seed in range(10)]
    reason = summarise(bad, "torch")[0]["reason"]
    assert reason == "reason 0; reason 1; reason 2; and 2 other reasons"
    assert summarise([run()], "torch")[0]["reason"] is None


def test_a_cell_without_a_good_run_has_a_row_of_nulls() -> None:
    row = summarise([run(status="diverged", reason="loss", loss=math.nan)], "numpy")[0]
    assert row["status"] == "diverged"
    null = ("epochs", "updates", "seconds_per_epoch", "train_loss", "test_accuracy", "seconds_to_target")
    assert {row[key] for key in null} == {None}


def test_a_pair_of_which_one_diverged_gives_no_ratio() -> None:
    runs = pair([1.0, 1.0], [2.0, 2.0])
    runs[3] = run(cell("torch"), 1, status="diverged", reason="loss", seconds=1000.0)
    assert summarise(runs, "torch")[0]["time_ratio"] == 0.5


@pytest.mark.parametrize(
    ("reached", "expected", "told"),
    [
        ([1.0, 2.0, 3.0], 2.0, "3 of 3"),
        ([1.0, 3.0, None], 3.0, "2 of 3"),
        ([1.0, 2.0, 3.0, 4.0, None], 3.0, "4 of 5"),
        ([1.0, 2.0, None, None], None, "2 of 4"),
        ([None, None], None, "0 of 2"),
    ],
)
def test_time_to_target_is_a_median_that_counts_who_never_got_there(
    reached: list[float | None], expected: float | None, told: str
) -> None:
    runs = [run(seed=seed, seconds_to_target=value) for seed, value in enumerate(reached)]
    row = summarise(runs, "torch", target=0.9)[0]
    assert (row["seconds_to_target"], row["target_reached"]) == (expected, told)


def test_a_diverged_run_never_got_there_and_a_failed_one_says_nothing() -> None:
    good = [run(seed=0, seconds_to_target=1.0), run(seed=1, seconds_to_target=2.0)]
    bad = [run(seed=2, status="diverged", reason="x"), run(seed=3, status="failed", reason="x")]
    row = summarise([*good, *bad], "torch", target=0.9)[0]
    assert (row["seconds_to_target"], row["target_reached"]) == (2.0, "2 of 3")


def test_regression_has_a_loss_and_no_accuracy() -> None:
    row = summarise([run(accuracy=None)], "torch")[0]
    assert (row["test_accuracy"], row["test_loss"]) == (None, 0.5)


def test_a_loss_that_is_not_finite_is_null() -> None:
    assert summarise([run(loss=math.inf)], "torch")[0]["train_loss"] is None


def test_an_epoch_that_was_begun_does_not_count_as_a_whole_one() -> None:
    begun = run(cell(batch_size=10), epochs=3, updates=21, seconds=2.1)  # of 100 rows: two epochs and a tenth
    row = summarise([begun], "numpy", training_rows=100)[0]
    assert row["seconds_per_epoch"] == pytest.approx(1.0)
    whole = run(cell(batch_size="full"), epochs=3, updates=3, seconds=1.5)
    assert summarise([whole], "numpy", training_rows=100)[0]["seconds_per_epoch"] == pytest.approx(0.5)


def test_runs_too_short_for_an_epoch_have_no_time_per_epoch() -> None:
    row = summarise([run(epochs=0, updates=5)], "numpy")[0]
    assert (row["seconds_per_epoch"], row["updates"]) == (None, 5)


def test_reference_that_was_never_timed_has_no_ratio() -> None:
    (row,) = summarise(
        [run(cell("torch"), status="failed", reason="x", epochs=0, updates=0, seconds=0.0)], "torch"
    )
    assert row["time_ratio"] is None
