import copy
import json
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_runs import SHA, cell, pair, parity, run, tensor, trajectory

import compare.journal
import compare.store
from compare.analysis.attribution import attribute
from compare.analysis.summary import SUMMARY_KEYS, summarise
from compare.results import STATUSES, Cell, CurvePoint, ResultsError, Run, build_results, in_grid_order
from compare.store import Store

FLOOR_KEYS = ("floor_ratio", "floor_ratio_low", "floor_ratio_high", "floor_differs")
"""What documents of before there was a floor lack."""
SCHEMA = json.loads((Path(compare.store.__file__).parent / "results.schema.json").read_text())
EXPERIMENT = {"name": "digits", "factors": {"batch_sizes": ["full", 32]}}

texts = st.text(min_size=1, max_size=8)
counts = st.integers(0, 10**6)
seconds = st.floats(0, 1e9)
finite = st.floats(allow_nan=False, allow_infinity=False)
cells = st.builds(
    Cell, texts, st.just("full") | st.integers(1, 10**6), texts, texts, texts, st.integers(1, 64)
)
points = st.builds(CurvePoint, counts, counts, seconds, finite, finite, st.none() | st.floats(0, 1))
some_runs = st.builds(
    Run,
    cell=cells,
    seed=counts,
    status=st.sampled_from(STATUSES),
    reason=st.none() | texts,
    epochs=counts,
    updates=counts,
    seconds=seconds,
    cpu_seconds=seconds,
    curve=st.lists(points, max_size=3).map(tuple),
    seconds_to_target=st.none() | seconds,
    initial_weights_sha256=st.just(SHA),
    final_weights_sha256=st.none() | st.just(SHA),
    round=counts,
)


@given(some_runs)
def test_a_run_survives_json(original: Run) -> None:
    assert Run.from_json(json.loads(json.dumps(original.to_json(), allow_nan=False))) == original


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_is_null_in_json_and_nan_again(loss: float) -> None:
    written = run(loss=loss, status="diverged", reason="loss is not finite").to_json()
    assert written["curve"][0]["train_loss"] is None
    assert math.isnan(Run.from_json(written).curve[0].train_loss)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"threads": 0}, "threads must be a whole number of at least 1, not 0"),
        ({"batch_size": "half"}, "batch_size must be \"full\" or a whole number of at least 1, not 'half'"),
        ({"batch_size": True}, "batch_size must be"),
        ({"seed": 1.5}, "seed must be a whole number of at least 0, not 1.5"),
        ({"seconds": None}, "seconds must be a finite number of at least 0, not None"),
        ({"seconds": 10**400}, "seconds must be a finite number"),
        ({"status": "fine"}, "status must be one of ok, diverged, failed, timeout, refused, not 'fine'"),
        ({"status": ["ok"]}, "status must be one of"),
        ({"implementation": ""}, "implementation must be a text that is not empty"),
        ({"curve": {}}, "curve must be a list of points"),
        ({"curve": [1]}, "a point of the curve must be a JSON object, not int"),
        ({"colour": "red"}, "has the unknown keys colour"),
    ],
)
def test_a_wrong_value_is_refused_by_name(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ResultsError) as caught:
        Run.from_json({**run().to_json(), **change})
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named() -> None:
    written = run().to_json()
    del written["updates"]
    with pytest.raises(ResultsError, match=r"a run lacks the keys updates"):
        Run.from_json(written)


def test_an_accuracy_outside_0_to_1_is_refused() -> None:
    with pytest.raises(
        ResultsError, match="test_accuracy must be a fraction between 0 and 1 or null, not 90"
    ):
        run(accuracy=90)


def test_grid_order_is_the_cells_then_seed_then_round() -> None:
    first, second, unknown = cell(batch_size="full"), cell(batch_size=32), cell(batch_size=7)
    other = cell(batch_size=8)
    shuffled = [run(unknown, 1), run(other), run(unknown), run(second)]
    shuffled += [run(first, 1), run(first, 0, round=1), run(first, 0)]
    assert in_grid_order([one.key for one in shuffled], [first, second]) == [
        (first, 0, 0),
        (first, 0, 1),
        (first, 1, 0),
        (second, 0, 0),
        (unknown, 0, 0),
        (unknown, 1, 0),
        (other, 0, 0),
    ]


