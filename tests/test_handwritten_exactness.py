"""What makes a step fast must not make it wrong: sums in two levels, batches in parts, unshifted softmax."""

import numpy as np
import pytest

import handwritten.training
from handwritten import MLP, OPTIMIZERS, SGD, Trainer
from handwritten.activations import OUTPUT_ACTIVATIONS, Softmax
from handwritten.products import RowSum
from handwritten.training import BatchGradient

FLOAT32_ROUNDING = 2.0**-24


def sum_of_rows(values, sum_rows=None):
    total = np.full(values.shape[1], np.nan, values.dtype)
    (sum_rows or RowSum())(np.ones(len(values), values.dtype), values, total)
    return total


@pytest.mark.parametrize("n", [1, 2, 3, 256, 257, 288, 289, 290, 1000, 1437, 10_000])
@pytest.mark.parametrize("columns", [1, 7])
def test_sum_of_rows_counts_every_row_once(n, columns, rng):
    values = rng.integers(-9, 9, (n, columns)).astype(np.float64)
    np.testing.assert_array_equal(sum_of_rows(values), values.sum(axis=0))


def test_sum_of_rows_is_right_after_other_shapes_and_types(rng):
    sum_rows = RowSum()
    for n, columns, dtype in [
        (9000, 3, "float32"),
        (300, 5, "float32"),
        (300, 5, "float64"),
        (9000, 4, "float64"),
    ]:
        values = rng.integers(-9, 9, (n, columns)).astype(dtype)
        np.testing.assert_array_equal(sum_of_rows(values, sum_rows), values.sum(axis=0))


@pytest.mark.parametrize("n", [300, 1437, 10_000, 60_000, 240_000])
def test_rounding_error_of_a_sum_of_like_terms_does_not_grow_with_their_number(n, rng):
    values = rng.uniform(0.5, 1.5, (n, 4)).astype(np.float32)
    exact = values.sum(axis=0, dtype=np.float64)
    error = np.abs(sum_of_rows(values) - exact) / exact
    assert error.max() < 12 * FLOAT32_ROUNDING


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("all_of_a_row", [1, 63.9, 64, 64.1, 90, 800, -63.9, -64.1, -90, -110, -800])
def test_softmax_is_the_same_with_and_without_its_shift(all_of_a_row, dtype, rng):
    Z = rng.uniform(-1, 1, (20, 10))
    Z[3] += all_of_a_row  # alone: without the shift every e^z of the row would overflow, or underflow
    Z = Z.astype(dtype)
    A = np.empty_like(Z)
    OUTPUT_ACTIVATIONS["softmax"]().forward(Z, A)
    shifted = np.exp(Z.astype(np.float64) - Z.max(axis=1, keepdims=True))
    wanted = shifted / shifted.sum(axis=1, keepdims=True)
    # a difference z - c of float32 numbers of this size is known to within its own rounding alone
    allowed = 4 * np.finfo(dtype).eps * max(1, abs(all_of_a_row))
    np.testing.assert_allclose(A, wanted, rtol=allowed, atol=np.finfo(dtype).tiny)


@pytest.mark.parametrize("outputs", [2, Softmax.REPEATED, Softmax.REPEATED + 1, 300])
@pytest.mark.parametrize("shift", [0, 100])
def test_softmax_and_its_derivative_hold_for_few_and_many_outputs_in_turn(outputs, shift, rng):
    softmax = Softmax()
    for n, k in [(7, outputs), (3, 5), (9, outputs), (4, outputs)]:
        Z, dA = rng.uniform(-1, 1, (2, n, k))
        A, dZ = np.empty_like(Z), np.empty_like(Z)
        softmax.forward(Z + shift, A)
        softmax.backward(dA, Z, A, dZ)
        wanted = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(A, wanted, rtol=1e-12)
        jacobians = np.einsum("ni,ij->nij", A, np.eye(k)) - np.einsum("ni,nj->nij", A, A)
        np.testing.assert_allclose(dZ, np.einsum("ni,nij->nj", dA, jacobians), atol=1e-14)


def test_softmax_of_numbers_that_are_not_finite_says_so():
    Z = np.array([[0.0, np.nan], [1.0, 2.0], [np.inf, 0.0]])
    A = np.empty_like(Z)
    with np.errstate(invalid="ignore"):
        OUTPUT_ACTIVATIONS["softmax"]().forward(Z, A)
    assert np.isnan(A[[0, 2]]).any(axis=1).all()
    np.testing.assert_allclose(A[1].sum(), 1)


