"""Imports run one way: between the rooms, and downward between the floors of `compare`."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("handwritten", "torch_impl", "data", "compare")

# What each room may import beside itself and the standard library (design.md section 2).
ALLOWED = {
    "handwritten": {"numpy"},
    "torch_impl": {"torch", "numpy"},
    "data": {"numpy", "pandas", "platformdirs", "filelock", "tqdm"},  # the last two to download
}

# The floors of `compare`, from the ground up; a module may import its own floor and those below it.
FLOORS = ("vocabulary", "work", "rendering", "commands")
WORK = {"parity", "measure", "analysis", "implementations"}
COMMANDS = {"run", "check", "report", "distributed", "contract"} | {
    "campaign",
    "finishing",
    "recording",
    "resumption",
    "examination",
    "reporting",
    "sharded_batch",
}  # and what they call first
SLOW = {"torch", "pandas", "scipy", "handwritten", "torch_impl", "data"}


def modules_of(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Full names of the modules that are imported anywhere among the nodes."""
    names = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written out in full"
            assert node.module is not None
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def imports_of(path: Path) -> set[str]:
    return imported(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def imported_at_once(path: Path) -> set[str]:
    """What importing the module imports, without what its functions and TYPE_CHECKING import."""

    def at_once(nodes: list[ast.stmt]) -> Iterator[ast.AST]:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            yield node

    return imported(at_once(ast.parse(path.read_text(encoding="utf-8")).body))


def top_level(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def floor_of(module: str) -> str:
    """The floor of a module of `compare`; one that nobody placed is vocabulary, and must be light."""
    _, _, rest = module.partition(".")
    first = rest.partition(".")[0]
    if first == "render":
        return "rendering"
    if first in WORK:
        return "work"
    return "commands" if first in COMMANDS else "vocabulary"


@pytest.mark.parametrize("room", ALLOWED)
def test_ground_room_imports_only_what_it_may(room):
    for path in modules_of(room):
        foreign = top_level(imports_of(path)) - set(sys.stdlib_module_names) - ALLOWED[room] - {room}
        assert not foreign, f"{dotted(path)} imports {', '.join(sorted(foreign))}"


def test_every_floor_of_compare_imports_only_downward():
    for path in modules_of("compare"):
        own = floor_of(dotted(path))
        for name in imports_of(path):
            if name.startswith("compare."):
                other = floor_of(name)
                told = f"{dotted(path)} ({own}) imports {name} ({other})"
                assert FLOORS.index(other) <= FLOORS.index(own), told


def test_vocabulary_imports_none_of_the_other_rooms():
    for path in modules_of("compare"):
        if floor_of(dotted(path)) == "vocabulary":
            rooms = top_level(imports_of(path)) & {"handwritten", "torch_impl", "data", "torch"}
            assert not rooms, f"{dotted(path)} imports {rooms}"


def test_vocabulary_loads_nothing_slow():
    for path in modules_of("compare"):
        if floor_of(dotted(path)) == "vocabulary":
            slow = top_level(imported_at_once(path)) & SLOW
            assert not slow, f"{dotted(path)} imports {slow}"


def test_rendering_knows_results_and_nothing_of_how_they_came_about():
    for path in modules_of("compare"):
        if floor_of(dotted(path)) == "rendering":
            names = imports_of(path)
            assert not top_level(names) & {"handwritten", "torch_impl", "torch", "data", "subprocess"}
            assert not [name for name in names if name.startswith(("compare.measure", "compare.parity"))]


def test_only_adapters_bring_torch_and_other_engines_into_compare():
    for path in modules_of("compare"):
        if top_level(imports_of(path)) & {"torch", "torch_impl", "sklearn", "jax"}:
            assert dotted(path).startswith("compare.implementations."), dotted(path)


def test_nothing_imports_the_tests():
    for room in ROOMS:
        for path in modules_of(room):
            assert not top_level(imports_of(path)) & {"tests", "conftest", "pytest", "hypothesis"}, dotted(
                path
            )


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter has loaded after a statement."""
    script = f"import sys; {statement}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "unloaded"),
    [
        ("import handwritten", {"torch", "pandas", "scipy", "compare", "data", "torch_impl"}),
        ("import torch_impl", {"handwritten", "compare", "data", "pandas"}),
        ("import data", {"handwritten", "torch", "torch_impl", "compare"}),
        ("import compare", {"handwritten", "torch", "torch_impl", "data", "pandas", "scipy", "numpy"}),
        ("import compare.run", {"handwritten", "torch", "torch_impl", "data", "pandas", "scipy", "numpy"}),
        ("import compare.campaign", {"torch", "torch_impl"}),
        ("import compare.report", {"handwritten", "torch", "torch_impl", "data", "pandas", "scipy", "numpy"}),
        ("import compare.reporting", {"handwritten", "torch", "torch_impl", "data"}),
        ("import compare.implementations.handwritten_numpy", {"torch", "torch_impl", "data", "pandas"}),
        ("import compare.implementations.torch_eager", {"handwritten", "data", "pandas"}),
        ("import compare.implementations.numpy_textbook", {"handwritten", "torch", "torch_impl", "data"}),
        ("import compare.contract", {"handwritten", "torch", "torch_impl", "data", "numpy"}),
        (
            "import compare.measure.worker",
            {"handwritten", "torch", "torch_impl", "data", "jax", "sklearn", "scipy"},
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_importing_leaves_the_other_rooms_unloaded(statement, unloaded):
    loaded = loaded_by(statement)
    assert statement.split()[1].partition(".")[0] in loaded
    assert not loaded & unloaded
