import itertools
import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from check_support import clean_imports, in_process, write  # noqa: F401

import compare.check
from compare.check import main
from compare.experiment import Experiment
from compare.parity.student.process import CheckError, Target
from compare.parity.updates.check import check_updates
from compare.parity.updates.defects import CATALOGUE, defects_of
from compare.parity.updates.diagnosis import explain
from compare.parity.updates.paths import handwritten_path, path_errors, path_tolerances, textbook_path
from compare.parity.updates.question import pose_update_question
from compare.parity.updates.rules import RULES

ROOT = Path(compare.check.__file__).parents[1]
SCHEMA = json.loads((ROOT / "compare" / "check.schema.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.usefixtures("clean_imports")

TELLING = {
    "sgd": {"momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
    "sgd, undampened": {"momentum": 0.9},
    "sgd, nesterov": {"momentum": 0.9, "nesterov": True},
    "rmsprop": {"momentum": 0.8, "weight_decay": 0.1},
    "adam": {"weight_decay": 0.1},
    "adamw": {"weight_decay": 0.1},
}
"""Hyperparameters that let every mistake show in at least one of them."""


def posed(rule, seed=0, steps=20, **options):
    experiment = Experiment.model_validate(
        {
            "training": {"epochs": 1, **options},
            "factors": {"optimizers": [rule.partition(",")[0]]},
            "run": {"seeds": [seed]},
        }
    )
    return pose_update_question(experiment, steps)


def largest(question, path, reference):
    """The largest error in units of its tolerance."""
    return np.max(path_errors(question, path, reference) / path_tolerances(question, reference))


# The two forms of every rule, and the catalogue


@pytest.mark.parametrize("setting", TELLING)
@pytest.mark.parametrize("seed", range(5))
def test_the_textbook_form_and_the_hand_written_one_take_the_same_path(setting, seed):
    for options in (TELLING[setting], {}, {"lr": 1.5}, {"lr": 1e-7}):
        question = posed(setting, seed, 100, **options)
        assert largest(question, textbook_path(question), handwritten_path(question)) < 0.5


def seen(setting, defect):
    """Whether a mistake changes the path with these hyperparameters."""
    question = posed(setting, **TELLING[setting])
    rule = RULES[question.rule]
    with np.errstate(invalid="ignore"):
        return (
            not largest(question, textbook_path(question, defect.applied(rule)), handwritten_path(question))
            <= 1
        )


CASES = [
    (setting, defect)
    for setting in TELLING
    for defect in defects_of(setting.partition(",")[0])
    if seen(setting, defect)
]


def test_every_mistake_of_the_catalogue_shows_somewhere():
    assert {id(defect) for _, defect in CASES} == {id(defect) for defect in CATALOGUE}


@pytest.mark.parametrize(("setting", "defect"), CASES, ids=[f"{s}-{d.id}" for s, d in CASES])
def test_every_mistake_is_named_and_lies_far_outside_the_tolerance(setting, defect):
    question = posed(setting, **TELLING[setting])
    reference = handwritten_path(question)
    path = textbook_path(question, defect.applied(RULES[question.rule]))
    assert largest(question, path, reference) > 1000
    assert explain(question, path, reference)[0][0] == (defect,)


@pytest.mark.parametrize("setting", ["sgd", "rmsprop", "adam", "adamw"])
def test_pairs_of_mistakes_are_found_as_pairs(setting):
    question = posed(setting, **TELLING[setting])
    reference = handwritten_path(question)
    rule = RULES[question.rule]
    defects = [defect for where, defect in CASES if where == setting]
    pairs = [
        (one, other)
        for one, other in itertools.combinations(defects, 2)
        if not one.changes.keys() & other.changes.keys()
    ]
    for one, other in pairs[::17]:
        path = textbook_path(question, other.applied(one.applied(rule)))
        found = [defects for defects, _ in explain(question, path, reference)]
        assert (one, other) in found or len(found[0]) == 1, (one.id, other.id)


@pytest.mark.parametrize(("name", "ratio"), [("sgd", 0.1), ("adam", 5.0), ("adamw", 2.0), ("rmsprop", 1 / 3)])
def test_a_rate_that_is_off_by_a_factor_is_told_with_the_factor(name, ratio):
    question = posed(name)
    rule = RULES[name] | {"theta": lambda s: s.decayed - ratio * s.step}
    ((defects, tensors),) = explain(question, textbook_path(question, rule), handwritten_path(question))
    assert defects[0].id == "scaled"
    assert f"Every step is {ratio:.6g} times" in defects[0].message
    assert tensors == ("W1", "b1", "W2", "b2")


# Students' own


ADAM = """
import numpy as np
def f(parameters, gradients, state, lr, beta1, beta2, eps, weight_decay=0):
    t = state["t"] = state.get("t", 0) + 1
    new = {}
    for name in parameters:
        g = gradients[name] + weight_decay * parameters[name]
        m = state["m" + name] = beta1 * state.get("m" + name, 0) + (1 - beta1) * g
        v = state["v" + name] = beta2 * state.get("v" + name, 0) + (1 - beta2) * g**2
        new[name] = parameters[name] - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps)
    return new, state
"""

ADAM_IN_PLACE = """
import math
def f(p, g, s, **h):
    if not s:
        s = {"t": 0, "m": {k: 0 * v for k, v in p.items()}, "v": {k: 0 * v for k, v in p.items()}}
    s["t"] += 1
    for k in p:
        s["m"][k] += (1 - h["beta1"]) * (g[k] - s["m"][k])
        s["v"][k] *= h["beta2"]
        s["v"][k] += (1 - h["beta2"]) * g[k] * g[k]
        rate = h["lr"] * math.sqrt(1 - h["beta2"] ** s["t"]) / (1 - h["beta1"] ** s["t"])
        p[k] -= rate * s["m"][k] / (s["v"][k] ** 0.5 + h["eps"] * math.sqrt(1 - h["beta2"] ** s["t"]))
    return p, s
"""

SGD = """
def f(parameters, gradients, state, lr, momentum=0.0, nesterov=False):
    for name, g in gradients.items():
        v = state[name] = momentum * state[name] + g if name in state else g
        parameters[name] = parameters[name] - lr * (g + momentum * v if nesterov else v)
    return parameters, state
"""

RMSPROP = """
import numpy as np
def f(parameters, gradients, state, lr, alpha, eps):
    state = {name: alpha * state.get(name, 0.0) + (1 - alpha) * np.square(g) for name, g in gradients.items()}
    return {k: parameters[k] - lr * gradients[k] / (np.sqrt(state[k]) + eps) for k in parameters}, state
"""


@pytest.fixture
def check(tmp_path):
    def run(code, rule, **options):
        target = Target(str(write(tmp_path, code)), "f")
        return check_updates(target, posed(rule, **options), timeout=10, ask=in_process)

    return run


@pytest.mark.parametrize(
    ("code", "rule", "options"),
    [
        (ADAM, "adam", {}),
        (ADAM, "adam", {"weight_decay": 0.1}),
        (ADAM, "adam", {"lr": 0.5, "beta1": 0.5, "beta2": 0.9, "eps": 1e-3}),
        (ADAM_IN_PLACE, "adam", {}),
        (SGD, "sgd", {}),
        (SGD, "sgd", {"momentum": 0.9, "lr": 0.1}),
        (SGD, "sgd", {"momentum": 0.9, "nesterov": True}),
        (RMSPROP, "rmsprop", {}),
    ],
    ids=["adam", "decay", "other values", "in place", "sgd", "momentum", "nesterov", "rmsprop"],
)
def test_right_rules_pass_in_every_style(check, code, rule, options):
    verdict = check(code, rule, **options)
    assert verdict.passed
    assert not verdict.diagnosis


MISTAKES = {
    "eps inside": (ADAM, "+ eps)", ")", "eps-forgotten"),
    "eps-hat": (ADAM_IN_PLACE, ' * math.sqrt(1 - h["beta2"] ** s["t"]))', ")", "eps-before-correction"),
    "t from 0": (ADAM, 'state.get("t", 0) + 1', 'state.get("t", -1) + 1', "bias-correction-one-step-late"),
    "t from 2": (ADAM, 'state.get("t", 0) + 1', 'state.get("t", 1) + 1', "bias-correction-one-step-early"),
    "no correction": (
        ADAM_IN_PLACE,
        'math.sqrt(1 - h["beta2"] ** s["t"]) / (1 - h["beta1"] ** s["t"])',
        "1",
        None,
    ),
    "no square": (ADAM, "g**2", "g", "square-missing"),
    "ascent": (ADAM, "] - lr", "] + lr", "sign-flipped"),
    "state lost": (ADAM, "return new, state", "return new, {}", "state-forgotten"),
    "not stored": (SGD, "parameters[name] = parameters", "new = parameters", "not-updated"),
    "moving average": (SGD, "+ g if", "+ (1 - momentum) * g if", "momentum-moving-average"),
}


@pytest.mark.parametrize(("code", "right", "wrong", "defect"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_in_somebodys_own_rule_is_named(check, code, right, wrong, defect):
    assert right in code
    rule, options = ("sgd", {"momentum": 0.9}) if code is SGD else ("adam", {})
    verdict = check(code.replace(right, wrong), rule, **options)
    assert not verdict.passed
    assert defect is None or verdict.diagnosis[0].defect == defect
    assert verdict.diagnosis[0].message


def test_t_counted_in_the_loop_over_the_parameters_is_named(check):
    code = ADAM.replace('    t = state["t"] = state.get("t", 0) + 1\n', "").replace(
        "        g = grad", '        t = state["t"] = state.get("t", 0) + 1\n        g = grad'
    )
    assert check(code, "adam").diagnosis[0].defect == "t-counted-per-tensor"


def test_a_mistake_in_one_tensor_is_told_with_the_tensor(check):
    code = SGD.replace("lr * (g", "(-lr if name == 'b2' else lr) * (g")
    (finding,) = check(code, "sgd", momentum=0.9).diagnosis
    assert (finding.defect, finding.tensors) == ("sign-flipped", ("b2",))


def test_a_rate_kept_inside_the_velocity_parts_where_the_rate_is_halved(check):
    code = """
def f(parameters, gradients, state, lr, momentum):
    for name, g in gradients.items():
        state[name] = momentum * state.get(name, 0) - lr * g
        parameters[name] = parameters[name] + state[name]
    return parameters, state
"""
    verdict = check(code, "sgd", momentum=0.9)
    assert verdict.diagnosis[0].defect == "lr-inside-velocity"
    assert [row.first_step for row in verdict.tensors] == [11, 11, 11, 11]
    assert verdict.to_dict()["first_step"] == 11
    assert verdict.to_dict()["first_tensor"] == "W1"


def test_two_mistakes_are_told_as_two(check):
    code = ADAM.replace("+ eps)", ")").replace("- lr *", "+ lr *")
    (finding,) = check(code, "adam").diagnosis
    assert set(finding.defect.split("+")) == {"sign-flipped", "eps-forgotten"}


def test_what_the_catalogue_does_not_explain_is_told_with_its_step_and_tensor(check):
    code = SGD.replace(
        "    return",
        "    if state.setdefault('n', 0) == 6:\n        "
        "parameters['b1'] = parameters['b1'] + 1\n    state['n'] += 1\n    return",
    )
    (finding,) = check(code, "sgd", momentum=0.9).diagnosis
    assert (finding.defect, finding.tensors) == ("unexplained", ("b1",))
    assert "The first to part is b1, at step 7, after 6 right ones" in finding.message


def test_state_outside_the_state_is_noticed(check):
    code = SGD.replace("def f(parameters, gradients, state, ", "state = {}\ndef f(parameters, gradients, _, ")
    verdict = check(code, "sgd", momentum=0.9)
    assert all(row.passed for row in verdict.tensors)
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == "not-repeatable"


def test_gradients_changed_in_place_are_remarked(check):
    verdict = check(
        SGD.replace("        v =", "        g *= 1\n        g += 1\n        g -= 1\n        v ="), "sgd"
    )
    assert verdict.changed == ("W1", "W2", "b1", "b2")
    assert "it changes the gradients W1, W2, b1, b2 in place" in verdict.notes


def test_what_is_off_need_not_be_taken_and_is_said_not_to_be_checked(check):
    verdict = check(RMSPROP, "rmsprop")
    assert verdict.notes == (
        "it does not take weight_decay, momentum, and need not: off here",
        "momentum is 0 here, so nothing about it is checked; --momentum 0.9 would",
        "weight_decay is 0 here, so nothing about it is checked; --weight-decay 0.1 would",
    )


REFUSED = {
    "not taken": (
        SGD,
        {"weight_decay": 0.1},
        "signature",
        "does not take weight_decay, which is 0.1 here; add it",
    ),
    "other name": (
        SGD.replace("lr", "learning_rate"),
        {},
        "signature",
        "does not take lr, which is 0.001 here",
    ),
    "near name": (
        SGD.replace("momentum", "moment"),
        {"momentum": 0.9},
        "signature",
        "does not take momentum, which is 0.9 here; rename moment to momentum",
    ),
    "wants more": (SGD.replace("lr,", "lr, betas,"), {}, "signature", "missing a required argument: 'betas'"),
    "nothing": (
        SGD.replace("return parameters, state", ""),
        {},
        "return",
        "end it with: return parameters, state",
    ),
    "parameters alone": (
        SGD.replace("rs, state\n", "rs\n"),
        {},
        "return",
        "returned a dict, not (parameters, state)",
    ),
    "swapped": (
        SGD.replace("return parameters, state", "return [], parameters"),
        {},
        "return",
        "after step 1 the parameters are a list, not a dict",
    ),
    "one missing": (
        SGD.replace("return parameters", "parameters = {'W1': parameters['W1']}\n    return parameters"),
        {},
        "keys",
        "after step 1 the parameters lack b1",
    ),
    "shape": (
        SGD.replace("return", "parameters['b1'] = parameters['b1'][:, None]\n    return"),
        {},
        "shape",
        "b1 has the shape (4, 1) after step 1; it was (4,)",
    ),
    "infinite": (
        SGD.replace("return", "parameters['W2'] = parameters['W2'] * float('inf')\n    return"),
        {},
        "value",
        "W2 is not finite after step 1",
    ),
    "complex": (SGD.replace("- lr", "- 1j * lr"), {}, "value", "W1 is complex after step 1"),
    "exception": (SGD.replace("lr *", "lr @"), {}, "exception", "line 5 in f (parameters[name] = "),
}


@pytest.mark.parametrize(("code", "options", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused_in_one_line(check, code, options, kind, message):
    with pytest.raises(CheckError) as caught:
        check(code, "sgd", **options)
    assert message in str(caught.value)
    assert caught.value.kind == kind


# The command


def test_the_example_is_told_its_mistake(capsys):
    target = str(ROOT / "examples/my_adam.py:adam")
    assert main(["--optimizer", target, "--rule", "adam", "--json", "-"]) == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert document["diagnosis"][0]["defect"] == "eps-inside-root"
    assert (document["first_step"], document["first_tensor"]) == (1, "W1")
    assert "NOT EQUAL from step 1 on" in err
    assert "See [O5] in docs/derivation.md" in " ".join(err.split())


def test_a_right_rule_is_equal_and_a_wrong_call_is_refused(tmp_path, capsys):
    target = f"{write(tmp_path, ADAM)}:f"
    assert main([target, "--optimizer", "--rule", "adam", "--steps", "5", "--seed", "3", "--quiet"]) == 0
    assert capsys.readouterr().out == "EQUAL: all parameters agree with the reference to rounding\n"
    for arguments, message in (
        (["--rule", "adan"], "--rule: 'adan' is not known; did you mean adam?"),
        (["--rule", "adam", "--momentum", "0.9"], "--momentum: is not an option of adam; leave it out"),
        (["--rule", "sgd", "--nesterov"], "--nesterov: needs a momentum above 0"),
    ):
        assert main(["--optimizer", target, *arguments, "--json", "-"]) == 2
        out, err = capsys.readouterr()
        assert err.startswith(f"error: {message}")
        jsonschema.validate(json.loads(out), SCHEMA)
