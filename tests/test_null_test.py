"""From blocks to ratios: the intervals hold what they promise, and noise is not called a difference."""

import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from made_runs import cell, pair, parity, run
from made_timings import block, timed, timing

import compare.store
from benchmarks.coverage import intervals
from compare.analysis.attribution import attribute
from compare.analysis.document import results_document
from compare.analysis.noise import RULES, flags_of
from compare.analysis.null_test import differs, null_test, percentile
from compare.analysis.statistics import Interval, nested_interval
from compare.analysis.summary import summarise
from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.render.markdown import table_markdown
from compare.render.tables import summary_table
from compare.render.timing_notes import timing_notes
from compare.render.verdict import verdict
from compare.results import build_results
from compare.timings import Entrant

SCHEMA = json.loads((Path(compare.store.__file__).parent / "results.schema.json").read_text())

QUIET = [[0.100, 0.101, 0.100], [0.101, 0.100, 0.102], [0.099, 0.100, 0.100]]


def times_(factor, series=QUIET):
    return [[factor * value for value in of_process] for of_process in series]


@pytest.mark.parametrize("true_ratio", [1.0, 0.43])
def test_the_interval_covers_the_truth_under_luck_drift_bursts_and_heavy_tails(true_ratio):
    found = intervals(true_ratio, 5, 6)
    assert 0.92 <= np.mean([interval.contains(true_ratio) for interval in found]) <= 1.0
    logs = np.log([interval.point / true_ratio for interval in found])
    assert abs(np.mean(logs)) < 0.003
    assert np.quantile(np.abs(logs), 0.95) < 0.08


def test_an_interval_over_the_blocks_of_one_process_would_not_cover_the_truth():
    found = intervals(1.0, 1, 30, over_blocks=True, repetitions=500)
    assert np.mean([interval.contains(1.0) for interval in found]) < 0.82


def test_the_point_is_the_median_of_all_and_the_interval_is_over_processes():
    interval = nested_interval([[1.0, 1.0, 9.0], [2.0, 2.0, 9.0], [4.0, 4.0, 4.0]])
    half_width = 4.302652729749464 * math.log(2) / math.sqrt(3)
    assert interval.point == 4.0
    assert (interval.low, interval.high) == pytest.approx(
        (2 * math.exp(-half_width), 2 * math.exp(half_width))
    )


def test_a_ratio_pairs_the_blocks_of_the_same_round_and_process():
    ours = timed("numpy", [[1.0, 10.0], [3.0, 30.0]])
    theirs = timed("torch", [[2.0, 20.0], [6.0, 60.0], [1.0, 1.0]])
    ratio = Times([*ours, *theirs]).ratio(Entrant(cell("numpy")), Entrant(cell("torch")))
    assert (ratio.point, ratio.low, ratio.high) == pytest.approx((0.5, 0.5, 0.5))


def test_seconds_an_epoch_are_those_of_an_update_times_the_updates():
    seconds = Times([timing(cell(), 0, [0.2, 0.3, 0.4])]).seconds_per_epoch(Entrant(cell()))
    assert (seconds.point, seconds.low) == (pytest.approx(0.03), None)


def test_failed_timings_and_the_second_contestant_are_no_times_of_a_cell():
    failed = timing(cell("torch"), 0, [1.0], status="failed", reason="x")
    times = Times([failed, *timed("torch", [[1.0]], again=True)])
    assert times.cells == []
    assert times.ratio(Entrant(cell("numpy")), Entrant(cell("torch"))) is None


def test_the_null_test_holds_the_reference_to_itself():
    twins = timed("torch", QUIET) + timed("torch", times_(1.02), again=True)
    found = null_test([*twins, *timed("numpy", times_(0.3))], "torch")
    assert (found["cells"], found["processes"], found["rounds"]) == (1, 3, 3)
    assert found["ratio"] == pytest.approx(1.02)
    assert found["log_ratio_95"] == pytest.approx(math.log(1.02))
    assert found["ratio_95"] == pytest.approx(1.02)
    assert found["contains_1"] is False
    assert [row["batch_size"] for row in found["by_cell"]] == [32]


def test_cells_of_one_process_count_once_in_the_interval_and_each_in_the_percentile():
    series = {32: [[1.1], [0.9]], "full": [[0.9], [1.1]]}
    made = []
    for size, values in series.items():
        made += timed("torch", [[1.0], [1.0]], batch_size=size)
        made += timed("torch", values, again=True, batch_size=size)
    found = null_test(made, "torch")
    assert found["ratio_low"] == pytest.approx(found["ratio_high"])
    assert found["log_ratio_95"] == pytest.approx(-math.log(0.9))


def test_no_second_contestant_is_no_null_test_and_one_process_gives_no_interval():
    assert null_test(timed("torch", QUIET), "torch") is None
    twins = timed("torch", QUIET[:1]) + timed("torch", QUIET[:1], again=True)
    assert null_test(twins, "torch")["contains_1"] is None


