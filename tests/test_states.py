"""The states of a training in one array a name: what comes back is what was there, or it is refused."""

import numpy as np
import pytest

from compare.measure.states import by_step, stacked


def states(rng, steps, **shapes):
    return {
        f"{step} {name}": rng.standard_normal(shape).astype("float32")
        for step in steps
        for name, shape in shapes.items()
    }


def same(found, wanted):
    assert list(found) == list(wanted)
    for key, values in wanted.items():
        np.testing.assert_array_equal(found[key], values, strict=True)


def test_what_was_stacked_comes_back_step_by_step_to_the_bit(rng):
    wanted = states(rng, range(1, 13), W1=(3, 4), b1=(4,), W2=(4, 1), loss=())
    packed = stacked(wanted)
    assert list(packed) == ["1-12 W1", "1-12 b1", "1-12 W2", "1-12 loss"]
    same(by_step(packed, 12), wanted)


@pytest.mark.parametrize("change", ["a shape", "a dtype", "a step left out", "a name of one step"])
def test_arrays_that_are_unlike_stay_as_they_are(change, rng):
    wanted = states(rng, range(1, 6), W1=(3, 4), b1=(4,))
    if change == "a shape":
        wanted["3 b1"] = np.ones(5, "float32")
    elif change == "a dtype":
        wanted["3 b1"] = wanted["3 b1"].astype("float64")
    elif change == "a step left out":
        del wanted["3 b1"]
    else:
        wanted["5 more"] = np.ones(2)
    packed = stacked(wanted)
    assert "1-5 W1" in packed
    assert "1-5 b1" not in packed or change == "a name of one step"
    same(by_step(packed, 5), wanted)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("1-3 W1", (4, 2)),
        ("1-3 W1", ()),
        ("1-6 W1", (6, 2)),
        ("1-999999999 W1", (999_999_999, 0)),
        ("3-1 W1", (1, 2)),
        ("W1", (3, 2)),
    ],
)
def test_stack_of_other_steps_than_were_asked_for_is_refused(name, shape):
    with pytest.raises(ValueError, match=r"steps|invalid literal"):
        by_step({name: np.zeros(shape)}, 5)
