"""Products in blocks of rows: the same products, never larger than asked, and only where they are quicker."""

import numpy as np
import pytest
from seed_support import draw_parameters, one_hot

from compare.implementations.blas import small_product
from handwritten import MLP
from handwritten.products import RowBlocks, dot, product

UNIT_ROUNDOFF = {"float32": 2.0**-24, "float64": 2.0**-53}


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


@pytest.mark.parametrize("n", [1, 5, 17, 64, 65, 1000])
@pytest.mark.parametrize("inner", [1, 30, 784])
@pytest.mark.parametrize("k", [1, 10, 200])
def test_no_block_is_larger_than_what_is_quick(n, inner, k):
    way = product(n, inner, k, 10**5)
    if way is dot:
        return
    assert way.rows * inner * k <= 10**5
    assert way.rows < n


@pytest.mark.parametrize(("n", "inner", "k"), [(8, 784, 200), (64, 784, 200), (64, 784, 30), (784, 128, 200)])
def test_products_beyond_the_small_kernels_are_taken_in_blocks(n, inner, k):
    assert isinstance(product(n, inner, k, 10**6), RowBlocks)


@pytest.mark.parametrize(
    ("n", "inner", "k", "most"),
    [
        pytest.param(1000, 784, 30, 0, id="no small kernels"),
        pytest.param(32, 784, 30, 10**6, id="small as it is"),
        pytest.param(80, 100, 125, 10**6, id="just small enough"),
        pytest.param(65, 784, 200, 10**6, id="few rows a block and many blocks"),
        pytest.param(8, 1000, 1000, 10**6, id="not four rows a block"),
    ],
)
def test_other_products_are_one_call(n, inner, k, most):
    assert product(n, inner, k, most) is dot


def test_a_network_computes_the_same_gradients_in_blocks(rng):
    sizes, n = (20, 16, 12, 5), 50
    X, Y, parameters = rng.uniform(0, 1, (n, 20)), one_hot(rng, n, 5), draw_parameters(rng, sizes)
    found = []
    for most in (0, 6000):
        mlp = MLP(sizes, ("tanh", "sigmoid"), "softmax", "cross_entropy", small_product=most)
        mlp.load(parameters)
        found.append((*mlp.loss_and_gradients(X, Y), mlp.input_gradient(X, Y), mlp.layers[0]))
    (loss, gradients, dX, _), (loss_in_blocks, gradients_in_blocks, dX_in_blocks, layer) = found
    assert all(isinstance(way, RowBlocks) for way in (layer.times_W_T, layer.A_in_T_times, layer.times_W))
    assert loss == pytest.approx(loss_in_blocks, rel=1e-14)
    for name, gradient in gradients.items():
        np.testing.assert_allclose(gradients_in_blocks[name], gradient, rtol=1e-12, atol=1e-16)
    np.testing.assert_allclose(dX_in_blocks, dX, rtol=1e-12, atol=1e-16)


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
