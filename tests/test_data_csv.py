import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from data import DataError, csv_file, text_stream
from data.csv_file import read_csv

GOOD = "".join(f"{i % 2},{i},{i / 4}\n" for i in range(20))


def write(directory: Path, content: str | bytes) -> Path:
    path = directory / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def check_good(table: csv_file.Table) -> None:
    assert table.labels == tuple("01" * 10)
    assert table.features.dtype == np.float32
    assert table.features.flags.c_contiguous
    np.testing.assert_array_equal(table.features, [[i, i / 4] for i in range(20)])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param(GOOD.rstrip(), id="no newline at the end"),
        pytest.param(GOOD + "\n  \n\n", id="blank lines at the end"),
        pytest.param("\n" + GOOD, id="blank line first"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("label,a,b\n" + GOOD, id="header"),
        pytest.param("label,a,b\r\n" + GOOD.replace("\n", "\r\n"), id="header and CRLF"),
        pytest.param('label,"a\nb",c\n' + GOOD, id="line break in a quoted name"),
        pytest.param("label,1,b\n" + GOOD, id="header with one name that is a number"),
        pytest.param("\ufeff" + GOOD, id="byte order mark"),
        pytest.param(GOOD.replace(",", " , "), id="spaces"),
        pytest.param(gzip.compress(GOOD.encode()), id="gzip, though the name does not say so"),
        pytest.param(gzip.compress(("label,a,b\n" + GOOD).encode()), id="gzip and header"),
    ],
)
@pytest.mark.parametrize("cells_per_chunk", [6, 1_500_000])
def test_every_spelling_of_a_file_reads_alike(tmp_path, monkeypatch, content, cells_per_chunk):
    monkeypatch.setattr(csv_file, "_CELLS_PER_CHUNK", cells_per_chunk)
    check_good(read_csv(write(tmp_path, content)))


def test_header_names_the_columns_and_its_absence_numbers_them(tmp_path):
    assert read_csv(write(tmp_path, "label,a,b\n" + GOOD)).columns == ("a", "b")
    assert read_csv(write(tmp_path, GOOD)).columns == ("feature_1", "feature_2")


@pytest.mark.parametrize("column", [3, "class", " class "])
def test_the_label_may_stand_in_any_column(tmp_path, column):
    table = read_csv(write(tmp_path, "a,b,class\n1,2,x\n3,4.5,y\n"), column)
    assert table.labels == ("x", "y")
    assert table.columns == ("a", "b")
    assert table.label_column == 3
    np.testing.assert_array_equal(table.features, [[1, 2], [3, 4.5]])


def test_a_label_by_number_needs_no_header_and_in_words_makes_none(tmp_path):
    table = read_csv(write(tmp_path, "1,x,2\n3,y,4\n"), 2)
    assert table.labels == ("x", "y")
    assert table.columns == ("feature_1", "feature_2")
    assert not table.has_header


def test_a_named_label_makes_the_first_row_a_header_even_of_numbers(tmp_path):
    assert read_csv(write(tmp_path, "2020,2021,kind\n1,2,x\n"), "kind").columns == ("2020", "2021")


@pytest.mark.parametrize(
    ("column", "content", "message"),
    [
        (3, "a,b,c\n1,2,x\n1,z,x\n", "line 3, column 2 ('b'): 'z' is not a number"),
        (2, "1,x,2\n1,y,q\n", "line 2, column 3: 'q' is not a number"),
        (3, "1,2,x\n1,2, \n", "line 2, column 3: the label is missing"),
        (4, "1,2,x\n", "has 3 columns, so column 4 cannot hold the labels"),
        ("d", "a,b,c\n1,2,3\n", "its first row ('a', 'b', 'c') names no column 'd' to hold the labels"),
        ("a", "a,b,a\n1,2,3\n", "its first row ('a', 'b', 'a') names 2 columns 'a' to hold the labels"),
        ("c", "a,b,c\n", "has a header but no rows"),
    ],
)
def test_a_label_column_that_will_not_do_is_told(tmp_path, column, content, message):
    with pytest.raises(DataError) as caught:
        read_csv(write(tmp_path, content), column)
    assert message in str(caught.value)


def test_the_line_of_a_byte_that_is_not_utf_8_is_counted_in_the_whole_file(tmp_path):
    path = write(tmp_path, b"1,2\n" * 50_000 + b"1,\xe9\n")
    with pytest.raises(DataError, match=r"line 50001: is not UTF-8 text \(.* at byte 3 of the line\)"):
        read_csv(path)


@pytest.mark.parametrize("content", [b"1,2\n" * 5 + b"1," * 100, b"1," * 100], ids=["later", "first"])
def test_an_endless_line_is_refused_with_its_number(tmp_path, monkeypatch, content):
    monkeypatch.setattr(text_stream, "LONGEST_LINE", 100)
    with pytest.raises(DataError, match=f"line {content.count(10) + 1}: is longer than 100 bytes"):
        read_csv(write(tmp_path, content))


def test_a_gzip_bomb_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    content = gzip.compress(b"0,1\n" * 100_000)
    monkeypatch.setattr(text_stream, "ALWAYS_ALLOWED", 1000)
    monkeypatch.setattr(csv_file, "_read_chunks", None)
    with pytest.raises(DataError, match=f"expands to over {200 * len(content)} bytes, 200 times its size"):
        read_csv(write(tmp_path, content))


def test_a_compressed_file_below_the_bound_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(text_stream, "ALWAYS_ALLOWED", 1000)
    assert len(read_csv(write(tmp_path, gzip.compress(GOOD.encode() * 500))).labels) == 10_000


