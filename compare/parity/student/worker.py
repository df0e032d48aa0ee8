"""The process in which a student's file runs: `python -m compare.parity.student.worker FOLDER TIME`.

The folder holds `request.json` and `request.npz`; `reply.json` and `reply.npz` are written there, and at that
time (in seconds since the epoch) `stack.txt`, which says where an endless loop is. Arrays are never pickled.
Nothing of the project but `calls`, `signature` and `values` beside this file is imported, so that a
student's own names cannot clash with ours.
"""

import faulthandler
import importlib.util
import json
import os
import sys
import time
import traceback
import types
import warnings
from collections.abc import Mapping
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import numpy as np

from compare.parity.student.calls import Record, call_for_gradients, call_for_updates
from compare.parity.student.signature import object_of
from compare.parity.student.values import Array, Arrays, Failure, in_one_line

TASKS = {"gradients": call_for_gradients, "updates": call_for_updates}
MEMORY = 4 * 2**30
"""Bytes that a student's file may fill before it meets a MemoryError."""


def respond(request: Record, arrays: Mapping[str, Array]) -> tuple[Record, Arrays]:
    """Load the file, call what it defines, and return what goes into `reply.json` and `reply.npz`.

    Args:
        request: "file" (absolute), "name", "task" (of `TASKS`), and what the task needs.
        arrays: what the task needs.

    Returns:
        A record with "warnings" and what the task records, or with "failure": its "kind" and "message".
    """
    file = Path(request["file"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        try:
            found = object_of(load_module(file), request["name"])
            record, answers = TASKS[request["task"]](found, request, arrays)
        except Failure as failure:
            kind, message = failure.kind, f"{file.name}: {failure}"
        except BaseException as error:
            kind, message = diagnosed(error, file)
        else:
            return record | {"warnings": numeric_warnings(caught, file)}, answers
    return {"failure": {"kind": kind, "message": message}}, {}


def load_module(file: Path) -> types.ModuleType:
    """Run the file as a module that can import its neighbours."""
    sys.path.insert(0, str(file.parent))
    name = file.stem if file.stem not in sys.modules else f"{file.stem}, the student's"
    loader = SourceFileLoader(name, str(file))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    loader.exec_module(module)
    return module


def diagnosed(error: BaseException, file: Path) -> tuple[str, str]:
    """Return kind and message, with the line of the student's file, of whatever it raised."""
    if isinstance(error, SyntaxError):
        code = f" ({error.text.strip()})" if error.text and error.text.strip() else ""
        where = f"{Path(error.filename or file).name}, line {error.lineno}{code}"
        return "syntax", f"{where}: {type(error).__name__}: {error.msg}"
    place = place_of(error, file)
    if isinstance(error, SystemExit):
        return "exit", f"{place}: it ended the program; it must return instead"
    if isinstance(error, ImportError):
        return "import", f"{place}: {type(error).__name__}: {in_one_line(error)}"
    if isinstance(error, MemoryError):
        return "memory", f"{place}: it asked for more memory than it may have ({MEMORY >> 30} GiB)"
    hint = ""
    if isinstance(error, KeyError):
        hint = "; the parameters are named W1, b1, W2, b2, ..."
    elif isinstance(error, EOFError):
        hint = "; nobody is there to answer input()"
    return "exception", f"{place}: {type(error).__name__}: {in_one_line(error)}{hint}"


def place_of(error: BaseException, file: Path) -> str:
    """Return file, line, function and code of the last of the student's lines that an exception passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename) == file]
    near = [frame for frame in frames if Path(frame.filename).parent == file.parent]
    if not own and not near:
        return file.name
    frame = (near or own)[-1]
    function = "" if frame.name == "<module>" else f" in {frame.name}"
    return f"{Path(frame.filename).name}, line {frame.lineno}{function} ({frame.line})"


def numeric_warnings(caught: list[warnings.WarningMessage], file: Path) -> list[str]:
    """Return the warnings about numbers that the student's lines caused, each once."""
    numeric = [one for one in caught if issubclass(one.category, RuntimeWarning)]
    own = [one for one in numeric if Path(one.filename) == file]
    return list(dict.fromkeys(f"line {one.lineno}: {in_one_line(one.message)}" for one in own))


def limit_memory() -> None:
    """Where that is possible, let Python raise a MemoryError before the whole machine is full."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    except (ImportError, AttributeError, OSError, ValueError):
        return


def forget_the_project() -> None:
    """Let a student's own file called `compare.py` be found by its name."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "compare"]:
        del sys.modules[name]


def main(folder: Path, deadline: float) -> None:
    """Answer one request; leave at once, whatever threads the student's file has started."""
    sys.dont_write_bytecode = True
    limit_memory()
    stack = (folder / "stack.txt").open("w", encoding="utf-8")
    faulthandler.dump_traceback_later(max(0.01, deadline - time.time()), file=stack)
    request: dict[str, Any] = json.loads((folder / "request.json").read_text(encoding="utf-8"))
    with np.load(folder / "request.npz", allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    sys.argv = [request["file"]]
    forget_the_project()
    record, answers = respond(request, arrays)
    np.savez(folder / "reply.npz", allow_pickle=False, **answers)
    (folder / "reply.json").write_text(json.dumps(record), encoding="utf-8")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
