"""What a full batch over several processes came to, as text: the proof, the trap, the times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compare.analysis.digits import with_interval
from compare.plural import counted
from compare.render.text import grid, scientific


def sharded_report(document: Mapping[str, Any]) -> str:
    """Return the report of `compare.distributed`."""
    sizes = "-".join(map(str, document["sizes"]))
    head = f"{sizes} on all {document['rows']} training rows of {document['dataset']}, spread over "
    head += f"{counted(document['processes'], 'process')}, "
    head += f"{counted(document['threads'], 'thread')} each"
    return "\n\n".join([head, proof_table(document), judgement(document), times(document["times"])])


def proof_table(document: Mapping[str, Any]) -> str:
    """Return a line for each objective, dtype and way of sharding: its worst tensor."""
    proofs = document["proofs"]
    worst = [max(proof["tensors"], key=badness) for proof in proofs]
    return grid(
        {
            "objective": [proof["objective"] for proof in proofs],
            "dtype": [proof["dtype"] for proof in proofs],
            "shards": [proof["sharding"] for proof in proofs],
            "rows": [" + ".join(map(str, proof["rows"])) for proof in proofs],
            "worst tensor": [row["tensor"] for row in worst],
            "relative error": [scientific(row["relative_error"]) for row in worst],
            "tolerance": [scientific(row["tolerance"]) for row in worst],
            "passed": ["yes" if row["passed"] else "NO" for row in worst],
            "plain average": [scientific(proof["averaging_error"]) for proof in proofs],
        },
        "terminal",
    )


def badness(row: Mapping[str, Any]) -> tuple[bool, float]:
    """Order tensors: those that failed last, then by their share of the tolerance."""
    return not row["passed"], row["relative_error"] / (row["tolerance"] or 1.0)


def judgement(document: Mapping[str, Any]) -> str:
    """Return what the table says, in sentences."""
    if not document["passed"]:
        return "The gradient added up over the processes is NOT the hand-written one of the whole batch."
    return (
        "The gradients of the shards, each weighted with its share of the rows and added up, are the\n"
        "hand-written gradient of the whole batch. Under `plain average` is the error of averaging the\n"
        "shards' means instead: it is rounding only where all shards have equally many rows."
    )


def times(found: Mapping[str, Any]) -> str:
    """Return how a step of all processes compares with that of one."""
    ratio = with_interval(found["ratio"], found["ratio_low"], found["ratio_high"], landmark=1.0)
    rounds, steps = counted(found["rounds"], "round"), counted(found["steps_a_block"], "step")
    return (
        f"A step of all processes together takes {ratio} times as long as one process that has all rows\n"
        f"({rounds} of {steps}, in turns; the interval is\n"
        "over the rounds of one start, and knows nothing of the luck of a process)."
    )
