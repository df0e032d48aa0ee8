"""Training on several threads: what one thread computes, by threads that do share the work, and end."""

import threading
from functools import partial

import numpy as np
import pytest
import threadpoolctl
from seed_support import draw_parameters, one_hot
from test_handwritten_training import RULES, SMALL_OBJECTS, peak_growth

from compare.implementation import UpdateRule
from compare.implementations import handwritten_numpy
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.network import Network
from handwritten import MLP, OPTIMIZERS, SGD, ThreadedTrainer, Trainer, training
from handwritten.threads import Crew
from handwritten.training import BatchGradient

SIZES = (6, 9, 5, 4)
ROWS = 41


def batches(rng):
    return [None, *np.split(rng.permutation(ROWS), [20, 25, 39]), rng.permutation(ROWS)[:1], None]


def data(rng, n=ROWS, sizes=SIZES):
    return rng.uniform(0, 1, (n, sizes[0])), one_hot(rng, n, sizes[-1])


def networks(rng, count, sizes=SIZES):
    first = MLP(sizes, ("tanh", "sigmoid"), "softmax", "cross_entropy")
    first.load(draw_parameters(rng, sizes))
    return [
        first,
        *(
            MLP(sizes, ("tanh", "sigmoid"), "softmax", "cross_entropy", shares=first)
            for _ in range(count - 1)
        ),
    ]


def threaded(members, rule, X, Y, shared_from=1):
    name, options = RULES[rule]
    optimizer = OPTIMIZERS[name](members[0].flat_parameters, members[0].flat_gradients, **options)
    return ThreadedTrainer(members, optimizer, X, Y, shared_from)


@pytest.fixture(params=[10_000, 7], ids=["at once", "in parts"])
def rows_at_once(monkeypatch, request):
    monkeypatch.setattr(training, "VALUES_AT_ONCE", 0)
    monkeypatch.setattr(training, "WHOLE_BATCH", request.param)
    monkeypatch.setattr(training, "MANY_ROWS", 2)  # so that a part may reach beyond the rows of a thread


@pytest.mark.usefixtures("rows_at_once")
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("rule", RULES)
def test_threads_train_the_network_as_one_does(rng, rule, count):
    X, Y = data(rng)
    members, schedule = networks(rng, count), batches(rng)
    (alone,) = networks(rng, 1)
    alone.load(members[0].parameters)
    name, options = RULES[rule]
    Trainer(alone, OPTIMIZERS[name](alone.flat_parameters, alone.flat_gradients, **options), X, Y).train(
        schedule
    )
    threaded(members, rule, X, Y).train(schedule)
    np.testing.assert_allclose(members[0].flat_parameters, alone.flat_parameters, rtol=1e-11, atol=1e-14)


def test_threads_compute_the_same_bits_every_time(rng):
    X, Y = data(rng)
    schedule, start, ends = batches(rng), None, []
    for _ in range(3):
        members = networks(rng, 2)
        start = start or {name: values.copy() for name, values in members[0].parameters.items()}
        members[0].load(start)
        threaded(members, "adam", X, Y).train(schedule)
        ends.append(members[0].flat_parameters.tobytes())
    assert len(set(ends)) == 1


def test_each_thread_takes_its_share_of_the_rows(rng, monkeypatch):
    taken = []
    fill = BatchGradient.fill

    def noted(self, rows, n, weight):
        taken.append((threading.get_ident(), n))
        fill(self, rows, n, weight)

    monkeypatch.setattr(BatchGradient, "fill", noted)
    threaded(networks(rng, 3), "sgd", *data(rng)).train([None])
    assert len({thread for thread, _ in taken}) == 3
    assert sorted(n for _, n in taken) == [13, 14, 14]


@pytest.mark.parametrize(("rows", "count"), [(19, 1), (20, 2)])
def test_batches_are_shared_from_a_number_of_rows_times_parameters_on(rng, monkeypatch, rows, count):
    taken = []
    monkeypatch.setattr(
        BatchGradient, "fill", lambda self, rows, n, weight: taken.append(threading.get_ident())
    )
    members = networks(rng, 2)
    trainer = threaded(members, "adam", *data(rng), shared_from=20 * members[0].flat_parameters.size)
    trainer.train([rng.permutation(ROWS)[:rows]])
    assert len(taken) == count
    assert threading.get_ident() in taken


def test_a_batch_is_shared_from_some_millions_on_unless_told_otherwise(rng, monkeypatch):
    taken = []
    monkeypatch.setattr(BatchGradient, "fill", lambda self, rows, n, weight: taken.append(n))
    members = networks(rng, 2)
    optimizer = SGD(members[0].flat_parameters, members[0].flat_gradients)
    ThreadedTrainer(members, optimizer, *data(rng)).train([None])
    assert taken == [ROWS]


