"""docs/derivation.md and the code it explains name the same equations; its links, maths and listing hold."""

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from seed_support import assert_matches, draw_parameters

from handwritten import MLP

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docs" / "derivation.md").read_text(encoding="utf-8")
FORMULA_FILES = sorted((ROOT / "handwritten").glob("*.py"))
LABEL = re.compile(r"\[(L|[BDFLOPS]\d+'?)\]")
DEFINITION = re.compile(r'^<a id="([^"]+)"></a>\*\*\[([^\]]+)\]\*\*', re.MULTILINE)
MATHS = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL)
REQUIRED = (
    "F1 F2 L L1 L2 L3 L1' L2' L3' D1 D2 D3 D4 D5 B0 B1 B2 B3 B4 S1 S2 S3 O1 O2 O3 O4 O5 O6 P1".split()  # noqa: SIM905
)

defined = {label for _, label in DEFINITION.findall(TEXT)}
used = {label for path in FORMULA_FILES for label in LABEL.findall(path.read_text(encoding="utf-8"))}


def test_each_label_is_defined_once_with_an_anchor_of_its_name():
    definitions = DEFINITION.findall(TEXT)
    assert max(Counter(label for _, label in definitions).values()) == 1
    assert [anchor for anchor, _ in definitions] == [
        label.lower().replace("'", "-prime") for _, label in definitions
    ]
    assert set(REQUIRED) <= defined


@pytest.mark.parametrize("path", FORMULA_FILES, ids=lambda path: path.name)
def test_every_label_in_the_code_is_an_equation_of_the_document(path):
    assert set(LABEL.findall(path.read_text(encoding="utf-8"))) <= defined


def test_every_equation_of_the_document_is_used_in_the_code():
    assert defined - used == {"P1"}  # the deep linear network's path products are no code of their own


def test_every_label_the_document_refers_to_is_defined_in_it():
    assert set(LABEL.findall(TEXT)) <= defined


def test_the_files_of_the_reading_table_carry_the_labels_it_gives_them():
    rows = re.findall(r"^\| \[(handwritten/\w+\.py)\]\S+ \| (.+) \|$", TEXT, re.MULTILINE)
    assert rows
    for path, labels in rows:
        in_the_file = LABEL.findall((ROOT / path).read_text(encoding="utf-8"))
        assert set(LABEL.findall(labels)) <= set(in_the_file), path


def test_links_lead_to_files_and_headings_that_exist():
    titles = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    headings = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
    anchors = headings | {anchor for anchor, _ in DEFINITION.findall(TEXT)}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        else:
            assert (ROOT / "docs" / target).exists(), target


def test_maths_avoids_what_markdown_would_change_before_it_is_typeset():
    """An underscore after a bracket opens emphasis; a line that begins with a sign is a list item."""
    without_code = re.sub(r"```.*?```|`[^`\n]*`", "", TEXT, flags=re.DOTALL)
    assert all(line.count("$") % 2 == 0 for line in without_code.splitlines())
    formulas = [display or inline for display, inline in MATHS.findall(without_code)]
    assert len(formulas) > 100
    for formula in formulas:
        assert not re.search(r"\\[^A-Za-z]|\*|<|\\operatorname|(?<![A-Za-z0-9])_", formula), formula
        assert not re.search(r"^\s*[-+=#>|\d]", formula, re.MULTILINE) or "\n" not in formula, formula
        assert formula.count("{") == formula.count("}"), formula
        assert formula.count(r"\left") - formula.count(r"\leftarrow") == formula.count(r"\right"), formula


def test_the_listing_of_the_whole_pass_computes_the_gradients_of_handwritten():
    (listing,) = re.findall(r"```python\n(.+?)```", TEXT, re.DOTALL)
    rng = np.random.default_rng(0)
    parameters = draw_parameters(rng, (4, 5, 3, 2))
    X, Y = rng.standard_normal((6, 4)), rng.standard_normal((6, 2))

    class Tanh:
        def __call__(self, Z):
            return np.tanh(Z)

        def prime(self, Z):
            return 1 - np.tanh(Z) ** 2

    scope = {
        "X": X,
        "Y": Y,
        "layers": [(parameters[f"W{i}"], parameters[f"b{i}"], Tanh()) for i in (1, 2, 3)],
        "output_error": lambda Z, A, Y: (A - Y) / len(Y) * Tanh().prime(Z),
        "gradients": {},
    }
    exec(listing, scope)
    mlp = MLP((4, 5, 3, 2), ("tanh", "tanh"), "tanh", "squared_error", bias=True, dtype=np.float64)
    mlp.load(parameters)

    _, gradients = mlp.loss_and_gradients(X, Y)

    for i in (1, 2, 3):
        assert_matches(gradients[f"W{i}"], scope["gradients"][i - 1][0], f"W{i}")
        assert_matches(gradients[f"b{i}"], scope["gradients"][i - 1][1], f"b{i}")
    assert_matches(mlp.input_gradient(X, Y), scope["dA"], "dX")
