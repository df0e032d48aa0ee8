"""The floor: which products a step has, how each is chosen, and what is told of their times."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from made_runs import pair, parity
from made_timings import timed

import compare.store
from compare.analysis.attribution import attribute
from compare.analysis.floor import floor_rows
from compare.analysis.null_test import null_test
from compare.analysis.summary import summarise
from compare.analysis.times import Times
from compare.implementations import numpy_products
from compare.implementations.numpy_products import PART, InParts, NumpyProducts
from compare.measure import floor as floor_module
from compare.measure.floor import LIBRARIES, Floor, Operand, load_library, products_of, quickest, shapes_of
from compare.render.floor import floor_sentences
from compare.render.markdown import table_markdown
from compare.render.tables import summary_table
from compare.render.timing_notes import timing_notes
from compare.render.verdict import verdict
from compare.results import build_results

# ruff: noqa: E501  (literal tables and sentences)

SCHEMA = json.loads((Path(compare.store.__file__).parent / "results.schema.json").read_text())
STEADY = ([1.0, 1.0], [1.01, 1.01], [0.99, 0.99])


def series(factor):
    return [[factor * value for value in of_process] for of_process in STEADY]


def timings(numpy=2.0, torch=8.0, floors=(1.0, 1.25), again=True, processes=3):
    """Two implementations and both libraries' floors, three processes each; ratios are the same in all."""
    made = timed("numpy", series(numpy)[:processes]) + timed("torch", series(torch)[:processes])
    made += timed("torch", series(torch)[:processes], again=True) if again else []
    for library, factor in zip(LIBRARIES, floors, strict=False):
        made += timed(library, series(factor)[:processes], floor=True)
    return made


def rows_of(made):
    null = null_test(made, "torch")
    summary = summarise(pair([1.0], [4.0]), "torch", None, made, null)
    return summary, floor_rows(Times(made), "torch", null)


def a_document(made) -> dict[str, Any]:
    summary, floor = rows_of(made)
    told = {"timings": [timing.to_json() for timing in made], "null_test": null_test(made, "torch")}
    return build_results(
        experiment={"name": "digits"},
        environment={"command": "make compare"},
        parity=parity(),
        runs=pair([1.0], [4.0]),
        summary=summary,
        attribution=[],
        reference="torch",
        floor=floor,
        **told,
    )


def test_a_step_has_a_product_forward_and_two_back_for_each_layer_but_one_for_the_first():
    X, A1 = Operand("A0"), Operand("A1")
    forward = [(X, Operand("W1", True)), (A1, Operand("W2", True))]
    back = [(Operand("dZ2", True), A1), (Operand("dZ2"), Operand("W2")), (Operand("dZ1", True), X)]
    assert products_of(2) == forward + back
    assert len(products_of(5)) == 3 * 5 - 1


@pytest.mark.parametrize("sizes", [(7, 3), (7, 5, 3), (2, 3, 4, 1)])
def test_products_yield_what_the_next_ones_take(sizes):
    shapes = shapes_of(sizes, 6)

    def shape(operand):
        return shapes[operand.name][::-1] if operand.transposed else shapes[operand.name]

    made = []
    for left, right in products_of(len(sizes) - 1):
        assert shape(left)[1] == shape(right)[0]
        made.append((shape(left)[0], shape(right)[1]))
    layers = range(1, len(sizes))
    expected = [(6, sizes[layer]) for layer in layers]
    for layer in reversed(layers):
        expected += [(sizes[layer], sizes[layer - 1])] + [(6, sizes[layer - 1])] * (layer > 1)
    assert made == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(4, 3, 5), (1, 3, 5), (4, 1, 5)], ids=str)
@pytest.mark.parametrize("name", LIBRARIES)
def test_every_call_of_a_library_computes_the_product(name, shape, dtype):
    library, (rows, inner, columns) = load_library(name)(dtype), shape
    for by_rows in itertools.product((True, False), repeat=2):
        left, right = library.matrix(rows, inner, by_rows[0]), library.matrix(inner, columns, by_rows[1])
        for result, operands in (
            (library.matrix(rows, columns, True), (left, right)),
            (library.matrix(columns, rows, True), (right.T, left.T)),
        ):
            calls = library.calls(*operands, result)
            assert calls
            for call in calls:
                result *= 0
                call()
                P, Q = map(np.asarray, operands)
                assert P.dtype == dtype
                np.testing.assert_allclose(np.asarray(result), P @ Q, rtol=1e-5)


