"""What a second thread brings an implementation: told where it was shown, not claimed where it was not."""

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import made_documents
import pytest
from made_runs import cell, run
from made_timings import timed, timing

import compare.results
from compare.analysis.document import results_document
from compare.analysis.null_test import null_test
from compare.analysis.thread_ratios import thread_rows
from compare.analysis.times import Times
from compare.experiment import Experiment
from compare.render.csv_tables import csv_files
from compare.render.thread_sentences import thread_sentences
from compare.render.verdict import verdict

SCHEMA = json.loads(Path(compare.results.__file__).with_name("results.schema.json").read_text())
LUCK = [[0.0990, 0.0992], [0.1000, 0.1000], [0.1010, 0.1008]]


def series(name="numpy", threads=1, factor=1.0, batch="full", luck=LUCK, **who):
    """Three processes of two blocks, `factor` times as long as those with one thread."""
    blocks = [[factor * seconds for seconds in of_process] for of_process in luck]
    return timed(name, blocks, batch_size=batch, threads=threads, **who)


def told(*timings, null=None):
    return list(thread_sentences(thread_rows(Times([each for part in timings for each in part]), null)))


def noise_of(log_ratio):
    return {"log_ratio_95": log_ratio}


def test_gain_of_a_second_thread_is_told():
    assert told(series(), series(threads=2, factor=0.6)) == [
        "At full batch, numpy with 2 threads takes 0.600 of its time with 1 (95% interval 0.600 to 0.600)."
    ]


def test_loss_by_a_second_thread_is_told():
    (sentence,) = told(series("torch", batch=32), series("torch", 2, 1.5, batch=32, luck=LUCK[::-1]))
    assert sentence.startswith(
        "At batch 32, torch with 2 threads takes 1.50 times as long as with 1 (95% int"
    )


def test_difference_within_its_interval_is_not_claimed():
    luck = [[0.08], [0.1], [0.125]]
    (sentence,) = told(series(), series(threads=2, luck=luck))
    assert sentence.startswith(
        "At full batch, no difference between numpy's time with 2 threads and with 1 was"
    )
    assert "the null test" not in sentence


def test_difference_smaller_than_the_null_test_allows_is_not_claimed():
    timings = (series(), series(threads=2, factor=0.9))
    assert "takes 0.900 of its time" in told(*timings, null=noise_of(0.05))[0]
    (sentence,) = told(*timings, null=noise_of(0.2))
    assert "no difference between numpy's time with 2 threads and with 1 was shown (ratio 0.900" in sentence
    assert sentence.endswith("; the null test differs as much).")


def test_one_process_shows_nothing():
    (sentence,) = told(series(luck=[[0.1]]), series(threads=2, luck=[[0.05]]))
    assert sentence.endswith("took 0.50 of its time with 1 in one process: that gives no interval.")


def test_every_number_of_threads_stands_beside_the_fewest():
    found = thread_rows(Times(series(threads=4, factor=0.3) + series(threads=2) + series(threads=3)), None)
    assert [(row["threads"], row["fewest_threads"]) for row in found] == [(4, 2), (3, 2)]
    assert found[0]["thread_ratio"] == pytest.approx(0.3)


def test_settings_are_kept_apart_and_threads_are_none_of_them():
    both = [
        series(threads=threads, factor=factor / threads, batch=batch, dtype=dtype)
        for threads in (1, 2)
        for factor, batch, dtype in ((1, "full", "float32"), (2, 8, "float64"))
    ]
    assert [sentence.partition(", numpy")[0] for sentence in told(*both)] == [
        "At full batch, float32",
        "At batch 8, float64",
    ]


def test_many_settings_are_told_in_a_sentence():
    factors = {"full": 0.5, 512: 0.6, 32: 1.0, 8: 1.5}
    timings = [series(batch=batch) for batch in factors]
    luck = [[0.2], [0.1], [0.05]]
    timings += [
        series(threads=2, factor=factor, batch=batch) for batch, factor in factors.items() if batch != 32
    ]
    timings += [series(threads=2, batch=32, luck=luck)]
    assert told(*timings) == [
        "numpy with 2 threads takes from 0.500 [0.500, 0.500] (full batch) to 0.600 [0.600, 0.600] "
        "(batch 512) of its time with 1 at 2 of 4 settings; numpy with 2 threads takes 1.50 [1.50, 1.50] "
        "(batch 8) times as long as with 1 at 1 of 4 settings; no difference was shown at batch 32."
    ]


def test_floor_null_test_and_other_machines_have_no_part():
    floor = series(threads=1, floor=True) + series(threads=2, floor=True, factor=0.5)
    again = series("torch", 1, again=True) + series("torch", 2, 0.5, again=True)
    elsewhere = [replace(each, host="elsewhere") for each in series(threads=2)]
    assert told(floor, again, series(), elsewhere) == []


def test_one_number_of_threads_has_no_sentence():
    assert told(series(), series("torch")) == []


def test_results_have_the_ratios_and_the_verdict_tells_them():
    runs = [run(cell(name, threads=threads)) for threads in (1, 2) for name in ("numpy", "torch")]
    timings = [
        each
        for threads in (1, 2)
        for each in (
            *series("numpy", threads, 1 / threads, batch=32),
            *series("torch", threads, 2.0, batch=32),
            *series("torch", threads, 2.0, batch=32, again=True),
        )
    ]
    null = null_test(timings, "torch")
    made = made_documents.document(runs, timings, thread_ratios=thread_rows(Times(timings), null))
    jsonschema.validate(made, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert (
        "At batch 32, numpy with 2 threads takes 0.500 of its time with 1 (95% interval 0.500 to 0.500)."
        in (verdict(made))
    )
    assert not [text for text in verdict(made) if "torch with 2 threads takes" in text]
    files = dict(csv_files(made))
    assert files["threads.csv"].splitlines()[0].startswith("implementation,batch_size")
    assert len(files["threads.csv"].splitlines()) == 3


def test_document_of_an_experiment_has_them_where_threads_vary():
    parity = {"passed": True, "tensors": [], "trajectory": []}
    for threads, count in (([1, 2], 1), ([1], 0)):
        factors = {"implementations": ["numpy"], "batch_sizes": ["full"], "threads": threads}
        experiment = Experiment.from_dict({"training": {"epochs": 1}, "factors": factors})
        rows = [run(of).to_json() for of in experiment.cells()]
        timings = [timing(of, process, [0.1 / of.threads]) for of in experiment.cells() for process in (0, 1)]
        made = results_document(experiment, {}, parity, rows, timings=timings)
        assert len(made.get("thread_ratios", ())) == count