@pytest.mark.parametrize("n", [RowSum.AT_ONCE, RowSum.AT_ONCE + 1, 60_000])
def test_gradient_of_a_bias_errs_by_few_roundings_for_any_number_of_rows(n, rng):
    X = rng.uniform(0.5, 1.5, (n, 2)).astype(np.float32)
    gradients = []
    for dtype in ("float32", "float64"):
        mlp = MLP((2, 3), (), "identity", "squared_error", dtype=dtype)
        mlp.flat_parameters[:] = 0.25
        gradients.append(mlp.loss_and_gradients(X, np.zeros((n, 3)))[1]["b1"])
    single, double = gradients
    np.testing.assert_allclose(single, double, rtol=12 * FLOAT32_ROUNDING)


@pytest.mark.parametrize("n", [129, 512])
def test_gradient_of_a_bias_in_column_major_buffers_errs_by_few_roundings_too(n, rng):
    X, gradients = rng.uniform(0.5, 1.5, (n, 784)).astype(np.float32), []
    for dtype in ("float32", "float64"):
        mlp = MLP((784, 40, 3), ("identity",), "identity", "squared_error", dtype=dtype, small_product=10**6)
        mlp.flat_parameters[:] = 1 / 64
        gradients.append(mlp.loss_and_gradients(X, np.zeros((n, 3)))[1]["b1"])
        assert mlp.layers[0].dZ.flags.f_contiguous
    single, double = gradients
    np.testing.assert_allclose(single, double, rtol=12 * FLOAT32_ROUNDING)


def test_gradients_of_many_parts_are_added_up_without_losing_many_digits(monkeypatch):
    monkeypatch.setattr(handwritten.training, "VALUES_AT_ONCE", 0)  # parts of 256 rows
    n, gradients = 200_000, []
    X = np.full((n, 2), 0.7, np.float32)
    for dtype in ("float32", "float64"):
        mlp = MLP((2, 3), (), "identity", "squared_error", dtype=dtype)
        mlp.flat_parameters[:] = 0.25
        BatchGradient(mlp, X, np.zeros((n, 3))).fill(slice(0, n), n, np.array(1 / n, dtype))
        gradients.append(mlp.gradients["b1"])
    np.testing.assert_allclose(*gradients, rtol=40 * FLOAT32_ROUNDING)


def trained(rule, in_parts, rng_seed, monkeypatch, shuffled):
    rng = np.random.default_rng(rng_seed)
    with monkeypatch.context() as patch:
        if in_parts:
            patch.setattr(handwritten.training, "VALUES_AT_ONCE", 0)
            patch.setattr(handwritten.training, "WHOLE_BATCH", 20)
        mlp = MLP((3, 5, 2), ("tanh",), "softmax", "cross_entropy")
        mlp.flat_parameters[:] = rng.uniform(-1, 1, mlp.flat_parameters.size)
        optimizer = OPTIMIZERS[rule](mlp.flat_parameters, mlp.flat_gradients, lr=0.1)
        X, Y = rng.uniform(-1, 1, (50, 3)), np.eye(2)[rng.integers(2, size=50)]
        trainer = Trainer(mlp, optimizer, X, Y)
    batches = [rng.permutation(50)[:n] for n in (50, 6, 8, 23)] if shuffled else [None] * 4
    trainer.train(batches)
    return mlp.flat_parameters


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("shuffled", [False, True])
def test_batch_taken_in_parts_trains_as_the_whole_batch_does(rule, shuffled, monkeypatch):
    whole, parts = (trained(rule, in_parts, 5, monkeypatch, shuffled) for in_parts in (False, True))
    assert not np.array_equal(whole, parts)  # they were parts indeed
    np.testing.assert_allclose(parts, whole, rtol=1e-11)


def test_plain_descent_follows_a_rate_that_changes_between_batches(rng):
    mlp = MLP((3, 2), (), "softmax", "cross_entropy")
    X, Y = rng.uniform(-1, 1, (6, 3)), np.eye(2)[rng.integers(2, size=6)]
    optimizer = SGD(mlp.flat_parameters, mlp.flat_gradients, lr=0.5)

    def schedule():
        for optimizer.lr in (0.5, 0.25, 0.1):
            yield None

    Trainer(mlp, optimizer, X, Y).train(schedule())
    other = MLP((3, 2), (), "softmax", "cross_entropy")
    for rate in (0.5, 0.25, 0.1):
        other.loss_and_gradients(X, Y)
        other.flat_parameters[:] -= rate * other.flat_gradients
    np.testing.assert_allclose(mlp.flat_parameters, other.flat_parameters, rtol=1e-13)