def test_long_sums_are_also_taken_in_parts_that_cover_every_term_once(monkeypatch):
    monkeypatch.setattr(numpy_products, "small_product", lambda libraries: 10**6)
    library = NumpyProducts("float64")
    terms = 2 * PART + 3
    left, right, result = (library.matrix(*shape, True) for shape in ((2000, terms), (terms, 3), (2000, 3)))
    in_parts = [call for call in library.calls(left, right, result) if isinstance(call.func, InParts)]
    assert in_parts
    assert {call.args[2].flags.c_contiguous for call in in_parts} == {True, False}
    for call in in_parts:
        sums = np.zeros_like(result)
        adding = InParts(lambda A, B, C: np.add(C, A @ B, out=C))
        adding(left, right, sums)
        np.testing.assert_allclose(sums, left @ right)
        call()
        np.testing.assert_allclose(
            call.args[2], left[:, 2 * PART :] @ right[2 * PART :]
        )  # the last part's own product


def test_short_sums_and_libraries_without_small_kernels_have_no_parts(monkeypatch):
    for most, terms in ((10**6, PART), (0, 3 * PART)):
        monkeypatch.setattr(numpy_products, "small_product", lambda libraries, most=most: most)
        library = NumpyProducts("float64")
        shapes = (2000, terms), (terms, 3), (2000, 3)
        calls = library.calls(*(library.matrix(*shape, True) for shape in shapes))
        assert not any(isinstance(call.func, InParts) for call in calls)


class Noting:
    """A library that computes nothing: a matrix is its shape and order, a call notes its operands."""

    class Matrix(tuple):
        @property
        def T(self):  # noqa: N802
            (rows, columns), by_rows = self
            return Noting.Matrix(((columns, rows), not by_rows))

    def __init__(self):
        self.tried = []

    def matrix(self, rows, columns, by_rows):
        return self.Matrix(((rows, columns), by_rows))

    def calls(self, left, right, result):
        self.tried.append((left, right, result))
        return [lambda: None]


def test_each_product_is_tried_in_all_memory_orders_and_as_its_transpose():
    library = Noting()
    assert len(Floor(library, (7, 3)).step(6)) == 2
    forward = [tried for tried in library.tried if {tried[0][0], tried[1][0]} & {(6, 7), (7, 6)}][:8]
    assert len(set(forward)) == 8
    assert {(left[0], right[0]) for left, right, _ in forward} == {((6, 7), (7, 3)), ((3, 7), (7, 6))}
    for (left, _), (right, _), (result, by_rows) in library.tried:
        assert (result, left[1], by_rows) == ((left[0], right[1]), right[0], True)


def test_a_large_matrix_is_kept_by_rows_alone(monkeypatch):
    monkeypatch.setattr(floor_module, "LARGEST_IN_BOTH_ORDERS", 40)
    library = Noting()
    Floor(library, (7, 3)).step(6)
    large = {matrix for tried in library.tried for matrix in tried[:2] if set(matrix[0]) == {6, 7}}
    assert large == {((6, 7), True), ((7, 6), False)}


def test_the_quickest_call_is_kept_and_a_slow_one_is_not_tried_to_the_end(monkeypatch):
    takes = {"first": [9e-3, 9e-6, 3e-6], "second": [1e-3, 8e-6, 2e-6], "slow": [1.0]}
    asked = []

    def seconds(call, repeats):
        asked.append((call, repeats))
        script = takes[call()]
        return script.pop(0) if len(script) > 1 else script[0]

    monkeypatch.setattr(floor_module, "seconds", seconds)
    calls = {name: (lambda name=name: name) for name in takes}
    assert quickest(list(calls.values())) is calls["second"]
    assert [call for call, _ in asked].count(calls["slow"]) == 2
    assert asked[-1][1] == int(floor_module.TRIAL_SECONDS / 8e-6)


def test_long_calls_are_tried_once_and_the_quick_ones_among_them_twice(monkeypatch):
    takes, asked = {"slow": [0.3], "slower at first": [0.25, 0.1], "quicker at first": [0.2, 0.2]}, []

    def seconds(call, repeats):
        asked.append((call(), repeats))
        return takes[call()].pop(0)

    monkeypatch.setattr(floor_module, "seconds", seconds)
    calls = {name: (lambda name=name: name) for name in takes}
    assert quickest(list(calls.values())) is calls["slower at first"]
    assert asked == [(name, 1) for name in (*calls, "slower at first", "quicker at first")]


