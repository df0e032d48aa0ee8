"""Products in blocks of rows: the same products, never larger than asked, and only where they are quicker."""

import numpy as np
import pytest
from seed_support import draw_parameters, one_hot

from compare.implementations.blas import small_product
from handwritten import MLP
from handwritten.products import RowBlocks, column_major_pays, dot, product

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}


def way_of(n, inner, k, small_product, A_order="C"):
    """How a product of these shapes is taken, A being row-major ("C") or column-major ("F")."""
    A, B, C = np.empty((n, inner), "f", A_order), np.empty((inner, k), "f"), np.empty((n, k), "f")
    return product(A, B, C, small_product)


@pytest.mark.parametrize("dtype", UNIT_ROUNDOFF)
@pytest.mark.parametrize("n", [16, 31, 33, 160], ids="{} rows".format)
@pytest.mark.parametrize("transposed", [False, True], ids=["as it lies", "transposed"])
def test_a_product_in_blocks_is_the_product(rng, n, dtype, transposed):
    A = rng.standard_normal((20, n) if transposed else (n, 20)).astype(dtype)
    A = A.T if transposed else A
    B, C = rng.standard_normal((20, 7)).astype(dtype), np.full((n, 7), np.nan, dtype)
    RowBlocks(16)(A, B, C)
    exact = A.astype(np.longdouble) @ B.astype(np.longdouble)
    bound = 20 * UNIT_ROUNDOFF[dtype] * (np.abs(A) @ np.abs(B))
    assert (np.abs(C - exact) <= bound).all()


@pytest.mark.parametrize("A_order", ["C", "F"])
@pytest.mark.parametrize("n", [1, 5, 17, 64, 65, 1000])
@pytest.mark.parametrize("inner", [1, 30, 784])
@pytest.mark.parametrize("k", [1, 10, 200])
def test_no_block_is_larger_than_what_is_quick(n, inner, k, A_order):
    way = way_of(n, inner, k, 10**5, A_order)
    if way is dot:
        return
    assert way.rows * inner * k <= 10**5
    assert way.rows < n
    assert way.rows % (4 if A_order == "C" or inner == 1 else 16) == 0


@pytest.mark.parametrize(("n", "inner", "k"), [(8, 784, 200), (64, 784, 200), (64, 784, 30), (784, 128, 200)])
def test_products_beyond_the_small_kernels_are_taken_in_blocks(n, inner, k):
    assert isinstance(way_of(n, inner, k, 10**6), RowBlocks)


@pytest.mark.parametrize(
    ("n", "inner", "k", "most"),
    [
        pytest.param(1000, 784, 30, 0, id="no small kernels"),
        pytest.param(32, 784, 30, 10**6, id="small as it is"),
        pytest.param(80, 100, 125, 10**6, id="just small enough"),
        pytest.param(8, 1000, 1000, 10**6, id="not four rows a block"),
    ],
)
def test_other_products_are_one_call(n, inner, k, most):
    assert way_of(n, inner, k, most) is dot


def test_columns_are_not_cut_into_blocks_of_less_than_a_cache_line():
    assert way_of(64, 784, 200, 10**6, "F") is dot
    assert way_of(64, 784, 200, 10**6, "C").rows == 4


def answers(small_product, sizes, parameters, X, Y):
    """Everything a network says of a batch, and where its values lie."""
    activations = ("tanh", "sigmoid", "relu")[: len(sizes) - 2]
    mlp = MLP(sizes, activations, "softmax", "cross_entropy", small_product=small_product)
    mlp.load(parameters)
    loss, gradients = mlp.loss_and_gradients(X, Y)
    found = {"loss": loss} | {name: gradient.copy() for name, gradient in gradients.items()}
    return found | {"X": mlp.input_gradient(X, Y)}, mlp.layers