def test_the_percentile_is_the_largest_up_to_19_values_and_then_not():
    assert percentile([*range(19)]) == 18
    assert percentile([*range(20)]) == 18
    assert percentile([*range(100)]) == 94


@pytest.mark.parametrize(
    ("interval", "noise", "expected"),
    [
        (Interval(0.5, 0.4, 0.6), 0.1, True),
        (Interval(0.5, 0.4, 1.1), 0.1, False),
        (Interval(0.95, 0.94, 0.96), 0.1, False),
        (Interval(1.05, 1.04, 1.06), 0.1, False),
        (Interval(1.2, 1.1, 1.3), 0.1, True),
        (Interval(0.95, 0.94, 0.96), None, True),
        (Interval(0.5, None, None), 0.1, None),
        (None, 0.1, None),
    ],
)
def test_a_difference_excludes_1_and_exceeds_the_noise(interval, noise, expected):
    assert differs(interval, None if noise is None else {"log_ratio_95": noise}) is expected


def test_quiet_times_have_no_flags():
    assert flags_of(timed("numpy", QUIET)) == []


@pytest.mark.parametrize(
    ("processes", "flags"),
    [
        ([[1.0, 1.0, 1.0], [1.11, 1.11, 1.11]], ["noisy"]),
        ([[1.0, 1.2, 1.2, 1.0]] * 2, ["noisy"]),
        ([[1.0, 1.0, 1.0, 1.0, 1.0, 9.0]] * 2, []),
        ([[1.0, 1.0, 1.12, 1.12]] * 2, ["drifting"]),
        ([[1.0, 1.0, 1.12, 1.12], [1.06] * 4], []),
    ],
)
def test_spread_and_drift_are_flagged(processes, flags):
    assert flags_of(timed("numpy", processes)) == flags


def test_a_warm_up_that_never_settled_is_drifting():
    assert flags_of([timing(settled=False), timing(process=1, settled=False)]) == ["drifting"]
    assert flags_of([timing(settled=False), timing(process=1)]) == []


@pytest.mark.parametrize(
    ("disturbed", "of", "flagged"),
    [
        ({"others_seconds": 0.03}, 3, True),
        ({"others_seconds": 0.03}, 4, False),
        ({"others_seconds": 0.02}, 1, False),
        ({"others_seconds": None, "switches": None}, 1, False),
        ({"switches": 6}, 1, True),
        ({"switches": 5}, 1, False),
    ],
)
def test_blocks_that_others_disturbed_are_flagged_where_they_are_over_a_quarter(disturbed, of, flagged):
    blocks = [block(0.05, **disturbed), *(block(0.05) for _ in range(of - 1))]
    flags = flags_of([timing(blocks=tuple(blocks))])
    assert flags == (["contaminated"] if flagged else [])


def document(numpy=0.3, again=1.01, runs=None, extra=(), **parts):
    runs = pair([1.0] * 3, [2.0] * 3) if runs is None else runs
    made = timed("numpy", times_(numpy)) + timed("torch", QUIET) + timed("torch", times_(again), again=True)
    timings = [*made, *extra]
    null = null_test(timings, "torch")
    return build_results(
        experiment={"name": "digits"},
        environment={},
        parity=parity(),
        runs=runs,
        summary=summarise(runs, "torch", timings=timings, null=null),
        attribution=attribute(runs, timings=timings),
        reference="torch",
        timings=[each.to_json() for each in timings],
        null_test=null,
        **parts,
    )


def test_times_come_from_the_blocks_and_accuracies_from_the_runs():
    numpy, torch = document()["summary"]
    assert numpy["time_ratio"] == pytest.approx(0.3)
    assert torch["seconds_per_epoch"] == pytest.approx(0.010)
    assert (numpy["test_accuracy"], numpy["time_differs"], numpy["flags"]) == (0.9, True, None)
    assert (torch["time_ratio"], torch["time_differs"]) == (1.0, None)


def test_a_cell_without_timings_falls_back_to_its_runs_and_says_so():
    runs = [*pair([1.0] * 3, [2.0] * 3), *pair([1.0] * 3, [4.0] * 3, batch_size="full")]
    full = [row for row in document(runs=runs)["summary"] if row["batch_size"] == "full"]
    assert [(row["flags"], row["seconds_per_epoch"]) for row in full] == [
        ("untimed", pytest.approx(0.1)),
        ("untimed", pytest.approx(0.4)),
    ]
    assert full[0]["time_ratio"] == pytest.approx(0.25)
    assert [row["flags"] for row in summarise(runs, "torch")] == [None] * 4


