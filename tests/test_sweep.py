"""Batch sizes on the way to a target: medians with censored runs, rows, table and sentences."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from made_runs import cell, parity, run

from compare import results
from compare.analysis.summary import summarise
from compare.analysis.sweep import sweep
from compare.analysis.targets_reached import censored_interval, censored_median, reached
from compare.render.sweep import sweep_sentences, sweep_table
from compare.render.verdict import verdict
from compare.results import CurvePoint

TARGET = 0.95
SCHEMA = json.loads(Path(results.__file__).with_name("results.schema.json").read_text())


def curve(arrives, per_point=10, points=20):
    """Accuracy 0.5 until `arrives` updates, then 0.96; an evaluation every `per_point` updates, 1 ms each."""
    accuracies = [
        (0.5 if arrives is None or u < arrives else 0.96) for u in range(0, points * per_point, per_point)
    ]
    return tuple(
        CurvePoint(i, i * per_point, i * per_point / 1000, 1.0, 1.0, share)
        for i, share in enumerate(accuracies)
    )


def of_size(size, arrivals, implementation="numpy", per_point=10):
    of = cell(implementation, batch_size=size)
    return [run(of, seed, curve=curve(at, per_point)) for seed, at in enumerate(arrivals)]


def rows_of(runs, target=TARGET):
    return sweep(runs, target, 640, summarise(runs, "numpy", target))


def document(runs):
    made = {"experiment": {"training": {"target": TARGET}}, "reference": "numpy", "parity": parity()}
    return made | {"summary": summarise(runs, "numpy", TARGET), "attribution": [], "sweep": rows_of(runs)}


def test_target_is_reached_at_the_first_evaluation_that_shows_it():
    arrival = reached(run(curve=curve(35)), TARGET)
    assert (arrival.updates, arrival.updates_before, arrival.seconds) == (40, 30, 0.04)
    assert reached(run(curve=curve(0)), TARGET).updates == 0
    assert reached(run(curve=curve(None)), TARGET) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([3, 1, 2], 2),
        ([3, None, 1], 3),
        ([1, None], None),
        ([None], None),
        ([1, 2, 3, None], 2.5),
        ([], None),
    ],
)
def test_median_counts_who_never_got_there_as_latest(values, expected):
    assert censored_median(values) == expected


def test_interval_of_a_censored_median_is_of_order_statistics_and_open_where_they_fall_on_a_censored_run():
    """n = 6: 1 - 2/64 = 0.969 for the extremes, 1 - 14/64 for the next; n = 5 reaches 0.9375 only."""
    six = censored_interval([1, 2, 3, 4, 5, None])
    assert (six.point, six.low, six.high) == (3.5, 1, None)
    five = censored_interval([1, 2, 3, 4, None])
    assert (five.point, five.low, five.high) == (3, None, None)
    nine = censored_interval([1, 2, 3, 4, 5, 6, 7, 8, None])
    assert (nine.low, nine.high) == (2, 8)
    everyone = censored_interval([1.0, 2.0, 4.0])
    assert everyone.point == 2.0
    assert everyone.high == pytest.approx(2 * math.exp(4.302652729749464 * math.log(2) / math.sqrt(3)))


def test_rows_go_from_the_smallest_batch_to_the_full_one_with_their_censoring():
    runs = [*of_size("full", [None, None, 50]), *of_size(32, [30, 50, None]), *of_size(8, [100, 110, 120])]
    rows = rows_of(runs)
    assert [(row["batch_size"], row["rows_per_batch"]) for row in rows] == [(8, 8), (32, 32), ("full", 640)]
    assert [row["updates_to_target"] for row in rows] == [110, 50, None]
    assert [row["target_reached"] for row in rows] == ["3 of 3", "2 of 3", "1 of 3"]
    assert rows[0]["seconds_to_target"] == pytest.approx(0.11)
    assert rows[0]["updates_between"] == 10
    assert rows[1]["updates_to_target_low"] is None
    assert rows[0]["seconds_per_epoch"] == pytest.approx(0.2)
    assert [row["updates_to_target"] for row in summarise(runs, "numpy", TARGET)] == [None, 50, 110]
    partial = {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/sweep_row"}
    for row in rows:
        jsonschema.validate(row, partial)


def test_seconds_that_are_not_known_are_not_told_as_0():
    unknown = [run(cell(batch_size=8), seed, curve=curve(30), seconds=0.0, alone=False) for seed in (0, 1)]
    first, second = rows_of([*unknown, *of_size(32, [50, 50])])
    assert (first["updates_to_target"], first["seconds_to_target"]) == (30, None)
    assert second["seconds_to_target"] == pytest.approx(0.05)


def test_no_target_or_one_batch_size_makes_no_rows():
    runs = [*of_size(8, [10]), *of_size(32, [10])]
    assert rows_of(runs, None) == []
    assert rows_of(runs[:1]) == []


def test_table_shows_three_sizes_and_an_open_interval():
    runs = [*of_size(8, [90, 100, 110, 110, 130, None]), *of_size(32, [50] * 6), *of_size("full", [None] * 6)]
    assert sweep_table(rows_of(runs[:12])) == ""
    assert (
        sweep_table(rows_of(runs))
        == """\
batch  ms/epoch  updates to target  ms to target  reached
-----  --------  -----------------  ------------  -------
8      200       110 [90, ∞)        110 [90, ∞)   5 of 6
32     200       50                 50            6 of 6
full   200       -                  -             0 of 6"""
    )


def sentences(runs):
    return list(sweep_sentences(document(runs)))


def test_sentences_name_the_best_sizes_and_who_was_not_shown_to_differ():
    runs = [
        *of_size(8, [100, 110, 120]),
        *of_size(16, [100, 120, 120]),
        *of_size(32, [190, 190, 180]),
        *of_size("full", [None, None, 50]),
    ]
    updates, seconds, censored = sentences(runs)
    assert updates.startswith("The fewest updates to 95% test accuracy are at batch 8: 110 [")
    assert updates.endswith("; batch 16 was not shown to need more.")
    assert seconds.startswith("The least time to 95% test accuracy with numpy is at batch 8: 0.11")
    assert seconds.endswith("; batch 16 was not shown to take longer.")
    assert censored == (
        "Half of the runs or more ended without reaching 95% test accuracy at full batch (1 of 3); "
        "how much longer they would take is not known."
    )
    assert updates in verdict(document(runs))


def test_a_size_that_is_evaluated_seldom_is_not_called_slower_for_it():
    """Batch 8 may have arrived anywhere in the 100 updates before the evaluation that showed it."""
    others = [*of_size(16, [40, 40, 50]), *of_size(32, [150, 150, 160])]
    told = sentences([*of_size(8, [100, 100, 100], per_point=100), *others])[0]
    assert "batch 16: 40" in told
    assert told.endswith("; batch 8 was not shown to need more.")
    told = sentences([*of_size(8, [100, 100, 100]), *others])[0]
    assert told.endswith("; every other batch size was shown to need more.")


def test_one_seed_shows_no_difference():
    runs = [*of_size(8, [100]), *of_size(16, [50]), *of_size(32, [20])]
    assert sentences(runs)[0].endswith("at batch 32: 20, in runs too few for an interval.")
