import csv
import io
import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.report_size import made_document
from compare import report
from compare.analysis.comparison import Comparison, Side, compare_results
from compare.analysis.same_experiment import OtherExperimentError
from compare.reading import checked
from compare.render.comparison import Pair, findings
from compare.render.comparison_tables import environment_table, times_table
from compare.render.latex import table_tex

NAMES = ("A", "B")


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """The command sets a handler for SIGTERM; take it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def whole() -> str:
    return json.dumps(made_document(20, epochs=3))


@pytest.fixture
def document(whole: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(whole)
    return made


def side(document: dict[str, Any]) -> Side:
    runs, timings = checked(document)
    return Side(document, runs, timings)


def slowed(of: Side, factor: float) -> Side:
    """The same result, every block of numpy longer by a factor."""
    timings = [
        replace(
            timing, blocks=tuple(replace(block, seconds=block.seconds * factor) for block in timing.blocks)
        )
        if timing.cell.implementation == "numpy"
        else timing
        for timing in of.timings
    ]
    return Side(of.document, of.runs, timings)


def compared(first: Side, second: Side) -> Comparison:
    return compare_results(first, second)


def test_ratio_of_times_is_the_second_over_the_first(document: dict[str, Any]) -> None:
    one = side(document)
    for cell in compared(one, slowed(one, 1.5)).cells:
        assert cell.ratio is not None
        expected = 1.5 if cell.cell.implementation == "numpy" else 1.0
        assert cell.ratio.point == pytest.approx(expected)
        assert cell.differs is (expected != 1.0)


def test_change_within_the_noise_of_the_null_test_is_no_difference(document: dict[str, Any]) -> None:
    one = side(document)
    noise = document["null_test"]["ratio_95"]
    assert noise > 1
    changes = compared(one, slowed(one, 1 + (noise - 1) / 2)).cells
    assert not any(cell.differs for cell in changes)


def test_other_environment_gets_no_ratio_and_is_named(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    other["environment"] |= {"processor": "another", "libraries": {"numpy": "1.0"}, "commit": "abc"}
    found = compared(side(document), side(other))
    assert [(row.key, row.first, row.second) for row in found.deciding] == [
        ("processor", "made up", "another"),
        ("libraries.numpy", "absent", "1.0"),
    ]
    assert all(cell.ratio is None and cell.differs is None for cell in found.cells)
    assert "no ratio" in findings(Pair(found, NAMES))[0]
    assert "(processor and libraries.numpy)" in findings(Pair(found, NAMES))[0]
    headers = times_table(found, NAMES)
    assert "time, B / A" not in headers
    assert {"us/update, A", "us/update, B", "time / torch, A", "time / torch, B"} <= headers.keys()


def test_other_commit_alone_is_no_obstacle(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    other["environment"]["commit"] = "abc"
    found = compared(side(document), side(other))
    assert [row.key for row in found.environment] == ["commit"]
    assert all(cell.ratio for cell in found.cells)


def test_long_entries_are_shown_where_they_differ(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    document["environment"]["command"] = "x" * 200 + " --output a"
    other["environment"]["command"] = "x" * 200 + " --output b"
    table = environment_table(compared(side(document), side(other)), NAMES)
    assert [table[name][0].point[-10:] for name in NAMES] == ["--output a", "--output b"]
    assert all(len(table[name][0].point) <= 60 for name in NAMES)


def test_libraries_in_another_order_are_the_same(document: dict[str, Any], whole: str) -> None:
    pools = [{"library": "openblas", "threads": 1}, {"library": "openmp", "threads": 1}]
    other = json.loads(whole)
    document["environment"]["thread_pools"] = {"torch, 1 thread": pools}
    other["environment"]["thread_pools"] = {"torch, 1 thread": pools[::-1]}
    assert compared(side(document), side(other)).environment == ()


@pytest.mark.parametrize(
    ("section", "key", "value", "told"),
    [
        ("training", "epochs", 5, "experiment.training.epochs is 3 in the first and 5 in the second"),
        ("factors", "batch_sizes", [7], 'experiment.factors.batch_sizes is ["full"'),
        ("run", "seeds", [1], "experiment.run.seeds is [0, 1, 2, 3, 4] in the first and [1] in the second"),
    ],
)
def test_other_experiment_is_refused_and_the_first_key_named(
    section: str, key: str, value: object, told: str, document: dict[str, Any], whole: str
) -> None:
    other = json.loads(whole)
    other["experiment"][section][key] = value
    with pytest.raises(OtherExperimentError) as caught:
        compared(side(document), side(other))
    assert told in str(caught.value)


def test_what_it_is_called_and_how_closely_it_was_measured_may_differ(
    document: dict[str, Any], whole: str
) -> None:
    other = json.loads(whole)
    other["experiment"] |= {"name": "other", "title": "Other"}
    other["experiment"]["run"] |= {"processes": 10, "timeout": 5.0}
    found = compared(side(document), side(other))
    assert [row.key for row in found.environment] == ["run.timeout", "run.processes"]
    assert found.deciding == ()


def test_other_data_are_another_experiment(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    document["environment"]["data"], other["environment"]["data"] = {"sha256": "0"}, {"sha256": "1"}
    with pytest.raises(OtherExperimentError, match=r"environment\.data\.sha256"):
        compared(side(document), side(other))


def test_key_that_an_older_result_lacks_has_its_default(document: dict[str, Any], whole: str) -> None:
    older = json.loads(whole)
    del older["experiment"]["run"]["null_test"], older["experiment"]["model"]["init"]
    older["experiment"]["model"] |= {"init": "pytorch"}
    assert compared(side(document), side(older)).deciding == ()


def test_accuracies_are_compared_seed_by_seed(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    first = document["runs"][0]["implementation"], document["runs"][0]["batch_size"]
    for run in other["runs"]:
        if (run["implementation"], run["batch_size"]) == first:
            run["curve"][-1]["test_accuracy"] -= 0.01
            run["final_weights_sha256"] = "f" * 64 if run["seed"] else run["final_weights_sha256"]
    changed, *others = compared(side(document), side(other)).cells
    assert changed.change is not None
    assert (changed.change.point, changed.change.low) == (pytest.approx(-0.01), pytest.approx(-0.01))
    assert (changed.seeds, changed.same_weights) == (5, 1)
    assert all(cell.change and cell.change.point == 0 and cell.same_weights == 5 for cell in others)


def test_cells_that_one_side_lacks_are_told(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    first = document["runs"][0]["implementation"]
    other["runs"] = [run for run in other["runs"] if run["implementation"] != first]
    found = compared(side(document), side(other))
    assert len(found.only[0]) == 2
    assert found.only[1] == ()
    assert any("2 cells of the grid have runs in A alone" in text for text in findings(Pair(found, NAMES)))


def test_results_without_timing_blocks_are_paired_by_seed(document: dict[str, Any], whole: str) -> None:
    other = json.loads(whole)
    for each in (document, other):
        for key in ("timings", "null_test"):
            del each[key]
    found = compared(side(document), side(other))
    assert found.paired_by == "seed"
    assert all(cell.ratio and cell.ratio.point == 1 for cell in found.cells)


@pytest.mark.parametrize(
    ("seeds", "same", "told"),
    [
        (1, True, "1 of 1 training ends with the same weights in A and B, bit by bit."),
        (1, False, "0 of 1 training ends with the same weights"),
        (2, True, "1 of 2 trainings ends with the same weights"),
    ],
)
def test_findings_are_told_in_their_number(
    seeds: int, same: bool, told: str, document: dict[str, Any]
) -> None:
    found = compared(side(document), side(document))
    one = replace(found.cells[0], seeds=seeds, same_weights=int(same))
    found = replace(found, cells=(one,), only=((one.cell,), (one.cell,) * 2))
    text = "\n".join(findings(Pair(found, NAMES)))
    assert told in text
    assert "1 cell of the grid has runs in A alone." in text
    assert "2 cells of the grid have runs in B alone." in text


def test_command_compares_two_and_more_against_the_first(
    whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [tmp_path / name for name in ("a", "b", "c|<b>\\x")]
    for place in places:
        place.mkdir()
        (place / "results.json").write_text(whole)
    assert report.main([str(place) for place in places]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    out = places[-1] / "comparison"
    assert {path.name for path in out.iterdir()} == {"comparison.md", "comparison.csv", "comparison.tex"}
    page = (out / "comparison.md").read_text()
    assert "## From A to B" in page
    assert "## From A to C" in page
    assert "<b>" not in page
    rows = list(csv.DictReader(io.StringIO((out / "comparison.csv").read_text())))
    assert len(rows) == 8
    assert {row["second"] for row in rows} == {str(places[1]), str(places[2])}
    assert {float(row["ratio"]) for row in rows} == {1.0}
    tex = (out / "comparison.tex").read_text()
    assert tex.count(r"\begin{table}") == 6
    assert table_tex(json.loads(whole)).splitlines()[1] == tex.splitlines()[1]
    assert "40 of" not in said.out
    assert "20 of 20 trainings end with the same weights in A and B" in said.out


def test_command_refuses_what_is_of_another_experiment_in_one_line(
    whole: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = json.loads(whole)
    other["experiment"]["training"]["lr"] = 0.7
    for name, text in (("a", whole), ("b", json.dumps(other))):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.json").write_text(text)
    assert report.main([str(tmp_path / "a"), str(tmp_path / "b")]) == 2
    said = capsys.readouterr()
    assert said.err.count("\n") == 1
    assert "different experiments" in said.err
    assert "experiment.training.lr is absent in the first and 0.7 in the second" in said.err
    assert not (tmp_path / "b" / "comparison").exists()
