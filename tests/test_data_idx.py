import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from data import DataError
from data.idx_file import read_idx, read_idx_pair


def idx_bytes(array: np.ndarray) -> bytes:
    return (
        struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        + array.astype(np.uint8).tobytes()
    )


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_images_and_labels_become_a_table(tmp_path, rng, compress):
    images = rng.integers(0, 256, (5, 3, 2))
    table = read_idx_pair(
        write(tmp_path / "images", compress(idx_bytes(images))),
        write(tmp_path / "labels", compress(idx_bytes(np.array([7, 0, 7, 1, 9])))),
    )
    assert table.features.dtype == np.float32
    np.testing.assert_array_equal(table.features, images.reshape(5, 6))
    assert table.labels == ("7", "0", "7", "1", "9")
    assert table.columns == ("pixel_0_0", "pixel_0_1", "pixel_1_0", "pixel_1_1", "pixel_2_0", "pixel_2_1")
    assert table.full_scale == 255


GOOD = idx_bytes(np.arange(4))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "is not an IDX file (its first bytes are missing)", id="empty"),
        pytest.param(b"1,2,3\n", "is not an IDX file (its first bytes are 31 2c 32 2c)", id="other magic"),
        pytest.param(b"\0\0\x08\0", "is not an IDX file", id="no dimension"),
        pytest.param(b"\0\0\x08\xff" + b"\0\0\0\1" * 255, "is not an IDX file", id="too many dimensions"),
        pytest.param(b"\0\0\x0d\1\0\0\0\1", "IDX type 0x0d", id="floats"),
        pytest.param(GOOD[:6], "ends inside its header", id="header cut short"),
        pytest.param(GOOD[:-1], "ends after 3 of the 4 bytes", id="too short"),
        pytest.param(GOOD + b"\0", "goes on after the 4 bytes", id="too long"),
        pytest.param(idx_bytes(np.zeros((0, 2))), "which holds nothing", id="no elements"),
        pytest.param(
            b"\0\0\x08\2" + b"\xff" * 8, "more than a file of its length can hold", id="absurd shape"
        ),
        pytest.param(gzip.compress(GOOD)[:-9], "damaged or cut short", id="gzip cut short"),
        pytest.param(gzip.compress(GOOD + bytes(10**7)), "goes on after the 4 bytes", id="gzip too long"),
    ],
)
def test_a_faulty_file_is_told_in_one_line(tmp_path, content, message):
    path = write(tmp_path / "faulty", content)
    with pytest.raises(DataError) as caught:
        read_idx(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_more_is_decompressed_than_the_header_announces_and_a_byte(tmp_path, monkeypatch):
    received = 0
    original = gzip.GzipFile.read

    def counted(self, size=-1):
        nonlocal received
        piece = original(self, size)
        received += len(piece)
        return piece

    monkeypatch.setattr(gzip.GzipFile, "read", counted)
    with pytest.raises(DataError, match="goes on after"):
        read_idx(write(tmp_path / "bomb.gz", gzip.compress(GOOD + bytes(10**7))))
    assert received == len(GOOD) + 1


def test_unequal_numbers_of_images_and_labels_are_refused(tmp_path):
    images = write(tmp_path / "images", idx_bytes(np.zeros((3, 2, 2))))
    with pytest.raises(DataError, match=r"holds 3 images, but .* holds 4 labels"):
        read_idx_pair(images, write(tmp_path / "labels", GOOD))


def test_images_and_labels_swapped_are_refused(tmp_path):
    images = write(tmp_path / "images", idx_bytes(np.zeros((4, 2, 2))))
    labels = write(tmp_path / "labels", GOOD)
    with pytest.raises(DataError, match="images need two or more"):
        read_idx_pair(labels, images)
