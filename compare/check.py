"""The command `python -m compare.check`: is this back-propagation, or this update rule, right?"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from compare.signals import end_with, interrupt_on_request

if TYPE_CHECKING:
    from compare.check_options import CheckOptions

EQUAL, NOT_EQUAL, NOT_CHECKED, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    from compare.check_options import parse_check_options

    options = parse_check_options(arguments)
    from compare.examination import examine, refused
    from compare.parity.student.process import CheckError
    from compare.render.check_report import check_report, verdict_line

    interrupt_on_request()
    human = sys.stderr if options.json == "-" else sys.stdout
    try:
        document = examine(options)
    except CheckError as error:
        print(f"error: {error}", file=sys.stderr)
        write_json(options, refused(options, error))
        return NOT_CHECKED
    except KeyboardInterrupt:
        print("interrupted; nothing was checked", file=sys.stderr)
        return INTERRUPTED
    print(verdict_line(document) if options.quiet else check_report(document), file=human)
    if not write_json(options, document):
        return NOT_CHECKED
    return EQUAL if document["passed"] else NOT_EQUAL


def write_json(options: CheckOptions, document: dict[str, Any]) -> bool:
    """Write the result where it was asked for; say whether that was possible."""
    if options.json is None:
        return True
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    if options.json == "-":
        print(text, flush=True)
        return True
    from pathlib import Path

    from compare.output import write_file

    try:
        write_file(Path(options.json), text + "\n")
    except OSError as error:
        print(f"error: {options.json}: cannot be written ({error.strerror})", file=sys.stderr)
        return False
    return True


if __name__ == "__main__":
    end_with(main)