def test_quoted_labels_may_hold_commas(tmp_path):
    assert read_csv(write(tmp_path, '"cat, black",1\nNA,2\n')).labels == ("cat, black", "NA")


def test_values_read_as_the_nearest_float32(tmp_path, rng):
    values = (rng.standard_normal(200) * 10.0 ** rng.integers(-8, 8, 200)).astype(np.float32)
    path = write(tmp_path, "".join(f"1,{value}\n" for value in values))
    np.testing.assert_array_equal(read_csv(path).features[:, 0], values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(
            GOOD + "1,2\n", "line 21: the number of fields is 2, in the first row 3", id="short row"
        ),
        pytest.param(
            GOOD + "1,2,3,4\n", "line 21: the number of fields is 4, in the first row 3", id="long row"
        ),
        pytest.param(
            "1,2,3,4\n" + GOOD, "line 2: the number of fields is 3, in the first row 4", id="long first row"
        ),
        pytest.param(
            "label,a,b\n" + GOOD.replace("\n", ",1\n"),
            "line 2: the number of fields is 4",
            id="header too short",
        ),
        pytest.param(
            GOOD.replace("\n", ",\n"), "line 2, column 4 (''): the value is missing", id="comma at the end"
        ),
        pytest.param(
            "label,a,b\n\n" + GOOD + "1,2,x\n", "line 23, column 3 ('b'): 'x' is not a number", id="text"
        ),
        pytest.param(GOOD + "1,1_0,2\n", "line 21, column 2: '1_0' is not a number", id="underscore"),
        pytest.param(GOOD + "1,2,\0\n", "line 21, column 3: '\\x00' is not a number", id="NUL"),
        pytest.param(GOOD + "1,nan,3\n", "line 21, column 2: 'nan' is not a finite", id="nan"),
        pytest.param(GOOD + "1,2,-inf\n", "line 21, column 3: '-inf' is not a finite", id="infinity"),
        pytest.param(GOOD + "1,2,3e39\n", "line 21, column 3: '3e39' is not a finite", id="beyond float32"),
        pytest.param(GOOD + "1,,3\n", "line 21, column 2: the value is missing", id="no value"),
        pytest.param(GOOD + " ,1,3\n", "line 21, column 1: the label is missing", id="no label"),
        pytest.param(
            "1,x,2\n" + GOOD, "line 1, column 2: 'x' is not a number", id="faulty first row, no header"
        ),
        pytest.param("1,,2\n" + GOOD, "line 1, column 2: the value is missing", id="gap in the first row"),
        pytest.param(
            "nan,nan,2\n" + GOOD, "line 1, column 2: 'nan' is not a finite", id="nan in the first row"
        ),
        pytest.param("", "is empty", id="empty"),
        pytest.param("\n\n", "is empty", id="blank"),
        pytest.param("label,a,b\n", "has a header but no rows", id="header only"),
        pytest.param("label,a,b\n\n\n", "has a header but no rows", id="header and blank lines"),
        pytest.param("1;2;3\n", "has no comma", id="semicolons"),
        pytest.param(GOOD + '"1,2,3\n', "line 21: the number of fields is 1", id="quote left open"),
        pytest.param(
            GOOD + "1," + "9" * 200_000 + ",1\n", "field larger than field limit", id="endless field"
        ),
        pytest.param(GOOD.encode() + b"1,2,\xff\n", "is not UTF-8 text", id="not UTF-8"),
        pytest.param(b"\xff,a,b\n", "is not UTF-8 text", id="first line not UTF-8"),
        pytest.param(gzip.compress(GOOD.encode() * 500)[:-40], "damaged or cut short", id="gzip cut short"),
        pytest.param(gzip.compress(GOOD.encode())[:20] + b"XXXX", "damaged or cut short", id="gzip damaged"),
    ],
)
@pytest.mark.parametrize("cells_per_chunk", [6, 1_500_000])
def test_a_faulty_file_is_told_in_one_line(tmp_path, monkeypatch, content, message, cells_per_chunk):
    monkeypatch.setattr(csv_file, "_CELLS_PER_CHUNK", cells_per_chunk)
    path = write(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_directory_where_a_file_is_needed_is_told(tmp_path):
    with pytest.raises(DataError, match="is a directory where a file is needed"):
        read_csv(tmp_path)


def test_an_unreadable_file_is_told(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    path = write(tmp_path, GOOD)
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"table\.csv: Permission denied"):
        read_csv(path)


def test_a_large_file_is_kept_once(tmp_path, rng, monkeypatch):
    """The parser's own pieces come and go; of the whole there is one float32 array and no int64 frame."""
    pixels = rng.integers(0, 256, (6_000, 100))
    path = tmp_path / "large.csv"
    path.write_bytes(b"".join(b"1," + ",".join(map(str, row)).encode() + b"\n" for row in pixels.tolist()))
    read_csv(write(tmp_path, GOOD))  # imports outside the measurement
    size = pixels.size * 4
    monkeypatch.setattr(csv_file, "_CELLS_PER_CHUNK", 20_000)
    try:
        tracemalloc.start()
        table = read_csv(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(table.features, pixels)
    assert peak < 1.7 * size


@pytest.mark.parametrize(("line", "advised"), [(",z\n", True), (",7\n", False), ("", False)])
def test_column_of_words_is_named_as_the_one_that_may_hold_the_labels(tmp_path, line, advised):
    path = tmp_path / "words.csv"
    path.write_text("label,a,b\n0,1,x\n" + "".join(f"{row % 2},{row}{line}" for row in range(9) if line))
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert str(caught.value).endswith("say --label-column 3") == advised
    with pytest.raises(DataError, match=r"is not a number$"):
        read_csv(path, label_column=1)
