"""Nothing that is read may run: no pickle, no eval, no loader that builds objects, no shell."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("handwritten", "torch_impl", "data", "compare", "benchmarks", "examples")
FORBIDDEN_MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "shelve",
    "marshal",
    "yaml",
}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
FORBIDDEN_METHODS = {
    ("torch", "load"),
    ("torch", "save"),
    ("pd", "read_pickle"),
    ("pandas", "read_pickle"),
    ("os", "system"),
    ("np", "fromfile"),
}


def offences(source: str) -> list[str]:
    """What a module does that it must not, with its line."""
    found = []
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [(node.module or "").partition(".")[0]]
        found += [f"line {node.lineno}: imports {name}" for name in names if name in FORBIDDEN_MODULES]
        if isinstance(node, ast.Call):
            found += [f"line {node.lineno}: {told}" for told in bad_call(node)]
    return found


def bad_call(call: ast.Call) -> list[str]:
    told = []
    function = call.func
    if isinstance(function, ast.Name) and function.id in FORBIDDEN_CALLS:
        told.append(f"calls {function.id}")
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        if (function.value.id, function.attr) in FORBIDDEN_METHODS:
            told.append(f"calls {function.value.id}.{function.attr}")
        if function.attr == "save" and function.value.id == "np" and not refuses_pickle(call):
            told.append("saves an array without allow_pickle=False")
    for keyword in call.keywords:
        true = isinstance(keyword.value, ast.Constant) and keyword.value.value is True
        if keyword.arg == "allow_pickle" and not refuses_pickle(call):
            told.append("allows pickle")
        if keyword.arg == "shell" and true:
            told.append("starts a shell")
    return told


def refuses_pickle(call: ast.Call) -> bool:
    return any(
        keyword.arg == "allow_pickle"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in call.keywords
    )


def test_no_module_unpickles_evaluates_or_starts_a_shell():
    found = {
        str(path.relative_to(ROOT)): told
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if (told := offences(path.read_text(encoding="utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import joblib.numpy_pickle",
        "eval('1')",
        "np.load(path, allow_pickle=True)",
        "np.load(path, allow_pickle=trusted)",
        "np.save(path, array)",
        "torch.load(path)",
        "subprocess.run(line, shell=True)",
    ],
)
def test_each_offence_is_seen(source):
    assert offences(source)


def test_what_is_allowed_is_no_offence():
    assert offences("import json\nnp.load(path)\nmodel.eval()\nre.compile('a')") == []
