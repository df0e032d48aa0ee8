import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from check_support import RIGHT, clean_imports, in_process, question, write  # noqa: F401

import compare.check
from compare.check import main
from compare.parity.student.answer import in_shape
from compare.parity.student.gradient_check import check_gradients
from compare.parity.student.process import CheckError, Target, read_target
from compare.parity.student.question import blind_spots

ROOT = Path(compare.check.__file__).parents[1]
SCHEMA = json.loads((ROOT / "compare" / "check.schema.json").read_text(encoding="utf-8"))

pytestmark = pytest.mark.usefixtures("clean_imports")


@pytest.fixture
def check(tmp_path):
    """Check a function `f` appended to the right answer, in this process."""

    def run(code, name="f", layout="rows", asked=None):
        path = write(tmp_path, RIGHT + "\n" + code)
        return check_gradients(
            Target(str(path), name), asked or question(), layout, timeout=10, ask=in_process
        )

    return run


def refusal(check, code, **options):
    with pytest.raises(CheckError) as caught:
        check(code, **options)
    assert "\n" not in str(caught.value)
    return caught.value.kind, str(caught.value)


# Styles that people write

LOOPS = """
def f(p, X, Y):
    W1, b1, W2, b2 = p["W1"], p["b1"], p["W2"], p["b2"]
    total, grads = 0.0, {name: np.zeros_like(value) for name, value in p.items()}
    for x, y in zip(X, Y):
        a1 = 1 / (1 + np.exp(-(W1 @ x + b1)))
        z2 = W2 @ a1 + b2
        a2 = np.exp(z2) / np.exp(z2).sum()
        total -= np.log(a2[y.argmax()])
        d2 = a2 - y
        d1 = (W2.T @ d2) * a1 * (1 - a1)
        grads["W2"] += np.outer(d2, a1)
        grads["b2"] += d2
        grads["W1"] += np.outer(d1, x)
        grads["b1"] += d1
    return total / len(X), {name: value / len(X) for name, value in grads.items()}
"""

EINSUM = """
def f(params, x, y):
    a = sigmoid(np.einsum("ni,hi->nh", x, params["W1"]) + params["b1"])
    out = softmax(np.einsum("nh,oh->no", a, params["W2"]) + params["b2"])
    delta = (out - y) / x.shape[0]
    hidden = np.einsum("no,oh,nh->nh", delta, params["W2"], a * (1 - a))
    return -(y * np.log(out)).sum(axis=1).mean(), {
        "b2": np.einsum("no->o", delta),
        "W2": np.einsum("no,nh->oh", delta, a),
        "b1": np.einsum("nh->h", hidden),
        "W1": np.einsum("nh,ni->hi", hidden, x),
    }
"""

FLAT = """
def f(parameters, X, Y):
    theta = np.concatenate([parameters[name].ravel() for name in sorted(parameters)])
    shapes = [parameters[name].shape for name in sorted(parameters)]
    parts, start = [], 0
    for shape in shapes:
        parts.append(theta[start : start + np.prod(shape)].reshape(shape))
        start += np.prod(shape)
    W1, W2, b1, b2 = parts
    loss, g = answer({"W1": W1, "W2": W2, "b1": b1, "b2": b2}, X, Y)
    flat = np.concatenate([g[name].ravel() for name in sorted(g)])
    back, start = {}, 0
    for name, shape in zip(sorted(parameters), shapes):
        back[name] = flat[start : start + np.prod(shape)].reshape(shape)
        start += np.prod(shape)
    return loss, back
"""

