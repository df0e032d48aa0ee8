import numpy as np
import pytest
from derivation_support import derive, make_pass, spoilt

from compare.analysis.back_propagation import back_propagate
from compare.analysis.samples import one_sample, sample_table
from compare.render.derivation import derivation_paragraphs, derivation_sections

OBJECTIVES = [
    "sigmoid+cross_entropy",
    "sigmoid+binary_cross_entropy",
    "sigmoid+squared_error",
    "tanh+squared_error",
    "relu+squared_error",
    "identity+squared_error",
]


def differences(table):
    return {row.quantity: row.compared.relative_difference for row in table.rows if row.compared}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "identity"])
@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
def test_mean_of_outer_products_is_the_batch_gradient(objective, hidden, bias):
    table = sample_table(make_pass((4, 5, 3), hidden, objective, bias))
    expected = {"dL/dW1", "dL/dW2"} | ({"dL/db1", "dL/db2"} if bias else set())
    assert differences(table).keys() == expected
    assert max(differences(table).values()) < 1e-13


def test_shapes_are_those_of_columns_and_outer_products():
    table = sample_table(make_pass((4, 5, 3), "sigmoid", "sigmoid+cross_entropy"))
    shapes = {row.quantity: row.shape for row in table.rows}
    vectors = {"x": 4, "z1": 5, "h1": 5, "z2": 3, "y_hat": 3, "dL/dy_hat": 3, "dL/dz2": 3, "dL/dz1": 5}
    assert shapes == {
        **{name: (size, 1) for name, size in vectors.items()},
        **{"dL/dW2": (3, 5), "dL/db2": (3, 1), "dL/dW1": (5, 4), "dL/db1": (5, 1)},
    }


def test_norms_are_those_of_the_first_sample():
    passed = make_pass((4, 5, 3), "tanh", "sigmoid+cross_entropy")
    norms = {row.quantity: row.norm for row in sample_table(passed).rows}
    assert norms["x"] == pytest.approx(np.linalg.norm(passed.X[0]))
    assert norms["z1"] == pytest.approx(np.linalg.norm(passed.values["Z1"][0]))
    assert norms["y_hat"] == pytest.approx(np.linalg.norm(passed.values["A2"][0]))
    assert norms["dL/dz1"] == pytest.approx(len(passed.X) * np.linalg.norm(passed.gradients["Z1"][0]))


def test_component_of_the_first_gradient_is_error_j_times_input_k():
    passed = make_pass((4, 5, 3), "sigmoid", "sigmoid+cross_entropy")
    x, y = passed.X[[2]].T, passed.Y[[2]].T
    made = one_sample(passed.network, passed.parameters, x, y)
    for j, k in np.ndindex(5, 4):
        assert made["dL/dW1"][j, k] == made["dL/dz1"][j, 0] * x[k, 0]


@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
def test_equations_have_a_bias_where_the_network_has_one(bias):
    table = sample_table(make_pass((4, 5, 3), "tanh", "sigmoid+cross_entropy", bias))
    told = {row.quantity: row.equation for row in table.rows}
    assert (told["z1"], told["z2"]) == (("W1 x + b1", "W2 h1 + b2") if bias else ("W1 x", "W2 h1"))
    assert (told["h1"], told["dL/dz1"]) == ("tanh(z1)", "(W2^T dL/dz2) ⊙ tanh'(z1)")


@pytest.mark.parametrize("tensor", ["W1", "b1", "W2", "b2"])
def test_wrong_batch_gradient_shows_in_its_row_alone(tensor):
    table = sample_table(spoilt(make_pass((4, 5, 3), "sigmoid", "sigmoid+cross_entropy"), tensor))
    off = [quantity for quantity, difference in differences(table).items() if difference > 1e-10]
    assert off == [f"dL/d{tensor}"]


@pytest.mark.parametrize(
    "passed",
    [
        make_pass((4, 3), "sigmoid", "sigmoid+cross_entropy"),
        make_pass((4, 5, 5, 3), "sigmoid", "sigmoid+cross_entropy"),
        make_pass((4, 5, 3), "sigmoid", "softmax+cross_entropy"),
    ],
    ids=["one layer", "three layers", "softmax"],
)
def test_other_networks_are_not_shown_sample_by_sample(passed):
    assert sample_table(passed) is None


def test_both_readings_of_cross_entropy_have_a_table_of_their_own():
    derivation = derive(*(make_pass((4, 5, 3), "sigmoid", objective) for objective in OBJECTIVES[:2]))
    text = "\n\n".join(derivation_sections(derivation))
    assert text.count("## Sample by sample") == 1
    assert text.index("### sigmoid+cross_entropy") < text.index("### sigmoid+binary_cross_entropy")
    assert "| -y / y_hat  " in text
    assert "| -y / y_hat + (1 - y) / (1 - y_hat) " in text
    assert "| (W2^T dL/dz2) ⊙ sigmoid'(z1) " in text
    assert len(list(derivation_paragraphs(derivation))) == 2


def test_output_that_divides_by_zero_is_told_as_not_a_number():
    passed = make_pass((4, 5, 3), "sigmoid", "sigmoid+cross_entropy")
    saturated = {name: np.full_like(values, -1e3) for name, values in passed.parameters.items()}
    derivation = derive(back_propagate(passed.network, saturated, passed.X, passed.Y))
    assert "| not a number" in "\n".join(derivation_sections(derivation))
    assert "to not a number" in " ".join(next(derivation_paragraphs(derivation)).split())
