import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from derivation_support import derive, make_pass
from made_runs import parity

import compare.results
from compare.analysis.graph import MOST_WEIGHTS, computation_graph
from compare.parity.complex_step import complex_loss
from compare.render.derivation_tables import norm
from compare.render.graph import MOST_EDGES, escaped, mermaid
from compare.render.markdown import table_markdown
from compare.render.value import NOTHING
from compare.results import build_results

SCHEMA = json.loads(Path(compare.results.__file__).with_name("results.schema.json").read_text())
NODE = re.compile(r'^    (n\w+)(\["|\(\["|\{\{")([^"]*)("\]|"\]\)|"\}\})$')
EDGE = re.compile(r"^    (n\w+) --> (n\w+)$")
PASSES = {
    "linear": make_pass((2, 3, 2, 1), "identity", "identity+squared_error", bias=False),
    "unfused": make_pass((4, 5, 3), "sigmoid", "sigmoid+cross_entropy"),
    "fused": make_pass((4, 6, 6, 3), "relu", "softmax+cross_entropy"),
    "columns": make_pass((4, 3, 1), "sigmoid", "sigmoid+binary_cross_entropy"),
}


def nodes_of(passed):
    return {node.name: node for node in computation_graph(passed).nodes}


def test_linear_network_has_no_nodes_for_its_identities():
    assert list(nodes_of(PASSES["linear"])) == ["X", "W1", "Z1", "W2", "Z2", "W3", "Z3", "Y", "L"]


def test_unfused_output_has_a_node_and_a_fused_one_is_within_the_loss():
    unfused, fused = nodes_of(PASSES["unfused"]), nodes_of(PASSES["fused"])
    assert unfused["L"].inputs == ("A2", "Y")
    assert fused["L"].inputs == ("Z3", "Y")
    assert "softmax(Z3)" in fused["L"].equation
    assert "A3" not in fused


@pytest.mark.parametrize("passed", PASSES.values(), ids=PASSES)
def test_nodes_stand_after_those_they_are_made_from_and_lead_to_the_loss(passed):
    seen = set()
    for node in computation_graph(passed).nodes:
        assert set(node.inputs) <= seen
        seen.add(node.name)
    used = {source for node in computation_graph(passed).nodes for source in node.inputs}
    assert seen - used == {"L"}


