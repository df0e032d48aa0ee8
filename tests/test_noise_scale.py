"""The gradient noise scale: beside gradients of single samples and two batch sizes, and along a training."""

import itertools
import json
import math
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from contestant_support import experiment, one_line, register_odd_contestants, write_csv
from made_runs import cell, run

from compare import results
from compare.analysis.noise_scale import gradient_noise, mean_over_updates, noise_rows
from compare.batches import first_batches
from compare.implementation import UpdateRule
from compare.implementations.handwritten_numpy import HandwrittenNumpy
from compare.initial_weights import draw_parameters
from compare.measure import gradient_noise as measuring
from compare.measure.gradient_noise import PlannedNoise, measure_noise, middle, planned_noise, stops_of
from compare.measure.laboratory import Laboratory
from compare.network import Network
from compare.noise_scales import NoisePoint, NoiseScale
from compare.render.noise import noise_sentences, noise_table
from compare.results import CurvePoint, ResultsError
from compare.store import Store
from data import load_dataset
from handwritten import MLP

SCHEMA = json.loads(Path(results.__file__).with_name("results.schema.json").read_text())
NETWORKS = {
    "fused": Network((4, 5, 3), ("sigmoid",), "softmax", "cross_entropy", True),
    "composed": Network((4, 6, 5, 3), ("tanh", "relu"), "sigmoid", "squared_error", True),
    "without biases": Network((4, 5, 3), ("sigmoid",), "sigmoid", "cross_entropy", False),
    "no hidden layer": Network((4, 3), (), "identity", "squared_error", True),
}


def problem(network, rng, rows):
    X = rng.normal(size=(rows, network.sizes[0]))
    Y = np.eye(network.sizes[-1])[rng.integers(network.sizes[-1], size=rows)]
    return draw_parameters(network, "pytorch", 1), X, Y


def gradient(network, parameters, X, Y):
    mlp = MLP(*network.arguments)
    mlp.load(parameters)
    mlp.loss_and_gradients(X, Y)
    return mlp.flat_gradients.copy()


@pytest.mark.parametrize("name", NETWORKS)
def test_noise_is_that_of_gradients_taken_sample_by_sample(name, rng):
    network = NETWORKS[name]
    parameters, X, Y = problem(network, rng, 23)
    each = np.array([gradient(network, parameters, X[i : i + 1], Y[i : i + 1]) for i in range(23)])
    norm_squared, trace = gradient_noise(network, parameters, X, Y)
    assert norm_squared == pytest.approx(np.sum(each.mean(axis=0) ** 2), rel=1e-11)
    assert trace == pytest.approx(each.var(axis=0, ddof=1).sum(), rel=1e-11)


def test_noise_is_what_two_batch_sizes_tell_of_it(rng):
    """Over all batches of 2 and of 4 of 7 samples: E|G_B|^2 = |G|^2 + (1/B - 1/n) tr(Sigma)."""
    network = NETWORKS["fused"]
    parameters, X, Y = problem(network, rng, 7)
    norm_squared, trace = gradient_noise(network, parameters, X, Y)
    mean = {
        size: np.mean(
            [
                np.sum(gradient(network, parameters, X[list(rows)], Y[list(rows)]) ** 2)
                for rows in itertools.combinations(range(7), size)
            ]
        )
        for size in (2, 4)
    }
    assert trace == pytest.approx((mean[2] - mean[4]) / (1 / 2 - 1 / 4), rel=1e-11)
    assert norm_squared == pytest.approx(mean[4] - (1 / 4 - 1 / 7) * trace, rel=1e-11)


def test_rows_taken_in_parts_make_no_difference(rng, monkeypatch):
    network = NETWORKS["fused"]
    given = (network, *problem(network, rng, 23))
    whole = gradient_noise(*given)
    monkeypatch.setattr("compare.analysis.noise_scale.ROWS_AT_ONCE", 5)
    assert gradient_noise(*given) == pytest.approx(whole, rel=1e-12)


def test_equal_samples_have_no_noise_and_one_sample_has_none_to_tell(rng):
    network = NETWORKS["fused"]
    parameters, X, Y = problem(network, rng, 1)
    alike = gradient_noise(network, parameters, np.repeat(X, 5, axis=0), np.repeat(Y, 5, axis=0))
    assert alike[1] == pytest.approx(0, abs=1e-12 * alike[0])
    assert math.isnan(gradient_noise(network, parameters, X, Y)[1])


