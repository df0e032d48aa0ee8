"""Reading `results.json` from anybody: bounded, JSON alone, and checked before anything is made of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from compare.coherence import check_graph, check_pictures
from compare.fields import ResultsError
from compare.journal import read_bounded
from compare.results import Run
from compare.timings import Timing

RESULTS = "results.json"
LARGEST_RESULTS = 128 * 2**20
"""Bytes of a document; one of 1,000 runs has about a tenth of that."""
DEEPEST = 12
"""Levels of lists and objects inside one another; a document has seven."""
LARGEST_NUMBER = 1e300
LONGEST_MESSAGE = 160

Record = TypeVar("Record")


@dataclass(frozen=True)
class Results:
    """A document that was checked, with its runs and timings as records, and where it was read."""

    path: Path
    document: Mapping[str, Any]
    runs: tuple[Run, ...]
    timings: tuple[Timing, ...]

    @property
    def directory(self) -> Path:
        """The directory it lies in."""
        return self.path.parent


def read_results(place: Path) -> Results:
    """Return the results in a file, or in a directory's `results.json`.

    Raises `ResultsError`: one line that names the file and the key that will not do.
    """
    path = place / RESULTS if place.is_dir() else place
    try:
        document = _parsed(_content(path))
        runs, timings = checked(document)
    except ResultsError as error:
        raise ResultsError(one_line(f"{path}: {error}")) from None
    except (ValueError, RecursionError) as error:
        told = "lists or objects too deep inside one another" if isinstance(error, RecursionError) else error
        raise ResultsError(one_line(f"{path}: is not the JSON of a result: {told}")) from None
    except MemoryError:
        raise ResultsError(f"{path}: is too large for this machine's memory") from None
    return Results(path, document, runs, timings)


def checked(document: object) -> tuple[tuple[Run, ...], tuple[Timing, ...]]:
    """Return the runs and timings of a document whose every part is as `results.schema.json` has it.

    Runs and timings, which are nearly all of it, are checked by the records that write them, the rest by the
    schema. Raises `ResultsError` naming the first key that is wrong.
    """
    if not isinstance(document, dict):
        raise ResultsError(f"must be a JSON object, not {type(document).__name__}")
    series: dict[str, list[Any]] = {}
    for key in ("runs", "timings"):
        if not isinstance(document.get(key, []), list):
            raise ResultsError(f"{key}: must be a list, not {type(document[key]).__name__}")
        series[key] = document.get(key, [])
    rest = {key: [] if key in series else value for key, value in document.items()}
    if not _shallow(rest, DEEPEST):
        raise ResultsError(f"has lists or objects more than {DEEPEST} deep inside one another")
    _check_schema(rest)
    for where, row in _rows(document):
        _check_bounds(where, row)
    if "pictures" in document:
        check_pictures(document["pictures"])
    if "graph" in document.get("derivation", {}):
        check_graph(document["derivation"]["graph"])
    runs = tuple(_read(Run.from_json, "runs", at, entry) for at, entry in enumerate(series["runs"]))
    timings = tuple(
        _read(Timing.from_json, "timings", at, entry) for at, entry in enumerate(series["timings"])
    )
    return runs, timings


def one_line(text: str) -> str:
    """Return a message as one printable line."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _content(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError) as error:
        raise ResultsError(_unreadable(path, error)) from None
    try:
        return read_bounded(descriptor, path, LARGEST_RESULTS)
    except OSError as error:
        raise ResultsError(f"cannot be read ({error.strerror})") from None
    finally:
        os.close(descriptor)


def _unreadable(path: Path, error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError) and path.name == RESULTS and path.parent.is_dir():
        begun = (path.parent / "runs.jsonl").exists()
        return "no such file; " + (
            f"the run was not finished, go on with python -m compare.run --resume {path.parent}"
            if begun
            else "name a directory that python -m compare.run wrote, or its results.json"
        )
    return f"cannot be read ({getattr(error, 'strerror', None) or error})"


def _parsed(content: bytes) -> Any:
    return json.loads(
        content.decode("utf-8"), parse_constant=_constant, parse_int=_whole, parse_float=_decimal
    )


def _constant(text: str) -> Any:
    raise ValueError(f"{text} is not JSON")


def _whole(text: str) -> int:
    if len(text) < 20 and abs(value := int(text)) < 2**63:
        return value
    raise ValueError(f"the whole number {text[:20]}... has more digits than 64 bits hold")


def _decimal(text: str) -> float:
    if abs(value := float(text)) <= LARGEST_NUMBER:
        return value
    raise ValueError(f"the number {text[:20]} is beyond {LARGEST_NUMBER:g}")


def _shallow(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        return levels > 0 and all(_shallow(entry, levels - 1) for entry in value.values())
    if isinstance(value, list):
        return levels > 0 and all(_shallow(entry, levels - 1) for entry in value)
    return True


def _check_schema(document: Mapping[str, Any]) -> None:
    from jsonschema import Draft202012Validator
    from jsonschema.validators import extend

    def is_integer(_: object, value: object) -> bool:  # JSON Schema takes 2.0 for one too
        return isinstance(value, int) and not isinstance(value, bool)

    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", is_integer)
    validator: Any = extend(Draft202012Validator, type_checker=types)  # type: ignore[no-untyped-call]
    schema = json.loads(Path(__file__).with_name("results.schema.json").read_text(encoding="utf-8"))
    error = next(iter(validator(schema).iter_errors(document)), None)
    if error is not None:
        place = error.json_path.removeprefix("$").removeprefix(".")
        message = error.message if len(error.message) <= LONGEST_MESSAGE else _in_short(error)
        raise ResultsError(f"{place}: {message}" if place else message)


def _in_short(error: Any) -> str:
    kinds: dict[type, str] = {dict: "an object", list: "a list", str: "a text"}
    kind = kinds.get(type(error.instance), "this")
    wanted = str(error.validator_value)
    return f"{kind} will not do; {error.validator} wants {wanted[:LONGEST_MESSAGE]}"


def _rows(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for key in ("summary", "attribution", "budgets", "floor", "thread_ratios"):
        for at, row in enumerate(document.get(key, ())):
            yield f"{key}[{at}]", row
    if document.get("null_test"):
        yield "null_test", document["null_test"]


def _check_bounds(where: str, row: Mapping[str, Any]) -> None:
    """An interval has both bounds or none, and they belong to a number."""
    for low in [key for key in row if key == "low" or key.endswith("_low")]:
        high, point = f"{low[:-3]}high", low[:-4] or "contribution"
        if (row[low] is None) != (row.get(high) is None):
            raise ResultsError(f"{where}.{low}: an interval has both bounds or none")
        if row[low] is not None and row.get(point) is None:
            raise ResultsError(f"{where}.{low}: bounds an interval of {point}, which is null")


def _read(parse: Callable[[object], Record], key: str, at: int, entry: object) -> Record:
    try:
        return parse(entry)
    except ResultsError as error:
        raise ResultsError(f"{key}[{at}]: {error}") from None
