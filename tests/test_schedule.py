"""The order of the runs: everyone's turn comes at every seed, and nobody always goes first."""

from collections import Counter
from dataclasses import replace

from made_runs import cell

from compare.measure.schedule import interleaved

CELLS = [
    cell(name, batch_size=size, objective=objective)
    for objective in ("softmax+cross_entropy", "sigmoid+squared_error")
    for size in ("full", 32)
    for name in ("numpy", "torch", "other")
]


def test_every_cell_is_planned_once_at_every_seed():
    plan = list(interleaved(CELLS, [0, 1, 5]))
    assert Counter((run.cell, run.seed) for run in plan) == Counter((c, s) for c in CELLS for s in (0, 1, 5))
    assert {run.round for run in plan} == {0}


def test_all_implementations_of_a_setting_run_one_after_the_other():
    plan = list(interleaved(CELLS, [0, 1]))
    for start in range(0, len(plan), 3):
        group = plan[start : start + 3]
        assert {run.cell.implementation for run in group} == {"numpy", "torch", "other"}
        assert len({(replace(run.cell, implementation="-"), run.seed) for run in group}) == 1


def test_all_cells_of_a_seed_run_before_the_next_seed():
    assert [run.seed for run in interleaved(CELLS, [4, 2])] == [4] * 12 + [2] * 12


def test_order_is_drawn_from_the_seed_alone():
    assert list(interleaved(CELLS, [0, 1])) == list(interleaved(CELLS, [0, 1]))
    alone = list(interleaved(CELLS, [1]))
    assert list(interleaved(CELLS, [0, 1]))[12:] == alone


def test_everyone_goes_first_about_equally_often():
    plan = list(interleaved(CELLS, range(60)))
    first = Counter(run.cell.implementation for run in plan[::3])
    assert sum(first.values()) == 240
    assert all(50 < count < 110 for count in first.values()), first


def test_no_cells_make_no_runs():
    assert list(interleaved([], [0])) == []
