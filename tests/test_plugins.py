"""Contestants from files and packages: how they are named, where they are imported, what can be wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from contestant_support import experiment, one_line, write_csv
from ungated import UNGATED

from compare.experiment import ExperimentError, load_experiment
from compare.implementations import installed_plugins, known_names
from compare.measure import pinning, preflight
from compare.measure.contestant import Contestant, ContestantError
from compare.measure.pinning import check_threads, thread_pools
from compare.measure.preflight import NoDeviceError, check_contestants, missing_need, skipping
from compare.plugins import fault_of, label_of, plugin_of

PLAIN = Path(__file__).parents[1] / "examples" / "plain_network.py"


@pytest.mark.parametrize(
    ("text", "path", "name", "label"),
    [
        ("mine.py:Net", "mine.py", "Net", "mine.py:Net"),
        ("../a folder/mine.py:Net", "../a folder/mine.py", "Net", "mine.py:Net"),
        (r"C:\nets\mine.py:Net", r"C:\nets\mine.py", "Net", "mine.py:Net"),
        ("a:b.py:c.py:Net", "a:b.py:c.py", "Net", "a:b.py:c.py:Net"),
    ],
)
def test_class_stands_behind_the_last_colon(text, path, name, label):
    plugin = plugin_of(text)
    assert (plugin.path, plugin.name) == (path, name)
    assert label_of(text) == label


@pytest.mark.parametrize("text", ["numpy", "torch-compile", "mine.py", "mine:Net"])
def test_other_names_are_no_files(text):
    assert plugin_of(text) is None
    assert label_of(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mine.py", "mine.py:CLASS"),
        ("mine.py:", "names no class"),
        ("no.py:Net", "no such file"),
        (".py:a b", "class"),
    ],
)
def test_what_cannot_be_a_class_in_a_file_is_told_before_anything_runs(text, told):
    assert told in fault_of(text)
    with pytest.raises(ExperimentError) as refusal:
        load_experiment(None, {"factors.implementations": ["numpy", text]})
    assert one_line(str(refusal.value))
    assert told in str(refusal.value)


def test_two_of_one_name_are_refused(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text("")
    names = [f"{tmp_path / folder}/mine.py:Net" for folder in ("a", "b")]
    with pytest.raises(ExperimentError, match=r"two that would both be called mine\.py:Net"):
        load_experiment(None, {"factors.implementations": names})


def test_results_call_it_by_its_label_and_the_reference_may_be_named_either_way():
    name = f"{PLAIN}:PlainNetwork"
    for reference in (name, "plain_network.py:PlainNetwork"):
        overrides = {"factors.implementations": ["numpy", name], "run.reference": reference}
        made = load_experiment(None, overrides)
        assert made.reference == "plain_network.py:PlainNetwork"
        assert made.named(made.reference) == name
    assert {cell.implementation for cell in made.cells()} == {"numpy", "plain_network.py:PlainNetwork"}


METHODS = """
    def loss_and_gradients(self, X, Y): ...
    def step(self, X, Y): ...
    def predict(self, X): ...
    def parameters(self): ...
"""
BUILT = "    def __init__(self, network, parameters, rule, dtype): ...\n"
WRONG = {
    "syntax": ("class Net:\n    def (", "mine.py, line 2"),
    "import": ("import no_such_module", "ModuleNotFoundError"),
    "raising": ("1 / 0", "line 1 (1 / 0): ZeroDivisionError"),
    "exit": ("import sys; sys.exit(0)", "ended the program"),
    "missing": ("class Nat: ...", "did you mean Nat?"),
    "no class": ("Net = 3", "is a int, not a class"),
    "built": (f"class Net:\n    def __init__(self): ...\n{METHODS}", "its __init__ takes ()"),
    "no method": (f"class Net:\n{BUILT}{METHODS.replace('step', 'stop')}", "has no method step(X, Y)"),
    "signature": (
        f"class Net:\n{BUILT}{METHODS.replace('predict(self, X)', 'predict(self)')}",
        "predict takes (self)",
    ),
    "half": (f"class Net:\n{BUILT}{METHODS}    def train(self, batches): ...\n", "train but not load"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_with_a_file_is_one_line_that_tells_kinds_apart(kind, tmp_path):
    text, told = WRONG[kind]
    file = tmp_path / "mine.py"
    file.write_text(text)
    process = Contestant(f"{file}:Net", 1, tmp_path)
    with pytest.raises(ContestantError) as failure:
        process.start()
    assert one_line(str(failure.value))
    assert told in str(failure.value)
    assert str(failure.value).startswith("mine.py:Net: ")


def test_a_file_is_imported_in_the_contestants_process_alone(tmp_path):
    file = tmp_path / "mine.py"
    note = f"import os, neighbour\nopen({str(tmp_path / 'seen')!r}, 'a').write(f'{{os.getpid()}} ')\n"
    file.write_text(note + PLAIN.read_text())
    (tmp_path / "neighbour.py").write_text("")
    made = experiment(factors={"implementations": [f"{file}:PlainNetwork"]})
    check_contestants(made, tmp_path)
    seen = (tmp_path / "seen").read_text().split()
    assert len(seen) == 1
    assert seen != [str(os.getpid())]


def test_broken_plugin_is_bad_input_before_anything_is_made(tmp_path):
    (tmp_path / "mine.py").write_text("class Net: ...")
    made = experiment(factors={"implementations": [f"{tmp_path / 'mine.py'}:Net"]})
    with pytest.raises(ExperimentError, match=r"factors.implementations: mine.py:Net: "):
        check_contestants(made, tmp_path)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package that offers two contestants, one under a name of ours."""
    info = tmp_path / "offering-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offering\nVersion: 1.0\n")
    points = "plain = offering:PlainNetwork\nnumpy = offering:PlainNetwork\nlost = offering:Lost\n"
    (info / "entry_points.txt").write_text(f"[side_by_side.implementations]\n{points}")
    (tmp_path / "offering.py").write_text(PLAIN.read_text())
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(PLAIN.parents[1])]))
    return tmp_path