LISTS = """
import math

def f(parameters, X, Y):
    p = {name: value.tolist() for name, value in parameters.items()}
    X, Y, n = X.tolist(), Y.tolist(), len(X)
    loss = 0.0
    g = {name: (value * 0).tolist() for name, value in parameters.items()}
    for x, y in zip(X, Y):
        z = [sum(w * v for w, v in zip(row, x)) + b for row, b in zip(p["W1"], p["b1"])]
        a = [1 / (1 + math.exp(-v)) for v in z]
        z = [sum(w * v for w, v in zip(row, a)) + b for row, b in zip(p["W2"], p["b2"])]
        total = sum(math.exp(v) for v in z)
        out = [math.exp(v) / total for v in z]
        for k in range(len(z)):
            loss -= y[k] * math.log(out[k]) / n
            delta = (out[k] - y[k]) / n
            g["b2"][k] += delta
            for j in range(len(a)):
                g["W2"][k][j] += delta * a[j]
        for j in range(len(a)):
            back = sum((out[k] - y[k]) / n * p["W2"][k][j] for k in range(len(z))) * a[j] * (1 - a[j])
            g["b1"][j] += back
            for i in range(len(x)):
                g["W1"][j][i] += back * x[i]
    return loss, g
"""

CLASS = """
class f:
    def __init__(self, parameters):
        self.parameters = parameters

    def loss_and_gradients(self, X, Y):
        return answer(self.parameters, X, Y)
"""

CLASS_WITHOUT_ARGUMENTS = """
class f:
    def loss_and_gradients(self, parameters, X, Y):
        return answer(parameters, X, Y)
"""

OBJECT = CLASS_WITHOUT_ARGUMENTS.replace("class f", "class Network") + "\nf = Network()"
DATACLASS = "from dataclasses import dataclass\n@dataclass" + CLASS.replace(
    "    def __init__(self, parameters):\n        self.parameters = parameters\n", "    parameters: dict\n"
)
STAR = "def f(*arguments):\n    return answer(*arguments)"
PRINTS = "def f(p, X, Y):\n    print('hello', X.shape)\n    return answer(p, X, Y)"
LIST_PAIR = "def f(p, X, Y):\n    return list(answer(p, X, Y))"

STYLES = {
    "loops": LOOPS,
    "einsum": EINSUM,
    "flat vector": FLAT,
    "lists": LISTS,
    "class": CLASS,
    "class without arguments": CLASS_WITHOUT_ARGUMENTS,
    "object": OBJECT,
    "dataclass": DATACLASS,
    "star": STAR,
    "prints": PRINTS,
    "list of two": LIST_PAIR,
}


@pytest.mark.parametrize("code", STYLES.values(), ids=STYLES)
def test_right_gradients_pass_in_every_style(check, code):
    verdict = check(code)
    assert verdict.passed
    assert not verdict.diagnosis
    assert [row.tensor for row in verdict.tensors] == ["W1", "b1", "W2", "b2"]


COLUMNS = """
def f(p, X, Y):
    n = X.shape[1]
    b1, b2 = {biases}
    A1 = sigmoid(p["W1"] @ X + b1)
    A2 = softmax((p["W2"] @ A1 + b2).T).T
    dZ2 = A2 - Y
    dZ1 = p["W2"].T @ dZ2 * A1 * (1 - A1)
    db1, db2 = (np.sum(dZ, axis=1, keepdims={keepdims}) / n for dZ in (dZ1, dZ2))
    return -np.sum(Y * np.log(A2)) / n, {{"W1": dZ1 @ X.T / n, "b1": db1, "W2": dZ2 @ A1.T / n, "b2": db2}}
"""


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize(
    "biases",
    [
        'p["b1"], p["b2"]',
        'p["b1"].reshape(-1, 1), p["b2"].reshape(-1, 1)',
        'p["b1"][:, None], p["b2"][:, None]',
    ],
    ids=["as they are", "reshaped", "with a new axis"],
)
def test_columns_pass_however_the_biases_are_written(check, biases, keepdims):
    verdict = check(COLUMNS.format(biases=biases, keepdims=keepdims), layout="columns")
    assert verdict.passed
    assert not verdict.notes