@pytest.mark.parametrize(
    ("small_product", "column_major"),
    [(16_000, [False] * 4), (150_000, [True, False, False, False]), (80_000, [True, False, True, False])],
    ids=["in blocks", "one column-major", "every other column-major"],
)
def test_a_network_computes_the_same_in_blocks_and_on_column_major_buffers(small_product, column_major, rng):
    sizes, n = (40, 32, 30, 28, 5), 150
    X, Y, parameters = rng.uniform(0, 1, (n, 40)), one_hot(rng, n, 5), draw_parameters(rng, sizes)
    at_once, _ = answers(0, sizes, parameters, X, Y)
    found, layers = answers(small_product, sizes, parameters, X, Y)
    assert [layer.Z.flags.f_contiguous for layer in layers] == column_major
    assert found.keys() == at_once.keys()
    for name, values in at_once.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-12, atol=1e-16)


def test_a_network_multiplies_in_blocks_forward_and_back(rng):
    sizes, n = (40, 32, 30, 28, 5), 150
    X, Y, parameters = rng.uniform(0, 1, (n, 40)), one_hot(rng, n, 5), draw_parameters(rng, sizes)
    _, (first, *_) = answers(80_000, sizes, parameters, X, Y)
    assert all(isinstance(way, RowBlocks) for way in (first.times_W_T, first.A_in_T_times, first.times_W))


@pytest.mark.parametrize("C_order", ["C", "F"])
def test_rows_times_columns_is_one_call_because_blas_would_pack_every_block(C_order):
    A, C = np.empty((256, 500)), np.empty((256, 40), order=C_order)
    assert isinstance(product(A, np.empty((500, 40), order="C"), C, 10**6), RowBlocks)
    assert product(A, np.empty((500, 40), order="F"), C, 10**6) is (dot if C_order == "C" else np.matmul)


@pytest.mark.parametrize(("dtype", "in_blocks"), [("float32", True), ("float64", False)])
def test_few_rows_a_block_are_for_matrices_that_stay_in_the_cache(dtype, in_blocks):
    A, B, C = (np.empty(shape, dtype) for shape in ((64, 784), (784, 200), (64, 200)))
    assert isinstance(product(A, B, C, 10**6), RowBlocks) is in_blocks


def test_gradients_are_not_taken_in_blocks_that_cut_a_cache_line(rng):
    sizes = (40, 16, 12, 5)
    X, Y, parameters = rng.uniform(0, 1, (50, 40)), one_hot(rng, 50, 5), draw_parameters(rng, sizes)
    _, (first, *_) = answers(8_000, sizes, parameters, X, Y)
    assert first.times_W_T.rows == 12
    assert first.A_in_T_times is dot  # blocks of 8 rows would be small enough


@pytest.mark.parametrize(
    ("n", "m", "k", "column_major"),
    [
        pytest.param(256, 784, 200, True, id="blocks of 16 rows"),
        pytest.param(256, 784, 30, True, id="blocks of many rows"),
        pytest.param(313, 784, 200, False, id="no 16 rows a block"),
        pytest.param(256, 64, 32, False, id="small as it is"),
        pytest.param(128, 784, 200, False, id="few rows"),
        pytest.param(513, 784, 100, False, id="many rows"),
    ],
)
def test_buffers_are_column_major_where_gradients_are_taken_in_blocks_of_16_rows(n, m, k, column_major):
    A_in = np.empty((n, m))
    assert column_major_pays(A_in, k, 10**6) is column_major
    assert not column_major_pays(A_in, k, 0)
    assert not column_major_pays(np.asfortranarray(A_in), k, 10**6)


def test_what_a_network_puts_out_is_row_major_as_the_targets_are(rng):
    mlp = MLP((40, 50), (), "softmax", "cross_entropy", small_product=300_000)
    X = rng.random((200, 40))
    assert column_major_pays(X, 50, 300_000)
    assert mlp.forward(X).flags.c_contiguous


class Libraries:
    """Stands for what threadpoolctl finds."""

    def __init__(self, pools):
        self._pools = pools

    def info(self):
        return [{"internal_api": name, "architecture": kind} for name, kind in self._pools]


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ([("openblas", "SkylakeX")], 10**6),
        ([("openblas", "Haswell")], 0),
        ([("openblas", "SkylakeX"), ("mkl", None)], 0),
        ([], 0),
    ],
)
def test_blocks_are_asked_for_only_where_blas_has_the_kernels(pools, expected):
    assert small_product(Libraries(pools)) == expected
