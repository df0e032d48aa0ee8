import dataclasses
import gzip

import numpy as np
import pytest
from test_data_idx import idx_bytes

from data import DataError, Dataset, load_dataset
from data.places import IDX_NAMES

EMBEDDED = {
    "digits": (1438, 359, 64, 10),
    "breast-cancer": (455, 114, 30, 2),
    "nuclei": (455, 114, 2, 0),
}
TRAIN = "b,1,2\na,3,4.5\nb,5,6\na,7,8\n"
TEST = "a,9,1\nb,4,3.25\n"


@pytest.fixture
def directory(tmp_path):
    (tmp_path / "train.csv").write_text(TRAIN)
    (tmp_path / "test.csv").write_text(TEST)
    return tmp_path


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_datasets_have_their_shapes_types_and_range(name):
    dataset = load_dataset(name)
    train, test, features, classes = EMBEDDED[name]
    assert dataset.name == name
    assert dataset.X_train.shape == (train, features)
    assert dataset.X_test.shape == (test, features)
    assert dataset.features == features
    assert len(dataset.classes) == classes
    assert dataset.is_classification == (classes > 0)
    for X in (dataset.X_train, dataset.X_test):
        assert X.dtype == np.float32
        assert X.flags.c_contiguous
        assert X.min() >= 0
        assert X.max() <= 1
    assert dataset.X_train.max() == 1
    for Y, rows in ((dataset.Y_train, train), (dataset.Y_test, test)):
        assert (Y.dtype, Y.shape) == ((np.int64, (rows,)) if classes else (np.float32, (rows, 1)))


def test_digits_are_sixteenths_in_ten_classes_of_even_share():
    digits = load_dataset("digits")
    assert digits.classes == tuple("0123456789")
    np.testing.assert_array_equal(digits.X_train * 16, np.rint(digits.X_train * 16))
    share = np.bincount(digits.Y_test) / (np.bincount(digits.Y_test) + np.bincount(digits.Y_train))
    assert np.all(np.abs(share - 0.2) < 0.005)


def test_benign_is_0_and_malignant_1():
    dataset = load_dataset("breast-cancer")
    assert dataset.classes == ("benign", "malignant")
    assert dataset.Y_train.sum() + dataset.Y_test.sum() == 212


def test_nuclei_scale_the_target_like_a_feature():
    nuclei = load_dataset("nuclei")
    assert nuclei.Y_train.min() == 0
    assert nuclei.Y_train.max() == 1
    assert 0 <= nuclei.Y_test.min() <= nuclei.Y_test.max() <= 1
    assert np.corrcoef(nuclei.X_train[:, 0], nuclei.Y_train[:, 0])[0, 1] > 0.99
    assert "target likewise" in nuclei.scaling


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("digits", "2b6b1fcb057bee0140e42748bd16247a584ed5c3a2f171686946ac4eed951007"),
        ("breast-cancer", "a030c620624e98385c67d8db0b25d8acf751d97af2c2ff65c3c51dba7514d44c"),
        ("nuclei", "0668560e851891ae745a01d9ed4d88c8b3f81ca2dcaff576184f24eb4fce3171"),
    ],
)
def test_embedded_datasets_never_change(name, digest):
    assert load_dataset(name).sha256 == digest


def test_the_checksum_is_of_the_content_not_of_the_name(directory):
    dataset = load_dataset(directory)
    same = dataclasses.replace(dataset, name="other", source="elsewhere")
    assert same.sha256 == dataset.sha256
    X = dataset.X_test.copy()
    X[0, 0] += 0.25
    assert dataclasses.replace(dataset, X_test=X).sha256 != dataset.sha256
    assert dataclasses.replace(dataset, Y_test=dataset.Y_test[::-1]).sha256 != dataset.sha256
    assert dataclasses.replace(dataset, X_test=dataset.X_test.reshape(1, -1)).sha256 != dataset.sha256


