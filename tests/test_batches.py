"""The order in which the rows are seen: one per seed and epoch, every row once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compare.batches import batches_per_epoch, epoch_batches


def order(n, batch_size, seed=0, epoch=0):
    return np.concatenate(list(epoch_batches(n, batch_size, seed, epoch)))


@given(st.integers(1, 200), st.integers(1, 250), st.integers(0, 2**31 - 1), st.integers(0, 1000))
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_mini_batches_cover_every_row_exactly_once(n, batch_size, seed, epoch):
    batches = list(epoch_batches(n, batch_size, seed, epoch))
    assert sorted(np.concatenate(batches)) == list(range(n))
    assert [len(rows) for rows in batches[:-1]] == [batch_size] * (len(batches) - 1)
    assert len(batches) == batches_per_epoch(n, batch_size)


@pytest.mark.parametrize(
    ("n", "batch_size", "sizes"),
    [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (9, 4, [4, 4, 1]), (3, 4, [3]), (3, 3, [3]), (2, 1, [1, 1])],
)
def test_last_batch_keeps_what_is_left_over(n, batch_size, sizes):
    assert [len(rows) for rows in epoch_batches(n, batch_size, 0, 0)] == sizes


def test_order_is_the_same_whenever_it_is_asked_for():
    np.testing.assert_array_equal(order(50, 8, seed=3, epoch=2), order(50, 8, seed=3, epoch=2))


def test_order_does_not_depend_on_the_global_random_state():
    np.random.seed(1)  # noqa: NPY002
    first = order(50, 8)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(order(50, 8), first)


def test_order_is_fresh_for_every_epoch_and_every_seed():
    orders = {tuple(order(50, 8, seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16
    assert tuple(range(50)) not in orders


def test_order_is_the_same_for_every_batch_size():
    np.testing.assert_array_equal(order(50, 8), order(50, 50))


def test_full_batch_is_one_batch_of_all_rows_in_their_own_order():
    assert list(epoch_batches(50, "full", 0, 0)) == [None]
    assert batches_per_epoch(50, "full") == 1
