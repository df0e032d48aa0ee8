"""The verdict in three sentences: what is said where something, or nothing, was shown."""

import pytest
from made_runs import cell, parity, run, tensor, trajectory
from page_documents import page_document

from compare.analysis.attribution import attribute
from compare.analysis.summary import summarise
from compare.render.conclusion import conclusion


def rows(*fields):
    """Rows of the summary, of numpy beside torch, with what is given for numpy."""
    told = []
    for at, of_row in enumerate(fields):
        runs = [run(cell(name, batch_size=at + 1), seed) for name in ("numpy", "torch") for seed in (0, 1)]
        ours, theirs = summarise(runs, "torch")
        told += [ours | of_row, theirs]
    return told


def ratio(point, low=None, high=None, differs=None):
    return {
        "time_ratio": point,
        "time_ratio_low": low,
        "time_ratio_high": high,
        "time_differs": differs,
    }


FASTER, SLOWER = ratio(0.43, 0.41, 0.46, True), ratio(1.5, 1.4, 1.6, True)
ALIKE = ratio(1.02, 0.95, 1.1, False)


def test_there_are_three_sentences_made_from_the_numbers():
    told = conclusion(page_document())
    assert len(told) == 3
    assert told[0].startswith("numpy and torch compute the same: the relative error nearest")
    assert told[1] == "numpy takes 0.500 of torch's time at each of 2 settings."
    assert told[2].startswith(
        "Test accuracy ends between 81.0 and 91.0%, whoever computes it; the accuracy is"
    )
    assert "decided most by the batch regime (full to 32: +10.0" in told[2]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([FASTER], "numpy takes 0.43 [0.41, 0.46] of torch's time."),
        ([SLOWER], "numpy takes 1.50 [1.40, 1.60] times as long as torch."),
        ([ALIKE], "No difference in time between numpy and torch was shown (ratio 1.02 [0.95, 1.10])."),
        ([ALIKE, ALIKE], "No difference in time between numpy and torch was shown at any of 2 settings"),
        ([FASTER, SLOWER, ALIKE], "Of 3 settings, numpy is faster than torch at 1 (0.43 [0.41, 0.46] of"),
        ([ratio(0.4)], "numpy took 0.40 of torch's time in a single process, which shows nothing."),
        ([ratio(None)], "No times are compared: only numpy and torch have any."),
    ],
)
def test_time_is_told_as_far_as_it_was_shown(fields, told):
    document = page_document(summary=rows(*fields), null_test=None)
    assert conclusion(document)[1].startswith(told)


def test_mixed_settings_are_all_counted():
    told = conclusion(page_document(summary=rows(FASTER, SLOWER, ALIKE), null_test=None))[1]
    assert told.endswith("slower than torch at 1 (1.50 [1.40, 1.60] times as long) and not told apart at 1.")


def test_a_failed_null_test_takes_every_difference_in_time_back():
    document = page_document(summary=rows(FASTER))
    null = {"implementation": "torch", "ratio": 1.1, "ratio_low": 1.05, "ratio_high": 1.2}
    document["null_test"] = null | {"contains_1": False}
    told = conclusion(document)[1]
    assert told.startswith("No difference in time is to be trusted: in the null test torch took 1.10 [1.05,")


def test_many_contestants_are_not_all_named():
    names = ("a", "b", "c", "d", "e", "torch")
    told = conclusion(page_document(names))[1]
    assert told.count("of torch's time") == 3
    assert told.endswith("2 more are told below.")


def test_a_contestant_that_fails_parity_is_named():
    proof = parity(tensor(), tensor(implementation="jax", passed=False, relative_error=0.5), tensor())
    told = conclusion(page_document(parity=proof))[0]
    assert told.startswith("Parity failed: jax did not show that it computes the same as torch; nothing that")
    assert "of numpy and torch, the relative error nearest to its tolerance is 3.1e-16" in told


def test_a_trajectory_that_parts_is_a_failure_too():
    proof = parity(tensor(), steps=[trajectory(passed=False)])
    assert conclusion(page_document(parity=proof))[0].startswith("Parity failed: numpy did not show")


