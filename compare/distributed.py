"""The command `torchrun -m compare.distributed`: the gradient of a full batch spread over processes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from compare.signals import end_with

if TYPE_CHECKING:
    from compare.options import Parser

EQUAL, NOT_EQUAL, BAD_INPUT = 0, 1, 2
START = "torchrun --nproc-per-node 2 -m compare.distributed"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in one of the processes; return its exit code. The first process speaks."""
    options = build_parser().parse(arguments)
    if "RANK" not in os.environ:
        print(f"error: several processes are needed; start them with {START}", file=sys.stderr)
        return BAD_INPUT
    first = os.environ["RANK"] == "0"
    from compare.experiment import ExperimentError, load_experiment
    from compare.flags import overrides_of
    from compare.measure.task import check_fit, dataset_of
    from data import DataError

    try:
        experiment = load_experiment(options.source, overrides_of(options))
        dataset = dataset_of(experiment)
        check_fit(experiment, dataset)
    except (ExperimentError, DataError) as error:
        if first:
            print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    from compare.implementations.torch_sharded import Group
    from compare.render.sharded_report import sharded_report
    from compare.sharded_batch import prove_and_time

    group = Group(experiment.factors.threads[0])
    try:
        document = prove_and_time(experiment, dataset, group)
    finally:
        group.close()
    if first:
        print(sharded_report(document))
        if options.json and not written(options.json, document):
            return BAD_INPUT
    return EQUAL if document["passed"] else NOT_EQUAL


def written(path: str, document: Mapping[str, Any]) -> bool:
    """Write the document as JSON; say in one line where that cannot be done."""
    from pathlib import Path

    from compare.output import write_file

    try:
        write_file(Path(path), json.dumps(document, indent=1, allow_nan=False) + "\n")
    except OSError as error:
        print(f"error: --json {path}: cannot be written ({error.strerror})", file=sys.stderr)
        return False
    return True


def build_parser() -> Parser:
    """Build the parser of the command."""
    from compare.flags import add_flags
    from compare.options import Parser

    parser = Parser(
        START,
        "Prove that the gradient of a full batch whose rows are spread over several processes, and added up "
        "by torch.distributed, is the hand-written gradient of the whole; then time the step.",
    )
    parser.add_argument("source", nargs="?", metavar="PRESET|FILE.toml", help="network and data")
    parser.add_argument("--json", metavar="PATH", help="write the result there too")
    add_flags(parser)
    return parser


if __name__ == "__main__":
    end_with(main)
