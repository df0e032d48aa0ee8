import numpy as np
import pytest
from parity_networks import PAIRS, make_case

from compare.parity.defects import gradients_with, suspects
from compare.parity.diagnosis import Examination, diagnose

SMOOTH = {
    2: ((4, 5, 3), ("tanh",)),
    3: ((6, 5, 5, 3), ("sigmoid", "tanh")),
    5: ((6, 5, 5, 5, 5, 4), ("tanh", "sigmoid", "sigmoid", "tanh")),
}
CASES = [make_case(*SMOOTH[depth], *pair) for pair in PAIRS for depth in SMOOTH]
CASES += [
    make_case((5, 3, 4), ("sigmoid",), "sigmoid", "binary_cross_entropy", bias=False),
    make_case((5, 7, 6, 3), ("tanh", "identity"), "softmax", "cross_entropy", bias=False),
    make_case((7, 4, 6, 5, 8, 3), ("sigmoid", "tanh", "relu", "sigmoid"), "softmax", "squared_error"),
    make_case((4, 6, 5, 3), ("relu", "relu"), "identity", "squared_error", n=8),
    make_case((4, 5, 1), ("tanh",), "sigmoid", "binary_cross_entropy", n=6),
    make_case((4, 3), (), "softmax", "cross_entropy", n=6),
]
THREE = make_case(*SMOOTH[3], "softmax", "cross_entropy", n=37)
FIVE = make_case(*SMOOTH[5], "sigmoid", "squared_error")


def suspects_of(case):
    return suspects(case.network, len(case.X))


def named(case, identifier, layer):
    return next(s for s in suspects_of(case) if (s.defect.id, s.layer) == (identifier, layer))


def right(case):
    return gradients_with(*case.data, [])


def diagnosed(case, loss, gradients, dtype="float64"):
    return diagnose(*case.data, loss, gradients, dtype)


def ids(explanations):
    return [(explanation.defect, explanation.layer) for explanation in explanations]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_defect_is_named_first(case, dtype):
    examination = Examination(*case.data, dtype)
    visible = {id(single.defects[0].defect) for single in examination.matcher.singles}
    wrong = []
    for suspect in suspects_of(case):
        if id(suspect.defect) not in visible:
            # (what rounding hides, or a kink that no pre-activation of this batch sits on)
            assert suspect.defect.id in ("relu-at-zero", "float32-inside", "log-epsilon")
            continue
        found = examination.explain(*gradients_with(*case.data, [suspect], dtype))
        if ids(found) != [(suspect.defect.id, suspect.layer)]:
            wrong.append(((suspect.defect.id, suspect.layer), ids(found)))
    assert wrong == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_right_gradients_need_no_explanation(case, dtype):
    loss, gradients = gradients_with(*case.data, [], dtype)
    assert diagnosed(case, loss, gradients, dtype) == []


@pytest.mark.parametrize(
    "pair",
    [
        (("transposed", 2), ("missing-mean", None)),
        (("transposed", None), ("bias-averaged-twice", None)),
        (("bias-not-summed", 3), ("missing-activation-derivative", 1)),
        (("missing-output-derivative", 3), ("derivative-at-activation", None)),
        (("double-softmax", 3), ("wrong-layer-input", 2)),
        (("sign-flipped", None), ("derivative-at-preactivation", 2)),
        (("updated-weights", 3), ("bias-missing", 1)),
        (("updated-weights", 2), ("transposed", 3)),
        (("labels-not-subtracted", 3), ("preactivation-as-input", 3)),
        (("scaled", None), ("missing-activation-derivative", 2)),
        (("scaled", None), ("bias-not-accumulated", None)),
        (("weights-transposed", 2), ("bias-missing-mean", 3)),
        (("sample-dropped", None), ("weights-before-derivative", 1)),
        (("other-activation", 1), ("bias-summed-completely", 3)),
    ],
    ids=lambda pair: "+".join(f"{identifier}@{layer}" for identifier, layer in pair),
)
def test_two_defects_are_found_as_two(pair):
    loss, gradients = gradients_with(*THREE.data, [named(THREE, *place) for place in pair])
    assert set(ids(diagnosed(THREE, loss, gradients))) == set(pair)