@pytest.mark.usefixtures("package")
def test_installed_package_offers_contestants_and_takes_none_of_our_names(tmp_path):
    assert set(installed_plugins()) == {"plain", "lost"}
    assert "plain" in known_names()
    check_contestants(experiment(factors={"implementations": ["plain"]}), tmp_path)
    with pytest.raises(ExperimentError, match="lost: offering:Lost cannot be imported"):
        check_contestants(experiment(factors={"implementations": ["lost"]}), tmp_path)


PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "offering"
version = "1.0"
[project.entry-points."side_by_side.implementations"]
plain = "offering:PlainNetwork"
"""


def test_package_that_pip_has_installed_is_listed_tried_and_run(tmp_path):
    pytest.importorskip("setuptools", reason="pip builds the package with it, offline")
    source, site, house = tmp_path / "source", tmp_path / "site", PLAIN.parents[1]
    source.mkdir()
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "offering.py").write_text(PLAIN.read_text())
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(house)])}

    def python(*arguments):
        command = [sys.executable, *map(str, arguments)]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    python("-m", "pip", "install", "--quiet", *flags, "--target", site, source)
    assert "  plain            installed: offering:PlainNetwork" in python("-m", "compare.run", "--list")
    assert python("-m", "compare.contract", "plain").startswith("plain\n")
    write_csv(tmp_path / "three.csv")
    asked = "--dataset three.csv --hidden 5 --activation tanh --implementations numpy,plain --batch-sizes 16"
    asked += " --epochs 1 --seeds 0 --processes 0 --no-floor --quiet --output out"
    python(*UNGATED[1:], *asked.split())
    lines = (tmp_path / "out" / "runs.jsonl").read_text().splitlines()
    ends = {run["implementation"]: run["status"] for run in map(json.loads, lines)}
    assert ends == {"numpy": "ok", "plain": "ok"}


def test_missing_library_names_the_extra_that_installs_it(monkeypatch, tmp_path):
    assert [missing_need(name) for name in ("numpy", "torch", "sklearn", "jax", "mine.py:Net")] == [None] * 5
    monkeypatch.setattr(preflight, "find_spec", lambda name: None)
    for name in ("sklearn", "jax"):
        with pytest.raises(ExperimentError) as refusal:
            check_contestants(experiment(factors={"implementations": ["numpy", name]}), tmp_path)
        assert one_line(str(refusal.value))
        assert f"pip install 'side-by-side[{name}]'" in str(refusal.value)


def test_missing_compiler_is_told_in_words(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert "C++ compiler" in missing_need("torch-compile")


def test_contestants_whose_device_is_not_here_are_skipped_with_a_word_and_the_others_stay(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("this machine has a CUDA device")
    names = ["torch-fused", "numpy", "torch"]
    made = experiment(run={"device": "cuda", "reference": "torch"}, factors={"implementations": names})
    with pytest.raises(NoDeviceError) as refusal:
        check_contestants(made, tmp_path)
    left, told = skipping(made, refusal.value)
    assert (left.factors.implementations, left.reference) == (("numpy",), "numpy")
    assert one_line(told)
    assert told.startswith("Skipped torch-fused, torch: run.device: cuda: PyTorch ")
    assert told.endswith("finds no CUDA device here.")
    with pytest.raises(ExperimentError, match="nobody else is to run: leave --device out"):
        skipping(experiment(factors={"implementations": ["torch"]}), refusal.value)


def test_a_device_that_nobody_uses_is_not_looked_for(tmp_path):
    assert check_contestants(experiment(run={"device": "cuda"}), tmp_path) == ""


def test_single_thread_that_was_asked_for_is_told_as_one(monkeypatch):
    monkeypatch.setattr(pinning, "thread_pools", lambda: [{"library": "openblas", "threads": 2}])
    with pytest.raises(RuntimeError, match="has set openblas to 2 threads where 1 was asked for"):
        check_threads(1)


def test_threads_that_a_contestant_sets_for_itself_are_an_error():
    before = thread_pools()
    check_threads(0)
    with pytest.raises(RuntimeError, match=r"has set \w+ to \d+ threads? where 99 were asked for"):
        check_threads(99)
    assert thread_pools() == before