ROWS_INSIDE = """
def f(p, X, Y):
    return answer({name: value for name, value in p.items()}, X.T, Y.T)
"""


@pytest.mark.parametrize("asked", [question(), question(hidden=(10,), rows=10)], ids=["unlike", "square"])
def test_columns_that_are_turned_into_rows_pass_with_biases_as_vectors(check, asked):
    assert check(ROWS_INSIDE, layout="columns", asked=asked).passed


def test_a_bias_with_a_column_a_sample_is_turned_into_a_row_a_sample():
    values, remark = in_shape(np.ones((8, 37)), "b1", (8,), 37, columns=True)
    assert (values.shape, remark) == ((37, 8), "")


def test_a_mistake_in_columns_is_named_as_in_rows(check):
    code = COLUMNS.format(biases='p["b1"], p["b2"]', keepdims=True).replace("A2 - Y\n", "(A2 - Y) / n\n")
    assert check(code, layout="columns").diagnosis[0].defect == "averaged-twice"


def test_a_bias_that_is_not_summed_is_named_in_columns_too(check):
    code = COLUMNS.format(biases='p["b1"], p["b2"]', keepdims=True).replace('"b1": db1', '"b1": dZ1 / n')
    verdict = check(code, layout="columns")
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == "bias-not-summed"


def test_a_network_without_biases_has_no_bias_to_answer_for(check):
    code = """
def f(p, X, Y):
    A1 = sigmoid(X @ p["W1"].T)
    A2 = sigmoid(A1 @ p["W2"].T)
    dZ2 = (A2 - Y) * A2 * (1 - A2) / len(X)
    dZ1 = dZ2 @ p["W2"] * A1 * (1 - A1)
    return 0.5 * np.sum((A2 - Y) ** 2) / len(X), {"W1": dZ1.T @ X, "W2": dZ2.T @ A1}
"""
    asked = question("sigmoid+squared_error", bias=False)
    assert check(code, asked=asked).passed
    assert check(code.replace("* A2 * (1 - A2)", ""), asked=asked).diagnosis[0].defect


# Answers that are let pass, with a remark

VARIED = "def f(p, X, Y):\n    loss, g = answer(p, X, Y)\n    {}\n    return loss, g"

ACCEPTED = {
    "float32": (
        "g = {name: value.astype(np.float32) for name, value in g.items()}",
        "float32 although float64 was handed out",
    ),
    "lists": ("g = {name: value.tolist() for name, value in g.items()}", "came back as lists"),
    "loss of one entry": ("loss = np.array([loss])", "the loss came back as an array of shape (1,)"),
    "column bias": ("g['b1'] = g['b1'][:, None]", "b1 has the shape (8, 1); taken as (8,)"),
    "row bias": ("g['b2'] = g['b2'][None]", "b2 has the shape (1, 10); taken as (10,)"),
    "extra keys": ("g['X'] = g[3] = None", "X, 3: not asked for"),
    "X changed": ("X *= 2", "it changes X in place"),
    "parameters changed": ("p['W1'] -= 1; p['b2'] = p['b2'] + 1", "it changes W1, b2 in place"),
    "warning": ("np.log(np.zeros(1))", "NumPy warned, line 23: divide by zero encountered in log"),
}


@pytest.mark.parametrize(("line", "remark"), ACCEPTED.values(), ids=ACCEPTED)
def test_what_does_not_make_gradients_wrong_is_only_remarked(check, line, remark):
    verdict = check(VARIED.format(line))
    assert verdict.passed
    assert any(remark in note for note in verdict.notes)
    assert len(verdict.notes) == 1


@pytest.mark.parametrize("loss", ["np.array(loss)", "np.float64(loss)"])
def test_a_loss_of_no_dimension_needs_no_remark(check, loss):
    verdict = check(VARIED.format(f"loss = {loss}"))
    assert (verdict.passed, verdict.notes) == (True, ())