def a_document() -> dict[str, Any]:
    full, small = pair([1.0, 1.1], [2.0, 2.4], batch_size="full"), pair([3.0, 3.1], [9.0, 9.4])
    failed = run(cell("numpy"), 2, status="failed", reason="killed", curve=(), final_weights_sha256=None)
    diverged = run(cell("torch"), 2, status="diverged", reason="loss", loss=math.nan)
    runs = [*full, *small, failed, diverged]
    broken = tensor(relative_error=math.nan, passed=False)
    return build_results(
        experiment=EXPERIMENT,
        environment={"python": "3.11", "clock": math.inf},
        parity=parity(tensor(), broken, steps=[trajectory(), trajectory(first_step=3, first_tensor="W1")]),
        runs=runs,
        summary=summarise(runs, "torch", target=0.9),
        attribution=attribute(runs),
        reference="torch",
    )


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_built_document_fits_the_schema_and_is_strict_json() -> None:
    document = json.loads(json.dumps(a_document(), allow_nan=False))
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    assert len(document["attribution"]) == 4
    assert document["environment"]["clock"] is None


def test_the_schema_names_the_summary_keys_in_their_order() -> None:
    row = SCHEMA["$defs"]["summary_row"]
    assert tuple(row["properties"]) == SUMMARY_KEYS
    optional = ["reason", *FLOOR_KEYS, "updates_to_target", "lr", "compile_seconds"]
    assert [key for key in SUMMARY_KEYS if key not in row["required"]] == optional


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("schema_version",), 2),
        (("runs", 0, "status"), "fine"),
        (("runs", 0, "curve", 0, "test_accuracy"), 90),
        (("summary", 0, "batch_size"), 0),
        (("summary", 0, "colour"), "red"),
        (("parity", "tensors", 0, "passed"), "yes"),
        (("parity", "trajectory", 0, "first_step"), "3"),
        (("attribution", 0, "factor"), "weather"),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[Any, ...], wrong: object) -> None:
    document = copy.deepcopy(a_document())
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_what_json_cannot_hold_is_refused() -> None:
    parts: dict[str, Any] = {"environment": {}, "parity": parity(), "runs": [], "summary": []}
    with pytest.raises(ResultsError, match="cannot write a PosixPath as JSON"):
        build_results(experiment={"path": Path("/x")}, attribution=[], reference="torch", **parts)


def test_what_was_appended_is_there_after_resuming(tmp_path: Path) -> None:
    with Store.create(tmp_path / "new" / "results", EXPERIMENT) as store:
        store.append(run(seed=0))
        store.append(run(seed=1))
        assert (store.directory / "runs.jsonl").read_bytes().count(b"\n") == 2
    with Store.resume(store.directory) as again:
        assert [*again.runs] == [run(seed=0), run(seed=1)]
        assert again.experiment == EXPERIMENT
        assert again.dropped is None
        again.append(run(seed=2))
    with Store.resume(store.directory) as third:
        assert [one.seed for one in third.runs] == [0, 1, 2]


def test_a_repeated_run_replaces_the_earlier_one(tmp_path: Path) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run(seed=0, status="failed", reason="killed"))
        store.append(run(seed=1))
        store.append(run(seed=0))
        assert [*store.runs] == [run(seed=0), run(seed=1)]
    with Store.resume(tmp_path) as again:
        assert [*again.runs] == [run(seed=0), run(seed=1)]


def test_runs_of_a_seed_are_those_alone_in_the_order_of_the_grid(tmp_path: Path) -> None:
    grid = [cell("numpy"), cell("torch")]
    with Store.create(tmp_path, EXPERIMENT) as store:
        for seed in (1, 0):
            for of in reversed(grid):
                store.append(run(of, seed))
        assert [*store.runs_of(1, grid)] == [run(of, 1) for of in grid]


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_torn_last_line_is_dropped_and_told(tmp_path: Path, kept: int) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run(seed=0))
        whole = (tmp_path / "runs.jsonl").read_bytes()
        store.append(run(seed=1))
    written = (tmp_path / "runs.jsonl").read_bytes()
    torn = whole + written[len(whole) :][:kept]
    (tmp_path / "runs.jsonl").write_bytes(torn)
    with Store.resume(tmp_path) as again:
        assert [*again.runs] == [run(seed=0)]
        assert again.dropped is not None
        assert "runs.jsonl: the last line was cut off" in again.dropped
        again.append(run(seed=1))
    assert (tmp_path / "runs.jsonl").read_bytes() == written


