"""Writing any dataset in the label-first CSV form: ``python -m data.export NAME FILE.csv``.

Values are written as the source has them, before scaling: whole numbers in 0..255 as integers, others in the
shortest form that reads back as the same float32.
"""

import argparse
import csv
import gzip
import io
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.load import Unscaled, load_unscaled
from data.sources import DATASETS, Request
from data.table import row_blocks

_INTEGERS = [b"%d" % value for value in range(256)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        The exit code: 0 written, 2 bad usage or input, 130 interrupted.
    """
    try:
        options = _parser().parse_args(arguments)
        request = Request(options.data_dir, options.label_column, not options.no_download, progress=True)
        raw = load_unscaled(options.dataset, request, test_fraction=None)
        rows = export(raw, options.file, options.part)
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("error: interrupted; nothing was written", file=sys.stderr)
        return 130
    print(f"{options.file}: {rows} rows of a label and {raw.X_train.shape[1]} features ({raw.source.name})")
    return 0


def export(raw: Unscaled, path: Path, part: str = "train") -> int:
    """Write the ``train``, ``test`` or ``all`` rows (training rows first) of a dataset.

    Args:
        raw: the dataset in the units of its source.
        path: the file to create; compressed if its name ends in ``.gz``.
        part: which rows.

    Returns:
        The number of rows written.

    Raises:
        DataError: the file exists or cannot be written.
    """
    parts = {"train": [(raw.X_train, raw.Y_train)], "test": [(raw.X_test, raw.Y_test)]}
    chosen = [*parts["train"], *parts["test"]] if part == "all" else parts[part]
    with _new_file(path) as stream:
        stream.write(_csv_line(["target" if not raw.classes else "label", *raw.table.columns]))
        for features, targets in chosen:
            for line in _lines(features, _label_texts(targets, raw.classes)):
                stream.write(line)
    return sum(len(features) for features, _ in chosen)


def _lines(features: NDArray[np.float32], labels: list[bytes]) -> Iterator[bytes]:
    """Yield a line a row; small whole numbers are looked up, not formatted: that is the faster by far."""
    remaining = iter(labels)
    for block in row_blocks(features):
        integers = block.astype(np.uint8) if block.min() >= 0 and block.max() <= 255 else None
        if integers is not None and (integers == block).all():
            for row, label in zip(integers, remaining, strict=False):
                yield label + b",".join(map(_INTEGERS.__getitem__, row.tobytes())) + b"\n"
        else:
            for values, label in zip(block, remaining, strict=False):
                yield label + ",".join(map(str, values)).encode() + b"\n"


def _label_texts(targets: NDArray[Any], classes: tuple[str, ...]) -> list[bytes]:
    """Return the start of each line: the label and its comma."""
    if not classes:
        return [",".join(map(str, row)).encode() + b"," for row in targets]
    texts = [_csv_line([name])[:-1] + b"," for name in classes]
    return [texts[code] for code in targets]


def _csv_line(fields: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue().encode()


@contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Write beside the target and move it there only when it is complete; never over an existing file."""
    if os.path.lexists(path):
        raise DataError(f"{path}: exists already; remove it or choose another name")
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("xb") as raw:
            if path.name.endswith(".gz"):
                with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as stream:
                    yield cast(BinaryIO, stream)
            else:
                yield raw
        unfinished.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _number_or_name(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdigit() else text


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise DataError(f"{message} (see --help)")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m data.export",
        description="Write a dataset as a label-first CSV file, values not scaled.",
    )
    parser.add_argument("dataset", metavar="NAME", help=f"{', '.join(DATASETS)}, or the path of a dataset")
    parser.add_argument(
        "file", metavar="FILE.csv", type=Path, help="the file to create; compressed if it ends in .gz"
    )
    parser.add_argument(
        "--data-dir", metavar="DIR", type=Path, help="where the files of mnist or fashion-mnist are"
    )
    parser.add_argument(
        "--label-column", metavar="N|NAME", type=_number_or_name, help="of a CSV file (default: the first)"
    )
    parser.add_argument("--no-download", action="store_true", help="never try the network")
    parser.add_argument(
        "--part", choices=("train", "test", "all"), default="train", help="which rows (default: train)"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
