"""The command `python -m compare.contract`: does an implementation keep the contract?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from compare.signals import end_with

KEPT, BROKEN, NOT_TRIED, INTERRUPTED = 0, 1, 2, 130

DESCRIPTION = """\
Try an implementation against the contract of docs/implementations.md, in a process of its own: shapes,
parity, the update rule, partial batches, copies, determinism. Prints a line a property."""
EPILOG = "Exit code 0: kept; 1: broken; 2: could not be tried, and why."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    from compare.options import Parser

    parser = Parser("python -m compare.contract", DESCRIPTION, EPILOG)
    parser.add_argument("target", metavar="FILE.py:CLASS|NAME", help="what to try, or a name of --list")
    parser.add_argument("--timeout", type=float, default=300.0, metavar="S", help="seconds (default: 300)")
    given = parser.parse(arguments)
    from compare.implementations import known_names
    from compare.names import suggest
    from compare.plugins import fault_of, label_of, plugin_of

    fault = fault_of(given.target)
    if fault is None and plugin_of(given.target) is None and given.target not in known_names():
        fault = (
            f"{given.target!r} is not known; {suggest(given.target, known_names())}, or write FILE.py:CLASS"
        )
    if fault is None:
        from compare.measure.preflight import missing_need

        lack = missing_need(given.target)
        fault = None if lack is None else f"{given.target}: {lack}"
    if fault is not None:
        return refuse(fault)
    try:
        answer = ask(given.target, given.timeout)
    except KeyboardInterrupt:
        print("interrupted; nothing was tried", file=sys.stderr)
        return INTERRUPTED
    if isinstance(answer, str):
        return refuse(answer)
    print(report(label_of(given.target), answer))
    if not answer["findings"][0]["cases"]:
        return refuse(f"{label_of(given.target)} refuses every case that it could be tried on")
    return BROKEN if any(is_broken(finding) for finding in answer["findings"]) else KEPT


def refuse(what: str) -> int:
    """Say in one line why nothing was tried."""
    print(f"error: {what}", file=sys.stderr)
    return NOT_TRIED


def ask(target: str, timeout: float) -> dict[str, Any] | str:
    """Try the contract in a contestant's process; return the answer, or why there is none."""
    import tempfile
    from pathlib import Path

    from compare.measure.contestant import Contestant, ContestantError

    with tempfile.TemporaryDirectory(prefix="side-by-side-") as folder:
        contestant = Contestant(target, 1, Path(folder))
        try:
            return contestant.ask("contract", timeout)
        except ContestantError as error:
            return str(error)
        finally:
            contestant.close()


def is_broken(finding: dict[str, Any]) -> bool:
    """Whether a property does not hold, and that is not by design."""
    return finding["wrong"] is not None and finding["excuse"] is None


def report(label: str, answer: dict[str, Any]) -> str:
    """Return a line a property, and what was refused."""
    from compare.render.text import printable

    lines = [label, ""]
    for finding in answer["findings"]:
        word = "BROKEN" if is_broken(finding) else "by design" if finding["excuse"] else "ok"
        told = f"  {finding['property']:<34}{word if finding['cases'] else 'not tried'}"
        why = f": {finding['excuse']}; {finding['wrong']}" if finding["excuse"] else f": {finding['wrong']}"
        lines.append(told + (why if finding["wrong"] else ""))
    cases = answer["findings"][0]["cases"]
    lines += ["", f"Tried on {cases} of {cases + len(answer['refused'])} networks and rules."]
    lines += [f"  refused: {case}: {reason}" for case, reason in answer["refused"]]
    return "\n".join(printable(line) for line in lines)


if __name__ == "__main__":
    end_with(main)
