"""A text for a report's method section, made from what the document holds and from nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from compare.analysis.digits import joined, with_decimals
from compare.analysis.statistics import CONFIDENCE
from compare.plural import counted
from compare.render.parity_table import worst_tensor
from compare.render.settings import network_told, training_told
from compare.render.text import printable, scientific
from compare.render.trained import trained
from compare.rows import once

Document = Mapping[str, Any]
PERCENT = f"{CONFIDENCE:.0%}"


def method_text(document: Document) -> str:
    """Return paragraphs of plain text, with empty lines between them: what was compared and held equal, how
    that was proven, how it was timed, what the intervals are, and on which machine.

    A sentence stands there only where the document shows what it says.
    """
    parts = (_compared, _proven, _trained, _timed, _judged, _machine)
    paragraphs = (" ".join(part(document)) for part in parts)
    return "\n\n".join(printable(paragraph) for paragraph in paragraphs if paragraph)


def _compared(document: Document) -> Iterable[str]:
    experiment, data = document["experiment"], document["environment"].get("data", {})
    names = _levels(document, "implementation")
    if names:
        yield f"We compared {joined(names)}." if len(names) > 1 else f"We trained {names[0]}."
    if data.get("source"):
        yield f"Data: {data['source']}."
    if data.get("training_rows") is not None and data.get("test_rows") is not None:
        yield f"{data['training_rows']} rows were for training and {data['test_rows']} for testing."
    if data.get("scaling"):
        yield f"Scaling: {data['scaling']}."
    if experiment.get("model"):
        yield f"Network: {network_told(experiment['model'])}."
    if length := training_told(experiment.get("training", {}), _levels(document, "optimizer")):
        yield f"Training: {length}."
    varied = {"batch_size": "batch size", **{key: key for key in ("objective", "optimizer", "dtype")}}
    told = [
        f"{word} ({', '.join(levels)})"
        for key, word in {**varied, "threads": "number of threads"}.items()
        if len(levels := _levels(document, key)) > 1
    ]
    if told:
        yield f"Varied besides: {joined(told)}."


def _levels(document: Document, key: str) -> list[str]:
    return list(dict.fromkeys(str(row[key]) for row in document["summary"]))


def _proven(document: Document) -> Iterable[str]:
    tensors, paths = document["parity"]["tensors"], document["parity"]["trajectory"]
    if not tensors:
        return
    reference, dtypes = document["reference"], dict.fromkeys(row["dtype"] for row in tensors)
    worst = worst_tensor(tensors)
    yield (
        "Before anything was timed, the loss, the values of all layers and all gradients of each "
        f"implementation (in {joined(dtypes)}) were compared with those of {reference} in float64, from the "
        f"same weights on the same batch, and {reference}'s gradients with complex-step derivatives as a "
        "third, independent witness. The measure is the relative error of a tensor, ||g - r|| / ||r||; what "
        "rounding can explain is allowed."
    )
    if document["parity"]["passed"]:
        yield (
            f"All {len(tensors)} comparisons passed; the error nearest to its tolerance was "
            f"{scientific(worst['relative_error'])} ({worst['tensor']} of {worst['implementation']} in "
            f"{worst['dtype']}, tolerance {scientific(worst['tolerance'])})."
        )
    else:
        failed = dict.fromkeys(row["implementation"] for row in (*tensors, *paths) if not row["passed"])
        names = joined(failed) or "an implementation"
        yield f"Not all comparisons passed: {names} failed, and what fails is not timed."
    if paths:
        steps = max(row["steps"] for row in paths)
        yield f"The parameters were compared as well, after each of {counted(steps, 'optimizer step')}."


def _trained(document: Document) -> Iterable[str]:
    runs = once(trained, document["runs"])
    if not runs.runs:
        return
    told = f"Each cell of the grid was trained from {counted(runs.seeds, 'seed')}"
    yield f"{told}, every run in a process of its own."
    if runs.same_weights and len(_levels(document, "implementation")) > 1:
        yield (
            "Within a seed all implementations started from the same initial weights (their SHA-256 is "
            "equal) and were handed the same batches in the same order."
        )
    if (jobs := document["environment"].get("jobs") or 1) > 1:
        yield f"Up to {jobs} runs were made at the same time; none of their own seconds are used."
    if runs.bad:
        yield f"{runs.bad} of {counted(runs.runs, 'run')} did not end well and are left out of the means."


def _timed(document: Document) -> Iterable[str]:
    good = [timing for timing in document.get("timings", ()) if is_counted(timing)]
    if not good:
        if any(row["seconds_per_epoch"] is not None for row in document["summary"]):
            yield "There were no timing blocks: the times are those of the accuracy runs, one a seed."
        return
    processes = len({timing["process"] for timing in good})
    blocks = [block for timing in good for block in timing["blocks"]]
    shortest = min(block[1] for block in blocks)
    rounds = max(len(timing["blocks"]) for timing in good)
    fresh = f"{counted(processes, 'process')} of its own, in up to {counted(rounds, 'round')}"
    yield (
        "Times are wall-clock seconds of training alone: shuffling and gathering of batches included, "
        f"evaluation and set-up not. Each contestant was timed in {fresh} each, after a warm-up that is not "
        "counted; in a round the contestants of a setting take turns in random order. There are "
        f"{counted(len(blocks), 'block')} of training, the shortest of {_milliseconds(shortest)} ms."
    )
    pools = document["environment"].get("thread_pools") or {}
    found = {pool.get("threads") for of_contestant in pools.values() for pool in of_contestant} - {None}
    if found:
        threads = joined(str(count) for count in sorted(found))
        noun = "thread" if found == {1} else "threads"
        yield f"The BLAS and OpenMP libraries of the contestants ran with {threads} {noun}."


def is_counted(timing: Document) -> bool:
    """Whether a timing went well and is a contestant's, not the floor's."""
    return timing["status"] == "ok" and bool(timing["blocks"]) and not timing.get("floor")


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.2g}" if seconds < 0.1 else f"{1e3 * seconds:.0f}"


def _judged(document: Document) -> Iterable[str]:
    rows, null = document["summary"], document.get("null_test")
    if any(row["time_ratio_low"] is not None for row in rows):
        yield (
            f"A time ratio is the median of the ratios of seconds an update to {document['reference']}'s in "
            f"the same round; its {PERCENT} interval is Student's t on the logarithms, over "
            f"{'processes' if document.get('timings') else 'seeds'}."
        )
    if any(row["test_accuracy_low"] is not None for row in rows):
        yield f"Accuracies are means over seeds with {PERCENT} t intervals."
    if null is not None:
        noise = with_decimals(null["ratio_95"], 3)
        yield (
            f"As a null test {null['implementation']} was timed against itself in the same way: {PERCENT} of "
            f"the ratios in single processes lay within a factor of {noise}, and no smaller difference is "
            "called one."
        )
        if null["contains_1"] is False:
            yield "Its interval does not contain 1, so differences in time are not to be trusted here."
    elif any(row["time_differs"] is not None for row in rows):
        yield "No null test was made; a difference in time is called one where its interval excludes 1."
    if document.get("budgets"):
        yield "Batch sizes are compared at equal epochs, equal updates and equal seconds, seed by seed."
    if document["attribution"]:
        yield (
            "The whole difference is split among the factors by exact Shapley values: each factor's effect, "
            "averaged over all orders of changing one after the other."
        )


def _machine(document: Document) -> Iterable[str]:
    environment = document["environment"]
    machine = [
        environment.get("processor"),
        counted(environment["cores"], "core") if environment.get("cores") else None,
        f"{environment['memory_gb']} GB of memory" if environment.get("memory_gb") else None,
        environment.get("system"),
    ]
    if any(machine):
        yield f"Machine: {', '.join(str(part) for part in machine if part)}."
    versions = [f"Python {environment['python']}"] if environment.get("python") else []
    versions += [f"{name} {version}" for name, version in environment.get("libraries", {}).items()]
    if versions:
        yield f"Software: {', '.join(versions)}."
    if environment.get("commit"):
        changed = str(environment["commit"]).endswith("+")
        yield (
            f"Side by Side at commit {str(environment['commit']).rstrip('+')}"
            f"{', with changes that were not committed' if changed else ''}."
        )
    if environment.get("command"):
        yield f"Command: {environment['command']}"
