import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import cell, run

from compare.analysis.attribution import attribute, shapley
from compare.render.attribution_sentences import sentence
from compare.render.attribution_table import attribution_table
from compare.results import Run

LEVELS = {"batch_size": ["full", 64], "implementation": ["numpy", "torch"], "objective": ["a+b", "c+d"]}


def a_grid(seeds: int = 3, noise: float = 0.0, **effects: float) -> list[Run]:
    """Two levels of three factors; the last level multiplies the time by the factor's effect."""
    runs = []
    for seed, (at, b), (it, i), (ot, o) in itertools.product(range(seeds), *map(enumerate, LEVELS.values())):
        on = {"batch_size": at, "implementation": it, "objective": ot}
        seconds = math.prod(effect ** on[factor] for factor, effect in effects.items())
        accuracy = 0.8 + 0.1 * at + 0.02 * ot - 0.01 * at * ot
        seconds *= 1 + noise * math.sin(1 + 7 * seed + 3 * at + 2 * it + ot)
        where = cell(i, batch_size=b, objective=o)
        runs.append(run(where, seed, seconds=10 * seconds, accuracy=accuracy))
    return runs


@given(st.lists(st.floats(-1e3, 1e3), min_size=32, max_size=32), st.integers(2, 5))
def test_contributions_sum_to_the_whole_difference(values: list[float], count: int) -> None:
    factors = "abcde"[:count]
    subsets = [frozenset(s) for size in range(count + 1) for s in itertools.combinations(factors, size)]
    outcome = dict(zip(subsets, values, strict=False))
    contributions = shapley(factors, outcome.__getitem__)
    total = outcome[frozenset(factors)] - outcome[frozenset()]
    assert math.fsum(contributions.values()) == pytest.approx(total, rel=1e-12, abs=1e-9)


@given(st.lists(st.floats(-10, 10), min_size=8, max_size=8))
def test_a_contribution_is_the_mean_effect_over_all_orders(values: list[float]) -> None:
    subsets = [frozenset(s) for size in range(4) for s in itertools.combinations("abc", size)]
    outcome = dict(zip(subsets, values, strict=True))
    effects: dict[str, list[float]] = {factor: [] for factor in "abc"}
    for order in itertools.permutations("abc"):
        for place, factor in enumerate(order):
            before = frozenset(order[:place])
            effects[factor].append(outcome[before | {factor}] - outcome[before])
    expected = {factor: sum(found) / 6 for factor, found in effects.items()}
    assert shapley("abc", outcome.__getitem__) == pytest.approx(expected, abs=1e-9)


def test_factors_that_do_not_interact_get_their_own_effect() -> None:
    rows = attribute(a_grid(batch_size=4.0, implementation=0.5, objective=1.1))
    times = {row["factor"]: row["factor_of"] for row in rows if row["outcome"] == "seconds_per_epoch"}
    assert times == pytest.approx({"batch_size": 4.0, "implementation": 0.5, "objective": 1.1})
    assert [row["total"] for row in rows[:3]] == pytest.approx([math.log(2.2)] * 3)


def test_an_interaction_is_shared_between_its_factors() -> None:
    rows = attribute(a_grid(batch_size=4.0))
    accuracy = {row["factor"]: row["contribution"] for row in rows if row["outcome"] == "test_accuracy"}
    assert accuracy == pytest.approx({"batch_size": 0.095, "implementation": 0.0, "objective": 0.015})


def test_a_row_says_everything() -> None:
    row = attribute(a_grid(batch_size=4.0))[0]
    assert row == {
        "outcome": "seconds_per_epoch",
        "factor": "batch_size",
        "from": "full",
        "to": 64,
        "levels": 2,
        "seeds": 3,
        "contribution": pytest.approx(math.log(4)),
        "factor_of": pytest.approx(4.0),
        "low": pytest.approx(math.log(4)),
        "high": pytest.approx(math.log(4)),
        "differs": True,
        "total": pytest.approx(math.log(4)),
        "paired_by": "seed",
    }


@pytest.mark.parametrize(("noise", "shown"), [(1.9, True), (2.1, False)])
def test_an_effect_as_small_as_the_null_tests_noise_is_not_called_one(noise: float, shown: bool) -> None:
    runs = a_grid(batch_size=2.0, implementation=8.0)
    rows = attribute(runs, null={"log_ratio_95": math.log(noise)})
    assert {row["factor"]: row["differs"] for row in rows if row["outcome"] == "seconds_per_epoch"} == {
        "batch_size": shown,
        "implementation": True,
        "objective": False,
    }
    told = ", no effect shown: the null test differs as much]"
    assert (f"2.00x [2.00, 2.00{told}" in sentence(rows)) == (not shown)
    table = attribution_table(rows)
    assert ("2.00 [2.00, 2.00] no effect shown" in table) == (not shown)
    assert "8.00 [8.00, 8.00] no effect" not in table


def test_the_null_test_of_times_says_nothing_of_accuracies() -> None:
    runs = a_grid(batch_size=2.0)
    rows = attribute(runs, null={"log_ratio_95": 5.0})
    without = attribute(runs)
    assert [row["differs"] for row in rows if row["outcome"] == "test_accuracy"] == [
        row["differs"] for row in without if row["outcome"] == "test_accuracy"
    ]
    assert not any(row["differs"] for row in rows if row["outcome"] == "seconds_per_epoch")


def test_results_from_before_effects_were_judged_are_judged_by_their_intervals() -> None:
    rows = attribute(a_grid(batch_size=2.0), null={"log_ratio_95": 5.0})
    for row in rows:
        del row["differs"]
    assert "no effect shown" not in sentence(rows)
    rows[0]["low"] = -0.1
    assert ", no effect shown]" in sentence(rows)


