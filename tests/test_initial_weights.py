"""Initial weights: one draw per seed, within the bounds its name promises, known by its SHA-256."""

import hashlib
import math

import numpy as np
import pytest

from compare.initial_weights import INITIALISATIONS, draw_parameters, fingerprint
from compare.names import INITS
from compare.network import Network

WIDE = Network((300, 200, 100), ("tanh",), "softmax", "cross_entropy", True)


def fans(name):
    layer = int(name[1:])
    return WIDE.sizes[layer - 1], WIDE.sizes[layer]


def test_every_name_an_experiment_may_give_has_its_draw():
    assert set(INITS) == set(INITIALISATIONS)


@pytest.mark.parametrize("init", INITIALISATIONS)
@pytest.mark.parametrize("bias", [True, False])
def test_names_shapes_and_order_are_the_networks(init, bias):
    network = Network((4, 3, 2), ("tanh",), "identity", "squared_error", bias)
    parameters = draw_parameters(network, init, 0)
    shapes = {"W1": (3, 4), "b1": (3,), "W2": (2, 3), "b2": (2,)}
    wanted = {name: shape for name, shape in shapes.items() if bias or name[0] == "W"}
    assert {name: values.shape for name, values in parameters.items()} == wanted
    assert list(parameters) == list(wanted)
    assert {values.dtype for values in parameters.values()} == {np.dtype(np.float64)}


def assert_uniform(values, bound):
    """Within the bounds, reaching close to both, and of their variance to four standard errors."""
    assert np.abs(values).max() <= bound
    if bound and values.size > 50:
        assert values.max() > 0.9 * bound
        assert values.min() < -0.9 * bound
        spread = 4 * math.sqrt(4 / 5 / values.size)
        assert np.mean(values**2) == pytest.approx(bound**2 / 3, rel=spread)
        assert abs(np.mean(values)) < 4 * bound / math.sqrt(3 * values.size)


def test_pytorchs_default_is_uniform_within_one_over_the_root_of_fan_in_biases_included():
    for name, values in draw_parameters(WIDE, "pytorch", 0).items():
        assert_uniform(values, 1 / math.sqrt(fans(name)[0]))


def test_xavier_is_uniform_within_the_root_of_six_over_both_fans_and_biases_are_zero():
    for name, values in draw_parameters(WIDE, "xavier", 0).items():
        assert_uniform(values, math.sqrt(6 / sum(fans(name))) if name[0] == "W" else 0.0)


def test_he_is_normal_with_variance_two_over_fan_in_and_biases_are_zero():
    for name, values in draw_parameters(WIDE, "he", 0).items():
        if name[0] == "b":
            assert not values.any()
        else:
            assert np.var(values) == pytest.approx(2 / fans(name)[0], rel=4 * math.sqrt(2 / values.size))
            assert np.mean(values**4) / np.var(values) ** 2 == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("init", INITIALISATIONS)
def test_draw_depends_on_the_seed_alone(init):
    first, again = (draw_parameters(WIDE, init, 7) for _ in range(2))
    assert fingerprint(first) == fingerprint(again)
    assert len({fingerprint(draw_parameters(WIDE, init, seed)) for seed in range(5)}) == 5


def test_same_architecture_starts_from_the_same_weights_under_every_objective():
    networks = [
        Network((4, 3, 2), ("tanh",), *objective, True)
        for objective in (("softmax", "cross_entropy"), ("sigmoid", "squared_error"))
    ]
    assert len({fingerprint(draw_parameters(network, "pytorch", 0)) for network in networks}) == 1


def test_fingerprint_is_the_sha256_of_names_shapes_and_float64_values():
    W, b = np.arange(6.0).reshape(2, 3), np.array([0.5, -0.5])
    content = b"W1(2, 3)" + W.tobytes() + b"b1(2,)" + b.tobytes()
    assert fingerprint({"W1": W, "b1": b}) == hashlib.sha256(content).hexdigest()


def test_fingerprint_sees_the_last_bit_a_name_and_a_shape_but_not_the_memory_layout():
    W = np.arange(1.0, 7.0).reshape(2, 3)
    assert fingerprint({"W1": np.asfortranarray(W)}) == fingerprint({"W1": W})
    others = [{"W2": W}, {"W1": W.reshape(3, 2)}, {"W1": np.nextafter(W, 9)}, {"W1": W.T}]
    assert fingerprint({"W1": W}) not in [fingerprint(other) for other in others]


def test_fingerprint_of_a_float32_copy_is_that_of_the_rounded_values():
    W = np.array([[0.1, 0.2]])
    rounded = W.astype(np.float32)
    assert fingerprint({"W1": rounded}) == fingerprint({"W1": rounded.astype(np.float64)})
    assert fingerprint({"W1": rounded}) != fingerprint({"W1": W})
