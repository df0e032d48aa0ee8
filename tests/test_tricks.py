"""The command that times the step without its tricks: each variant computes the same, and differs."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

import handwritten.training
from benchmarks import pages, step_ideas, step_parts, step_variants, step_without, tricks
from benchmarks.step_contestants import Cell, Data
from benchmarks.step_variants import Variant, build, rules, same
from handwritten import Adam
from handwritten.products import RowBlocks
from handwritten.training import BatchGradient

PAGE = Path(__file__).resolve().parents[1] / "docs" / "speed.md"
ROWS, SMALL_PRODUCT = 300, 1_000_000
SMALL = {"1": 1, "8": 8, "32": 8, "64": 8, "128": 8, "256": 8, "512": 280, "1024": 280, "full": ROWS}
VARIANTS = tricks.VARIANTS.values()


def small_cells(variant):
    """A small network for every optimizer and size of batch at which a variant is timed."""
    places = [place.split()[1:] for place in variant.where]
    found = {(optimizer, SMALL[size]) for optimizer, sizes in places for size in sizes.split(",")}
    return [Cell((14, 6, 4), optimizer, batch, ROWS) for optimizer, batch in sorted(found)]


CASES = [
    pytest.param(variant, cell, id=f"{variant.name}-{cell.optimizer}-{cell.batch}")
    for variant in VARIANTS
    for cell in small_cells(variant)
]


@pytest.mark.parametrize(("variant", "cell"), CASES)
def test_variant_computes_the_finished_step(variant, cell, monkeypatch):
    if variant.name == "parts":
        monkeypatch.setattr(handwritten.training, "VALUES_AT_ONCE", 0)
        monkeypatch.setattr(handwritten.training, "WHOLE_BATCH", 70)
    tricks.check_same(variant, cell, Data(cell))


def own_functions(action):
    """Names of the functions of the variants' files that run in an action."""
    files, found = {step_without.__file__, step_ideas.__file__}, set()

    def note(frame, event, argument):
        if event == "call" and frame.f_code.co_filename in files:
            found.add(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
    return found


@pytest.mark.parametrize(
    "variant", [*tricks.TABLES["kept"], *tricks.TABLES["dropped"]], ids=lambda variant: variant.name
)
def test_variant_runs_other_functions_and_leaves_the_finished_step_alone(variant):
    cell = small_cells(variant)[0]
    data = Data(cell)
    assert own_functions(lambda: build(cell, data, variant).steps(2))
    assert not own_functions(lambda: build(cell, data).steps(2))


def ways(loop, monkeypatch):
    """How a step takes its products: by part of the batch and layer, blocks of rows and orders of buffers."""
    found, differentiate = [], BatchGradient._differentiate

    def noted(self, rows, weight):
        differentiate(self, rows, weight)
        for layer in self.network.layers:
            products = layer.times_W_T, layer.A_in_T_times, layer.times_W
            blocks = [way.rows if isinstance(way, RowBlocks) else 0 for way in products]
            found.append((len(layer.Z), *blocks, layer.Z.flags.c_contiguous))

    with monkeypatch.context() as patch:
        patch.setattr(BatchGradient, "_differentiate", noted)
        loop.steps(1)
    return found


@pytest.mark.parametrize("variant", tricks.TABLES["constants"], ids=lambda variant: variant.name)
def test_constant_matters_wherever_it_is_timed(variant, monkeypatch):
    monkeypatch.setattr(step_variants, "small_product", lambda library: SMALL_PRODUCT)
    for cell in variant.cells():
        data = Data(cell)
        finished = ways(build(cell, data), monkeypatch)
        assert ways(build(cell, data, variant), monkeypatch) != finished, tricks.label(cell)


def test_second_thread_takes_its_share_of_any_batch(monkeypatch):
    (variant,) = tricks.TABLES["threads"]
    cell, crew = Cell((14, 6, 4), "sgd", 8, ROWS), []
    fill = BatchGradient.fill

    def noted(self, rows, n, weight):
        crew.append(threading.get_ident())
        fill(self, rows, n, weight)

    monkeypatch.setattr(BatchGradient, "fill", noted)
    build(cell, Data(cell), variant)
    assert len(set(crew)) == len(crew) == 2
    assert variant.clock == "wall"


def test_variant_that_computes_something_else_is_not_timed():
    class Slower(Adam):
        def __init__(self, *arguments, lr, **options):
            super().__init__(*arguments, lr=lr * (1 - 1e-8), **options)

    cell = Cell((14, 6, 4), "adam", 8, ROWS)
    with pytest.raises(AssertionError, match=r"slower on 14-6-4 adam 8: W1 is .* off"):
        tricks.check_same(Variant("slower", "", (), same(rules(Slower))), cell, Data(cell))


def test_table_has_a_line_a_network_and_medians_with_intervals():
    variant = Variant("x", "Otherwise", ("64-32-10 sgd 1,32", "64-32-10 adam full"), same())
    samples = {
        "x": {"64-32-10 sgd 1": [[1.1, 1.2, 1.3], [1.2, 1.25, 1.1]], "64-32-10 adam full": [[2.0, 2.0]]}
    }
    _, _, *lines = tricks.table([variant], samples).splitlines()
    cells = [[part.strip() for part in line.split("|")[1:-1]] for line in lines]
    assert [line[:2] for line in cells] == [["Otherwise", "64-32-10 sgd"], ["", "64-32-10 adam"]]
    assert cells[0][2].startswith("1.20 (1.20-")
    assert cells[1][-1] == "2.00"
    assert set(cells[0][3:]) == {""}


def test_texts_are_put_between_their_marks_alone(tmp_path, capsys):
    path = tmp_path / "page.md"
    path.write_text("before\n<!-- a b -->\nold\n<!-- end -->\nbetween\n<!-- c -->\n<!-- end -->\n")
    pages.publish({"a b": "| A |", "c": "C"}, path)
    new = "before\n<!-- a b -->\n\n| A |\n\n<!-- end -->\nbetween\n<!-- c -->\n\nC\n\n<!-- end -->\n"
    assert path.read_text() == new
    assert capsys.readouterr().out == "| A |\n\nC\n"
    assert pages.filled(new, {"c": "C"}) == new
    with pytest.raises(SystemExit, match="<!-- d -->"):
        pages.filled(new, {"d": "D"})


def test_page_tells_of_every_variant():
    page = PAGE.read_text(encoding="utf-8")
    tables = page.split("<!-- tricks: ")[1:]
    assert sorted(told.partition(" ")[0] for told in tables) == sorted(tricks.TABLES)
    for told in tables:
        variants = tricks.TABLES[told.partition(" ")[0]]
        lines = told.partition("<!-- end -->")[0].splitlines()
        named = [line.split("|")[1].strip() for line in lines if line.startswith("|")][2:]
        assert [name for name in named if name] == [variant.told for variant in variants]


def test_command_prints_the_tables_of_what_it_timed():
    command = [sys.executable, "-m", "benchmarks.tricks", "--variants", "bias row", "--processes", "1"]
    done = subprocess.run(
        [*command, "--rounds", "1"], capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "| The bias is added as a vector | 64-32-10 sgd |" in done.stdout
    assert len(done.stdout.splitlines()) == 3


def test_sum_in_two_levels_keeps_the_digits():
    _, _, *lines = tricks.digits().splitlines()
    one, two = (float(line.split("|")[2]) for line in lines)
    assert two < 12 < one


def test_parts_of_a_step_are_found_by_name(monkeypatch):
    monkeypatch.setattr(step_parts, "STEPS", 2)
    parts = dict(step_parts.parts_of_step(Cell((14, 6, 4), "sgd", 8, ROWS), rounds=1))
    assert len(parts) == 9
    assert min(parts.values()) > 0
    assert len(dict(step_parts.passes_of_adam(100, rounds=1))) == 10
