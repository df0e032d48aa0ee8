"""Lists of batch sizes with dots in them."""

import pytest

from compare.batch_sizes import rows_per_batch
from compare.experiment import ExperimentError, load_experiment
from compare.options import parse_options


def sizes(text, rows=100):
    overrides = parse_options(["--batch-sizes", text]).overrides
    return load_experiment("digits", overrides).on_rows(rows)


@pytest.mark.parametrize(
    ("text", "rows", "expected"),
    [
        ("1,2,4,...,full", 100, (1, 2, 4, 8, 16, 32, 64, "full")),
        ("1,2,4,...,full", 64, (1, 2, 4, 8, 16, 32, "full")),
        ("1,2,4,…,64", 100, (1, 2, 4, 8, 16, 32, 64)),
        ("8,32,...,200,full", 999, (8, 32, 128, 200, "full")),
        ("1,10,...,1000", 5000, (1, 10, 100, 1000)),
        ("full,1,2,...,16", 100, ("full", 1, 2, 4, 8, 16)),
        ("32,64,...,full", 80, (32, 64, "full")),
        ("full,32", 100, ("full", 32)),
    ],
)
def test_dots_go_on_geometrically_up_to_below_what_follows(text, rows, expected):
    assert sizes(text, rows).factors.batch_sizes == expected


def test_written_out_sizes_are_the_grids_and_survive_json():
    written = sizes("1,3,...,30,full", 50)
    assert [cell.batch_size for cell in written.cells()[::2]] == [1, 3, 9, 27, 30, "full"]
    assert type(written).from_dict(written.to_dict()) == written
    assert written.on_rows(9) == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1,...,64", "needs two sizes before '...'"),
        ("...,64", "needs two sizes before '...'"),
        ("1,2,4,...", "ends with '...'; name the size it leads to"),
        ("1,2,5,...,64", "cannot go on from 1, 2, 5"),
        ("4,2,...,64", "cannot go on from 4, 2"),
        ("2,3,...,64", "cannot go on from 2, 3"),
        ("1,2,full,...,64", "cannot go on from 1, 2, full"),
        ("1,2,...,4,...,full", "has '...' more than once"),
        ("1,2,...,3", "has nothing to put between 2 and 3; leave '...' out"),
        ("1,2,4,...,16,8", "has 8 more than once"),
        ("1,2,4,..,16", "each must be a whole number of samples from 1, or 'full', not '..'"),
    ],
)
def test_dots_that_say_nothing_clear_are_refused_in_one_line(text, told):
    with pytest.raises(ExperimentError) as caught:
        sizes(text)
    message = str(caught.value)
    assert message.startswith("--batch-sizes: ")
    assert told in message
    assert "\n" not in message


def test_full_batch_has_all_rows():
    assert (rows_per_batch("full", 90), rows_per_batch(16, 90)) == (90, 16)