@pytest.mark.parametrize(
    "middle",
    ["{", "[]", "NaN", "", "\x00", '"\\ud800"', "9" * 5000, "[" * 100_000, '{"a": Infinity}'],
    ids=["cut", "list", "nan", "empty", "nul", "surrogate", "long number", "deep", "infinity"],
)
def test_a_malformed_line_in_the_middle_is_refused_by_file_and_line(tmp_path: Path, middle: str) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run(seed=0))
    line = (tmp_path / "runs.jsonl").read_text()
    (tmp_path / "runs.jsonl").write_text(line + middle + "\n" + line)
    with pytest.raises(ResultsError, match=r"runs\.jsonl, line 2: ") as caught:
        Store.resume(tmp_path)
    assert "\n" not in str(caught.value)
    (tmp_path / "runs.jsonl").write_text(line)
    Store.resume(tmp_path).close()


def test_too_large_a_record_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run())
    monkeypatch.setattr(compare.journal, "LARGEST_BYTES", len((tmp_path / "experiment.json").read_bytes()))
    with pytest.raises(ResultsError, match=r"runs\.jsonl, line 1: has more than the \d+ bytes that are read"):
        Store.resume(tmp_path)


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(ResultsError, match="is not empty"):
        Store.create(tmp_path, EXPERIMENT)
    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize("below", ["", "inside"])
def test_a_file_in_the_way_is_refused(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match=r"is a file, not a directory|Not a directory"):
        Store.create(tmp_path / "file" / below, EXPERIMENT)


def test_an_unwritable_place_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(ResultsError, match=r"cannot write results to .*: Permission denied"):
        Store.create(tmp_path, EXPERIMENT)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "No such file"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "must hold a JSON object"),
    ],
)
def test_a_directory_no_run_wrote_cannot_be_resumed(tmp_path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        (tmp_path / "experiment.json").write_bytes(content)
    with pytest.raises(ResultsError, match=told):
        Store.resume(tmp_path)


def test_two_runs_cannot_share_a_directory(tmp_path: Path) -> None:
    with (
        Store.create(tmp_path, EXPERIMENT),
        pytest.raises(ResultsError, match="another run is writing to"),
    ):
        Store.resume(tmp_path)
    Store.resume(tmp_path).close()


HOLD = """
import sys, time
from compare.store import Store
store = Store.create(sys.argv[1], {})
print("held", flush=True)
time.sleep(60)
"""


def test_a_killed_run_leaves_no_lock_behind(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ResultsError, match="another run is writing to"):
            Store.resume(tmp_path)
        holder.send_signal(signal.SIGKILL)
    Store.resume(tmp_path).close()


def test_a_line_that_failed_half_way_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill_the_disk(descriptor: int, content: bytes) -> None:
        os.write(descriptor, content[:20])
        raise OSError(28, "No space left on device")

    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run(seed=0))
        with monkeypatch.context() as patched:
            patched.setattr(compare.journal, "_write_all", fill_the_disk)
            with pytest.raises(ResultsError, match=r"cannot write .*runs\.jsonl: No space left on device"):
                store.append(run(seed=1))
        store.append(run(seed=2))
    with Store.resume(tmp_path) as again:
        assert [one.seed for one in again.runs] == [0, 2]


def test_text_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with Store.create(tmp_path, EXPERIMENT) as store:
        assert store.write("figures/a.svg", "first").read_text() == "first"
        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(ResultsError, match="No space left on device"):
            store.write("figures/a.svg", "second")
        assert (tmp_path / "figures" / "a.svg").read_text() == "first"
        assert [entry.name for entry in (tmp_path / "figures").iterdir()] == ["a.svg"]


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt", "", "runs.jsonl"])
def test_a_name_outside_the_directory_is_refused(tmp_path: Path, name: str) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store, pytest.raises(ResultsError, match="is not the name of"):
        store.write(name, "text")


def test_results_load_neither_torch_nor_pandas_nor_scipy() -> None:
    code = (
        "import sys, compare.results, compare.store; print({'torch', 'pandas', 'scipy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


def test_a_line_with_nan_is_not_json(tmp_path: Path) -> None:
    with Store.create(tmp_path, EXPERIMENT) as store:
        store.append(run())
    written = (tmp_path / "runs.jsonl").read_text()
    (tmp_path / "runs.jsonl").write_text(written.replace('"train_loss": 0.25', '"train_loss": NaN'))
    with pytest.raises(ResultsError, match="line 1: NaN is not JSON"):
        Store.resume(tmp_path)