def test_random_pairs_at_different_layers_are_found():
    rng = np.random.default_rng(20)
    examination = Examination(*FIVE.data, "float64")
    layered = [
        single.defects[0]
        for single in examination.matcher.singles
        if single.defects[0].layer and not single.defects[0].defect.fitted
    ]
    found = []
    for _ in range(30):
        first, second = (layered[i] for i in rng.integers(0, len(layered), 2))
        if first.layer == second.layer:
            continue
        explained = examination.explain(*gradients_with(*FIVE.data, [first, second]))
        found.append("unexplained" not in {e.defect for e in explained} and len(explained) <= 2)
    assert all(found)
    assert len(found) > 15


def test_three_defects_at_three_layers_are_found():
    places = [("transposed", 5), ("bias-not-summed", 3), ("derivative-at-activation", 2)]
    loss, gradients = gradients_with(*FIVE.data, [named(FIVE, *place) for place in places])
    assert set(ids(diagnosed(FIVE, loss, gradients))) == set(places)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_random_errors_are_never_given_a_name(dtype):
    rng = np.random.default_rng(21)
    for case in (CASES[0], THREE):
        examination = Examination(*case.data, dtype)
        loss, gradients = right(case)
        for trial in range(8):
            names = [rng.choice(list(gradients))] if trial % 2 else list(gradients)
            noisy = dict(gradients)
            for name in names:
                size = 1e-3 * np.linalg.norm(gradients[name]) / np.sqrt(gradients[name].size)
                noisy[name] = gradients[name] + size * rng.normal(size=gradients[name].shape)
            found = examination.explain(loss, noisy)
            assert [explanation.defect for explanation in found] == ["unexplained"]
            assert set(names) == set(found[0].tensors)


def test_random_errors_on_top_of_a_defect_leave_both_told():
    loss, gradients = gradients_with(*THREE.data, [named(THREE, "transposed", 3)])
    gradients["W1"] = gradients["W1"] + np.random.default_rng(0).normal(size=gradients["W1"].shape)
    found = diagnosed(THREE, loss, gradients)
    assert ids(found) == [("transposed", 3), ("unexplained", 1)]
    assert found[1].message.startswith("With that allowed for, W1 departs")


def test_unexplained_says_what_is_still_right():
    loss, gradients = right(THREE)
    for name in ("W1", "b1", "W2", "b2"):
        gradients[name] = gradients[name] ** 3
    found = diagnosed(THREE, loss, gradients)
    assert ids(found) == [("unexplained", 2)]
    assert "W3 and b3 are right, so dZ3 is known" in found[0].message
    assert "[B4]" in found[0].message
    assert "[B1]" in found[0].message


def test_unexplained_weights_beside_a_right_bias_point_to_their_own_equation():
    loss, gradients = right(THREE)
    gradients["W2"] = gradients["W2"] ** 2
    assert "b2 is right, so dZ2 is right" in diagnosed(THREE, loss, gradients)[0].message


def test_message_names_tensor_ratio_reason_and_equation():
    loss, gradients = right(THREE)
    gradients["b1"] = gradients["b1"] / 37
    (found,) = diagnosed(THREE, loss, gradients)
    assert (found.defect, found.layer, found.tensors) == ("bias-averaged-twice", 1, ("b1",))
    assert found.message.startswith(
        "b1: you averaged twice: your gradient is 1/37 of the right one, and 37 is your batch size."
    )
    assert found.message.endswith("See [B3] db = dZᵀ 1 in docs/derivation.md.")


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(0.3, "0.3 times"), (-0.01, "the update -η g, with η = 0.01"), (5, "5 is the width of layer 1")],
)
def test_a_constant_nobody_knows_is_scaled_and_told(ratio, words):
    loss, gradients = right(THREE)
    (found,) = diagnosed(THREE, loss, {name: ratio * value for name, value in gradients.items()})
    assert (found.defect, found.layer) == ("scaled", None)
    assert words in found.message