@pytest.mark.parametrize("seed", range(3))
def test_a_computation_in_float32_passes_with_a_remark(tmp_path, seed):
    code = RIGHT + "def f(p, X, Y):\n    X, Y = X.astype('f4'), Y.astype('f4')\n    return answer("
    code += "{name: value.astype('f4') for name, value in p.items()}, X, Y)\n"
    path = write(tmp_path, code)
    verdict = check_gradients(Target(str(path), "f"), question(hidden=(8 + seed,)), "rows", 10, in_process)
    assert verdict.passed
    assert verdict.tensors[0].tolerance > 1e-8


def test_float32_inside_float64_is_not_let_pass(check):
    verdict = check(VARIED.format("g['W1'] = g['W1'].astype('f4').astype('f8')"))
    assert not verdict.passed
    assert [row.tensor for row in verdict.tensors if not row.passed] == ["W1"]


def test_whole_numbers_are_told_to_be_cut_off(check):
    verdict = check(VARIED.format("g['W2'] = g['W2'].astype(int)"))
    assert not verdict.passed
    assert "W2: int64, whole numbers; were the gradients cut off?" in verdict.notes


def test_float32_is_checked_in_float32(check):
    verdict = check("f = answer", asked=question(dtype="float32"))
    assert verdict.passed
    assert not verdict.notes


# Answers that are wrong

WRONG = {
    "bias-averaged-twice": ("g['b1'] = g['b1'] / len(X)", ("b1",)),
    "sign-flipped": ("g = {name: -value for name, value in g.items()}", ("W1", "b1", "W2", "b2")),
    "transposed": ("g['W2'] = g['W2'].T", ("W2",)),
}


@pytest.mark.parametrize(("defect", "line", "tensors"), [(k, *v) for k, v in WRONG.items()], ids=WRONG)
def test_a_known_mistake_is_named(check, defect, line, tensors):
    verdict = check(VARIED.format(line))
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == defect
    assert tuple(row.tensor for row in verdict.tensors if not row.passed) == tensors
    assert "[B" in verdict.diagnosis[0].message or "docs/derivation.md" in verdict.diagnosis[0].message


def test_a_bias_with_a_row_a_sample_goes_to_the_diagnosis(check):
    code = RIGHT.split("def answer")[1].replace("dZ1.sum(axis=0)", "dZ1")
    verdict = check("def f" + code)
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == "bias-not-summed"


def test_gradients_that_are_added_up_from_call_to_call_are_noticed(check):
    code = """
total = {}
def f(p, X, Y):
    loss, g = answer(p, X, Y)
    for name in g:
        total[name] = total.get(name, 0) + g[name]
    return loss, dict(total)
"""
    verdict = check(code)
    assert all(row.passed for row in verdict.tensors)
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == "not-repeatable"
    assert "twice the first" in verdict.diagnosis[0].message


def test_randomness_is_noticed(check):
    verdict = check(
        VARIED.format("g['W1'] = g['W1'] * (np.random.default_rng().random(g['W1'].shape) > 0.5)")
    )
    assert not verdict.passed
    assert verdict.diagnosis[0].defect == "not-repeatable"
    assert verdict.diagnosis[0].tensors == ("W1",)


def test_a_class_that_updates_its_own_weights_is_noticed(check):
    code = CLASS.replace(
        "return answer(self.parameters, X, Y)",
        "loss, g = answer(self.parameters, X, Y); self.parameters['W1'] -= 0.1 * g['W1']; return loss, g",
    )
    verdict = check(code)
    assert verdict.diagnosis[0].defect == "not-repeatable"
    assert verdict.changed == ("W1",)


# Answers that cannot be judged

