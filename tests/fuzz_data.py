"""What the readers of data are fed with by the fuzzers: bytes in, nothing or a DataError of one line out.

`fuzz_csv` and `fuzz_idx` take any bytes; `csv_files` and `idx_files` are hypothesis strategies for bytes that
are nearly right, which go deeper than noise does.
"""

import gzip
import struct
import tempfile
from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from data import DataError, load_dataset
from data.idx_file import read_idx

LONGEST_MESSAGE = 1000


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="side-by-side-fuzz-")


def _written(name: str, content: bytes) -> Path:
    path = Path(_folder().name) / name
    path.write_bytes(content)
    return path


def _check(error: DataError) -> None:
    assert len(str(error).splitlines()) == 1, f"not one line: {error!r}"
    assert len(str(error)) <= LONGEST_MESSAGE, "an endless message"
    assert str(error).isprintable(), f"unprintable: {error!r}"


def fuzz_csv(content: bytes) -> bool:
    """Load a CSV file of this content; tell whether it was accepted."""
    try:
        dataset = load_dataset(_written("fuzz.csv", content))
    except DataError as error:
        _check(error)
        return False
    for X in (dataset.X_train, dataset.X_test):
        assert ((X >= 0) & (X <= 1)).all()
    assert 0 <= dataset.Y_train.min() <= dataset.Y_train.max() < len(dataset.classes)
    return True


def fuzz_idx(content: bytes) -> bool:
    """Read an IDX file of this content; tell whether it was accepted."""
    try:
        array = read_idx(_written("fuzz-idx", content))
    except DataError as error:
        _check(error)
        return False
    assert array.size > 0
    return True


def _damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """Perhaps cut, compress, or overwrite some of it."""
    manner = draw(st.sampled_from(["as it is", "as it is", "cut", "gzip", "gzip cut", "bytes", "gzip bytes"]))
    if manner.startswith("gzip"):
        content = gzip.compress(content, mtime=0)
    if manner.endswith("cut"):
        content = content[: draw(st.integers(0, len(content)))]
    if manner.endswith("bytes") and content:
        place = draw(st.integers(0, len(content) - 1))
        noise = draw(st.binary(min_size=1, max_size=4))
        content = content[:place] + noise + content[place + len(noise) :]
    return content


_FIELDS = st.one_of(
    st.integers(0, 9).map(str),
    st.floats(width=32).map(str),
    st.sampled_from(
        ["", " ", "nan", "inf", "-0", "1e39", "1_0", "0x1", '"1"', '"', '"a,b"', "'", "NA", "１", "1\0"]
    ),
    st.text(max_size=4),
)


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """Draw a CSV file with a fault or two, or none."""
    columns, rows = draw(st.integers(1, 4)), draw(st.integers(0, 12))
    lines = [[str(row % 2), *(str((row * column) % 7) for column in range(columns))] for row in range(rows)]
    if draw(st.booleans()):
        lines.insert(0, ["label", *(f"c{column}" for column in range(columns))])
    for _ in range(draw(st.integers(0, 2)) if lines else 0):
        line = draw(st.sampled_from(lines))
        line[draw(st.integers(0, len(line) - 1))] = draw(_FIELDS)
        if draw(st.integers(0, 5)) == 0:
            line.append(draw(_FIELDS))
    end = draw(st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))
    encoding = draw(st.sampled_from(["utf-8"] * 4 + ["utf-8-sig", "utf-16", "latin-1"]))
    return _damaged(draw, end.join(map(",".join, lines)).encode(encoding, errors="replace"))


ROWS = b"".join(b"%d,%d,%.1f\n" % (row % 3, row, row / 4) for row in range(30))
IMAGES = b"\0\0\x08\x03" + struct.pack(">III", 3, 2, 2) + bytes(range(12))
SAMPLES = {
    "csv": [
        b"label,p,q\n" + ROWS,
        b"\xef\xbb\xbf" + ROWS.replace(b"\n", b"\r\n"),
        b'"kind","p q"\n' + b"".join(b'"%s",%d\n' % ((b"yes", b"no")[row % 2], row) for row in range(20)),
        gzip.compress(ROWS, mtime=0),
    ],
    "idx": [IMAGES, b"\0\0\x08\1\0\0\0\2ab", gzip.compress(IMAGES, mtime=0)],
}


@st.composite
def idx_files(draw: st.DrawFn) -> bytes:
    """Draw an IDX file whose header may announce another shape than it holds."""
    lengths = draw(st.lists(st.one_of(st.integers(0, 4), st.integers(0, 2**32 - 1)), max_size=9))
    magic = draw(st.sampled_from([b"\0\0\x08", b"\0\0\x08", b"\0\0\x08", b"\0\0\x0d", b"\1\0\x08"]))
    body = draw(st.binary(max_size=300))
    return _damaged(draw, magic + struct.pack(f">B{len(lengths)}I", len(lengths), *lengths) + body)
