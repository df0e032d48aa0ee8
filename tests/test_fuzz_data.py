"""Any bytes given to the readers are read, or refused in one line; SIDE_BY_SIDE_FUZZ=10000 tries more."""

import os

import pytest
from fuzz_data import csv_files, fuzz_csv, fuzz_idx, idx_files
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("SIDE_BY_SIDE_FUZZ", "150"))
fuzzing = settings(
    max_examples=EXAMPLES,
    deadline=5000,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = pytest.mark.timeout(240 + EXAMPLES)


@given(st.one_of(csv_files(), csv_files(), csv_files(), st.binary(max_size=300)))
@example(b"0,1\n1,2\n" * 5)
@fuzzing
def test_a_csv_file_is_read_or_refused_in_one_line(content):
    fuzz_csv(content)


@given(st.one_of(idx_files(), st.binary(max_size=40)))
@fuzzing
def test_an_idx_file_is_read_or_refused_in_one_line(content):
    fuzz_idx(content)


def test_the_fuzzers_reach_files_that_are_accepted():
    assert fuzz_csv(b"label,a\n" + b"0,1\n1,2\n" * 5)
    assert fuzz_idx(b"\0\0\x08\1\0\0\0\2ab")
    assert not fuzz_csv(b"")
    assert not fuzz_idx(b"")