REFUSED = {
    "nothing": (
        "def f(p, X, Y):\n    pass",
        "return",
        "returned nothing; end it with: return loss, gradients",
    ),
    "loss alone": ("def f(p, X, Y):\n    return 1.0", "return", "returned a float, not (loss, gradients)"),
    "three": ("def f(p, X, Y):\n    return 1, 2, 3", "return", "returned 3 values, not two"),
    "swapped": ("def f(p, X, Y):\n    return answer(p, X, Y)[::-1]", "return", "swap the two"),
    "a list": (VARIED.format("g = list(g.values())"), "gradients", "the gradients are a list, not a dict"),
    "misspelt": (VARIED.format("g['dW1'] = g.pop('W1')"), "keys", "has no W1; rename dW1 to W1"),
    "lower case": (
        VARIED.format("g = {k.lower(): v for k, v in g.items()}"),
        "keys",
        "rename w1 to W1, w2 to W2",
    ),
    "missing": (
        VARIED.format("del g['b2']"),
        "keys",
        "has no b2; it has W1, b1, W2 (wanted: W1, b1, W2, b2)",
    ),
    "shape": (VARIED.format("g['W1'] = g['W1'][:, 1:]"), "shape", "has the shape (8, 63); like W1 itself"),
    "flat": (VARIED.format("g['W1'] = g['W1'].ravel()"), "shape", "the right number of values: reshape it"),
    "summed over everything": (
        VARIED.format("g['b1'] = g['b1'].sum()"),
        "shape",
        "sum over the samples alone",
    ),
    "a gradient a sample": (
        VARIED.format("g['W1'] = np.stack([g['W1']] * len(X))"),
        "shape",
        "sum it over the samples",
    ),
    "a loss a sample": (VARIED.format("loss = np.full(37, loss)"), "shape", "the loss has the shape (37,)"),
    "nan": (
        VARIED.format("g['W1'][2, 3] = np.nan"),
        "value",
        "the gradient W1: 1 of 512 values are not finite; the first is nan at [2, 3]",
    ),
    "infinite loss": (VARIED.format("loss = np.inf"), "value", "the loss: is not finite (inf)"),
    "none": (VARIED.format("g['b1'] = None"), "value", "the gradient b1 is None"),
    "text": (VARIED.format("g['b1'] = 'zero'"), "value", "the gradient b1 is a str"),
    "ragged": (VARIED.format("g['b1'] = [[1], [1, 2]]"), "value", "the gradient b1 is a list"),
    "objects": (VARIED.format("g['b1'] = np.array([object()] * 8)"), "value", "of the type object"),
    "complex": (VARIED.format("g['b1'] = g['b1'] + 1j"), "value", "is complex; return real numbers"),
    "half precision": (VARIED.format("g['b1'] = g['b1'].astype('f2')"), "value", "float16, too coarse"),
    "too few arguments": (
        "def f(p, X):\n    pass",
        "signature",
        "called as f(parameters, X, Y), but takes (p, X)",
    ),
    "other order": ("def f(X, Y, p):\n    pass", "signature", "in this order, but takes (X, Y, p)"),
    "a number": ("f = 3", "not-callable", "f is an int, not a function"),
    "other name": ("def backward(p, X, Y):\n    pass", "missing", "has no f; it defines "),
    "similar name": ("def ff(p, X, Y):\n    pass", "missing", "has no f; did you mean ff?"),
    "class without the method": (
        "class f:\n    pass",
        "missing",
        "the class f has no method loss_and_gradients",
    ),
    "class built otherwise": (
        CLASS.replace("self, parameters", "self, sizes, rate"),
        "signature",
        "built by f(parameters), but its __init__ takes (sizes, rate)",
    ),
    "syntax": ("def f(p, X, Y)\n    pass", "syntax", "line 21 (def f(p, X, Y)): SyntaxError: expected ':'"),
    "indentation": ("def f(p, X, Y):\npass", "syntax", "line 22 (pass): IndentationError"),
    "import": (
        "import nunpy",
        "import",
        "line 21 (import nunpy): ModuleNotFoundError: No module named 'nunpy'",
    ),
    "exception at import": ("1 / 0", "exception", "line 21 (1 / 0): ZeroDivisionError: division by zero"),
    "exception": (
        "def f(p, X, Y):\n    return X @ p['W1']",
        "exception",
        "line 22 in f (return X @ p['W1']): ValueError: matmul",
    ),
    "wrong key": (
        "def f(p, X, Y):\n    return p['W3']",
        "exception",
        "KeyError: 'W3'; the parameters are named W1, b1, W2, b2, ...",
    ),
    "recursion": (
        "def f(p, X, Y):\n    return f(p, X, Y)",
        "exception",
        "line 22 in f (return f(p, X, Y)): Recursion",
    ),
    "exit": ("def f(p, X, Y):\n    exit(3)", "exit", "line 22 in f (exit(3)): it ended the program"),
    "interrupt": ("def f(p, X, Y):\n    raise KeyboardInterrupt", "exception", "line 22 in f"),
    "unspeakable": (
        "class E(Exception):\n    def __str__(self):\n        raise self\ndef f(p, X, Y):\n    raise E",
        "exception",
        "E: (its message cannot be shown)",
    ),
    "memory": ("def f(p, X, Y):\n    np.zeros(10**15)", "memory", "line 22 in f"),
}


