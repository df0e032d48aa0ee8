import copy
import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_documents import full_document
from made_timings import timed

from benchmarks.report_size import made_document
from compare import reading, report
from compare.analysis.thread_ratios import thread_rows
from compare.analysis.times import Times
from compare.fields import ResultsError
from compare.reading import read_results

SEEDS_OF_FUZZING = 30
JUNK = [
    *(None, True, 0, -1, 1.5, 1e300, -1e300, 5e-324, 2**62, -700, "", "x", "full", "\ud800", "\x1b[31m"),
    *("a, , b", " of ", "1 of 2", "\\end{table}", "|\n", [], {}, [1], [[]], {"a": 1}),
]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """A document of 20 runs with timings, a null test, budgets and an attribution."""
    made: dict[str, Any] = json.loads(json.dumps(made_document(20, epochs=3)))
    assert {"timings", "null_test", "budgets"} <= made.keys()
    assert made["attribution"]
    return made


def written(folder: Path, content: object) -> Path:
    path = folder / "results.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def refused(path: Path) -> str:
    with pytest.raises(ResultsError) as caught:
        read_results(path)
    told = str(caught.value)
    assert "\n" not in told
    assert told.isprintable()
    assert len(told) < 500
    return told


def test_what_a_run_wrote_is_read_from_the_file_and_from_its_directory(
    document: dict[str, Any], tmp_path: Path
) -> None:
    path = written(tmp_path, document)
    assert read_results(path).document == read_results(tmp_path).document == document
    assert len(read_results(path).runs) == len(document["runs"])


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (
            ("summary", 0, "time_ratio"),
            "fast",
            "summary[0].time_ratio: 'fast' is not of type 'number', 'null'",
        ),
        (
            ("summary", 1, "test_accuracy_low"),
            None,
            "summary[1].test_accuracy_low: an interval has both bounds",
        ),
        (("summary", 0, "colour"), "red", "summary[0]: Additional properties are not allowed ('colour'"),
        (("runs", 3, "seconds"), -1, "runs[3]: seconds must be a finite number of at least 0, not -1"),
        (("runs", 0, "curve", 1, "epoch"), "1", "runs[0]: epoch must be a whole number of at least 0"),
        (("timings", 2, "blocks"), [[1]], "timings[2]: blocks must be a list of lists"),
        (("timings",), {}, "timings: must be a list, not dict"),
        (("schema_version",), 2, "schema_version: 1 was expected"),
        (("environment", "data"), {"name": 3}, "environment.data.name: 3 is not of type 'string'"),
        (("experiment", "model"), {}, "experiment.model: 'hidden' is a required property"),
        (("attribution", 0, "contribution"), 1e6, "attribution[0].contribution: 1000000.0 is greater than"),
        (("parity",), [], "parity: [] is not of type 'object'"),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_wrong_key_is_named(
    place: tuple[Any, ...], value: object, told: str, document: dict[str, Any], tmp_path: Path
) -> None:
    changed = copy.deepcopy(document)
    at: Any = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    path = written(tmp_path, changed)
    message = refused(path)
    assert message.startswith(f"{path}: ")
    assert told in message


@pytest.mark.parametrize("bound", ["low", "high"])
def test_a_time_beside_that_with_fewer_threads_has_both_bounds_or_none(
    bound: str, document: dict[str, Any], tmp_path: Path
) -> None:
    timings = [
        each
        for threads in (1, 2)
        for each in timed("numpy", [[0.1], [0.2 / threads], [0.1 / threads]], threads=threads)
    ]
    (row,) = thread_rows(Times(timings), None)
    path = written(tmp_path, {**document, "thread_ratios": [row]})
    assert read_results(path).document["thread_ratios"] == [row]
    path = written(tmp_path, {**document, "thread_ratios": [row, {**row, f"thread_ratio_{bound}": None}]})
    told = "thread_ratios[1].thread_ratio_low: an interval has both bounds or none"
    assert refused(path).endswith(told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is not the JSON of a result"),
        ("[1, 2]", "must be a JSON object, not list"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "the number 1e999 is beyond 1e+300"),
        (f'{{"a": {"9" * 5000}}}', "has more digits than 64 bits hold"),
        ("[" * 100_000, "too deep inside one another"),
        ('{"experiment": ' + '{"a": ' * 50 + "1" + "}" * 51, "deep inside one another"),
        ('{"schema_version": 1}', "'experiment' is a required property"),
    ],
    ids=lambda value: value[:20],
)
def test_what_is_no_result_is_refused(content: str, told: str, tmp_path: Path) -> None:
    assert told in refused(written(tmp_path, content))