def test_weights_that_are_not_finite_have_no_noise_scale(rng):
    network = NETWORKS["fused"]
    parameters, X, Y = problem(network, rng, 5)
    parameters["W1"][0, 0] = math.nan
    norm_squared, trace = gradient_noise(network, parameters, X, Y)
    point = NoisePoint(0.0, 0, norm_squared, trace)
    assert math.isnan(point.noise_scale)
    assert point.to_json()["noise_scale"] is None


def points(*pairs):
    """Points of (updates, noise scale)."""
    return tuple(NoisePoint(updates / 10, updates, 0.5, 0.5 * scale) for updates, scale in pairs)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (None, (30.9, 100.0)),
        (10, (3.0, 10.0)),
        (55, ((10 * 3 + 45 * 19) / 55, 55.0)),
        (500, (30.9, 100.0)),
        (0, (2.0, 0.0)),
    ],
)
def test_prediction_is_the_mean_over_updates_to_the_target_or_the_end(end, expected):
    assert mean_over_updates(points((0, 2), (10, 4), (100, 64)), end) == pytest.approx(expected)


def test_points_without_a_noise_scale_are_left_out_of_the_mean():
    broken = NoisePoint(5.0, 50, math.nan, math.nan)
    assert mean_over_updates((*points((0, 2), (10, 4)), broken), None) == (3.0, 10.0)
    assert mean_over_updates((broken,), None) == (None, None)


def record(**fields):
    defaults = {"objective": "softmax+cross_entropy", "optimizer": "sgd", "dtype": "float32", "seed": 0}
    defaults |= {
        "batch_size": 32,
        "status": "ok",
        "reason": None,
        "points": points((0, 2), (10, 4), (100, 64)),
    }
    return NoiseScale(**{**defaults, **fields})