def test_the_interval_is_over_seeds_and_pairs_them() -> None:
    runs = [
        run(cell(i, batch_size=b), seed, seconds=s * 3**seed)
        for seed, ratio in enumerate([2.0, 4.0, 8.0])
        for b in ("full", 64)
        for i, s in (("numpy", 1.0), ("torch", ratio))
    ]
    rows = attribute(runs)
    assert [row["factor"] for row in rows[:2]] == ["batch_size", "implementation"]
    half_width = 4.302652729749464 * math.log(2) / math.sqrt(3)
    assert rows[1]["contribution"] == pytest.approx(math.log(4))
    assert (rows[1]["low"], rows[1]["high"]) == pytest.approx(
        (math.log(4) - half_width, math.log(4) + half_width)
    )
    assert (rows[0]["low"], rows[0]["high"]) == pytest.approx((0.0, 0.0))


def test_an_effect_on_accuracy_is_at_most_100_points_however_few_the_seeds() -> None:
    accuracies = {(0, "full"): 0.0, (0, 64): 0.9, (1, "full"): 0.5, (1, 64): 0.5}
    runs = [
        run(cell(name, batch_size=size), seed, accuracy=accuracy)
        for (seed, size), accuracy in accuracies.items()
        for name in ("numpy", "torch")
    ]
    (row,) = (
        row for row in attribute(runs) if (row["outcome"], row["factor"]) == ("test_accuracy", "batch_size")
    )
    assert (row["low"], row["high"]) == (-1.0, 1.0)


def test_one_seed_has_no_interval() -> None:
    row = attribute(a_grid(seeds=1, batch_size=4.0))[0]
    assert (row["low"], row["high"], row["seeds"]) == (None, None, 1)


def test_an_incomplete_grid_is_not_attributed() -> None:
    assert attribute([one for one in a_grid() if one.cell != a_grid()[-1].cell]) == []


def test_a_seed_with_a_bad_run_is_left_out() -> None:
    runs = a_grid(batch_size=4.0)
    runs[0] = run(runs[0].cell, 0, status="diverged", reason="loss", seconds=1e6)
    row = attribute(runs)[0]
    assert (row["seeds"], row["factor_of"]) == (2, pytest.approx(4.0))


@pytest.mark.parametrize("only", [1, 2])
def test_fewer_than_two_varying_factors_are_not_attributed(only: int) -> None:
    assert attribute([run(cell(name)) for name in ("numpy", "torch")[:only]]) == []


def test_an_epoch_that_was_begun_does_not_count_as_a_whole_one() -> None:
    ends = {"full": (3, 3.0), 10: (21, 2.1)}  # 21 batches of 10 rows out of 100: two epochs and a tenth
    runs = [
        run(cell(name, batch_size=size), epochs=3, updates=updates, seconds=seconds)
        for size, (updates, seconds) in ends.items()
        for name in ("numpy", "torch")
    ]
    told = attribute(runs, training_rows=100)
    assert [row["total"] for row in told if row["outcome"] == "seconds_per_epoch"] == [pytest.approx(0)] * 2


def test_of_three_levels_the_first_and_the_last_are_compared() -> None:
    sizes = {"full": 1.0, 64: 50.0, 8: 3.0}
    runs = [
        run(cell(name, batch_size=size), seconds=ours * theirs)
        for size, ours in sizes.items()
        for name, theirs in (("numpy", 1.0), ("torch", 2.0))
    ]
    rows = attribute(runs)
    assert (rows[0]["from"], rows[0]["to"], rows[0]["levels"]) == ("full", 8, 3)
    assert rows[0]["factor_of"] == pytest.approx(3.0)
    assert sentence(rows).endswith("; of batch regime only the first and the last level are compared")


def test_the_order_of_levels_can_be_given() -> None:
    shuffled = a_grid(batch_size=4.0)[::-1]
    assert attribute(shuffled)[0]["from"] == 64
    assert attribute(shuffled, LEVELS)[0]["from"] == "full"


def test_regression_is_attributed_in_time_alone() -> None:
    runs = [run(one.cell, one.seed, accuracy=None) for one in a_grid()]
    assert {row["outcome"] for row in attribute(runs)} == {"seconds_per_epoch"}


def test_the_sentence_tells_the_split_from_the_faster_end() -> None:
    rows = attribute(a_grid(seeds=1, batch_size=4.0, implementation=1.4, objective=1.1))
    assert sentence(rows) == (
        "of the 6.2x in seconds per epoch between the two ends of the grid: "
        "batch regime (full to 64) 4.0x, framework (numpy to torch) 1.4x, loss (a+b to c+d) 1.1x"
    )


def test_the_sentence_turns_round_a_difference_below_1() -> None:
    rows = attribute(a_grid(seeds=1, batch_size=0.25, implementation=1.25))
    assert sentence(rows) == (
        "of the 3.2x in seconds per epoch between the two ends of the grid: "
        "batch regime (64 to full) 4.0x, framework (torch to numpy) 0.80x, loss (c+d to a+b) 1.0x"
    )


def test_the_sentence_says_where_no_effect_was_shown() -> None:
    rows = attribute(a_grid(noise=0.05, batch_size=4.0, implementation=1.4))
    assert "loss (a+b to c+d) 1.000x [0.982, 1.018, no effect shown]" in sentence(rows)
    assert sentence(rows, "test_accuracy") == (
        "of the 11.0 points of test accuracy between the two ends of the grid: "
        "batch regime (full to 64) +9.50 [+9.50, +9.50], framework (numpy to torch) nothing, "
        "loss (a+b to c+d) +1.50 [+1.50, +1.50]"
    )


def test_nothing_attributed_is_no_sentence() -> None:
    assert sentence([]) == ""
