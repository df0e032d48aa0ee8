import re

import numpy as np
import pytest
from derivation_support import derive, make_pass, spoilt

from compare.analysis.paths import MOST_PATHS, path_table
from compare.render.derivation import derivation_paragraphs, path_grid
from handwritten import MLP

LINEAR = "identity+squared_error"
NETWORKS = [(2, 3, 2, 1), (3, 1), (2, 4), (3, 2, 2), (2, 2, 3, 2, 2), (12, 3, 2)]


def linear(sizes, **more):
    return make_pass(sizes, "identity", LINEAR, bias=False, **more)


def evaluated(expression, passed):
    """Compute an expression of the table as it reads, sample by sample, and take the mean."""
    error = passed.values[f"Z{len(passed.parameters)}"] - passed.Y
    values = {"dL/dy": error[:, 0]}
    values |= {f"dL/dy_{k + 1}": error[:, k] for k in range(error.shape[1])}
    values |= {f"x_{i + 1}": passed.X[:, i] for i in range(passed.X.shape[1])}
    separator = "," if max(passed.network.sizes) > 9 else ""
    for name, W in passed.parameters.items():
        for k, j in np.ndindex(W.shape):
            values[f"w{name[1:]}_{j + 1}{separator}{k + 1}"] = W[k, j]
    code = re.sub(r"dL/dy(_\d+)?|x_\d+|w\d_\d+(,\d+)?", lambda name: f"v[{name[0]!r}]", expression)
    code = re.sub(r"(?<=[\])]) (?=[v(])", " * ", code)  # what stands side by side is multiplied
    return np.mean(eval(code, {"v": values}))


def test_table_of_the_source_has_its_fourteen_derivatives_as_it_writes_them():
    table = path_table(linear((2, 3, 2, 1)))
    told = {row.weight: row.expression for row in table.weights}
    assert (len(told), table.paths) == (14, 12)
    assert told["w1_11"] == "dL/dy * (w3_11 w2_11 + w3_21 w2_12) * x_1"
    assert told["w1_23"] == "dL/dy * (w3_11 w2_31 + w3_21 w2_32) * x_2"
    assert told["w2_32"] == "dL/dy * w3_21 * (w1_13 x_1 + w1_23 x_2)"
    first = "(w2_11 w1_11 + w2_21 w1_12 + w2_31 w1_13) x_1"
    assert told["w3_11"] == f"dL/dy * ({first} + (w2_11 w1_21 + w2_21 w1_22 + w2_31 w1_23) x_2)"


def test_each_of_several_outputs_has_its_own_error():
    told = {row.weight: row.expression for row in path_table(linear((2, 1, 2))).weights}
    assert told["w1_21"] == "(dL/dy_1 w2_11 + dL/dy_2 w2_12) * x_2"
    assert told["w2_12"] == "dL/dy_2 * (w1_11 x_1 + w1_21 x_2)"


def test_indices_of_two_digits_are_kept_apart():
    assert "w1_12,3" in {row.weight for row in path_table(linear((12, 3, 1))).weights}


@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
@pytest.mark.parametrize("seed", [0, 1])
def test_what_an_expression_says_is_its_value_and_that_of_back_propagation(sizes, seed):
    passed = linear(sizes, seed=seed)
    table = path_table(passed)
    assert len(table.weights) == sum(W.size for W in passed.parameters.values())
    for row in table.weights:
        assert row.by_paths == pytest.approx(evaluated(row.expression, passed), rel=1e-11, abs=1e-14)
        assert row.by_paths == pytest.approx(row.by_back_propagation, rel=1e-11, abs=1e-14)
    assert max(row.relative_difference for row in table.matrices) < 1e-14


@pytest.mark.parametrize("sizes", NETWORKS, ids=str)
def test_wrong_gradient_shows_in_its_rows_and_in_its_matrix(sizes):
    last = f"W{len(sizes) - 1}"
    table = path_table(spoilt(linear(sizes), last))
    for row in table.matrices:
        assert (row.relative_difference > 1e-10) == (row.tensor == last)
    for row in table.weights:
        assert (row.relative_difference > 1e-10) == row.weight.startswith(f"w{last[1:]}_")


def test_value_is_the_change_of_the_loss_with_the_weight():
    passed = linear((2, 3, 2, 1))
    table, step = path_table(passed), 1e-6
    for row in table.weights:
        layer, j, k = (int(digit) for digit in row.weight[1:].replace("_", ""))
        losses = []
        for sign in (1, -1):
            moved = {name: W.copy() for name, W in passed.parameters.items()}
            moved[f"W{layer}"][k - 1, j - 1] += sign * step
            mlp = MLP((2, 3, 2, 1), ("identity", "identity"), "identity", "squared_error", bias=False)
            mlp.load(moved)
            losses.append(mlp.loss(passed.X, passed.Y))
        assert row.by_paths == pytest.approx((losses[0] - losses[1]) / (2 * step), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(
    "passed",
    [
        make_pass((2, 3, 1), "identity", LINEAR, bias=True),
        make_pass((2, 3, 1), "tanh", LINEAR, bias=False),
        make_pass((2, 3, 1), "identity", "sigmoid+squared_error", bias=False),
        make_pass((MOST_PATHS + 1, 1), "identity", LINEAR, bias=False),
    ],
    ids=["biases", "hidden activation", "output activation", "too many paths"],
)
def test_other_networks_have_no_path_table(passed):
    assert path_table(passed) is None


def test_terminal_table_goes_on_in_the_next_line_instead_of_growing_wide():
    (text,) = derivation_paragraphs(derive(linear((2, 3, 2, 1))))
    lines = text.splitlines()
    assert max(map(len, lines)) <= 112
    (start,) = (at for at, line in enumerate(lines) if line.startswith("w3_21"))
    continued = f"{lines[start]} {lines[start + 1].strip()}"
    assert "w2_32 w1_13) x_1 + " in continued
    assert lines[start + 1].startswith("        (w2_12 w1_21")


def test_terminal_is_spared_a_table_of_many_lines():
    text = next(derivation_paragraphs(derive(linear((90, 1, 2)))))
    assert "92 weights, path by path: see table.md" in text
    assert "dL/dW1 = W2^T dL/dy X^T" in text


def test_markdown_table_keeps_each_expression_in_one_row():
    text = path_grid(derive(linear((2, 3, 2, 1)))["paths"][0], "github")
    assert len(text.splitlines()) == 2 + 14
    assert r"dL/dy \* (w3_11 w2_11 + w3_21 w2_12) \* x_1" in text