def test_normalised_gradients_are_recognised_by_their_norm():
    loss, gradients = right(THREE)
    size = np.sqrt(sum(np.sum(value**2) for value in gradients.values()))
    (found,) = diagnosed(THREE, loss, {name: value / size for name, value in gradients.items()})
    assert "the norm 1" in found.message


def test_two_constants_are_two_mistakes():
    loss, gradients = right(THREE)
    wrong = {name: -value for name, value in gradients.items()}
    wrong["b2"] = wrong["b2"] / 37
    found = ids(diagnosed(THREE, loss, wrong))
    assert found == [("sign-flipped", None), ("bias-averaged-twice", 2)]


CONVENTIONS = [
    (37.0, "you sum over the batch of 37"),
    (1 / 4, "you average over the 4 outputs as well"),
    (2.0, "you leave out the ½"),
    (2 / 4, "as MSELoss of PyTorch does"),
    (3.21, "3.21 times ours"),
]


@pytest.mark.parametrize(("ratio", "words"), CONVENTIONS)
def test_another_definition_of_the_loss_is_a_convention(ratio, words):
    case = make_case((4, 5, 4), ("tanh",), "sigmoid", "squared_error", n=37)
    loss, gradients = right(case)
    (found,) = diagnosed(case, ratio * loss, {name: ratio * value for name, value in gradients.items()})
    assert found.defect == "loss-convention"
    assert found.message.startswith("your gradients are right for your loss; your loss is ")
    assert words in found.message


def test_a_defect_beside_another_definition_of_the_loss_is_told_apart():
    loss, gradients = gradients_with(*THREE.data, [named(THREE, "transposed", 2)])
    found = diagnosed(THREE, 37 * loss, {name: 37 * value for name, value in gradients.items()})
    assert ids(found) == [("transposed", 2), ("loss-convention", None)]


@pytest.mark.parametrize(("factor", "words"), [(37.0, "you sum over the batch of 37"), (1.1, "ours")])
def test_a_wrong_loss_with_right_gradients_is_only_the_loss(factor, words):
    loss, gradients = right(THREE)
    (found,) = diagnosed(THREE, factor * loss, gradients)
    assert (found.defect, found.tensors) == ("loss-only", ("loss",))
    assert words in found.message


def test_the_loss_decides_between_defects_with_the_same_gradients():
    case = make_case((4, 5, 3), ("tanh",), "sigmoid", "squared_error")
    loss, gradients = gradients_with(*case.data, [named(case, "missing-output-derivative", 2)])
    other = next(s for s in suspects_of(case) if s.defect.id == "other-loss" and "binary" in s.defect.told)
    other_loss, _ = gradients_with(*case.data, [other])
    assert diagnosed(case, loss, gradients)[0].defect == "missing-output-derivative"
    (found,) = diagnosed(case, other_loss, gradients)
    assert found.defect == "other-loss"
    assert "The loss that you return goes with it." in found.message


def test_what_cannot_be_told_apart_is_told():
    case = make_case((4, 5, 3), ("tanh",), "softmax", "cross_entropy", n=2)
    loss, gradients = right(case)
    (found,) = diagnosed(case, loss, {name: 2 * value for name, value in gradients.items()})
    assert found.defect == "missing-mean"
    assert "factor-two" in found.message


@pytest.mark.parametrize("amount", [1e-5, 1e-8, 1e-12])
def test_an_epsilon_inside_the_logarithm_is_measured(amount):
    case = make_case((4, 5, 3), ("tanh",), "sigmoid", "cross_entropy")
    suspect = named(case, "log-epsilon", None)
    changed = type(suspect)(suspect.defect, None, amount)
    (found,) = diagnosed(case, *gradients_with(*case.data, [changed]))
    assert found.defect == "log-epsilon"
    assert f"about {amount:.0e}" in found.message


