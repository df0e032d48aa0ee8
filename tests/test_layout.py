import csv
import io

import pytest
from made_runs import cell, pair, run

from compare.analysis.best import best_accuracies, best_times
from compare.analysis.summary import summarise
from compare.render.layout import Layout
from compare.render.tables import summary_table

SPREAD = (0.98, 1.0, 1.02)


def rows() -> list[dict[str, object]]:
    """numpy twice as fast as torch at two batch sizes, the full batch less accurate."""
    runs = []
    for size, accuracy in (("full", 0.8), (32, 0.95)):
        settings = {"batch_size": size}
        runs += [
            run(cell("numpy", **settings), s, seconds=luck, accuracy=accuracy)
            for s, luck in enumerate(SPREAD)
        ]
        runs += [
            run(cell("torch", **settings), s, seconds=2 * luck, accuracy=accuracy)
            for s, luck in enumerate(SPREAD)
        ]
    return summarise(runs, "torch")


def body(text: str) -> list[list[str]]:
    """The cells of the rows of a Markdown table."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_chosen_columns_come_in_the_order_they_were_named() -> None:
    text = summary_table(
        rows(), "github", "torch", layout=Layout(columns=("test_accuracy", "implementation"))
    )
    header = next(line for line in text.splitlines() if line.startswith("|"))
    assert [part.strip() for part in header.strip("|").split("|")] == ["test accuracy %", "implementation"]
    assert body(text)[0] == ["80.0", "numpy"]


def test_chosen_columns_are_kept_on_a_narrow_terminal() -> None:
    every = ("implementation", "batch_size", "objective", "seconds_per_epoch", "time_ratio", "train_loss")
    text = summary_table(
        rows(), "terminal", "torch", layout=Layout(columns=(*every, "test_accuracy", "status"))
    )
    assert "Not shown" not in text
    assert "objective" in text
    assert "status" in text


def test_chosen_columns_of_the_csv_bring_their_bounds() -> None:
    text = summary_table(rows(), "csv", layout=Layout(columns=("time_ratio", "batch_size")))
    assert text.splitlines()[0] == "time_ratio,time_ratio_low,time_ratio_high,batch_size"


def test_rows_are_sorted_in_every_format() -> None:
    layout = Layout(sort=("batch_size", "-implementation"))
    read = list(csv.DictReader(io.StringIO(summary_table(rows(), "csv", layout=layout))))
    found = [(row["implementation"], row["batch_size"]) for row in read]
    assert found == [("torch", "32"), ("numpy", "32"), ("torch", "full"), ("numpy", "full")]
    lines = summary_table(rows(), "terminal", "torch", layout=layout).splitlines()[-4:]
    assert [tuple(line.split()[:2]) for line in lines] == found
    assert [
        tuple(cells[:2]) for cells in body(summary_table(rows(), "github", "torch", layout=layout))
    ] == found


def test_rows_without_a_value_come_last_in_either_direction() -> None:
    made = rows()
    made[0]["test_accuracy"] = None
    for key in ("test_accuracy", "-test_accuracy"):
        assert Layout(sort=(key,)).ordered(made)[-1] is made[0]


def test_full_batch_is_the_largest() -> None:
    ordered = Layout(sort=("-batch_size",)).ordered(rows())
    assert [row["batch_size"] for row in ordered] == ["full", "full", 32, 32]


def test_groups_stand_under_their_heading_and_leave_their_column_out() -> None:
    layout = Layout(group_by="batch_size")
    page = summary_table(rows(), "github", "torch", layout=layout)
    assert page.count("\n| implementation ") == 2
    assert "**full batch**" in page
    assert "**batch 32**" in page
    lines = summary_table(rows(), "terminal", "torch", layout=layout).splitlines()
    assert lines[lines.index("full batch") + 1].startswith("numpy")
    assert lines[lines.index("batch 32") + 2].startswith("torch")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            {"columns": ("tset_accuracy",)},
            "--columns: 'tset_accuracy' is not a column; did you mean test_accuracy?",
        ),
        ({"sort": ("-time_ration",)}, "--sort: 'time_ration' is not a column; did you mean time_ratio?"),
        ({"group_by": "batchsize"}, "--group-by: 'batchsize' is not a column; did you mean batch_size?"),
        ({"columns": ("flags", "flags")}, "--columns: flags is named twice; name it once"),
    ],
)
def test_unknown_column_is_refused_with_the_nearest(asked: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Layout(**asked)  # type: ignore[arg-type]
    assert str(caught.value) == told


def test_columns_of_later_versions_are_shown_where_the_rows_have_them() -> None:
    made = [{**row, "floor_ratio": 1.25, "floor_ratio_low": 1.2, "floor_ratio_high": 1.3} for row in rows()]
    text = summary_table(made, "github", "torch", layout=Layout(columns=("implementation", "floor_ratio")))
    assert body(text)[0] == ["numpy", "1.25 [1.20, 1.30]"]
    assert "floor_ratio_high" in summary_table(made, "csv").splitlines()[0]


def test_best_is_told_only_where_the_difference_was_shown() -> None:
    shown = summarise(pair([1.0, 1.01, 1.02], [2.0, 2.02, 2.04]), "torch")
    hidden = summarise(pair([0.9, 1.0, 1.15], [1.0, 1.0, 1.0]), "torch")
    once = summarise(pair([1.0], [2.0]), "torch")
    assert best_times(shown) == {0}
    assert best_times(hidden) == set()
    assert best_times(once) == set()


def test_best_includes_what_was_not_shown_to_differ_from_it() -> None:
    made = summarise(pair([1.0, 1.01, 1.02], [2.0, 2.02, 2.04]), "torch")
    third = {**made[0], "implementation": "third", "time_ratio": 0.502}
    slow = {
        **made[0],
        "implementation": "slow",
        "time_ratio": 0.9,
        "time_ratio_low": 0.89,
        "time_ratio_high": 0.91,
    }
    assert best_times([*made, third, slow]) == {0, 2}


def test_best_accuracies_are_those_no_other_exceeds() -> None:
    made = rows()
    for row, at in zip(made, (0.80, 0.801, 0.95, 0.951), strict=True):
        row |= {"test_accuracy": at, "test_accuracy_low": at - 0.01, "test_accuracy_high": at + 0.01}
    assert best_accuracies(made) == {2, 3}
    assert best_accuracies(made[:2]) == set()
    assert best_accuracies([]) == set()
