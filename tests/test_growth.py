"""Memory stays what it is however many runs there are; nothing here is timed."""

import json
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from contestant_support import experiment, write_csv
from made_documents import document, learning
from made_runs import cell, run

from compare.analysis.brief import in_brief
from compare.analysis.budgets import budgets
from compare.analysis.document import results_document
from compare.experiment import Experiment
from compare.measure import laboratory as laboratory_module
from compare.measure.laboratory import Laboratory
from compare.render.figures.learning import contestants
from compare.render.files import json_pieces
from compare.render.page.curves import curves
from compare.render.trained import trained
from compare.results import ResultsError, Run, row_of_run
from compare.rows import Rows, by_cell, once
from compare.store import Store
from data import load_dataset

FEW, MANY, POINTS = 20, 120, 100
MIB = 2**20
GRID = Experiment.from_dict(
    {
        "name": "growing",
        "training": {"epochs": POINTS, "target": 0.9},
        "factors": {"batch_sizes": ["full", 32]},
        "run": {"reference": "numpy"},
    }
)
PARITY = {"passed": True, "tensors": [], "trajectory": []}


def runs(count: int) -> Iterator[Run]:
    """So many runs of the grid's cells with long curves, about 30 kB each once they are read."""
    for at in range(count):
        yield learning(GRID.cells()[at % len(GRID.cells())], at // len(GRID.cells()), POINTS)


def most_memory(do: Callable[[], object]) -> int:
    """The most bytes that were held at once while something was done."""
    tracemalloc.start()
    try:
        do()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def growth(do: Callable[[int], object]) -> float:
    """MiB that it takes more to do something with many runs than with few."""
    do(2)  # whatever is made once
    return (most_memory(lambda: do(MANY)) - most_memory(lambda: do(FEW))) / MIB


def all_at_once() -> None:
    held = [*runs(MANY)]
    assert len(held) == MANY


def record(directory: Path, count: int) -> None:
    with Store.create(directory / f"{count}", {}) as store:
        for each in runs(count):
            store.append(each)


def render(finished: dict[str, Any]) -> None:
    """All that looks at the runs of a document."""
    for piece in json_pieces(finished):
        assert piece
    assert once(trained, finished["runs"]).runs == len(finished["runs"])
    assert len(curves(finished["summary"], finished["runs"])) == 4
    assert len(once(contestants, finished["runs"])["epoch"]) == 4


def test_the_measure_sees_runs_that_are_held() -> None:
    assert most_memory(all_at_once) > 2 * MIB


def test_recording_takes_no_more_memory_for_more_runs(tmp_path: Path) -> None:
    places = iter(tmp_path / name for name in "abc")
    assert growth(lambda count: record(next(places), count)) < 0.5


def test_reading_again_analysing_and_rendering_take_little_more_memory_for_more_runs(tmp_path: Path) -> None:
    for count in (2, FEW, MANY):
        record(tmp_path, max(count, 4))

    def finish(count: int) -> None:
        with Store.resume(tmp_path / f"{max(count, 4)}") as store:
            render(results_document(GRID, {}, PARITY, store.run_rows(GRID.cells())))

    assert growth(finish) < 1


def test_files_are_the_same_whether_runs_are_read_again_or_held(tmp_path: Path) -> None:
    made = [*runs(10), learning(cell(), 77, 6, status="diverged", reason="loss")]
    with Store.create(tmp_path / "out", {}) as store:
        for each in reversed(made):
            store.append(each)
        rows = store.run_rows(GRID.cells())
        lazily = results_document(GRID, {}, PARITY, rows)
        held = results_document(GRID, {}, PARITY, [*rows])
        held["runs"] = [*held["runs"]]
        assert json.loads("".join(json_pieces(lazily))) == json.loads(json.dumps(held))
        assert curves(lazily["summary"], lazily["runs"]) == curves(held["summary"], held["runs"])
        assert str(once(contestants, lazily["runs"])) == str(contestants(held["runs"]))
        assert held["budgets"] == budgets([Run.from_json(row) for row in held["runs"]])


def test_the_document_in_pieces_is_its_json_and_a_run_a_line() -> None:
    for made in (document([*runs(3)]), document([])):
        text = "".join(json_pieces(made))
        assert json.loads(text) == made
        lines = [line for line in text.splitlines() if "initial_weights_sha256" in line]
        assert [json.loads(line.rstrip(",")) for line in lines] == made["runs"]


def test_a_run_in_brief_has_the_way_to_the_target_and_the_end() -> None:
    row = learning(cell(), points=40).to_json()
    accuracies = [point["test_accuracy"] for point in row["curve"]]
    target = accuracies[3]
    assert [point.epoch for point in in_brief(row, target).curve] == [2, 3, 39]
    assert [point.epoch for point in in_brief(row, accuracies[0]).curve] == [0, 39]
    assert [point.epoch for point in in_brief(row, None).curve] == [39]
    assert in_brief(run(curve=()).to_json(), target).curve == ()


def test_runs_of_a_cell_are_together_wherever_they_stand() -> None:
    rows = [run(cell(name), seed).to_json() for seed in range(2) for name in ("numpy", "torch")]
    found = {key[0]: [row["seed"] for row in of_cell] for key, of_cell in by_cell(rows)}
    assert found == {"numpy": [0, 1], "torch": [0, 1]}


def test_what_is_made_of_rows_once_is_made_once() -> None:
    passes: list[int] = []

    def begin() -> Iterable[dict[str, Any]]:
        passes.append(1)
        return [run().to_json()]

    rows = Rows(1, begin)
    assert [once(trained, rows).runs for _ in range(3)] == [1, 1, 1]
    assert len(passes) == 1


@pytest.mark.parametrize("change", [lambda text: text.replace("0.25", "0.26", 1), lambda text: text[:300]])
def test_a_file_that_changed_underneath_is_refused(tmp_path: Path, change: Callable[[str], str]) -> None:
    with Store.create(tmp_path, {}) as store:
        store.append(run())
        path = tmp_path / "runs.jsonl"
        path.write_text(change(path.read_text()))
        with pytest.raises(ResultsError, match=r"runs\.jsonl: somebody else has changed it") as caught:
            list(store.runs)
        assert "\n" not in str(caught.value)


def test_a_line_longer_than_is_read_at_once_is_read_whole(tmp_path: Path) -> None:
    long = run(status="failed", reason="x" * 100_000, curve=())
    with Store.create(tmp_path, {}) as store:
        store.append(long)
        store.append(run(seed=1))
        assert [*store.runs] == [long, run(seed=1)]


def test_what_an_older_version_recorded_becomes_a_row_of_today() -> None:
    entry = run().to_json()
    old = {key: entry[key] for key in entry if key not in ("lr", "host", "alone", "compile_seconds")}
    assert row_of_run(old) == entry


def test_a_text_in_pieces_that_breaks_off_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "new"
        raise KeyboardInterrupt

    with Store.create(tmp_path, {}) as store:
        path = store.write("results.json", iter(["fir", "st"]))
        with pytest.raises(KeyboardInterrupt):
            store.write("results.json", pieces())
        assert path.read_text() == "first"
        assert [each.name for each in tmp_path.glob(".*")] == []


def test_files_of_initial_weights_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laboratory_module, "MOST_WEIGHTS", 3)
    with Laboratory(experiment(), load_dataset(write_csv(tmp_path / "three.csv"))) as laboratory:
        network = laboratory.network("softmax+cross_entropy")
        first = laboratory.weights(network, 0)
        before = first[0].read_bytes()
        for seed in range(1, 8):
            assert laboratory.weights(network, seed)[0].is_file()
        assert len([*laboratory.folder.glob("weights-*")]) == 3
        again = laboratory.weights(network, 0)
        assert (again[1], again[0].read_bytes()) == (first[1], before)


def test_splits_of_single_seeds_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laboratory_module, "MOST_SPLITS", 2)
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    with Laboratory(experiment(), data, lambda seed: data) as laboratory:
        for seed in (0, 1, 2, 3, 0):
            folder = laboratory.own_folder(seed)
            assert folder is not None
            assert (Path(folder) / "X_train.npy").is_file()
        assert len([*laboratory.folder.glob("split-*")]) == 2