@pytest.mark.parametrize("rate", [0.5, 0.03])
def test_the_learning_rate_of_updated_weights_is_measured(rate):
    suspect = named(THREE, "updated-weights", None)
    changed = type(suspect)(suspect.defect, None, rate)
    (found,) = diagnosed(THREE, *gradients_with(*THREE.data, [changed]))
    assert found.defect == "updated-weights"
    assert f"learning rate of {rate}" in found.message


def test_single_precision_inside_is_recognised():
    loss, gradients = gradients_with(*THREE.data, [], "float32")
    found = diagnosed(THREE, loss, gradients)
    assert ids(found)[0] == ("float32-inside", None)


def test_a_missing_gradient_counts_as_zero():
    loss, gradients = right(THREE)
    del gradients["b2"]
    assert ids(diagnosed(THREE, loss, gradients)) == [("bias-missing", 2)]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_said_to_be(bad):
    loss, gradients = right(THREE)
    gradients["W2"] = np.full_like(gradients["W2"], bad)
    (found,) = diagnosed(THREE, loss, gradients)
    assert (found.defect, found.layer) == ("unexplained", 2)
    assert "not finite" in found.message


def test_a_bias_that_kept_the_samples_is_recognised_in_columns_too():
    loss, gradients = gradients_with(*THREE.data, [named(THREE, "bias-not-summed", 1)])
    gradients["b1"] = gradients["b1"].T
    assert ids(diagnosed(THREE, loss, gradients)) == [("bias-not-summed", 1)]


def test_relu_at_a_kink_is_no_mistake():
    case = make_case((4, 5, 3), ("relu",), "softmax", "cross_entropy", bias=False)
    case.X[0] = 0  # every pre-activation of this sample is exactly 0
    suspect = named(case, "relu-at-zero", 1)
    found = diagnosed(case, *gradients_with(*case.data, [suspect]))
    assert found == [] or "no mistake" in found[0].message


def by_loops(case, mistake):
    """Back-propagation sample by sample in column vectors, as a student writes it; sigmoid throughout."""
    parameters, last = case.parameters, len(case.network.sizes) - 1
    total, loss = {name: np.zeros_like(value) for name, value in parameters.items()}, 0.0
    for x, y in zip(case.X, case.Y, strict=True):
        a, z = [x], [x]
        for layer in range(1, last + 1):
            z.append(np.einsum("kj,j->k", parameters[f"W{layer}"], a[-1]) + parameters[f"b{layer}"])
            a.append(0.5 * (1 + np.tanh(z[-1] / 2)))
        loss += 0.5 * np.sum((a[-1] - y) ** 2) / len(case.X)
        delta = (a[-1] - y) * a[-1] * (1 - a[-1])
        for layer in range(last, 0, -1):
            source = z if mistake == "preactivation-as-input" and layer > 1 else a
            total[f"W{layer}"] += np.outer(delta, source[layer - 1]) / len(case.X)
            total[f"b{layer}"] += delta / (1 if mistake == "bias-missing-mean" else len(case.X))
            if layer > 1:
                delta = parameters[f"W{layer}"].T @ delta
                below = z[layer - 1] if mistake == "derivative-at-preactivation" else a[layer - 1]
                if mistake != "missing-activation-derivative":
                    delta = delta * below * (1 - below)
    return loss, total


@pytest.mark.parametrize(
    "mistake",
    [
        "preactivation-as-input",
        "bias-missing-mean",
        "missing-activation-derivative",
        "derivative-at-preactivation",
    ],
)
def test_a_mistake_in_code_of_its_own_is_named(mistake):
    case = make_case((6, 5, 4, 3), ("sigmoid", "sigmoid"), "sigmoid", "squared_error", n=23)
    assert diagnosed(case, *by_loops(case, None)) == []
    found = diagnosed(case, *by_loops(case, mistake))
    assert {explanation.defect for explanation in found} == {mistake}