@pytest.mark.parametrize(("code", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_judged_is_refused_in_one_line_that_says_why(check, code, kind, message):
    given, line = refusal(check, code)
    assert message in line
    assert given == kind


def test_an_exception_in_a_neighbouring_file_is_shown_with_its_line(check, tmp_path):
    write(tmp_path, "def forward(X):\n    return X.nothing\n", "neighbour.py")
    kind, line = refusal(check, "from neighbour import forward\ndef f(p, X, Y):\n    return forward(X)")
    assert kind == "exception"
    assert line.startswith("neighbour.py, line 2 in forward (return X.nothing): AttributeError")


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        ("nowhere.py:f", "file", "nowhere.py: no such file"),
        (".:f", "file", ".: is not a file; give the file that holds f"),
        ("homework.py", "usage", "say which function to check, as FILE.py:FUNCTION"),
        ("homework.py:", "usage", "say which function"),
    ],
)
def test_a_target_that_is_none_is_refused(text, kind, message):
    with pytest.raises(CheckError) as caught:
        read_target(text)
    assert caught.value.kind == kind
    assert message in str(caught.value)


# The question


def test_blind_spots_are_told():
    assert not blind_spots(question())
    assert "a batch of one row" in blind_spots(question(rows=1))[0]
    assert "as many rows as a layer has units (8)" in blind_spots(question(rows=8))[0]
    assert "check with --activation sigmoid too" in blind_spots(question(activation="relu"))[0]


def test_the_default_batch_has_as_many_rows_as_no_layer_has_units():
    asked = question(hidden=(32,))
    assert len(asked.X) not in (1, *asked.network.sizes)
    assert len(set(asked.network.sizes)) == len(asked.network.sizes)


# The command


def run(*arguments):
    """Run the command in this process; only the student's file gets one of its own."""
    return main([*map(str, arguments)])


@pytest.fixture
def homework(tmp_path):
    return lambda code, name="homework.py": f"{write(tmp_path, RIGHT + code, name)}:f"


def test_the_examples_pass_and_fail_as_their_names_say(capsys):
    assert run(ROOT / "examples/homework_right.py:loss_and_gradients") == 0
    assert "\nEQUAL: the loss and all gradients agree" in capsys.readouterr().out
    assert run(ROOT / "examples/homework_wrong.py:loss_and_gradients") == 1
    report = capsys.readouterr().out
    assert "\nNOT EQUAL: b1 (bias-averaged-twice in layer 1)\n" in report
    assert "See [B3]" in report
    assert "a second, independent witness" in report


