"""Bad data: what is tried, how it is made, and what the one line must say."""

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

from faults import Fault

from data.places import IDX_NAMES

GOOD = "".join(f"{row % 2},{row},{row / 4}\n" for row in range(20))
HEADED = "label,a,b\n" + GOOD


def csv(content: str | bytes, *arguments: str, name: str = "table.csv") -> Callable[[Path], list[str]]:
    """Make a CSV file of this content the dataset."""

    def make(directory: Path) -> list[str]:
        path = directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return ["--dataset", str(path), *arguments]

    return make


def pair(train: str, test: str) -> Callable[[Path], list[str]]:
    """Make a directory of two CSV files the dataset."""

    def make(directory: Path) -> list[str]:
        (directory / "train.csv").write_text(train)
        (directory / "test.csv").write_text(test)
        return ["--dataset", str(directory)]

    return make


def idx(**replaced: bytes) -> Callable[[Path], list[str]]:
    """Make a directory of four IDX files the dataset, some of them (by file name) of another content."""

    def make(directory: Path) -> list[str]:
        for name, content in (
            IDX | {key.replace("_", "-"): value for key, value in replaced.items()}
        ).items():
            (directory / name).write_bytes(content)
        return ["--dataset", str(directory)]

    return make


def idx_bytes(shape: tuple[int, ...], body: bytes, element: int = 8) -> bytes:
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, element, len(shape), *shape) + body


IDX = dict(
    zip(
        IDX_NAMES,
        (
            idx_bytes((6, 2, 2), bytes(range(24))),
            idx_bytes((6,), b"\0\1" * 3),
            idx_bytes((2, 2, 2), bytes(8)),
            idx_bytes((2,), b"\0\1"),
        ),
        strict=True,
    )
)


def nothing(*arguments: str) -> Callable[[Path], list[str]]:
    """Give arguments that need nothing to be made; {here} is the directory."""
    return lambda directory: [argument.replace("{here}", str(directory)) for argument in arguments]


def directory_for_a_file(directory: Path) -> list[str]:
    for name in ("train.csv", "test.csv"):
        (directory / name).mkdir()
    return ["--dataset", str(directory)]


def one_file_of_two(directory: Path) -> list[str]:
    (directory / "train.csv").write_text(GOOD)
    return ["--dataset", str(directory)]


