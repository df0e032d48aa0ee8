"""The hand-written training loop: which rows it takes, what it computes, and what it does not allocate."""

import tracemalloc

import numpy as np
import pytest
from seed_support import draw_parameters, one_hot

import handwritten.training
from compare.batches import epoch_batches
from handwritten import MLP, OBJECTIVES, OPTIMIZERS, SGD, Trainer
from handwritten.arrays import CACHE_LINE

PAIRS = [pytest.param(output, loss, id=f"{output}+{loss}") for output, loss in sorted(OBJECTIVES)]
RULES = {
    "sgd": ("sgd", {}),
    "sgd-nesterov-decay": ("sgd", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
    "sgd-dampening": ("sgd", {"momentum": 0.9, "dampening": 0.1}),
    "rmsprop": ("rmsprop", {}),
    "rmsprop-momentum-decay": ("rmsprop", {"momentum": 0.9, "weight_decay": 0.1}),
    "adam": ("adam", {}),
    "adam-decay": ("adam", {"weight_decay": 0.1}),
    "adamw": ("adamw", {}),
}

# The views of a batch that is larger or smaller than the one before, floats and tuples are Python objects
# of about a hundred bytes each, and about sixty of them live at a time. What must not appear is an array:
# the smallest one a step could make is a column of a batch, 2000 x 4 bytes.
SMALL_OBJECTS = 7500


def peak_growth(action):
    """Bytes that Python and NumPy hold at most while `action` runs, beyond what they held before."""
    # Where NumPy broadcasts, its iterator takes a buffer of 8192 elements, however large the batch is. At
    # the smallest size it may have, that buffer cannot hide an array of ours.
    usual = np.setbufsize(16)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        action()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
        np.setbufsize(usual)


def trainer_of(output, loss, rule, rng, n=4500, dtype="float64", small_product=10**6):
    sizes, activations = (40, 50, 45, 42, 41), ("relu", "tanh", "sigmoid")
    mlp = MLP(sizes, activations, output, loss, dtype=dtype, small_product=small_product)
    mlp.load({name: values / 5 for name, values in draw_parameters(rng, sizes).items()})
    name, options = RULES[rule]
    optimizer = OPTIMIZERS[name](mlp.flat_parameters, mlp.flat_gradients, **options)
    return Trainer(mlp, optimizer, rng.uniform(0, 1, (n, 40)), one_hot(rng, n, 41))


def assert_allocates_nothing(trainer, batches):
    trainer.train(batches)  # the first epoch makes the buffers
    growth = peak_growth(lambda: trainer.train(batches))
    assert growth < SMALL_OBJECTS, f"{growth} bytes"


@pytest.fixture
def large_parts(monkeypatch):
    """Parts of 2000 rows, so that a column of one is more than the small objects."""
    monkeypatch.setattr(handwritten.training, "WHOLE_BATCH", 2000)


def mini_batches(n=4500, size=2000):
    batches = list(epoch_batches(n, size, 0, 0))
    assert [len(rows) for rows in batches] == [2000, 2000, 500]
    return batches


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("output", "loss"), PAIRS)
@pytest.mark.usefixtures("large_parts")
def test_training_step_of_every_objective_allocates_nothing(output, loss, dtype, rng):
    assert_allocates_nothing(trainer_of(output, loss, "sgd", rng, dtype=dtype), mini_batches())


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.usefixtures("large_parts")
def test_training_step_of_every_optimizer_allocates_nothing(rule, rng):
    assert_allocates_nothing(trainer_of("softmax", "cross_entropy", rule, rng), mini_batches())


@pytest.mark.usefixtures("large_parts")
def test_full_batch_step_allocates_nothing(rng):
    assert_allocates_nothing(trainer_of("softmax", "cross_entropy", "adam", rng), [None] * 3)