def test_steps_follow_the_batches_of_an_epoch_the_last_partial_one_included(monkeypatch):
    monkeypatch.setattr(Floor, "step", lambda self, n: (n,))
    floor = Floor(Noting(), (7, 3))
    expected = {4: [4, 4, 2, 4, 4, 2], 5: [5, 5, 5, 5, 5, 5], "full": [10] * 6}
    for size, rows in expected.items():
        assert [n for (n,) in itertools.islice(floor.steps(10, size), 6)] == rows


def test_training_is_every_call_of_every_step():
    called = []
    steps = [(lambda: called.append(1), lambda: called.append(2)), (lambda: called.append(3),)]
    Floor.train(steps)
    assert called == [1, 2, 3]


def test_the_floor_is_the_faster_library_and_all_are_told_as_multiples_of_it():
    summary, floor = rows_of(timings())
    assert [(row["library"], row["batch_size"]) for row in floor] == [("numpy", 32), ("torch", 32)]
    assert [row["floor_ratio"] for row in [*summary, *floor]] == pytest.approx([2.0, 8.0, 1.0, 1.25])
    assert [row["time_ratio"] for row in floor] == pytest.approx([1 / 8, 1.25 / 8])
    assert [row["seconds_per_epoch"] for row in floor] == pytest.approx([0.1, 0.125])
    assert (floor[0]["floor_ratio_low"], floor[0]["floor_differs"]) == (None, None)
    assert [row["floor_ratio_low"] for row in summary] == pytest.approx([2.0, 8.0])
    assert [row["floor_differs"] for row in summary] == [True, True]
    _, swapped = rows_of(timings(floors=(1.25, 1.0)))
    assert [row["floor_ratio"] for row in swapped] == pytest.approx([1.25, 1.0])


def test_a_floor_of_other_settings_is_none():
    made = timings(floors=()) + timed("numpy", series(1.0), floor=True, batch_size=8)
    summary, floor = rows_of(made)
    assert {row["floor_ratio"] for row in summary} == {None}
    assert (floor[0]["floor_ratio"], floor[0]["time_ratio"]) == (1.0, None)


def test_null_test_and_attribution_know_nothing_of_the_floor():
    sizes = ("full", 32)
    runs = [each for size in sizes for each in pair([1.0, 1.1], [4.0, 4.1], batch_size=size)]
    plain, floor = [], []
    for size in sizes:
        for name, again in (("numpy", False), ("torch", False), ("torch", True)):
            plain += timed(name, series(3.0), again, batch_size=size)
        for library in LIBRARIES:
            floor += timed(library, series(0.5), floor=True, batch_size=size)
    assert null_test(floor + plain, "torch") == null_test(plain, "torch")
    assert attribute(runs, timings=floor + plain) == attribute(runs, timings=plain)
    assert attribute(runs, timings=floor) == attribute(runs)
    assert null_test(floor, "torch") is None
    assert (Times(floor).cells, bool(Times(floor))) == ([], False)


def test_rows_of_the_floor_stand_below_those_of_their_settings():
    summary, floor = rows_of(timings())
    assert (
        summary_table(summary, "terminal", "torch", floor)
        == """\
All rows: batch 32, softmax+cross_entropy, optimizer sgd, float32, 1 thread, 1 seed, 10 epochs, 100 updates.

implementation  ms/epoch        time /                time /             train  test
                                torch                 floor              loss   accuracy %
--------------  --------------  --------------------  -----------------  -----  ----------
numpy           200 [195, 205]  0.250 [0.250, 0.250]  2.00 [2.00, 2.00]  0.25   90.0
torch           800 [780, 820]  1                     8.00 [8.00, 8.00]  0.25   90.0
floor (numpy)   100 [98, 103]   0.125 [0.125, 0.125]  1                  -      -
floor (torch)   125 [122, 128]  0.156 [0.156, 0.156]  1.25 [1.25, 1.25]  -      -"""
    )
    github = summary_table(summary, "github", "torch", floor)
    assert "| floor (torch)" in github
    assert "time / floor" in github


def test_a_narrow_table_loses_the_interval_of_the_floor_first_and_csv_has_no_row_of_it():
    made = timings(numpy=2.0)
    summary, floor = rows_of(made)
    wide = [{**row, "objective": f"{row['objective']} {at:05}"} for at, row in enumerate(summary)]
    text = summary_table(wide, "terminal", "torch", floor)
    assert "Not shown, for width: interval of time / floor" in text
    assert "floor (numpy)" not in text  # of other objectives
    assert "floor (" not in summary_table(summary, "csv", "torch", floor)


