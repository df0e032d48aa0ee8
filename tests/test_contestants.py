"""What is particular to single contestants: what they compile, fetch, refuse and declare."""

import numpy as np
import pytest

from compare.implementation import UpdateRule
from compare.implementations import load_implementation
from compare.implementations.defaults import completed
from compare.implementations.textbook_rules import RULES
from compare.implementations.torch_compile import TorchCompile
from compare.initial_weights import draw_parameters
from compare.measure.training import compiled
from compare.names import OPTIONS_OF_OPTIMIZER
from compare.network import Network
from compare.parity.tolerance import relative_error

SMALL = Network((4, 5, 3), ("tanh",), "softmax", "cross_entropy", True)
ADAM = UpdateRule("adam", {"lr": 0.01})


def build(name, network=SMALL, rule=ADAM, dtype="float64"):
    given = {key: values.astype(dtype) for key, values in draw_parameters(network, "pytorch", 0).items()}
    return completed(load_implementation(name)(network, given, rule, dtype))


def training_set(rng, dtype="float64"):
    return rng.uniform(0, 1, (10, 4)).astype(dtype), np.eye(3, dtype=dtype)[rng.integers(3, size=10)]


def trained(contestant, X, Y, batches):
    contestant.load(X, Y)
    contestant.train(batches)
    return contestant.parameters()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own, as its compiler is imported
def test_compiling_takes_its_own_time_and_leaves_the_training_as_it_was(rng):
    X, Y = training_set(rng)  # the one test with the real compiler: one small graph
    batches = [np.array([3, 1, 7, 9, 0]), np.array([2, 8, 4, 5, 6])]
    contestant = build("torch-compile")
    before = contestant.parameters()
    contestant.load(X, Y)
    assert compiled(contestant, 10, 5) > 0
    for name, values in contestant.parameters().items():
        np.testing.assert_array_equal(values, before[name])
    contestant.train(batches)
    wanted = trained(build("numpy"), X, Y, batches)
    for name, values in contestant.parameters().items():
        assert relative_error(values, wanted[name]) < 1e-13, name


@pytest.mark.parametrize("name", ["torch-compile", "jax"])
def test_contestants_that_compile_say_how_long_and_the_others_nothing(name, rng, monkeypatch):
    monkeypatch.setattr(TorchCompile, "backend", "eager")
    contestant, plain = build(name), build("numpy-textbook")
    for one in (contestant, plain):
        one.load(*training_set(rng))
    assert compiled(plain, 10, "full") is None
    assert compiled(contestant, 10, "full") > 0
    assert compiled(contestant, 10, "full") > 0
    contestant.train([None])
    assert {str(values.dtype) for values in contestant.parameters().values()} == {"float64"}


def test_compiling_meets_every_size_of_batch_once():
    class Noting:
        def compile(self, sizes):
            self.sizes = sizes

    for n, batch_size, sizes in ((10, "full", [None]), (10, 5, [5]), (10, 4, [4, 2]), (3, 3, [3])):
        noting = Noting()
        compiled(noting, n, batch_size)
        assert noting.sizes == sizes


def test_two_compiled_contestants_of_one_setting_share_what_was_compiled(monkeypatch):
    monkeypatch.setattr(TorchCompile, "backend", "eager")
    one, two, other = build("torch-compile"), build("torch-compile"), build("torch-compile", dtype="float32")
    assert one.compiled is two.compiled is other.compiled
    assert build("torch-compile", rule=UpdateRule("adam", {"lr": 0.02})).compiled is not one.compiled


def test_dataloader_fetches_each_row_of_our_batches_in_our_order(rng):
    X, Y = training_set(rng)
    contestant = build("torch-dataloader")
    contestant.load(X, Y)
    fetched, get = [], type(contestant.rows).__getitem__

    class Noting(type(contestant.rows)):
        def __getitem__(self, row):
            fetched.append(row)
            return get(self, row)

    contestant.rows = Noting(*contestant.rows.tensors)
    contestant.train([np.array([7, 2, 5]), np.array([1]), None])
    assert fetched == [7, 2, 5, 1, *range(10)]


def network(objective="softmax+cross_entropy", activations=("tanh",), bias=True, outputs=3):
    return Network((4, *[5] * len(activations), outputs), activations, *objective.split("+"), bias)


@pytest.mark.parametrize(
    ("asked", "rule", "told"),
    [
        (network("sigmoid+squared_error"), ADAM, "no sigmoid+squared_error"),
        (network(activations=("tanh", "relu")), ADAM, "one activation"),
        (network(bias=False), ADAM, "always have a bias"),
        (network(outputs=2), ADAM, "two classes"),
        (network(), UpdateRule("rmsprop", {"lr": 0.1}), "no rmsprop"),
        (network(), UpdateRule("sgd", {"lr": 0.1, "weight_decay": 0.1}), "no weight decay"),
        (network(), UpdateRule("sgd", {"lr": 0.1, "momentum": 0.9, "dampening": 0.1}), "no dampening"),
    ],
)
def test_scikit_learn_refuses_what_it_does_not_have(asked, rule, told):
    with pytest.raises(NotImplementedError, match="scikit-learn: ") as refusal:
        build("sklearn", asked, rule)
    assert told in str(refusal.value)


@pytest.mark.parametrize(
    "objective", ["softmax+cross_entropy", "sigmoid+binary_cross_entropy", "identity+squared_error"]
)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("hidden", [(), ("relu", "relu")])
def test_scikit_learn_computes_the_same_where_it_can(objective, outputs, hidden, rng):
    if (objective, outputs) == ("softmax+cross_entropy", 1):
        return  # a softmax of one output is constant
    asked, rule = network(objective, hidden, outputs=outputs), UpdateRule("sgd", {"lr": 0.1, "momentum": 0.5})
    X = rng.uniform(0, 1, (10, 4))
    Y = np.eye(3)[rng.integers(3, size=10)][:, :outputs]
    ends = []
    for name in ("sklearn", "numpy"):
        contestant = build(name, asked, rule)
        parameters = trained(contestant, X, Y, [np.array([1, 5, 3]), np.array([0]), None])
        trace, (loss, Y_hat) = contestant.trace(X, Y), contestant.evaluate(X, Y)
        gradients = {f"d{key}": trace.gradients[key] for key in parameters}
        ends.append(parameters | gradients | {"Y_hat": Y_hat, "loss": np.array([loss, trace.loss])})
    for key, values in ends[1].items():
        assert relative_error(ends[0][key], values) < 1e-12, key


def test_every_rule_takes_every_option_of_an_experiment():
    for name, options in OPTIONS_OF_OPTIMIZER.items():
        values = {option: True if option == "nesterov" else 0.5 for option in options}
        assert RULES[name](**values).slots >= 1