@pytest.mark.parametrize("n", [400, 500])
def test_step_on_column_major_buffers_allocates_nothing(n, rng):
    trainer = trainer_of("softmax", "cross_entropy", "sgd", rng, n=n, small_product=500_000)
    assert_allocates_nothing(trainer, [rng.permutation(n)] * 3)
    assert [layer.Z.flags.f_contiguous for layer in trainer.network.layers] == [True, False, True, False]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_long_vectors_and_batches_begin_with_a_cache_line(dtype, rng):
    kept = []
    for rule in ("sgd-nesterov-decay", "rmsprop-momentum-decay", "adam-decay"):
        trainer = trainer_of("softmax", "cross_entropy", rule, rng, dtype=dtype)
        trainer.train(mini_batches())
        network = trainer.network
        kept += [value for value in vars(trainer.optimizer).values() if np.size(value) > 1]
        kept += [network.flat_parameters, network.flat_gradients, *trainer._gradient._gathered(np.arange(9))]
        kept += [values for layer in network.layers for values in (layer.Z, layer.A, layer.dA, layer.dZ)]
    assert len(kept) == 5 + 6 + 6 + 3 * (2 + 2 + 4 * 4)
    assert [array.ctypes.data % CACHE_LINE for array in kept] == [0] * len(kept)


def test_measure_of_allocation_sees_an_array():
    assert peak_growth(lambda: np.zeros(2000, np.float32)) > SMALL_OBJECTS


def small(rng, n=7, rule=SGD, **options):
    mlp = MLP((3, 4, 2), ("tanh",), "softmax", "cross_entropy")
    mlp.load(draw_parameters(rng, (3, 4, 2)))
    X, Y = rng.uniform(0, 1, (n, 3)), one_hot(rng, n, 2)
    return mlp, rule(mlp.flat_parameters, mlp.flat_gradients, **options), X, Y


def twin(mlp):
    other = MLP((3, 4, 2), ("tanh",), "softmax", "cross_entropy")
    other.load(mlp.parameters)
    return other


def test_last_partial_batch_keeps_its_own_mean(rng):
    mlp, optimizer, X, Y = small(rng, lr=0.1)
    reference = twin(mlp)
    reference_optimizer = SGD(reference.flat_parameters, reference.flat_gradients, lr=0.1)
    batches = [np.array([6, 0, 3, 5, 1]), np.array([4, 2])]
    Trainer(mlp, optimizer, X, Y).train(batches)
    for rows in batches:
        each = []
        for row in rows:
            reference.loss_and_gradients(X[row : row + 1], Y[row : row + 1])
            each.append(reference.flat_gradients.copy())
        reference.flat_gradients[:] = np.sum(each, axis=0) / len(rows)
        reference_optimizer.step()
    np.testing.assert_allclose(mlp.flat_parameters, reference.flat_parameters, rtol=1e-12)


def test_full_batch_equals_one_batch_of_all_rows_in_any_order(rng):
    mlp, optimizer, X, Y = small(rng, lr=0.3, momentum=0.9)
    other = twin(mlp)
    other_optimizer = SGD(other.flat_parameters, other.flat_gradients, lr=0.3, momentum=0.9)
    Trainer(mlp, optimizer, X, Y).train([None] * 5)
    Trainer(other, other_optimizer, X, Y).train([rng.permutation(7) for _ in range(5)])
    np.testing.assert_allclose(mlp.flat_parameters, other.flat_parameters, rtol=1e-12)


def test_batches_of_changing_sizes_each_use_all_their_rows_and_no_others(rng):
    mlp, optimizer, X, Y = small(rng, lr=0.2)
    reference = twin(mlp)
    reference_optimizer = SGD(reference.flat_parameters, reference.flat_gradients, lr=0.2)
    batches = [np.array(rows) for rows in ([0, 1], [2, 3, 4, 5, 6], [1], [6, 6, 0], list(range(7)))]
    Trainer(mlp, optimizer, X, Y).train(batches)
    for rows in batches:
        reference.loss_and_gradients(X[rows], Y[rows])
        reference_optimizer.step()
    np.testing.assert_allclose(mlp.flat_parameters, reference.flat_parameters, rtol=1e-13)