def test_the_document_fits_the_schema_and_the_second_contestant_is_no_row():
    made = json.loads(json.dumps(document(), allow_nan=False))
    jsonschema.validate(made, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert [row["implementation"] for row in made["summary"]] == ["numpy", "torch"]
    made["timings"][0]["blocks"][0][0] = 0
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_no_difference_is_marked_in_the_table_and_told_as_none():
    shown, hidden = document(numpy=0.3), document(numpy=0.99, again=1.02)
    assert "~" not in summary_table(shown["summary"], reference="torch")
    assert "At batch 32, numpy takes 0.30" in "\n".join(verdict(shown))
    assert "0.990 [0.990, 0.990] ~" in summary_table(hidden["summary"], reference="torch")
    assert any(note.startswith("~: no difference in time was shown") for note in timing_notes(hidden))
    (told,) = (text for text in verdict(hidden) if "no difference in time" in text)
    assert told.endswith("the null test differs as much).")


def test_the_notes_tell_the_protocol_and_the_null_test():
    luck = [[0.101], [0.099], [0.100]]
    twins = timed("torch", [[0.1]] * 3) + timed("torch", luck, again=True)
    made = [each.to_json() for each in twins]
    told = {"summary": [], "timings": made, "null_test": null_test(twins, "torch")}
    assert told["null_test"]["contains_1"]
    assert timing_notes(told) == [
        "Times: 3 processes a contestant, 1 round in each, in random order "
        "(a claim wants 5 processes or more).",
        "Null test: torch took 1.00 [0.98, 1.03] of its own time; 95% of its ratios in single processes "
        "lie within a factor of 1.010, and nothing smaller is called a difference.",
    ]


def test_a_null_test_that_fails_is_told_plainly():
    failed = document(again=1.3)
    (told,) = (note for note in timing_notes(failed) if note.startswith("Null test"))
    assert "an interval that does not contain 1" in told
    assert told.endswith("the differences in time told here are not to be trusted.")
    assert told in table_markdown(failed)


def test_flags_are_initials_on_the_terminal_with_their_rule_below():
    noisy = [[1.0, 1.0, 1.0], [1.2, 1.2, 1.2], [1.0, 1.0, 1.0]]
    made = document()
    runs = pair([1.0] * 3, [2.0] * 3)
    made["summary"] = summarise(runs, "torch", timings=timed("numpy", noisy) + timed("torch", QUIET))
    assert made["summary"][0]["flags"] == "noisy"
    assert summary_table(made["summary"]).splitlines()[-2].endswith("  n")
    assert "noisy" in summary_table(made["summary"], "github")
    assert f"noisy (n): {RULES['noisy']}." in timing_notes(made)


def test_who_could_not_be_timed_is_told():
    failed = timing(cell("torch"), 3, status="timeout", reason="no answer within 3 s; stopped")
    told = "At batch 32, torch could not be timed: no answer within 3 s; stopped."
    assert told in verdict(document(extra=[failed]))


def test_the_attribution_of_time_is_paired_by_process():
    runs, timings = [], []
    for size, slower in (("full", 1.0), (32, 4.0)):
        for name, factor in (("numpy", 1.0), ("torch", 2.0)):
            runs += [run(cell(name, batch_size=size), seed) for seed in (0, 1)]
            timings += timed(name, times_(slower * factor), batch_size=size)
    rows = attribute(runs, timings=timings)
    seconds = [row for row in rows if row["outcome"] == "seconds_per_epoch"]
    assert [(row["factor"], row["paired_by"], row["seeds"]) for row in seconds] == [
        ("batch_size", "process", 3),
        ("implementation", "process", 3),
    ]
    assert [row["factor_of"] for row in seconds] == pytest.approx([4.0, 2.0])
    assert [row["paired_by"] for row in rows[2:]] == ["seed", "seed"]
    partly = attribute(runs, timings=timings[:-3])
    assert {row["paired_by"] for row in partly} == {"seed"}


def test_a_documents_effects_are_judged_by_its_null_test():
    factors = {"implementations": ["numpy", "torch"], "batch_sizes": ["full", 32]}
    experiment = Experiment.from_dict({"training": {"epochs": 1}, "factors": factors})
    rows = [run(of).to_json() for of in experiment.cells()]
    judged = {}
    for noise in (1.0, 1.5):
        timings = []
        for of in experiment.cells():
            seconds = 0.1 * (1.2 if of.batch_size == 32 else 1.0)
            timings += [timing(of, process, [seconds]) for process in (0, 1)]
            if of.implementation == experiment.reference:
                timings += [timing(of, process, [noise * seconds], again=True) for process in (0, 1)]
        passed = {"passed": True, "tensors": [], "trajectory": []}
        made = results_document(experiment, {}, passed, rows, timings=timings)
        judged[noise] = {
            row["factor"]: row["differs"]
            for row in made["attribution"]
            if row["outcome"] == "seconds_per_epoch"
        }
    assert judged[1.0]["batch_size"] is True
    assert judged[1.5]["batch_size"] is False