def test_sharing_a_batch_allocates_nothing_that_grows_with_it(rng):
    trainer, schedule = threaded(networks(rng, 2), "adam", *data(rng, 20_000)), [None, np.arange(5000)]
    trainer.train(schedule)  # makes the buffers
    iterator = 8192 * 8  # NumPy's own, where it broadcasts
    assert peak_growth(lambda: trainer.train(schedule)) < SMALL_OBJECTS + 2 * iterator < 5000 * 4 * 8


def test_threads_follow_a_rate_that_changes_between_batches(rng):
    X, Y = data(rng)
    members = networks(rng, 2)
    (alone,) = networks(rng, 1)
    alone.load(members[0].parameters)

    def halving(optimizer):
        for _ in range(4):
            yield None
            optimizer.lr /= 2

    one = SGD(alone.flat_parameters, alone.flat_gradients, lr=0.5)
    Trainer(alone, one, X, Y).train(halving(one))
    shared = SGD(members[0].flat_parameters, members[0].flat_gradients, lr=0.5)
    ThreadedTrainer(members, shared, X, Y, 1).train(halving(shared))
    np.testing.assert_allclose(members[0].flat_parameters, alone.flat_parameters, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("rule", ["sgd", "adam"])
def test_a_diverging_training_warns_in_no_thread(rng, rule):
    X, Y = data(rng)
    members = networks(rng, 2)
    members[0].flat_parameters[:] *= 1e200
    members[0].flat_parameters[-1] = np.inf
    threaded(members, rule, X, Y).train([None] * 3)  # a warning is an error here
    assert not np.isfinite(members[0].flat_parameters).all()


def test_an_error_is_raised_when_the_other_threads_have_ended():
    late, ended = threading.Event(), []

    def work(number):
        if number == 0:
            threading.Timer(0.05, late.set).start()
            raise ZeroDivisionError
        late.wait(10)
        ended.append(number)

    with Crew(2) as crew:
        with pytest.raises(ZeroDivisionError):
            crew(work)
        assert ended == [1]


@pytest.mark.parametrize("place", [0, 1])
def test_an_error_in_any_thread_is_raised_and_the_threads_end(place):
    before = threading.active_count()

    def work(number):
        if number == place:
            raise ZeroDivisionError(f"in {number}")

    with pytest.raises(ZeroDivisionError, match=f"in {place}"), Crew(2) as crew:
        crew(work)
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(1)
    assert threading.active_count() <= before


def contestant(rng):
    network = Network(SIZES, ("tanh", "sigmoid"), "softmax", "cross_entropy", True)
    return HandwrittenNumpy(network, draw_parameters(rng, SIZES), UpdateRule("sgd", {"lr": 0.1}), "float64")


@pytest.mark.parametrize("allowed", [1, 2])
def test_the_contestant_trains_on_the_threads_that_blas_was_given(rng, monkeypatch, allowed):
    monkeypatch.setattr(handwritten_numpy, "ThreadedTrainer", partial(ThreadedTrainer, shared_from=1))
    seen, fill = set(), BatchGradient.fill

    def noted(self, rows, n, weight):
        pools = threadpoolctl.ThreadpoolController().select(user_api="blas").info()
        seen.add((threading.get_ident(), max(pool["num_threads"] for pool in pools)))
        fill(self, rows, n, weight)

    monkeypatch.setattr(BatchGradient, "fill", noted)
    with threadpoolctl.threadpool_limits(allowed, "blas"):
        trained = contestant(rng)
        trained.load(*data(rng))
        trained.train([None])
        left = threadpoolctl.ThreadpoolController().select(user_api="blas").info()
    assert len(seen) == allowed
    assert {blas_threads for _, blas_threads in seen} == {1}
    assert max(pool["num_threads"] for pool in left) == allowed


def test_a_crew_that_was_interrupted_begins_anew(rng):
    X, Y = data(rng)
    members = networks(rng, 2)
    trainer = threaded(members, "sgd", X, Y)

    def interrupted():
        yield None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trainer.train(interrupted())
    before = members[0].flat_parameters.copy()
    trainer.train([None])
    assert (members[0].flat_parameters != before).any()


@pytest.mark.parametrize(
    ("sizes", "options"),
    [((6, 8, 5, 4), {}), (SIZES, {"bias": False}), (SIZES, {"dtype": "float32"})],
    ids=["widths", "biases", "dtype"],
)
def test_a_network_shares_no_parameters_that_are_not_its_own(rng, sizes, options):
    (first,) = networks(rng, 1)
    with pytest.raises(ValueError, match="shares has other tensors than a network of"):
        MLP(sizes, ("tanh", "sigmoid"), "softmax", "cross_entropy", shares=first, **options)


def test_threads_that_would_each_train_a_network_of_their_own_are_refused(rng):
    members = [*networks(rng, 1), *networks(rng, 1)]
    with pytest.raises(ValueError, match="must share the parameters of the first"):
        threaded(members, "sgd", *data(rng))
