import json
from typing import Any

import pytest
from made_runs import parity, run, tensor, trajectory

from benchmarks.report_size import made_document
from compare.analysis.summary import summarise
from compare.render.markdown import table_markdown
from compare.render.method import method_text
from compare.results import build_results


@pytest.fixture(scope="module")
def whole() -> str:
    return json.dumps(made_document(20, epochs=3))


@pytest.fixture
def document(whole: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(whole)
    return made


def test_text_tells_what_was_compared_proven_timed_judged_and_where(document: dict[str, Any]) -> None:
    text = method_text(document)
    for told in (
        "We compared numpy and torch.",
        "Training: 3 epochs; target 0.95.",
        "All 16 comparisons passed",
        "Each cell of the grid was trained from 5 seeds",
        "started from the same initial weights (their SHA-256 is equal)",
        "Each contestant was timed in 5 processes of its own, in up to 6 rounds each",
        "A time ratio is the median of the ratios of seconds an update to torch's",
        "As a null test torch was timed against itself",
        "exact Shapley values",
        "Machine: made up, 2 cores.",
        "Command: python -m compare.run",
    ):
        assert told in text
    assert len(text.split("\n\n")) == 6


def test_nothing_is_told_that_the_document_does_not_hold() -> None:
    empty = build_results(
        experiment={},
        environment={},
        parity={"passed": False, "tensors": [], "trajectory": []},
        runs=[],
        summary=[],
        attribution=[],
        reference="torch",
    )
    assert method_text(empty) == ""


def test_result_without_timing_blocks_and_null_test_says_so(document: dict[str, Any]) -> None:
    runs = [run(seed=seed, seconds=1 + seed / 10) for seed in range(3)]
    made = build_results(
        experiment={},
        environment={},
        parity=parity(tensor(), steps=[trajectory()]),
        runs=runs,
        summary=summarise(runs, "torch"),
        attribution=[],
        reference="torch",
    )
    text = method_text(made)
    assert "There were no timing blocks" in text
    assert "null test" not in text
    assert "processes" not in text
    assert "Shapley" not in text
    del document["null_test"]
    assert "No null test was made" in method_text(document)


def test_different_initial_weights_are_not_called_the_same(document: dict[str, Any]) -> None:
    document["runs"][0]["initial_weights_sha256"] = "f" * 64
    assert "same initial weights" not in method_text(document)


def test_failed_parity_and_failed_runs_are_told(document: dict[str, Any]) -> None:
    document["parity"]["passed"] = document["parity"]["tensors"][0]["passed"] = False
    document["runs"][0]["status"] = "diverged"
    document["null_test"]["contains_1"] = False
    text = method_text(document)
    assert "Not all comparisons passed: numpy failed" in text
    assert "1 of 20 runs did not end well" in text
    assert "not to be trusted" in text


def test_method_is_a_section_of_the_page_and_stays_text(document: dict[str, Any]) -> None:
    document["environment"]["processor"] = "<script>x</script>|*"
    page = table_markdown(document)
    assert "## Method\n\nWe compared numpy and torch." in page
    assert "<script>" not in page
