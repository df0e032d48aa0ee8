"""Seconds of runs that were made beside others are taken from the timing, and left out without one."""

from made_runs import cell, run
from made_timings import timing

from compare.analysis.budgets import budgets
from compare.analysis.shared_machine import with_timed_seconds
from compare.analysis.times import Times
from compare.results import CurvePoint, Run
from compare.timings import Entrant


def curve():
    return tuple(CurvePoint(at, 10 * at, 3.0 * at, 1.0, 1.0, 0.1 * at) for at in range(4))


def test_runs_made_alone_keep_their_seconds():
    rows = [run(alone=True).to_json()]
    assert [*with_timed_seconds(rows, Times([timing()]))] == rows


def test_runs_made_beside_others_get_the_timed_seconds_of_their_updates():
    made = run(cell(), updates=30, curve=curve(), seconds=9.0, seconds_to_target=6.0, alone=False)
    times = Times([timing(cell())])
    each = times.seconds_per_update(cell())
    (retimed,) = map(Run.from_json, with_timed_seconds([made.to_json()], times))
    assert retimed.seconds == 30 * each
    assert [point.seconds for point in retimed.curve] == [0, 10 * each, 20 * each, 30 * each]
    assert retimed.seconds_to_target == 20 * each


def test_without_a_timing_nothing_is_said_of_their_seconds():
    small, large = cell(batch_size=8), cell(batch_size=32)
    runs = [run(of, seed, curve=curve(), alone=False) for of in (small, large) for seed in (0, 1)]
    told = [*map(Run.from_json, with_timed_seconds([made.to_json() for made in runs], Times()))]
    assert {each.seconds for each in told} == {0.0}
    assert {row["held"] for row in budgets(told)} == {"epochs", "updates"}


def test_ratios_are_formed_within_one_machine_only():
    pair = Entrant(cell("numpy")), Entrant(cell("torch"))
    of = {name: timing(cell(name), host="here") for name in ("numpy", "torch")}
    assert Times(of.values()).ratio(*pair) is not None
    of["torch"] = timing(cell("torch"), host="elsewhere")
    assert Times(of.values()).ratio(*pair) is None