def test_training_leaves_its_data_alone_and_takes_read_only_arrays(rng):
    mlp, optimizer, X, Y = small(rng)
    before = X.copy(), Y.copy()
    for array in (X, Y):
        array.flags.writeable = False
    Trainer(mlp, optimizer, X, Y).train([None, np.array([1, 2])])
    np.testing.assert_array_equal((X, Y)[0], before[0])
    np.testing.assert_array_equal((X, Y)[1], before[1])


def test_data_are_cast_to_the_networks_dtype_once(rng):
    mlp = MLP((3, 4, 2), ("tanh",), "softmax", "cross_entropy", dtype="float32")
    trainer = Trainer(mlp, SGD(mlp.flat_parameters, mlp.flat_gradients), np.ones((5, 3)), one_hot(rng, 5, 2))
    assert trainer.X.dtype == trainer.Y.dtype == np.float32
    kept = np.ones((5, 3), np.float32)
    assert np.shares_memory(Trainer(mlp, trainer.optimizer, kept, trainer.Y).X, kept)


def test_divergence_ends_in_numbers_that_are_not_finite_without_a_warning(rng):
    mlp, optimizer, X, Y = small(rng)
    mlp.flat_parameters[:] = 1e308
    Trainer(mlp, optimizer, X, Y).train([None] * 3)
    assert not np.isfinite(mlp.flat_parameters).all()
    mlp.loss(X, Y)


@pytest.mark.parametrize("rows", [7, 3, None], ids=["as long as the mask", "shorter", "none"])
def test_a_mask_is_not_taken_for_row_numbers(rng, rows):
    mlp, rule, X, Y = small(rng)
    before = [] if rows is None else [rng.permutation(7)[:rows]]
    with pytest.raises(ValueError, match="a vector of row numbers; got one of bool"):
        Trainer(mlp, rule, X, Y).train([*before, np.arange(7) < 3])


def test_training_on_separable_data_learns_them():
    X = np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0], [1, 1, 0]] * 5, dtype=float)
    Y = np.eye(2)[(X[:, 0] > 0).astype(int)]
    mlp = MLP((3, 4, 2), ("tanh",), "softmax", "cross_entropy")
    mlp.load(draw_parameters(np.random.default_rng(0), (3, 4, 2)))
    optimizer = OPTIMIZERS["adam"](mlp.flat_parameters, mlp.flat_gradients, lr=0.05)
    Trainer(mlp, optimizer, X, Y).train([None] * 200)
    assert (mlp.forward(X).argmax(axis=1) == Y.argmax(axis=1)).all()
    assert mlp.loss(X, Y) < 0.02


@pytest.mark.parametrize(
    ("X", "Y", "told"),
    [
        (np.ones((4, 3)), np.ones((3, 2)), "X has 4 rows and Y has 3"),
        (np.ones((4, 2)), np.ones((4, 2)), r"X has the shape \(4, 2\)"),
        (np.ones((4, 3)), np.ones((4, 1)), r"Y has the shape \(4, 1\)"),
    ],
    ids=["rows", "features", "outputs"],
)
def test_training_set_that_does_not_fit_the_network_is_refused(X, Y, told):
    mlp = MLP((3, 2), (), "identity", "squared_error")
    with pytest.raises(ValueError, match=told):
        Trainer(mlp, SGD(mlp.flat_parameters, mlp.flat_gradients), X, Y)


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("sgd", {"momentum": 5}),
        ("sgd", {"dampening": -3, "momentum": 0.9}),
        ("sgd", {"dampening": float("nan"), "momentum": 0.9}),
        ("sgd", {"lr": -1}),
        ("rmsprop", {"momentum": 1}),
        ("rmsprop", {"alpha": 1.5}),
        ("adam", {"beta2": 1}),
        ("adamw", {"weight_decay": -1}),
    ],
    ids=str,
)
def test_option_outside_its_range_is_refused_by_name(rule, options):
    name = next(iter(options))
    with pytest.raises(ValueError, match=name):
        OPTIMIZERS[rule](np.zeros(1), np.zeros(1), **options)