def test_two_mistakes_are_told_as_leading_to_the_answer_together(homework, capsys):
    code = """
def f(p, X, Y):
    loss, gradients = answer(p, X, Y)
    return loss, {**gradients, "b1": gradients["b1"] / len(X), "W2": -gradients["W2"]}
"""
    assert run(homework(code)) == 1
    report = capsys.readouterr().out
    assert "All of these together lead to your answer:\n1. " in report
    assert "\n2. " in report


def test_json_goes_to_standard_output_and_the_report_to_standard_error(homework, capsys):
    code = run(homework("print('noise')\nf = answer"), "--json", "-", "--hidden", 8)
    out, err = capsys.readouterr()
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert code == 0
    assert document["passed"]
    assert document["loss"]["relative_error"] <= document["loss"]["tolerance"]
    assert [row["tensor"] for row in document["tensors"]] == ["W1", "b1", "W2", "b2"]
    assert document["diagnosis"] == []
    assert document["notes"] == ["it printed 1 line, which is not shown"]
    assert "EQUAL" in err


def test_json_of_wrong_gradients_has_the_diagnosis_and_no_number_that_json_does_not_know(
    homework, tmp_path, capsys
):
    path = tmp_path / "result.json"
    target = homework(VARIED.format("g['W2'] = g['W2'].T"))
    assert run(target, "--json", path, "--quiet", "--hidden", 8) == 1
    document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(document, SCHEMA)
    wrong = [row for row in document["tensors"] if not row["passed"]]
    assert [(row["tensor"], row["relative_error"]) for row in wrong] == [("W2", None)]
    assert document["diagnosis"][0] | {"message": ""} == {
        "defect": "transposed",
        "layer": 2,
        "tensors": ["W2"],
        "message": "",
    }
    assert capsys.readouterr().out == "NOT EQUAL: W2 (transposed in layer 2)\n"


def test_an_endless_loop_is_stopped_and_its_line_told(homework, capsys):
    target = homework("def f(p, X, Y):\n    while True:\n        X = X + 1")
    assert run(target, "--timeout", 1, "--json", "-") == 2
    out, err = capsys.readouterr()
    assert "homework.py:f: no answer within 1 s; it was at line 2" in err
    assert len(err.splitlines()) == 1
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert document["error"]["kind"] == "timeout"
    assert document["passed"] is False


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import os\ndef f(p, X, Y):\n    print('last words')\n    os._exit(3)", "exit code 3 and no answer"),
        ("import os\ndef f(p, X, Y):\n    os.kill(os.getpid(), 9)", "killed (signal 9)"),
        ("import os\ndef f(p, X, Y):\n    os.abort()", "killed by signal 6 (SIGABRT)"),
        ("def f(p, X, Y):\n    return input('?')", "EOFError: EOF when reading a line; nobody is there"),
        ("def f(p, X, Y):\n    return bytearray(2**33)", "more memory than it may have (4 GiB)"),
    ],
    ids=["leaves", "killed", "aborts", "input", "memory"],
)
def test_a_process_that_dies_is_told_apart_and_harms_nobody(homework, capsys, code, message):
    assert run(homework(code), "--timeout", 20) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert out == ""
    assert len(err.splitlines()) == 1


def test_a_file_that_prints_without_end_and_starts_threads_disturbs_nothing(homework, capsys):
    code = """
import sys, threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
def f(p, X, Y):
    for _ in range(20_000):
        print("noise" * 20)
    sys.stderr.write("more")
    return answer(p, X, Y)
"""
    assert run(homework(code), "--hidden", 8) == 0
    assert "it printed 40000 lines" in capsys.readouterr().out


def test_a_file_can_import_its_neighbours_even_those_with_our_names(tmp_path, homework):
    write(tmp_path, RIGHT, "compare.py")
    write(tmp_path, "right = True", "data.py")
    code = (
        "import data\nimport compare\nassert data.right\ndef f(p, X, Y):\n    return compare.answer(p, X, Y)"
    )
    assert run(homework(code, "numbers.py"), "--hidden", 8, "--quiet") == 0


