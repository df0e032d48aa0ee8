"""Reading IDX files, the format of the original MNIST: a header that announces the shape, then the bytes.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, The MNIST database, "the IDX file format".
"""

import math
import struct
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from data.errors import DataError
from data.files import open_bytes
from data.table import Table

FULL_SCALE = 255.0
_UNSIGNED_BYTE = 0x08
_LARGEST_DEFLATE_RATIO = 1032  # a gzip file of n bytes cannot hold more than about 1032 n
_MOST_DIMENSIONS = 8
_READ_SIZE = 1 << 20


def read_idx_pair(images: Path, labels: Path) -> Table:
    """Read a file of images and the file of their labels.

    Args:
        images: unsigned bytes ``(rows, ...)``; each image is flattened in row-major order.
        labels: unsigned bytes ``(rows,)``.

    Returns:
        A table of ``(rows, features)`` whose full scale is 255.

    Raises:
        DataError: a damaged file, or two files of unequal length.
    """
    pixels = read_idx(images)
    codes = read_idx(labels)
    if pixels.ndim < 2:
        raise DataError(f"{images}: holds {pixels.ndim} dimension where images need two or more")
    if codes.ndim != 1:
        raise DataError(f"{labels}: holds {codes.ndim} dimensions where labels have one")
    if len(pixels) != len(codes):
        raise DataError(f"{images}: holds {len(pixels)} images, but {labels} holds {len(codes)} labels")
    names = tuple("pixel_" + "_".join(map(str, position)) for position in np.ndindex(pixels.shape[1:]))
    return Table(
        path=images,
        features=pixels.reshape(len(pixels), -1).astype(np.float32),
        labels=tuple(map(str, codes.tolist())),
        columns=names,
        full_scale=FULL_SCALE,
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Read one IDX file of unsigned bytes, never more of it than its header announces and one byte.

    Raises:
        DataError: a wrong magic number, another element type, no elements, too few or too many bytes.
    """
    with open_bytes(path) as stream:
        shape = _read_shape(stream, path)
        size = math.prod(shape)
        if size == 0:
            raise DataError(f"{path}: announces the shape {shape}, which holds nothing")
        if size > path.stat().st_size * _LARGEST_DEFLATE_RATIO:
            raise DataError(f"{path}: announces the shape {shape}, more than a file of its length can hold")
        content = np.empty(size, dtype=np.uint8)
        received = _fill(stream, content.data)
        if received < size:
            raise DataError(
                f"{path}: ends after {received} of the {size} bytes that its shape {shape} announces"
            )
        if stream.read(1):
            raise DataError(f"{path}: goes on after the {size} bytes that its shape {shape} announces")
    return content.reshape(shape)


def _read_shape(stream: BinaryIO, path: Path) -> tuple[int, ...]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or not 1 <= magic[3] <= _MOST_DIMENSIONS:
        raise DataError(f"{path}: is not an IDX file (its first bytes are {magic.hex(' ') or 'missing'})")
    if magic[2] != _UNSIGNED_BYTE:
        raise DataError(
            f"{path}: holds elements of IDX type 0x{magic[2]:02x}; only unsigned bytes (0x08) are read"
        )
    lengths = stream.read(4 * magic[3])
    if len(lengths) < 4 * magic[3]:
        raise DataError(f"{path}: ends inside its header")
    return struct.unpack(f">{magic[3]}I", lengths)


def _fill(stream: BinaryIO, buffer: memoryview) -> int:
    """Read until the buffer is full or the stream ends; return how many bytes came."""
    received = 0
    while received < len(buffer):
        piece = stream.read(min(_READ_SIZE, len(buffer) - received))
        if not piece:
            break
        buffer[received : received + len(piece)] = piece
        received += len(piece)
    return received
