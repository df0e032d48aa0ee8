"""A little of `python -m benchmarks.fuzz` in every run of the tests: no traceback, no hang, one line."""

import json

import pytest
from fuzz_results import TARGETS
from fuzz_targets import refusing
from hypothesis import HealthCheck, given, settings
from mutation import changed, inputs

from compare.results import ResultsError


@pytest.mark.parametrize("name", TARGETS)
def test_reader_refuses_in_one_line_whatever_it_is_given(name):
    target, samples = TARGETS[name]

    @settings(
        max_examples=60, deadline=5000, database=None, derandomize=True, suppress_health_check=[*HealthCheck]
    )
    @given(inputs(samples))
    def fuzz(content):
        target(content)

    fuzz()


def test_fuzz_sees_a_reader_that_fails_otherwise():
    @refusing(ResultsError)
    def careless(content):
        if b"[" in content:
            raise KeyError("runs")
        if b"{" in content:
            raise ResultsError("two\nlines")
        raise ResultsError("no")

    assert not careless(b"")
    with pytest.raises(KeyError):
        careless(b"[")
    with pytest.raises(AssertionError):
        careless(b"{")


def test_good_samples_are_read():
    for name, (target, samples) in TARGETS.items():
        assert all(map(target, samples)), name


def test_changed_documents_are_json_of_which_readers_take_many():
    target, (sample, *_) = TARGETS["results.json"]
    every = [changed(sample, seed) for seed in range(30)]
    assert all(isinstance(json.loads(each), dict) for each in every)
    assert len(set(every)) > 20
    assert 3 < sum(map(target, every)) < 27
