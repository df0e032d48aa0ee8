"""Batch sizes at equal epochs, updates and seconds."""

from dataclasses import replace

import pytest
from made_runs import cell, run

from compare.analysis.budgets import budgets, interpolated
from compare.render.budgets_table import budgets_table
from compare.render.regimes import regime_sentences
from compare.results import CurvePoint


def curve(points):
    """Points of (epoch, updates, seconds, loss, accuracy)."""
    return tuple(CurvePoint(e, u, s, loss, loss, accuracy) for e, u, s, loss, accuracy in points)


FULL = curve([(0, 0, 0.0, 2.0, 0.1), (10, 10, 1.0, 1.0, 0.5), (20, 20, 2.0, 0.5, 0.7)])
SMALL = curve([(0, 0, 0.0, 2.0, 0.1), (1, 40, 0.5, 0.4, 0.8), (20, 800, 10.0, 0.1, 0.9)])


def of_two_sizes(seeds=(0, 1)):
    full = [run(cell("numpy", batch_size="full"), seed, curve=FULL) for seed in seeds]
    return full + [run(cell("numpy", batch_size=32), seed, curve=SMALL) for seed in seeds]


def row(rows, held, batch_size):
    (found,) = [r for r in rows if r["held"] == held and r["batch_size"] == batch_size]
    return found


def test_budget_is_the_largest_that_every_run_reached():
    rows = budgets(of_two_sizes())
    assert {r["held"]: r["budget"] for r in rows} == {"epochs": 20, "updates": 20, "seconds": 2.0}


def test_verdict_depends_on_what_is_held_equal():
    rows = budgets(of_two_sizes())
    assert row(rows, "epochs", "full")["test_accuracy"] == 0.7
    assert row(rows, "epochs", 32)["test_accuracy"] == 0.9
    assert row(rows, "updates", 32)["test_accuracy"] == pytest.approx(0.45)
    assert row(rows, "seconds", 32)["test_accuracy"] == pytest.approx(0.8 + 0.1 * 1.5 / 9.5)
    assert row(rows, "updates", 32)["train_loss"] == pytest.approx(1.2)


def test_difference_is_to_the_first_batch_size_and_paired_by_seed():
    better = curve([(0, 0, 0.0, 2.0, 0.3), (20, 20, 2.0, 0.5, 0.8)])
    best = curve([(0, 0, 0.0, 2.0, 0.3), (20, 800, 2.0, 0.5, 1.0)])
    runs = [
        *of_two_sizes((0,)),
        run(cell("numpy", batch_size="full"), 1, curve=better),
        run(cell("numpy", batch_size=32), 1, curve=best),
    ]
    rows = budgets(runs)
    assert row(rows, "epochs", "full")["accuracy_difference"] is None
    at_equal_epochs = row(rows, "epochs", 32)
    assert at_equal_epochs["accuracy_difference"] == pytest.approx(0.2)
    assert at_equal_epochs["accuracy_difference_low"] == pytest.approx(0.2)


def test_a_difference_of_accuracies_is_never_more_than_all_of_it():
    worst = curve([(0, 0, 0.0, 2.0, 0.1), (20, 800, 2.0, 0.5, 0.2)])
    runs = [*of_two_sizes((0,)), run(cell("numpy", batch_size="full"), 1, curve=FULL)]
    found = row(budgets([*runs, run(cell("numpy", batch_size=32), 1, curve=worst)]), "epochs", 32)
    assert (found["accuracy_difference_low"], found["accuracy_difference_high"]) == (-1, 1)


def test_equal_seconds_say_whose_where_there_are_several():
    def told(runs):
        return [text for text in regime_sentences(budgets(runs), "numpy") if "equal seconds" in text]

    others = [replace(one, cell=replace(one.cell, implementation="torch")) for one in of_two_sizes()]
    assert told([*of_two_sizes(), *others])[0].startswith("At equal seconds (2 of numpy), batch 32 has")
    assert told(of_two_sizes())[0].startswith("At equal seconds (2), batch 32 has")


def test_other_factors_make_groups_of_their_own_and_one_batch_size_makes_none():
    runs = [*of_two_sizes(), run(cell("torch", batch_size=32), 0, curve=SMALL)]
    assert {r["implementation"] for r in budgets(runs)} == {"numpy"}


def test_runs_that_diverged_are_left_out():
    runs = [*of_two_sizes(), run(cell("numpy", batch_size="full"), 2, status="diverged", curve=FULL[:2])]
    rows = budgets(runs)
    assert row(rows, "epochs", "full")["seeds"] == 2
    assert row(rows, "epochs", "full")["budget"] == 20


def test_regression_has_losses_and_no_accuracies():
    points = curve([(0, 0, 0.0, 2.0, None), (5, 5, 1.0, 1.0, None)])
    runs = [run(cell("numpy", batch_size=size), 0, curve=points) for size in ("full", 8)]
    for found in budgets(runs):
        assert found["train_loss"] == 1.0
        assert found["test_accuracy"] is None
        assert found["accuracy_difference"] is None


@pytest.mark.parametrize(
    ("at", "value"), [(0, 1.0), (1, 2.0), (2, 3.0), (4, 5.0), (5, None), (3, 4.0)], ids=str
)
def test_curve_is_a_straight_line_between_its_points(at, value):
    assert interpolated([0, 2, 4], [1.0, 3.0, 5.0], at) == value


def test_table_shows_each_budget_with_accuracies_in_percent_and_what_varies():
    assert (
        budgets_table(budgets(of_two_sizes()))
        == """\
held equal  batch  train loss  test accuracy %  difference, points
----------  -----  ----------  ---------------  ------------------
20 epochs   full   0.5         70.0             -
20 epochs   32     0.1         90.0             +20.0
20 updates  full   0.5         70.0             -
20 updates  32     1.2         45.0             -25.0
2 seconds   full   0.5         70.0             -
2 seconds   32     0.353       81.6             +11.6"""
    )


def test_table_of_no_rows_is_empty():
    assert budgets_table([]) == ""


def test_sentences_of_a_sweep_are_of_its_two_ends():
    def told(sizes):
        runs = [run(cell("numpy", batch_size=size), seed, curve=FULL) for size in sizes for seed in (0, 1)]
        return [text for text in regime_sentences(budgets(runs), "numpy") if "equal epochs" in text]

    assert len(told([1, 8, "full"])) == 2
    (both_ends,) = told([1, 8, 64, "full"])
    assert "full batch has" in both_ends
    assert "batch 1 " in both_ends