def test_a_directory_with_two_csv_files_keeps_their_split_and_order(directory):
    dataset = load_dataset(directory)
    assert isinstance(dataset, Dataset)
    assert dataset.name == directory.name
    assert dataset.classes == ("a", "b")
    assert dataset.Y_train.tolist() == [1, 0, 1, 0]
    assert dataset.Y_test.tolist() == [0, 1]
    np.testing.assert_allclose(dataset.X_train, [[0, 0], [1 / 3, 2.5 / 6], [2 / 3, 4 / 6], [1, 1]], rtol=1e-6)
    np.testing.assert_allclose(dataset.X_test, [[1, 0], [0.5, 1.25 / 6]], rtol=1e-6)
    assert dataset.split == "the source's own: 4 training and 2 test rows"


def test_compressed_files_in_a_directory_read_alike(directory):
    expected = load_dataset(directory).sha256
    for name in ("train.csv", "test.csv"):
        path = directory / name
        path.with_name(name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    assert load_dataset(directory).sha256 == expected


def test_a_test_fraction_for_a_source_with_its_own_split_is_refused(directory):
    with pytest.raises(DataError, match="has a test part of its own"):
        load_dataset(directory, test_fraction=0.5)


@pytest.mark.parametrize("fraction", [0, 1, float("nan")])
def test_a_bad_fraction_is_refused(fraction):
    with pytest.raises(DataError, match="must lie between 0 and 1"):
        load_dataset("digits", test_fraction=fraction)


def test_a_test_fraction_is_obeyed():
    assert len(load_dataset("digits", test_fraction=0.5).X_test) == 899


def test_a_test_label_unknown_in_training_is_told_with_its_line(directory):
    (directory / "test.csv").write_text("label,x,y\n\n" + TEST + "c,1,2\n")
    with pytest.raises(
        DataError, match=r"test\.csv, line 5, column 1: its label 'c' does not occur in the training"
    ):
        load_dataset(directory)


def test_parts_of_unequal_width_are_refused(directory):
    (directory / "test.csv").write_text("a,1\n")
    with pytest.raises(DataError, match=r"test\.csv: has 1 feature where .*train\.csv has 2"):
        load_dataset(directory)


def test_parts_whose_headers_differ_are_refused(directory):
    (directory / "train.csv").write_text("label,x,y\n" + TRAIN)
    (directory / "test.csv").write_text("label,y,x\n" + TEST)
    with pytest.raises(DataError, match=r"test\.csv, column 2: is 'y' where .* has 'x'"):
        load_dataset(directory)


def test_the_label_column_counts_for_both_files_and_in_messages(directory):
    (directory / "train.csv").write_text("x,label,y\n1,b,2\n3,a,4.5\n5,b,6\n7,a,8\n")
    (directory / "test.csv").write_text("x,label,y\n9,a,1\n4,b,3.25\n")
    dataset = load_dataset(directory, label_column="label")
    assert dataset.classes == ("a", "b")
    assert dataset.Y_train.tolist() == [1, 0, 1, 0]
    assert dataset.X_test.tolist()[0][0] == 1
    (directory / "test.csv").write_text("x,label,y\n9,c,1\n")
    with pytest.raises(DataError, match=r"test\.csv, line 2, column 2: its label 'c' does not occur"):
        load_dataset(directory, label_column="label")
    (directory / "test.csv").write_text("x,label,z\n9,a,1\n")
    with pytest.raises(DataError, match=r"test\.csv, column 3: is 'z' where"):
        load_dataset(directory, label_column=2)


def test_a_label_too_long_to_show_is_cut(directory):
    (directory / "test.csv").write_text(f"{'c' * 5000},1,2\n")
    with pytest.raises(DataError) as caught:
        load_dataset(directory)
    assert "its label 'cccc" in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("1,2\n" * 9, "holds the one class '1'; two or more are needed", id="one class"),
        pytest.param(
            "1,2\n2,3\nNA,4\n", "line 3, column 1: its label 'NA' is not a number", id="missing label"
        ),
        pytest.param(
            "label,1\n0,2\n1,3\n", "line 1, column 1: .* if this is a header", id="header of numbers"
        ),
        pytest.param(
            "0,1\n" * 9 + "1,2\n", "class '1': a test fraction of 0.2 of 1 row", id="class of one row"
        ),
        pytest.param("".join(f"{i / 7},1\n" for i in range(20)), "not classes", id="real numbers"),
    ],
)
def test_labels_that_cannot_be_learnt_are_refused(tmp_path, content, message):
    path = tmp_path / "table.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        load_dataset(path)
    assert "\n" not in str(caught.value)