def test_without_a_floor_nothing_is_said_of_it():
    made = timings(floors=())
    summary, floor = rows_of(made)
    assert floor == []
    document = a_document(made)
    assert "floor" not in table_markdown({**document, "floor": floor}).replace("floor_", "")
    assert not [note for note in timing_notes(document) if "loor" in note]
    older = [{key: value for key, value in row.items() if not key.startswith("floor")} for row in summary]
    assert summary_table(older, "terminal", "torch") == summary_table(summary, "terminal", "torch")
    assert "numpy" in summary_table(older, "csv")


def test_the_verdict_tells_multiples_and_libraries_with_their_intervals():
    summary, floor = rows_of(timings())
    assert list(floor_sentences(summary, floor)) == [
        "At batch 32, numpy's update takes 2.00 times as long as the matrix products of a step alone (95% interval 2.00 to 2.00) and torch's 8.00 times as long (95% interval 8.00 to 8.00).",
        "At batch 32, the same products take 1.25 times as long through torch as through NumPy (95% interval 1.25 to 1.25).",
    ]


def test_a_floor_at_many_settings_is_a_sentence_a_contestant():
    summary, floor = rows_of(timings())
    three = {8: 1.0, 32: 2.0, 128: 3.0}
    rows = [
        {**row, "batch_size": size, **by(row, factor)} for size, factor in three.items() for row in summary
    ]
    floors = [{**row, "batch_size": size} for size in three for row in floor]
    for row in floors:
        if row["batch_size"] == 32 and row["library"] == "torch":
            row["floor_differs"] = False
    assert list(floor_sentences(rows, floors)) == [
        "numpy's update takes from 2.00 [2.00, 2.00] (batch 8) to 6.00 [6.00, 6.00] (batch 128) times as long as the matrix products of a step alone at each of 3 settings.",
        "torch's update takes from 8.00 [8.00, 8.00] (batch 8) to 24.0 [24.0, 24.0] (batch 128) times as long as the matrix products of a step alone at each of 3 settings.",
        "The same products through torch take 1.25 [1.25, 1.25] times as long as through NumPy at 2 of 3 settings; no difference was shown at batch 32.",
    ]


def by(row, factor):
    return {f"floor_ratio{end}": factor * row[f"floor_ratio{end}"] for end in ("", "_low", "_high")}


def test_a_difference_that_was_not_shown_is_not_told():
    made = timings(floors=(1.0, 1.25), again=False)
    made += timed("torch", [[8 * 1.3, 8 * 1.3], [8.0, 8.0], [8.0, 8.0]], again=True)
    summary, floor = rows_of(made)  # the null test's noise is a factor of 1.3
    assert list(floor_sentences(summary, floor))[1:] == [
        "At batch 32, no difference between the same products through torch and through NumPy was shown (ratio 1.25, 95% interval 1.25 to 1.25)."
    ]
    assert "1.25 [1.25, 1.25] ~" in summary_table(summary, "terminal", "torch", floor)
    at_the_floor, floor = rows_of(timings(numpy=1.0))
    told = "no difference between numpy's update and the matrix products of a step alone was shown (ratio 1.00, 95% interval 1.00 to 1.00)"
    assert f"At batch 32, {told}." in list(floor_sentences(at_the_floor, floor))


def test_one_process_gives_no_interval_and_says_so():
    summary, floor = rows_of(timings(processes=1))
    assert list(floor_sentences(summary, floor)) == [
        "At batch 32, numpy's update took 2.0 times as long as the matrix products of a step alone in one process: that gives no interval.",
        "At batch 32, torch's update took 8.0 times as long as the matrix products of a step alone in one process: that gives no interval.",
        "At batch 32, the same products took 1.2 times as long through torch as through NumPy in one process: that gives no interval.",
    ]


def test_the_document_with_a_floor_is_valid_and_tells_it_everywhere():
    document = a_document(timings())
    jsonschema.validate(document, SCHEMA)
    assert sum(timing["floor"] for timing in document["timings"]) == 6
    text = table_markdown(document)
    for told in ("Floor: the matrix products", "floor (numpy)", "numpy's update takes 2.00 times"):
        assert told in text


def test_a_floor_that_could_not_be_timed_is_told_as_such():
    (failed,) = timed("torch", [[1.0]], floor=True, status="failed", reason="no more")
    made = [*timings(floors=(1.0,)), failed]
    assert "At batch 32, the floor through torch could not be timed: no more." in verdict(a_document(made))
    note = next(note for note in timing_notes(a_document(made)) if note.startswith("Floor"))
    assert note.endswith("fastest call found.")
    assert math.isclose(rows_of(made)[0][1]["floor_ratio"], 8.0)