def test_text_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_bytes(b'{"a": "\xff"}')
    assert "utf-8" in refused(path)


def test_file_beyond_the_limit_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGEST_RESULTS", 10)
    assert "has 20 bytes, more than the 10 that are read" in refused(written(tmp_path, " " * 20))


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    assert "name a directory that python -m compare.run wrote" in refused(tmp_path)
    (tmp_path / "runs.jsonl").touch()
    assert f"--resume {tmp_path}" in refused(tmp_path)
    assert "cannot be read (No such file or directory)" in refused(tmp_path / "nothing" / "here")
    os.mkfifo(tmp_path / "pipe")
    assert "is not a regular file" in refused(tmp_path / "pipe")


def test_junk_anywhere_is_one_line_or_a_report(
    document: dict[str, Any], tmp_path: Path, rng: np.random.Generator, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(int(rng.integers(2**32)))
    places = [place for place in places_in(document) if place[:1] not in (("runs",), ("timings",))]
    reports = 0
    for _ in range(SEEDS_OF_FUZZING):
        changed, place = copy.deepcopy(document), chance.choice(places)
        at: Any = changed
        for key in place[:-1]:
            at = at[key]
        old = at[place[-1]]
        alike = [junk for junk in JUNK if type(junk) is type(old)]
        at[place[-1]] = chance.choice(alike if alike and chance.random() < 0.7 else JUNK)
        path = written(tmp_path, changed)
        code = report.main(
            [str(path), "--output", str(tmp_path / "out"), "--force", "--format", "md,csv,tex"]
        )
        captured = capsys.readouterr()
        assert code in (0, 2), (place, at[place[-1]])
        reports += code == 0
        if code == 2:
            assert captured.err.startswith("error: ")
            assert captured.err.count("\n") == 1
    assert 0 < reports < SEEDS_OF_FUZZING


def places_in(value: object, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every key and index of a document, but no more than three entries of a list."""
    entries = (
        value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    )
    below = [found for key, entry in entries for found in places_in(entry, (*place, key))]
    return [*([place] if place else []), *below]


def taken(document: dict[str, Any], tmp_path: Path) -> str:
    """What the reader says against the document; "" where it takes it."""
    try:
        read_results(written(tmp_path, document))
    except ResultsError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("pictures", "width"), 3, "pictures.items[0].pixels: has 4 values, not 2 x 3"),
        (("pictures", "height"), 10**9, "pictures: 1000000000 x 2 pixels are more than 4096 on a side"),
        (("pictures", "width"), 2.0, "pictures.width: 2.0 is not of type 'integer'"),
        (("pictures", "items", 1, "pixels", 0), 1.0, "pictures.items[1].pixels[0]: 1.0 is not of type"),
        (("derivation", "graph", "nodes", 2, "inputs"), ["x"], "inputs: 'x' is none of the nodes before it"),
        (("derivation", "graph", "nodes", 1, "name"), "X", "nodes[1].name: 'X' is an earlier node's"),
    ],
    ids=str,
)
def test_parts_that_do_not_fit_one_another_are_refused(
    place: tuple[Any, ...], value: object, told: str, tmp_path: Path
) -> None:
    changed = json.loads(json.dumps(full_document()))
    assert taken(changed, tmp_path) == ""
    at: Any = changed
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    assert told in taken(changed, tmp_path)


def test_document_that_cannot_be_drawn_is_told_in_a_line(
    document: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken(*_: object) -> Any:
        raise KeyError("a\nb")

    monkeypatch.setattr("compare.reporting.results_paragraphs", broken)
    path = written(tmp_path, document)
    assert report.main([str(path), "--output", str(tmp_path / "out"), "--format", "md"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"error: {path}: its parts contradict one another")
    assert told.count("\n") == 1