def test_mean_ends_where_the_same_training_reached_the_target():
    def arriving(at, seed=0, **settings):
        curve = tuple(CurvePoint(i, u, 0.1 * i, 1.0, 1.0, 0.96 * (u >= at)) for i, u in enumerate((0, at)))
        return run(cell("torch", **settings), seed, curve=curve)

    others = [arriving(5, seed=1), arriving(5, batch_size="full"), arriving(5, optimizer="adam")]
    (row,) = noise_rows([record()], [*others, arriving(10)], 0.95)
    assert (row["predicted_batch_size"], row["averaged_updates"]) == (3.0, 10.0)
    (row,) = noise_rows([record()], others, 0.95)
    assert row["averaged_updates"] == 100
    jsonschema.validate(row, {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/noise_scale"})


def test_record_survives_json_and_a_wrong_one_is_refused_by_its_key():
    made = record(points=(*points((0, 2)), NoisePoint(0.5, 5, 0.0, 1.0)))
    again = NoiseScale.from_json(json.loads(json.dumps(made.to_json(), allow_nan=False)))
    assert again == made
    assert math.isnan(again.points[1].noise_scale)
    with pytest.raises(ResultsError, match="gradient_norm_squared must be"):
        NoiseScale.from_json(
            {**made.to_json(), "points": [{**made.to_json()["points"][0], "gradient_norm_squared": -1}]}
        )
    with pytest.raises(ResultsError, match="lacks the keys seed"):
        NoiseScale.from_json({key: value for key, value in made.to_json().items() if key != "seed"})


def test_store_keeps_noise_scales_over_an_interruption(tmp_path):
    with Store.create(tmp_path / "out", {}) as store:
        store.append(record(optimizer="adam"))
        store.append(record())
    with open(tmp_path / "out" / "noise_scale.jsonl", "a") as file:
        file.write('{"objective"')
    with Store.resume(tmp_path / "out") as store:
        assert [kept.optimizer for kept in store.noise_scales] == ["adam", "sgd"]
        assert store.dropped.endswith("the last line was cut off and is dropped; it is measured again")
        with pytest.raises(ResultsError, match="not the name of a file to write"):
            store.write("noise_scale.jsonl", "")


def asked(**run_settings):
    factors = {"batch_sizes": [16, "full", 4, 8], "optimizers": ["sgd", "adam"]}
    return experiment(factors=factors, run=run_settings)


def test_a_training_is_planned_for_each_optimizer_at_the_middle_size_and_first_seed():
    runs = [run(cell("torch", batch_size=8, optimizer=name), updates=7) for name in ("sgd", "adam")]
    plan = planned_noise(asked(), 90, runs, [record(status="failed", reason="x")])
    middle_cell = cell("numpy", batch_size=8)
    assert plan[0] == PlannedNoise(middle_cell, 0, 7)
    assert [planned.cell.optimizer for planned in plan] == ["sgd", "adam"]
    assert [p.cell.optimizer for p in planned_noise(asked(), 90, runs, [record()])] == ["adam"]
    runs.append(run(middle_cell, updates=9))
    assert planned_noise(asked(), 90, runs, [])[0].updates == 9
    assert middle(asked(), 90) == 8


def test_it_is_left_out_below_three_batch_sizes_or_where_no_run_says_how_long_to_train():
    runs = [run(cell("numpy", batch_size=16))]
    assert planned_noise(experiment(), 90, runs, []) == []
    assert len(planned_noise(experiment(run={"noise_scale": True}), 90, runs, [])) == 1
    assert planned_noise(asked(noise_scale=False), 90, [run(cell("numpy", batch_size=8))], []) == []
    failed = run(cell("numpy", batch_size=8), status="failed", reason="x")
    assert planned_noise(asked(), 90, [failed], []) == []


def test_stops_are_dense_at_the_start_and_include_both_ends():
    assert stops_of(200) == [0, 2, 8, 18, 32, 50, 72, 98, 128, 162, 200]
    assert stops_of(3) == [0, 1, 2, 3]


def test_noise_along_a_training_is_that_of_the_weights_the_run_had(tmp_path):
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    planned = PlannedNoise(cell("numpy", batch_size=16, dtype="float64"), 0, 10)
    with Laboratory(experiment(), data) as laboratory:
        (found,) = measure_noise(laboratory, [planned], lambda planned: None)
        network = laboratory.network(planned.cell.objective)
        Y = np.eye(3)[data.Y_train]
        start = draw_parameters(network, "pytorch", 0)
        expected = gradient_noise(network, start, data.X_train, Y)
        trained = HandwrittenNumpy(network, start, UpdateRule("sgd", {"lr": 0.5}), "float64")
        trained.load(data.X_train, Y)
        trained.train(first_batches(72, 16, 0, 10))
        at_the_end = gradient_noise(network, trained.parameters(), data.X_train, Y)
    assert (found.status, [point.updates for point in found.points]) == ("ok", stops_of(10))
    first, last = found.points[0], found.points[-1]
    assert (first.gradient_norm_squared, first.covariance_trace) == pytest.approx(expected)
    assert last.epoch == pytest.approx(10 / 5)  # 72 rows, 5 batches
    assert (last.gradient_norm_squared, last.covariance_trace) == pytest.approx(at_the_end)
    assert last.gradient_norm_squared != pytest.approx(first.gradient_norm_squared)


def test_training_that_fails_is_told_in_one_line(tmp_path, monkeypatch):
    register_odd_contestants(monkeypatch)
    monkeypatch.setattr(measuring, "BY_HAND", "unimportable")
    data = load_dataset(write_csv(tmp_path / "three.csv"))
    planned = PlannedNoise(cell("unimportable", batch_size=16), 0, 10)
    with Laboratory(experiment(), data) as laboratory:
        (found,) = measure_noise(laboratory, [planned], lambda planned: None)
    assert (found.status, found.points) == ("failed", ())
    assert one_line(found.reason)
    (told,) = noise_sentences({"noise_scale": noise_rows([found], [], None)})
    assert told.startswith("No gradient noise scale could be measured: ")


def test_table_and_sentence_tell_the_noise_scale_with_two_digits():
    rows = noise_rows([record(), record(optimizer="adam", points=points((0, 1), (9, 12345.6)))], [], None)
    assert (
        noise_table(rows)
        == """\
optimizer  batch  updates  |G|²  tr(Σ)  noise scale, samples
---------  -----  -------  ----  -----  --------------------
sgd        32     0        0.5   1      2
sgd        32     10       0.5   2      4
sgd        32     100      0.5   32     64
adam       32     0        0.5   0.5    1
adam       32     9        0.5   6200   12000"""
    )
    first, second = noise_sentences({"noise_scale": rows})
    assert first.startswith(
        "With sgd, the gradient noise scale of batch 32 goes from 2 samples at the start to 64 at the end, "
        "and is 31 on average over the first 100 updates: "
    )
    assert "6200 on average over the first 9 updates" in second
    assert noise_table([]) == ""


def test_prediction_without_a_known_point_is_told_as_none():
    from made_documents import noise_scale

    (told,) = noise_sentences({"noise_scale": noise_scale(20.0)})
    assert "no gradient noise scale could be measured" in told.lower()
