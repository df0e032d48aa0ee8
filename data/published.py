"""What is published under a name: the files, who serves them, and the digests by which they are known.

The digests of MNIST are of the decompressed content, which does not depend on who compressed it. Of
Fashion-MNIST SHA-256 digests are in circulation for the compressed files only, so those are compared; all
mirrors serve the same ones. The MD5 digests tell which of the two a directory holds, and guard nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from data.places import IDX_NAMES

_IMAGES, _LABELS = 16, 8  # bytes of the header
_PIXELS = 28 * 28


@dataclass(frozen=True)
class PublishedFile:
    """One IDX file.

    Attributes:
        name: without ``.gz``.
        size: bytes of its content, decompressed.
        sha256: in hex, of the content, or of the compressed file.
        of_content: which of the two.
    """

    name: str
    size: int
    sha256: str
    of_content: bool


@dataclass(frozen=True)
class Published:
    """A dataset that can be downloaded.

    Attributes:
        name: as in ``DATASETS``.
        title: as people write it.
        mirrors: addresses to which the name of a file and ``.gz`` are appended, the preferred one first.
        files: training images and labels, test images and labels.
        folders: where under a directory of data its files may lie.
        test_labels_md5: of the content of its last file.
    """

    name: str
    title: str
    mirrors: tuple[str, ...]
    files: tuple[PublishedFile, ...]
    folders: tuple[str, ...]
    test_labels_md5: str


def _files(digests: tuple[str, ...], of_content: bool) -> tuple[PublishedFile, ...]:
    sizes = (_IMAGES + 60_000 * _PIXELS, _LABELS + 60_000, _IMAGES + 10_000 * _PIXELS, _LABELS + 10_000)
    return tuple(
        PublishedFile(name, size, digest, of_content)
        for name, size, digest in zip(IDX_NAMES, sizes, digests, strict=True)
    )


_MNIST = Published(
    name="mnist",
    title="MNIST",
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    files=_files(
        (
            "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        ),
        of_content=True,
    ),
    folders=("mnist", "MNIST/raw"),
    test_labels_md5="27ae3e4e09519cfbb04c329615203637",
)

_FASHION_MNIST = Published(
    name="fashion-mnist",
    title="Fashion-MNIST",
    mirrors=(
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    files=_files(
        (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
        of_content=False,
    ),
    folders=("fashion-mnist", "FashionMNIST/raw"),
    test_labels_md5="15d484375f8d13e6eb1aabb0c3f46965",
)

PUBLISHED: Mapping[str, Published] = MappingProxyType({one.name: one for one in (_MNIST, _FASHION_MNIST)})
