import pytest
from derivation_support import derive, make_pass, spoilt

from compare.analysis.columns import column_table
from compare.render.derivation import derivation_paragraphs, derivation_sections

OBJECTIVE = "sigmoid+binary_cross_entropy"


def columns(hidden="sigmoid", bias=True, sizes=(4, 3, 1), **more):
    return make_pass(sizes, hidden, OBJECTIVE, bias, **more)


@pytest.mark.parametrize("hidden", ["sigmoid", "tanh", "relu", "identity"])
@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
@pytest.mark.parametrize(("sizes", "rows"), [((4, 3, 1), 7), ((3, 3, 1), 3), ((2, 5, 1), 1)])
def test_every_array_of_the_columns_is_that_of_the_rows(hidden, bias, sizes, rows):
    table = column_table(columns(hidden, bias, sizes, rows=rows))
    assert len(table.rows) == (11 if bias else 9)
    assert max(row.relative_difference for row in table.rows) < 1e-13


def test_shapes_are_those_of_the_source_beside_ours():
    shapes = {row.array: (row.row_shape, row.column_shape) for row in column_table(columns()).rows}
    assert shapes == {
        "X": ((7, 4), (4, 7)),
        "Z1": ((7, 3), (3, 7)),
        "A1": ((7, 3), (3, 7)),
        "Z2": ((7, 1), (1, 7)),
        "A2": ((7, 1), (1, 7)),
        "dZ2": ((7, 1), (1, 7)),
        "dW2": ((1, 3), (1, 3)),
        "db2": ((1,), (1, 1)),
        "dZ1": ((7, 3), (3, 7)),
        "dW1": ((3, 4), (3, 4)),
        "db1": ((3,), (3, 1)),
    }


@pytest.mark.parametrize("bias", [True, False], ids=["biases", "no biases"])
def test_equations_have_a_bias_where_the_network_has_one(bias):
    told = {row.array: row.equation for row in column_table(columns("tanh", bias)).rows}
    assert told["Z1"] == ("Z1 = W1 A0 + b1" if bias else "Z1 = W1 A0")
    assert told["Z2"] == ("Z2 = W2 A1 + b2" if bias else "Z2 = W2 A1")
    assert told["dZ1"] == "dZ1 = (W2^T dZ2) ⊙ tanh'(Z1)"


def test_mean_is_taken_in_the_errors_by_rows_and_in_the_gradients_by_columns():
    relation = {row.array: row.relation for row in column_table(columns()).rows}
    assert {relation[name] for name in ("X", "Z1", "A1", "Z2", "A2")} == {"transposed"}
    assert {relation[name] for name in ("dZ1", "dZ2")} == {"transposed, times 1/n"}
    assert {relation[name] for name in ("dW1", "dW2")} == {"equal"}
    assert {relation[name] for name in ("db1", "db2")} == {"equal, one axis fewer"}


@pytest.mark.parametrize("tensor", ["Z2", "W2", "b2", "Z1", "W1", "b1"])
def test_wrong_gradient_shows_in_its_row_alone(tensor):
    rows = column_table(spoilt(columns(), tensor)).rows
    assert [row.array for row in rows if row.relative_difference > 1e-10] == [f"d{tensor}"]


@pytest.mark.parametrize(
    "passed",
    [
        make_pass((4, 3, 2), "sigmoid", OBJECTIVE),
        make_pass((4, 3, 3, 1), "sigmoid", OBJECTIVE),
        make_pass((4, 1), "sigmoid", OBJECTIVE),
        make_pass((4, 3, 1), "sigmoid", "sigmoid+squared_error"),
    ],
    ids=["two outputs", "three layers", "one layer", "squared error"],
)
def test_other_networks_are_not_shown_as_columns(passed):
    assert column_table(passed) is None


def test_section_has_a_row_an_array_and_the_terminal_the_largest_difference():
    derivation = derive(spoilt(columns(), "W1", by=0.25))
    text = "\n\n".join(derivation_sections(derivation))
    (row,) = (line for line in text.splitlines() if line.startswith("| dW2"))
    assert "| dW2 = 1/n dZ2 A1^T " in row
    assert "to 2.5e-01" in next(derivation_paragraphs(derivation))
