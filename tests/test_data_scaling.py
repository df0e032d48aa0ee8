import tracemalloc

import numpy as np
import pytest

from data.scaling import fit_scaling


def scaled(train, *others, full_scale=None):
    arrays = [np.array(array, dtype=np.float32) for array in (train, *others)]
    scaling = fit_scaling(arrays[0], full_scale)
    for array in arrays:
        scaling.apply(array)
    return arrays if others else arrays[0]


def test_whole_numbers_up_to_255_are_divided_by_the_largest_training_value():
    train, test = scaled([[0, 4], [16, 8]], [[8, 20]])
    np.testing.assert_array_equal(train, [[0, 0.25], [1, 0.5]])
    np.testing.assert_array_equal(test, [[0.5, 1]])


def test_idx_bytes_are_divided_by_255_even_if_none_is_that_large():
    np.testing.assert_array_equal(
        scaled([[0, 51], [102, 0]], full_scale=255.0), np.float32([[0, 0.2], [0.4, 0]])
    )


@pytest.mark.parametrize("odd_one", [0.5, -1.0, 256.0])
def test_one_value_that_is_no_intensity_turns_to_scaling_each_feature(odd_one):
    train, test = scaled([[odd_one, 10], [3, 20], [4, 40]], [[odd_one - 1000, 25], [1000, 1000]])
    assert train.min(axis=0).tolist() == [0, 0]
    assert train.max(axis=0).tolist() == [1, 1]
    np.testing.assert_array_equal(test, [[0, 0.5], [1, 1]])


def test_test_values_do_not_enter_the_scaling():
    train, _ = scaled([[0.0], [0.5]], [[99.0]])
    np.testing.assert_array_equal(train, [[0], [1]])


def test_a_constant_feature_becomes_0_in_both_parts():
    train, test = scaled([[0.5, 7], [1.5, 7]], [[1, 9], [1, 5]])
    np.testing.assert_array_equal(train[:, 1], [0, 0])
    np.testing.assert_array_equal(test[:, 1], [0, 0])
    assert not np.signbit(test).any()


def test_all_zero_features_stay_0():
    np.testing.assert_array_equal(scaled([[0, 0], [0, 0]]), np.zeros((2, 2)))


def test_extreme_ranges_stay_finite():
    limit = np.finfo(np.float32).max / 2
    train = scaled([[-limit, 0], [limit, np.finfo(np.float32).tiny]])
    np.testing.assert_array_equal(train, [[0, 0], [1, 1]])


def test_a_large_array_is_scaled_in_place_without_a_copy(rng):
    train = rng.random((60_000, 100), dtype=np.float32) * 9 - 3
    tracemalloc.start()
    try:
        fit_scaling(train).apply(train)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < train.nbytes / 2
    assert train.min() == 0
    assert train.max() == 1
