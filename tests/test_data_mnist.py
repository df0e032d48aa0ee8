"""The real MNIST and Fashion-MNIST at full size; skipped where their four files are absent."""

import os
from pathlib import Path

import numpy as np
import pytest

from data import Dataset, load_dataset
from data.export import main
from data.files import content_sha256
from data.places import IDX_NAMES, find_all
from data.published import PUBLISHED


@pytest.fixture(scope="module")
def mnist(mnist_directory) -> Dataset:
    return load_dataset("mnist", data_dir=mnist_directory)


def test_mnist_has_its_known_counts_and_totals(mnist):
    assert mnist.X_train.shape == (60_000, 784)
    assert mnist.X_test.shape == (10_000, 784)
    assert mnist.classes == tuple("0123456789")
    assert np.bincount(mnist.Y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.X_train.mean(dtype=np.float64) == pytest.approx(0.13066, abs=1e-5)
    assert mnist.X_train.max() == 1
    assert mnist.unpublished == ()


def test_mnist_written_as_csv_reads_back_as_the_same_dataset(mnist, mnist_directory, tmp_path):
    for part in ("train", "test"):
        arguments = [
            "mnist",
            str(tmp_path / f"{part}.csv"),
            "--part",
            part,
            "--data-dir",
            str(mnist_directory),
        ]
        assert main(arguments) == 0
    assert load_dataset(tmp_path).sha256 == mnist.sha256


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_digests_are_those_of_the_decompressed_files(name):
    shared = Path(__file__).resolve().parents[1].parent / "shared" / "data"
    place = Path(os.environ.get("SIDE_BY_SIDE_DATA", shared))
    paths = find_all(place / name, IDX_NAMES)
    if not paths:
        pytest.skip(
            f"needs the four files of {name}: set SIDE_BY_SIDE_DATA to the directory that holds {name}/"
        )
    for path, file in zip(paths, PUBLISHED[name].files, strict=True):
        assert content_sha256(path, file.size) == file.sha256