def test_nothing_is_left_beside_the_students_file(tmp_path, homework, monkeypatch):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    assert run(homework("f = answer"), "--hidden", 8, "--quiet") == 0
    assert os.listdir(tmp_path) == ["homework.py"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--hidden", "0"], "--hidden: must be a whole number from 1"),
        (
            ["--objective", "softmax+squared"],
            "--objective: 'softmax+squared' is not a known OUTPUT+LOSS; did you",
        ),
        (["--batch-size", "5000"], "--batch-size: digits has only 1438 training rows"),
        (["--dtype", "float16"], "--dtype: 'float16' is not known; did you mean float64?"),
        (["--seed", "-1"], "--seed: must be a whole number from 0"),
        (["--dataset", "didgits"], "--dataset: "),
        (["--activation", "sigmoid,tanh"], "--activation: has 2 names for 1 hidden layers"),
        (["--json", "/nowhere/x.json"], "/nowhere/x.json: cannot be written"),
    ],
)
def test_a_wrong_option_names_its_flag(arguments, message, homework, capsys):
    assert run(homework("f = answer"), *arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to check, as FILE.py:FUNCTION"),
        (["a.py:f", "--objectives", "x"], "--objectives: no such flag; did you mean --objective?"),
        (["a.py:f", "--lr", "1"], "--lr: is for --optimizer alone; leave it out"),
        (["a.py:f", "--timeout", "0"], "--timeout: must be a number of seconds above 0, not 0"),
        (["a.py:f", "--layout", "diagonal"], "--layout: invalid choice: 'diagonal'"),
        (["--optimizer", "a.py:f"], "--rule: say which rule it is to be, of sgd, rmsprop, adam, adamw"),
        (["--optimizer", "a.py:f", "b.py:f", "--rule", "sgd"], "give one FILE.py:FUNCTION"),
        (
            ["--optimizer", "a.py:f", "--rule", "sgd", "--hidden", "5"],
            "--hidden: says nothing about an update",
        ),
        (
            ["--optimizer", "a.py:f", "--rule", "sgd", "--steps", "1"],
            "--steps: must be a whole number from 2",
        ),
    ],
)
def test_a_wrong_command_line_is_one_line_and_exit_code_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1


def test_help_loads_nothing_heavy():
    code = "import sys, compare.check, compare.check_options as o; o.build_parser().format_help()\n\
print(sorted({'numpy', 'pandas', 'pydantic', 'scipy', 'torch'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


# The document


TEXT = (ROOT / "docs" / "check.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sh\npython -m compare\.check ([^\n]+)\n```\n\n```\w+\n(.+?)\n```", TEXT, re.DOTALL)


def without_numbers(text):
    """The words alone: errors and tolerances differ between machines."""
    return re.sub(r"[-\s]+", " ", re.sub(r"\d+(\.\d+)?(e-?\d+)?", "#", text)).strip()


@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command for command, _ in SHOWN])
def test_the_document_shows_what_its_commands_print(command, shown, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    main(command.split())
    out, err = capsys.readouterr()
    assert without_numbers(out or err) == without_numbers(shown)


def test_the_document_links_to_what_exists():
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
    derivation = (ROOT / "docs" / "derivation.md").read_text(encoding="utf-8")
    for anchor in re.findall(r"\(derivation\.md#(\w+)\)", TEXT):
        assert f'<a id="{anchor}">' in derivation


@pytest.mark.parametrize("kind", ["staticmethod", "classmethod"])
def test_class_whose_method_needs_no_instance_passes(kind, check):
    first = "cls, " if kind == "classmethod" else ""
    code = f"""
class F:
    @{kind}
    def loss_and_gradients({first}parameters, X, Y):
        return answer(parameters, X, Y)
"""
    assert check(code, "F").passed