CASES: dict[str, tuple[Callable[[Path], list[str]], str]] = {
    "an empty CSV file": (csv(""), "is empty"),
    "blank lines alone": (csv("\n\n"), "is empty"),
    "a header and no rows": (csv("label,a,b\n"), "has a header but no rows"),
    "a short row": (csv(GOOD + "1,2\n"), "line 21: the number of fields is 2, in the first row 3"),
    "a long row": (csv(GOOD + "1,2,3,4\n"), "line 21: the number of fields is 4, in the first row 3"),
    "text in a feature": (csv(HEADED + "1,2,x\n"), "line 22, column 3 ('b'): 'x' is not a number"),
    "text in a feature of the first row": (csv("1,x,2\n" + GOOD), "line 1, column 2: 'x' is not a number"),
    "a missing value": (csv(GOOD + "1,,3\n"), "line 21, column 2: the value is missing"),
    "a missing label": (csv(GOOD + ",1,3\n"), "line 21, column 1: the label is missing"),
    "NaN": (csv(GOOD + "1,nan,3\n"), "line 21, column 2: 'nan' is not a finite"),
    "infinity": (csv(GOOD + "1,2,-inf\n"), "line 21, column 3: '-inf' is not a finite"),
    "a number beyond float32": (csv(GOOD + "1,2,1e39\n"), "line 21, column 3: '1e39' is not a finite"),
    "NA among labels that are numbers": (csv(GOOD + "NA,1,3\n"), "line 21, column 1: its label 'NA'"),
    "one class": (csv("1,2\n" * 9), "holds the one class '1'"),
    "words in the last column": (
        csv("".join(f"{row},{row / 4},{'yes' if row % 2 else 'no'}\n" for row in range(20))),
        "column 3 ('no'): 'yes' is not a number; if column 3 holds the labels, say --label-column 3",
    ),
    "real numbers for labels": (
        csv("".join(f"{row / 7},1\n" for row in range(20))),
        "its column 1 holds 20 values in 20 rows: not classes",
    ),
    "a class of one row": (csv(GOOD + "7,1,1\n"), "class '7': a test fraction of 0.2 of 1 row"),
    "semicolons for commas": (csv(GOOD.replace(",", ";")), "its first row has no comma"),
    "a quote left open": (csv(GOOD + '"1,2,3\n'), "line 21: the number of fields is 1"),
    "an enormous field": (csv(GOOD + f"1,{'9' * 200_000},1\n"), "line 21: is not CSV: field larger than"),
    "an enormous line": (csv("1," * 9_000_000), "line 1: is longer than 16777216 bytes"),
    "a million columns": (csv("1," * 10**6 + "1\n"), "its first row has 1000001 fields"),
    "a NUL byte": (csv(GOOD + "1,2,\0\n"), "line 21, column 3: '\\x00' is not a number"),
    "UTF-16": (csv(GOOD.encode("utf-16")), "is UTF-16 text, not UTF-8; save it as UTF-8"),
    "a byte that is not UTF-8": (csv(GOOD.encode() + b"1,2,\xff\n"), "line 21: is not UTF-8 text"),
    "binary garbage": (csv(bytes(range(256)) * 9), "table.csv"),
    "gzip data cut short": (
        csv(gzip.compress(GOOD.encode() * 500)[:-40], name="table.csv.gz"),
        "its gzip data is damaged or cut short",
    ),
    "gzip data damaged": (
        csv(gzip.compress(GOOD.encode())[:20] + b"XXXX", name="table.csv.gz"),
        "its gzip data is damaged or cut short",
    ),
    "a gzip bomb (rows of zeros)": (
        csv(gzip.compress(b"0,0,0\n" * 15_000_000, 1), name="table.csv.gz"),
        "expands to over 7",
    ),
    "a gzip bomb (one line)": (csv(gzip.compress(bytes(40_000_000), 1)), "line 1: is longer than 16777216"),
    "a file that is not there": (nothing("--dataset", "{here}/no.csv"), "no.csv: no such file or directory"),
    "a name that is not known": (nothing("--dataset", "digist"), "did you mean 'digits'?"),
    "a directory without data": (nothing("--dataset", "{here}"), "holds neither train.csv and test.csv"),
    "a directory with one file of two": (one_file_of_two, "holds neither train.csv and test.csv"),
    "directories where files were meant": (directory_for_a_file, "holds neither train.csv and test.csv"),
    "a device for a file": (nothing("--dataset", "/dev/zero"), "/dev/zero: is not a regular file"),
    "a name too long": (nothing("--dataset", "x" * 5000 + ".csv"), "File name too long"),
    "a test fraction of 1": (csv(GOOD, "--test-fraction", "1"), "--test-fraction: must be a number between"),
    "a test fraction that takes a class": (
        csv("0,1\n0,2\n1,3\n1,4\n", "--test-fraction", "0.9"),
        "leaves none for training",
    ),
    "a test fraction for data already split": (
        lambda directory: [*pair(GOOD, GOOD)(directory), "--test-fraction", "0.5"],
        "has a test part of its own",
    ),
    "a test label unknown in training": (
        pair(GOOD, "0,1,1\n2,1,1\n"),
        "test.csv, line 2, column 1: its label '2' does not occur in the training data",
    ),
    "test rows of another width": (pair(GOOD, "0,1\n"), "test.csv: has 1 feature where"),
    "test columns in another order": (
        pair(HEADED, "label,b,a\n" + GOOD),
        "test.csv, column 2: is 'b' where",
    ),
    "a label column that is not there": (
        csv(HEADED, "--label-column", "class"),
        "its first row ('label', 'a', 'b') names no column 'class'",
    ),
    "a label column beyond the last": (
        csv(HEADED, "--label-column", "4"),
        "has 3 columns, so column 4 cannot hold the labels",
    ),
    "a label column for data that have none": (
        nothing("--dataset", "digits", "--label-column", "2"),
        "digits: has its labels in a place of their own",
    ),
    "an IDX file of another format": (
        idx(train_images_idx3_ubyte=b"1,2,3\n"),
        "is not an IDX file (its first bytes are 31 2c 32 2c)",
    ),
    "an IDX file of floats": (
        idx(train_images_idx3_ubyte=idx_bytes((1,), bytes(4), element=13)),
        "holds elements of IDX type 0x0d",
    ),
    "an IDX file of images that holds labels": (
        idx(train_images_idx3_ubyte=IDX["train-labels-idx1-ubyte"]),
        "holds 1 dimension where images need two or more",
    ),
    "an IDX file too short": (
        idx(train_images_idx3_ubyte=IDX["train-images-idx3-ubyte"][:-1]),
        "ends after 23 of the 24 bytes that its shape (6, 2, 2) announces",
    ),
    "an IDX file too long": (
        idx(train_images_idx3_ubyte=IDX["train-images-idx3-ubyte"] + b"\0"),
        "goes on after the 24 bytes",
    ),
    "an IDX file of an absurd shape": (
        idx(train_images_idx3_ubyte=idx_bytes((2**32 - 1, 2**32 - 1), b"")),
        "more than a file of its length can hold",
    ),
    "a gzip bomb for an IDX file": (
        idx(train_images_idx3_ubyte=gzip.compress(IDX["train-images-idx3-ubyte"] + bytes(10**7))),
        "goes on after the 24 bytes",
    ),
    "images without their labels": (
        idx(train_labels_idx1_ubyte=idx_bytes((5,), bytes(5))),
        "holds 6 images, but",
    ),
    "an IDX test label unknown in training": (
        idx(t10k_labels_idx1_ubyte=idx_bytes((2,), b"\0\7")),
        "item 1 (from 0): its label '7' does not occur in the training data",
    ),
    "MNIST by name, not here and not to be downloaded": (
        nothing("--dataset", "mnist", "--no-download"),
        "mnist: put train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and",
    ),
    "a data directory that is not there": (
        nothing("--dataset", "mnist", "--data-dir", "{here}/typo"),
        "typo: is not a directory (given as the data directory)",
    ),
}
FAULTS = [Fault(title, make) for title, (make, _) in CASES.items()]
