"""A little of `python -m benchmarks.fuzz` in every run of the tests: no traceback, no hang, one line."""

import pytest
from fuzz_results import TARGETS, reader_target
from hypothesis import HealthCheck, given, settings
from mutation import inputs

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
    for sample in samples:
        target(sample)


def test_fuzz_sees_a_reader_that_fails_otherwise():
    def careless(path):
        if b"[" in path.read_bytes():
            raise KeyError("runs")
        raise ResultsError("no")

    target = reader_target(careless)
    target(b"{}")
    with pytest.raises(KeyError):
        target(b"[")