def test_a_reference_that_fails_is_told_to_be_the_reference():
    proof = parity(tensor(), tensor(implementation="torch", passed=False))
    assert (
        "and torch is the reference; nothing that failed was timed"
        in conclusion(page_document(parity=proof))[0]
    )


def test_who_could_not_be_checked_has_failed():
    failure = {"implementation": "jax", "objective": "o", "reason": "not installed"}
    proof = {"passed": False, "tensors": [], "trajectory": [], "failures": [failure]}
    assert conclusion(page_document(parity=proof))[0] == (
        "Parity failed: jax did not show that it computes the same as torch; nothing that failed was timed."
    )


def test_parity_that_was_not_checked_is_not_claimed():
    proof = {"passed": True, "tensors": [], "trajectory": []}
    told = conclusion(page_document(parity=proof))[0]
    assert told == "Whether the contestants compute the same was not checked."


def test_one_contestant_is_compared_with_nobody():
    told = conclusion(page_document(("torch",)))
    assert told[0].startswith("torch stands alone, and agrees with the complex-step derivative")
    assert told[1] == "No times are compared: only torch has any."


def test_runs_that_failed_are_counted():
    runs = [run(cell(name), seed) for name in ("numpy", "torch") for seed in (0, 1)]
    runs.append(run(cell("numpy"), 2, status="failed", reason="x", curve=()))
    document = page_document(runs=runs)
    assert conclusion(document)[2].endswith("1 of 5 runs did not end well and are left out of this.")


def test_without_a_good_run_nothing_is_told_of_accuracy():
    runs = [run(cell(name), 0, status="failed", reason="x", curve=()) for name in ("numpy", "torch")]
    document = page_document(runs=runs)
    assert conclusion(document)[2] == "No run ended well: there is no accuracy to tell."


def test_without_runs_nothing_is_told():
    document = page_document(summary=[], attribution=[]) | {"runs": []}
    assert conclusion(document)[1:] == ["Nothing was timed.", "No runs were made."]


def test_a_regression_has_a_loss_and_no_accuracy():
    runs = [run(cell(name), seed, accuracy=None) for name in ("numpy", "torch") for seed in (0, 1)]
    told = conclusion(page_document(runs=runs))[2]
    assert told.startswith("There is no accuracy here, and the test loss ends at 0.5")


def test_one_seed_decides_nothing():
    runs = [
        run(cell(name, batch_size=size), accuracy=0.8 + size / 100)
        for name in ("numpy", "torch")
        for size in (1, 2)
    ]
    document = page_document(runs=runs, attribution=attribute(runs))
    assert "what decides the accuracy was not shown: a single seed has no interval" in conclusion(document)[2]


def test_an_effect_that_may_be_none_decides_nothing():
    document = page_document()
    for row in document["attribution"]:
        row |= {"low": -0.5, "high": 0.6, "differs": False}
    told = conclusion(document | {"null_test": None})[2]
    assert told.count("was not shown: every interval contains no effect") == 2
    assert "null test" not in told


def test_a_time_effect_within_the_null_tests_noise_decides_nothing():
    document = page_document()
    for row in document["attribution"]:
        row["differs"] = row["outcome"] != "seconds_per_epoch"
    document["null_test"] = {"implementation": "torch", "ratio": 1.0, "contains_1": True}
    told = conclusion(document)[2]
    assert "what decides the time an epoch was not shown" in told
    assert "within the null test's noise" in told
    assert "the accuracy is decided most by" in told


def test_nothing_decides_the_time_where_the_null_test_found_a_difference():
    document = page_document()
    ratio = {"ratio": 1.2, "ratio_low": 1.1, "ratio_high": 1.3, "contains_1": False}
    told = " ".join(conclusion(document | {"null_test": {"implementation": "torch", **ratio}}))
    assert "no difference in time is to be trusted" in told.lower()
    assert "time an epoch" not in told
    assert "the accuracy is decided most by" in told


def test_implementations_that_end_apart_are_told_to():
    document = page_document()
    document["summary"][0]["test_accuracy"] += 0.02
    assert "implementations differ by at most 2.0 points at the same settings" in conclusion(document)[2]
