"""Learning rates tried for every regime: which, on which seeds, which one is used, and what is told of it."""

import json
import math
from pathlib import Path

import jsonschema
import pytest
from contestant_support import experiment, register_odd_contestants, write_csv
from made_runs import cell, run

from compare import results
from compare.analysis.summary import summarise
from compare.analysis.tuning import best_rates, tuning_rows
from compare.experiment import ExperimentError, load_experiment
from compare.measure.laboratory import Laboratory
from compare.measure.parallel import at_once
from compare.measure.schedule import Planned
from compare.measure.session import RUNS, make_runs
from compare.measure.tuning import PlannedTuning, make_tunings, planned_tunings
from compare.parity.verdicts import Parity
from compare.render.tables import summary_table
from compare.render.tuning import tuning_sentences, tuning_table
from compare.results import Regime, ResultsError, Run
from compare.store import Store
from compare.tunings import Tuning, in_regime_order, rates_around, tuning_seeds
from data import load_dataset

SCHEMA = json.loads(Path(results.__file__).with_name("results.schema.json").read_text())
OWN = {"sgd": 0.5, "adam": 0.01}


def tried(losses, accuracy=0.9, seeds=(7, 8), **settings):
    """A record per rate (1, 3, 9, ...) and seed; a loss of None diverged."""
    return [
        Tuning(
            cell(**settings),
            3.0**place,
            seed,
            "diverged" if loss is None else "ok",
            "x" if loss is None else None,
            math.nan if loss is None else loss,
            accuracy,
        )
        for place, loss in enumerate(losses)
        for seed in seeds
    ]


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, [0.166667, 0.5]), (3, [0.166667, 0.5, 1.5]), (5, [0.0555556, 0.166667, 0.5, 1.5, 4.5])],
)
def test_rates_are_three_times_apart_around_the_experiments_own(count, expected):
    assert rates_around(0.5, count) == expected


def test_tuning_seeds_are_none_of_the_experiments():
    assert tuning_seeds([4, 0, 9]) == [10, 11]


def test_every_regime_gets_the_same_trainings_and_none_twice():
    asked = experiment(
        training={"tune_lr": 3},
        factors={
            "implementations": ["torch", "numpy"],
            "batch_sizes": [8, "full"],
            "optimizers": ["sgd", "adam"],
            "dtypes": ["float64", "float32"],
        },
    )
    plan = planned_tunings(asked, (), [])
    regimes = {Regime.of(planned.cell) for planned in plan}
    assert len(regimes) == 4
    for regime in regimes:
        mine = [(planned.lr, planned.seed) for planned in plan if Regime.of(planned.cell) == regime]
        assert len(mine) == len(set(mine)) == 3 * 2
        assert {seed for _, seed in mine}.isdisjoint(asked.run.seeds)
    assert {(planned.cell.implementation, planned.cell.dtype) for planned in plan} == {("numpy", "float64")}
    first = plan[0]
    known = Tuning(first.cell, first.lr, first.seed, "failed", "killed", math.nan, None)
    assert planned_tunings(asked, (), [known]) == plan[1:]


def test_who_failed_parity_does_not_tune_and_without_anybody_nobody_does():
    asked = experiment(training={"tune_lr": 2}, factors={"implementations": ["numpy", "torch"]})
    failed = ("numpy", "softmax+cross_entropy")
    assert {p.cell.implementation for p in planned_tunings(asked, [failed], [])} == {"torch"}
    assert planned_tunings(asked, [failed, ("torch", "softmax+cross_entropy")], []) == []


def test_who_refuses_a_regime_or_differs_in_it_by_design_does_not_tune_it_for_the_others():
    asked = experiment(
        training={"tune_lr": 2},
        factors={
            "implementations": ["torch-manual", "torch"],
            "batch_sizes": ["full"],
            "optimizers": ["sgd", "adam", "rmsprop"],
        },
    )
    objective, dtype = asked.factors.objectives[0], asked.factors.dtypes[0]
    refusals = {("torch-manual", objective, "adam", dtype): "no"}
    parity = Parity((), (), {}, {("torch-manual", objective, "rmsprop"): "otherwise"}, refusals)
    plan = planned_tunings(asked, (), [], parity.holds_for)
    assert {(planned.cell.optimizer, planned.cell.implementation) for planned in plan} == {
        ("sgd", "torch-manual"),
        ("adam", "torch"),
        ("rmsprop", "torch"),
    }