def idx_directory(directory, rng, test_labels=(1, 0), dotted=False, compress=bytes):
    contents = [
        rng.integers(0, 200, (6, 2, 2)),
        np.array([0, 1, 2] * 2),
        rng.integers(0, 200, (2, 2, 2)),
        test_labels,
    ]
    directory.mkdir(exist_ok=True)
    for name, content in zip(IDX_NAMES, contents, strict=True):
        spelling = name.replace("-idx", ".idx") if dotted else name
        ending = ".gz" if compress is gzip.compress else ""
        (directory / (spelling + ending)).write_bytes(compress(idx_bytes(np.asarray(content))))
    return contents


@pytest.mark.parametrize("place", ["given", "given/mnist", "cache/mnist"])
@pytest.mark.parametrize("dotted", [False, True], ids=["-idx", ".idx"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_mnist_is_found_in_each_place_and_spelling(tmp_path, monkeypatch, rng, place, dotted, compress):
    monkeypatch.setenv("SIDE_BY_SIDE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "given").mkdir()
    (tmp_path / "cache").mkdir()
    images, labels, test_images, _ = idx_directory(tmp_path / place, rng, dotted=dotted, compress=compress)
    dataset = load_dataset("mnist", data_dir=tmp_path / "given")
    np.testing.assert_array_equal(dataset.X_train, images.reshape(6, 4).astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(
        dataset.X_test, test_images.reshape(2, 4).astype(np.float32) / np.float32(255)
    )
    assert dataset.Y_train.tolist() == labels.tolist()
    assert dataset.Y_test.tolist() == [1, 0]
    assert dataset.classes == ("0", "1", "2")
    assert str(tmp_path / place) in dataset.source


def test_a_directory_of_idx_files_loads_by_path(tmp_path, rng):
    idx_directory(tmp_path, rng)
    assert load_dataset(tmp_path).sha256 == load_dataset("mnist", data_dir=tmp_path).sha256


def test_an_idx_test_label_unknown_in_training_is_told(tmp_path, rng):
    idx_directory(tmp_path, rng, test_labels=(1, 7))
    with pytest.raises(DataError, match=r"item 1 \(from 0\): its label '7' does not occur"):
        load_dataset(tmp_path)


def test_a_directory_with_both_forms_is_refused(directory, rng):
    idx_directory(directory, rng)
    with pytest.raises(DataError, match="holds both"):
        load_dataset(directory)


def test_a_split_seed_gives_other_rows_to_test_on_and_says_so():
    fixed, first, second = (load_dataset("digits", split_seed=seed) for seed in (None, 0, 1))
    assert len({data.sha256 for data in (fixed, first, second)}) == 3
    assert [len(data.X_test) for data in (fixed, first, second)] == [359] * 3
    assert first.split == second.split
    assert "keyed with the seed" in first.split
    assert load_dataset("digits", split_seed=1).sha256 == second.sha256


def test_a_source_with_a_split_of_its_own_has_no_other(directory):
    with pytest.raises(DataError, match="has a test part of its own, so the split cannot vary with the seed"):
        load_dataset(directory, split_seed=0)