@pytest.mark.parametrize("passed", PASSES.values(), ids=PASSES)
def test_gradient_of_every_parameter_and_of_the_input_is_that_of_the_forward_pass(passed):
    """Against the complex step, which knows nothing of back-propagation."""
    nodes = nodes_of(passed)
    given = {**passed.parameters, "X": passed.X}
    for name, values in given.items():
        gradient = np.zeros_like(values)
        for at in np.ndindex(values.shape):
            moved = {**given, name: values.astype(complex)}
            moved[name][at] += 1e-20j
            X = moved.pop("X")
            gradient[at] = complex_loss(passed.network, moved, X, passed.Y).imag / 1e-20
        assert nodes[name].shape == values.shape
        assert nodes[name].gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-12)
        if nodes[name].gradient is not None:
            np.testing.assert_allclose(nodes[name].gradient, gradient, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("objective", ["sigmoid+cross_entropy", "softmax+cross_entropy"])
def test_gradient_of_a_value_is_that_of_the_bias_added_last_and_of_what_it_feeds(objective):
    """With one sample, Z = W A + b makes dL/dZ and dL/db the same, and dL/dA is W^T dL/dZ of the next."""
    passed = make_pass((4, 5, 3), "tanh", objective, rows=1)
    nodes = nodes_of(passed)
    for layer in "12":
        assert nodes[f"Z{layer}"].gradient_norm == pytest.approx(nodes[f"b{layer}"].gradient_norm, rel=1e-14)
    below = passed.parameters["W2"].T @ passed.gradients["b2"]
    assert nodes["A1"].gradient_norm == pytest.approx(np.linalg.norm(below), rel=1e-14)


def test_fused_output_has_no_gradient_of_its_activation():
    assert "A2" in PASSES["unfused"].gradients
    assert "A3" not in PASSES["fused"].gradients


def test_derivatives_are_written_out_in_small_networks_only():
    small, large = nodes_of(PASSES["linear"]), nodes_of(PASSES["fused"])
    assert sum(values.size for values in PASSES["fused"].parameters.values()) > MOST_WEIGHTS
    assert np.shape(small["W2"].gradient) == (2, 3)
    assert {node.gradient for node in large.values()} == {None}
    assert all(small[name].gradient is None for name in ("X", "Z1", "Z3", "L"))


@pytest.mark.parametrize("passed", PASSES.values(), ids=PASSES)
def test_mermaid_text_follows_its_grammar(passed):
    lines = mermaid(derive(passed)["graph"]).splitlines()
    assert (lines[0], lines[1], lines[-1]) == ("```mermaid", "flowchart TD", "```")
    nodes = [found for line in lines[2:-1] if (found := NODE.match(line))]
    edges = [found for line in lines[2:-1] if (found := EDGE.match(line))]
    assert len(nodes) + len(edges) == len(lines) - 3
    assert {end for edge in edges for end in edge.groups()} == {node[1] for node in nodes}
    for node in nodes:
        assert not set("<>`'&") & set(node[3].replace("<br/>", ""))
        assert {"[": "]", "(": ")", "{": "}"}[node[2][0]] == node[4][-1]


def test_graph_shows_shapes_norms_and_every_derivative():
    text = mermaid(derive(PASSES["linear"])["graph"])
    gradient = PASSES["linear"].gradients["W3"]
    assert f'nW3(["W3<br/>(1, 2); dL/dW3 =<br/>[{gradient[0, 0]:.4g}, {gradient[0, 1]:.4g}]"])' in text
    assert 'nZ1["Z1 = X W1ᵀ<br/>(7, 3); ‖dL/dZ1‖ = ' in text
    assert 'nY["Y<br/>(7, 1)"]' in text


def test_text_that_mermaid_or_a_page_would_act_on_is_escaped():
    assert escaped('a"]; end --> <b>#`&\n') == "a#34;]; end --#62; #60;b#62;#35;#96;#38; "


def test_graph_too_large_to_be_drawn_is_told():
    layers = MOST_EDGES // 4 + 1
    graph = derive(make_pass((2,) * layers + (1,), "tanh", "identity+squared_error"))["graph"]
    text = mermaid(graph)
    assert text == f"The graph has {len(graph['nodes'])} nodes, too many to draw; results.json has them all."


def document(*passes):
    derivation = {"derivation": derive(*passes)} if passes else {}
    return build_results(
        experiment={"name": "small"},
        environment={},
        parity=parity(),
        runs=[],
        summary=[],
        attribution=[],
        reference="numpy",
        **derivation,
    )


@pytest.mark.parametrize("passed", PASSES.values(), ids=PASSES)
def test_derivation_is_described_by_the_schema_and_shown_in_the_page(passed):
    made = document(passed)
    jsonschema.validate(made, SCHEMA)
    assert "\n## The computation graph\n\n" in table_markdown(made)
    assert "\n\n```mermaid\nflowchart TD\n" in table_markdown(made)


def test_document_without_a_derivation_is_as_before():
    made = document()
    assert "derivation" not in made
    jsonschema.validate(made, SCHEMA)
    assert "computation graph" not in table_markdown(made)


@pytest.mark.parametrize(
    "path",
    [
        ["graph", "nodes", 0, "kind"],
        ["paths", 0, "weights", 0, "expression"],
        ["graph", "nodes", 2, "shape", 0],
    ],
    ids=lambda path: ".".join(map(str, path)),
)
def test_schema_refuses_a_derivation_that_is_not_one(path):
    made = document(PASSES["linear"])
    *way, last = path
    part = made["derivation"]
    for key in way:
        part = part[key]
    part[last] = -1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, SCHEMA)


def test_objective_of_the_graph_is_the_first():
    derivation = derive(PASSES["unfused"], PASSES["fused"])
    assert derivation["graph"]["objective"] == "sigmoid+cross_entropy"
    assert [table["objective"] for table in derivation["samples"]] == ["sigmoid+cross_entropy"]


def test_targets_have_no_norm_of_a_derivative():
    assert (norm(None).point, norm(0.25).point) == (NOTHING, "0.25")
