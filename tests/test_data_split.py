import numpy as np
import pytest

from data import DataError
from data.split import check_fraction, choose_test_rows, take_out


def draw(features, groups, fraction=0.2):
    groups = np.asarray(groups)
    names = [f"class {g}" for g in range(groups.max() + 1)]
    return choose_test_rows(features, groups, names, fraction)


def test_each_class_is_split_in_proportion_by_largest_remainder(rng):
    groups = rng.permutation(np.repeat([0, 1, 2], [50, 23, 11]))  # quotas 10, 4.6, 2.2 of round(16.8) = 17
    is_test = draw(rng.random((84, 3), dtype=np.float32), groups)
    assert np.bincount(groups[is_test]).tolist() == [10, 5, 2]


def test_the_split_does_not_depend_on_numpys_random_state_nor_on_the_order_of_rows(rng):
    features = rng.random((100, 3), dtype=np.float32)
    groups = rng.integers(0, 2, 100)
    np.random.seed(1)  # noqa: NPY002
    first = draw(features, groups)
    np.random.seed(2)  # noqa: NPY002
    np.testing.assert_array_equal(draw(features, groups), first)
    order = rng.permutation(100)
    np.testing.assert_array_equal(draw(features[order], groups[order]), first[order])


def test_the_split_is_the_same_for_ever():
    features = np.arange(40, dtype=np.float32).reshape(20, 2)
    assert np.flatnonzero(draw(features, np.zeros(20, dtype=int), 0.3)).tolist() == [0, 1, 2, 5, 11, 19]


def test_taking_out_keeps_the_order_and_moves_in_place(rng, monkeypatch):
    monkeypatch.setattr("data.split._ROWS_PER_MOVE", 7)
    features = rng.random((100, 3), dtype=np.float32)
    original = features.copy()
    is_test = rng.random(100) < 0.3
    train, test = take_out(features, is_test)
    np.testing.assert_array_equal(train, original[~is_test])
    np.testing.assert_array_equal(test, original[is_test])
    assert np.shares_memory(train, features)
    assert train.flags.c_contiguous


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan"), float("inf"), True, "0.2", None])
def test_a_bad_fraction_is_refused(fraction):
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        check_fraction(fraction)


@pytest.mark.parametrize(
    ("sizes", "fraction", "message"),
    [
        pytest.param(
            [50, 2],
            0.1,
            r"class 1: a test fraction of 0.1 of 2 rows leaves none for testing",
            id="no test row",
        ),
        pytest.param(
            [50, 1],
            0.9,
            r"class 1: a test fraction of 0.9 of 1 row leaves none for training",
            id="no training",
        ),
    ],
)
def test_a_class_without_a_part_is_refused(rng, sizes, fraction, message):
    groups = np.repeat([0, 1], sizes)
    with pytest.raises(DataError, match=message):
        draw(rng.random((len(groups), 2), dtype=np.float32), groups, fraction)


def test_a_seed_draws_a_split_of_its_own_in_the_same_proportions(rng):
    features = rng.random((84, 3), dtype=np.float32)
    groups = rng.permutation(np.repeat([0, 1, 2], [50, 23, 11]))
    names = ["a", "b", "c"]
    splits = [choose_test_rows(features, groups, names, 0.2, seed) for seed in (None, 0, 1, 0)]
    for is_test in splits:
        assert np.bincount(groups[is_test]).tolist() == [10, 5, 2]
    np.testing.assert_array_equal(splits[1], splits[3])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (splits[one] != splits[other]).any()
