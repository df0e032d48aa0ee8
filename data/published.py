"""What is published under a name: the files, who serves them, and the digests by which they are known.

The digests are of the decompressed content, which does not depend on who compressed it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from data.files import content_sha256
from data.places import IDX_NAMES

_IMAGES, _LABELS = 16, 8  # bytes of the header
_PIXELS = 28 * 28


@dataclass(frozen=True)
class PublishedFile:
    """One IDX file.

    Attributes:
        name: without ``.gz``.
        size: bytes of its content, decompressed.
        sha256: of its content, in hex.
    """

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Published:
    """A dataset that can be downloaded.

    Attributes:
        name: as in ``DATASETS``.
        title: as people write it.
        mirrors: addresses to which the name of a file and ``.gz`` are appended, the preferred one first.
        files: training images and labels, test images and labels.
        folders: where under a directory of data its files may lie.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    folders: tuple[str, ...]


def _files(*digests: str) -> tuple[PublishedFile, ...]:
    sizes = (_IMAGES + 60_000 * _PIXELS, _LABELS + 60_000, _IMAGES + 10_000 * _PIXELS, _LABELS + 10_000)
    return tuple(
        PublishedFile(name, size, digest)
        for name, size, digest in zip(IDX_NAMES, sizes, digests, strict=True)
    )


def is_published(path: Path, file: PublishedFile) -> bool:
    """Whether a file's (decompressed) content is the one published."""
    return content_sha256(path, file.size) == file.sha256


_MNIST = Published(
    name="mnist",
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=_files(
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
    folders=("mnist", "MNIST/raw"),
)

_FASHION_MNIST = Published(
    name="fashion-mnist",
    title="Fashion-MNIST",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=_files(
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
    folders=("fashion-mnist", "FashionMNIST/raw"),
)

PUBLISHED: Mapping[str, Published] = MappingProxyType({one.name: one for one in (_MNIST, _FASHION_MNIST)})