def test_without_the_key_nothing_is_tuned_and_one_rate_is_refused():
    assert planned_tunings(experiment(), (), []) == []
    with pytest.raises(ExperimentError, match="--tune-lr: must be a whole number from 2"):
        load_experiment("digits", {"training.tune_lr": 1})


def test_best_rate_has_the_least_mean_training_loss_whatever_the_accuracy():
    records = [
        *tried([0.5, 0.3, 0.31, None], accuracy=0.1),
        Tuning(cell(), 81.0, 7, "ok", None, 0.1, 1.0),
        Tuning(cell(), 81.0, 8, "diverged", "x", math.nan, None),
    ]
    (row,) = tuning_rows(records, OWN)
    assert (row["best_lr"], row["lr"], row["edge"]) == (3.0, 3.0, None)
    assert [rate["train_loss"] for rate in row["rates"]] == [0.5, 0.3, 0.31, None, None]
    assert [rate["status"] for rate in row["rates"]][3:] == ["diverged (2 of 2)", "diverged (1 of 2)"]
    assert row["sensitivity"] == {
        "loss_below": pytest.approx(5 / 3),
        "loss_above": pytest.approx(31 / 30),
        "within_10_percent_low": 3.0,
        "within_10_percent_high": 9.0,
    }
    assert row["seeds"] == [7, 8]
    jsonschema.validate(results.finite(row), {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/tuning_row"})


def test_a_loss_near_the_best_beyond_a_worse_one_is_outside_the_range():
    (row,) = tuning_rows(tried([0.3, 0.5, 0.29, 0.3]), OWN)
    assert (row["sensitivity"]["within_10_percent_low"], row["sensitivity"]["within_10_percent_high"]) == (
        9,
        27,
    )


def test_rows_do_not_depend_on_the_order_in_which_the_trainings_ended(rng):
    cells = [cell(batch_size=size) for size in ("full", 32, 8)]
    records = [record for one in cells for record in tried([0.5, None, 0.3], batch_size=one.batch_size)]
    mixed = [records[place] for place in rng.permutation(len(records))]
    assert mixed != records
    assert in_regime_order(mixed, cells) == records
    assert [row["batch_size"] for row in tuning_rows(in_regime_order(mixed, cells), OWN)] == ["full", 32, 8]


def test_an_edge_is_flagged_unless_what_lies_beyond_diverged():
    assert tuning_rows(tried([0.1, 0.2, 0.3]), OWN)[0]["edge"] == "lowest"
    assert tuning_rows(tried([0.3, 0.2, 0.1]), OWN)[0]["edge"] == "highest"
    assert tuning_rows(tried([0.3, 0.2, None]), OWN)[0]["edge"] is None


def test_where_every_rate_is_infinitely_bad_the_experiments_own_is_used():
    (row,) = tuning_rows(tried([None, None]), OWN)
    assert (row["best_lr"], row["lr"], row["edge"]) == (None, 0.5, None)
    assert set(row["sensitivity"].values()) == {None}
    assert best_rates([row]) == {Regime("softmax+cross_entropy", "sgd", 32): 0.5}


def some_rows():
    return tuning_rows(
        [
            *tried([0.5, 0.3, None], batch_size="full"),
            *tried([0.5, 0.3, 0.2]),
            *tried([None, None, None], batch_size=8),
        ],
        OWN,
    )


def test_table_shows_the_best_rate_and_what_its_neighbours_cost():
    assert (
        tuning_table(some_rows())
        == """\
batch  rates tried  best rate    train loss  next lower  next higher        within 10%
-----  -----------  -----------  ----------  ----------  -----------------  ----------
full   1 to 9       3            0.3         1.67x       diverged (2 of 2)  3
32     1 to 9       9 (highest)  0.2         1.5x        -                  9
8      1 to 9       none; 0.5    -           -           -                  -"""
    )
    assert tuning_table([]) == ""


def test_sentences_say_how_rates_were_chosen_and_where_the_range_may_be_too_small():
    rule, best, edge, none = tuning_sentences({"tuning": some_rows()})
    assert "the same 3 learning rates" in rule
    assert "on seeds 7 and 8, which no run uses" in rule
    assert rule.endswith("the least training loss at the end chose, and test accuracy had no say.")
    assert best == "The best learning rates: 3 at full batch and 9 at batch 32."
    highest = "the best learning rate is the highest that was tried: a higher one may be better yet."
    assert edge == f"At batch 32, {highest}"
    assert none == "At batch 8, no learning rate ended well, so the experiment's own, 0.5, was used."


def test_regimes_whose_best_rate_is_the_highest_share_a_sentence():
    rows = [*some_rows(), *tuning_rows(tried([0.5, 0.3, 0.2], batch_size=16), OWN)]
    told = [text for text in tuning_sentences({"tuning": rows}) if "highest" in text]
    assert len(told) == 1
    assert told[0].startswith("At batch 32 and batch 16, the best learning rate is the highest")


def test_record_survives_json_and_the_store(tmp_path):
    records = tried([0.5, None])
    for record in records:
        again = Tuning.from_json(json.loads(json.dumps(record.to_json(), allow_nan=False)))
        assert again.key == record.key
        assert again.train_loss == record.train_loss or math.isnan(again.train_loss)
    with pytest.raises(ResultsError, match="lr must be a finite number above 0"):
        Tuning.from_json({**records[0].to_json(), "lr": 0})
    with Store.create(tmp_path / "out", {}) as store:
        for record in records:
            store.append(record)
    with open(tmp_path / "out" / "tuning.jsonl", "a") as file:
        file.write('{"lr": 3')
    with Store.resume(tmp_path / "out") as store:
        assert [record.key for record in store.tunings] == [record.key for record in records]
        assert store.dropped.endswith("its learning rate is tried again")


def test_trainings_are_made_at_their_rates_and_one_that_fails_is_told(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    plan = [PlannedTuning(cell("numpy", batch_size=16), rate, 5) for rate in (0.01, 1.0)]
    plan.append(PlannedTuning(cell("unimportable", batch_size=16), 1.0, 5))
    told = []
    with Laboratory(experiment(), data) as laboratory:
        slow, fast, failed = make_tunings(laboratory, plan, lambda planned, fraction: told.append(planned.lr))
    assert fast.train_loss < slow.train_loss
    assert (slow.status, fast.status, failed.status) == ("ok", "ok", "failed")
    assert told[0] == 0.01
    (row,) = tuning_rows([slow, fast], OWN)
    assert row["best_lr"] == 1.0


def test_runs_of_a_regime_use_its_rate_and_record_it(tmp_path):
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    cells = [cell("numpy", batch_size=size) for size in (16, "full")]
    with Laboratory(experiment(factors={"batch_sizes": [16, "full"]}), data) as laboratory:
        laboratory.rates = {Regime.of(cells[0]): 2.0}
        assert laboratory.setting_of(cells[0], 0)["options"]["lr"] == 2.0
        made = list(
            make_runs(laboratory, [Planned(each, 0) for each in cells], lambda p: None, lambda p, f: None)
        )
    assert [one.lr for one in made] == [2.0, 0.5]
    assert [row["lr"] for row in summarise(made, "numpy")] == [2.0, 0.5]


def test_a_run_from_before_rates_were_kept_can_still_be_read():
    written = run().to_json()
    del written["lr"]
    assert Run.from_json(written).lr is None
    assert Run.from_json(run(lr=0.3).to_json()).lr == 0.3


def test_table_has_a_column_of_rates_only_where_an_optimizer_has_several():
    alike = [run(cell(batch_size=8), lr=0.5), run(cell(batch_size=8, optimizer="adam"), lr=0.01)]
    assert "rate" not in summary_table(summarise(alike, "numpy")).split()
    assert "rate" in summary_table(summarise([*alike, run(lr=1.5)], "numpy")).split()


def test_runs_at_the_same_time_use_the_rates_and_splits_too(tmp_path):
    path = write_csv(tmp_path / "three.csv")
    asked = experiment(run={"seeds": [0, 1]})
    plan = [Planned(cell("numpy", batch_size=16), seed) for seed in (0, 1)]

    def split_of(seed):
        return load_dataset(path, split_seed=seed)

    with Laboratory(asked, split_of(0), split_of) as laboratory:
        laboratory.rates = {Regime.of(plan[0].cell): 2.0}
        in_turns = list(make_runs(laboratory, plan, lambda planned: None, lambda planned, fraction: None))
        together = list(at_once(RUNS, laboratory, plan, lambda planned: None, 2))
    assert [one.lr for one in together] == [2.0, 2.0]
    weights = [{one.seed: one.final_weights_sha256 for one in made} for made in (in_turns, together)]
    assert weights[0] == weights[1]
