"""Figures: what is drawn of a document, that its texts stay text, and that the same bytes come out again."""

import copy
import math
import warnings
from dataclasses import replace
from functools import cache

import jsonschema
import numpy as np
import pytest
from derivation_support import derive, make_pass
from made_documents import (
    document,
    full_document,
    learning,
    noise_scale,
    pictures,
    runs_of,
    sweep_rows,
    timings_of,
)
from made_runs import SHA, cell, parity, run, tensor
from test_results import SCHEMA

from compare.render.figures import FIGURES, draw_figures, figures_of
from compare.render.figures.style import drawing, plain, power_of_ten
from compare.render.figures.targets import crowded
from compare.render.figures.times import blocks_of

HOSTILE = "$\\frac{a}{b}$<script>alert(1)</script>\x1b[31m\n\N{PARTY POPPER}"
SHOWN = "$\\frac{a}{b}$<script>alert(1)</script> [31m \N{WHITE SQUARE}"
KINDS = {kind.name: kind for kind in FIGURES}


@pytest.fixture(scope="module")
def full():
    return full_document()


def drawn(name, of):
    with drawing():
        figure = KINDS[name].draw(of)
        figure.draw_without_rendering()
    return figure


@cache
def figure_of(name):
    """The figure of the full document; look at it, and leave it as it is."""
    return drawn(name, full_document())


def written(figure):
    from matplotlib.text import Text

    return [text for text in figure.findobj(Text) if text.get_text()]


def texts(figure):
    return [text.get_text() for text in written(figure)]


def lines_of(axes, least=2):
    return [line for line in axes.get_lines() if len(line.get_xdata()) >= least]


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_made_document_with_something_for_every_figure_is_one_of_the_schema(full):
    described = {key: value for key, value in full.items() if key in SCHEMA["properties"]}
    jsonschema.validate(described, SCHEMA)
    assert figures_of(full) == list(FIGURES)


def test_every_figure_is_drawn_without_a_warning_and_has_a_title_and_a_caption(full):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        files = dict(draw_figures(full, ["svg"]))
    assert list(files) == [f"figures/{name}.svg" for name in KINDS]
    for kind in FIGURES:
        assert kind.title
        assert kind.caption(full).endswith(".")


def test_same_document_gives_the_same_bytes_in_every_format_whatever_the_users_settings(full, monkeypatch):
    import matplotlib

    monkeypatch.setattr("compare.render.figures.FIGURES", (KINDS["pictures"],))
    first = dict(draw_figures(full))
    starts = {"svg": b"<?xml", "png": b"\x89PNG", "pdf": b"%PDF"}
    assert list(first) == [f"figures/pictures.{format}" for format in starts]
    assert all(
        content.startswith(start) for content, start in zip(first.values(), starts.values(), strict=True)
    )
    with matplotlib.rc_context({"font.size": 30, "figure.facecolor": "red", "svg.hashsalt": None}):
        assert dict(draw_figures(full)) == first
    assert not any(b"<dc:date>" in content or b"CreationDate" in content for content in first.values())


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("curves-epochs", "runs"),
        ("time-per-epoch", "summary"),
        ("target-by-batch-size", "sweep"),
        ("attribution", "attribution"),
        ("pictures", "pictures"),
        ("graph", "derivation"),
    ],
)
def test_figure_whose_data_are_missing_is_not_drawn(full, name, missing):
    less = {key: value for key, value in full.items() if key != missing}
    if missing in SCHEMA["required"]:
        less[missing] = []
    assert KINDS[name] not in figures_of(less)


def test_document_of_failures_alone_still_shows_the_proof_of_parity():
    failed = [run(cell(), status="failed", reason="x", curve=(), final_weights_sha256=None)]
    assert [kind.name for kind in figures_of(document(failed))] == ["gradient-error"]


@pytest.mark.parametrize("name", KINDS)
def test_name_from_outside_is_shown_as_it_is_and_never_interpreted(name):
    hostile = full_document((HOSTILE, "torch"))
    node = hostile["derivation"]["graph"]["nodes"][0]
    hostile["derivation"]["graph"]["nodes"][0] = {**node, "equation": HOSTILE}
    hostile["parity"] = parity(tensor(implementation=HOSTILE))
    figure = drawn(name, hostile)
    shown = " ".join(" ".join(texts(figure)).split())
    pieces = ("$\\frac{a}{b}$", "<s") if name in ("curves-epochs", "attribution") else ("$\\frac{a}{b}$",)
    assert all(piece in shown for piece in pieces)
    assert not any(text.get_parse_math() for text in written(figure))
    assert "\x1b" not in shown


def test_markup_in_a_name_is_escaped_in_svg(monkeypatch):
    monkeypatch.setattr("compare.render.figures.FIGURES", (KINDS["pictures"],))
    hostile = full_document(("--><script>alert(1)</script>", "torch"))
    ((_, content),) = draw_figures(hostile, ["svg"])
    assert b"<script" not in content
    assert b"alert(1)" in content


def test_text_is_put_on_one_line_without_signs_the_font_lacks_and_cut_in_its_middle():
    with drawing():
        assert plain(HOSTILE, 100) == SHOWN
        assert plain("numpy") == "numpy"
        assert plain("a" * 50 + "z" * 50, 10) == "aaaaaa…zzz"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "1"), (0.01, "0.01"), (1e-7, "10⁻⁷"), (1e12, "10¹²"), (20.0, "20"), (3e-6, "3e-6"), (0.0, "")],
)
def test_ticks_of_a_logarithmic_axis_are_plain_text(value, shown):
    assert power_of_ten(value) == shown


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("curves-epochs", ["epochs", "test accuracy, %"]),
        ("curves-updates", ["updates of the weights"]),
        ("curves-seconds", ["seconds of training (evaluation excluded)"]),
        ("time-per-epoch", ["time an epoch, ms", "time / time of torch\n(below 1: faster)"]),
        ("gradient-error", ["relative error ‖g − r‖ / ‖r‖"]),
        ("target-by-batch-size", ["batch size, rows", "training time to the target, s"]),
        ("attribution", ["test accuracy, points above that of full, numpy"]),
    ],
)
def test_axes_are_labelled_with_units(name, labels):
    assert set(labels) <= set(texts(figure_of(name)))


def test_curves_that_lie_on_each_other_are_both_drawn_and_told_in_one_entry():
    figure = figure_of("curves-epochs")
    assert legend_of(figure) == ["numpy = torch, full batch", "numpy = torch, batch 32"]
    loss = figure.axes[0]
    assert len(lines_of(loss)) == 4
    assert {line.get_linestyle() for line in lines_of(loss)} == {"-", "--"}
    assert "both curves lie on each other" in figure.legends[0].get_title().get_text()


def test_curves_that_differ_have_an_entry_and_a_marker_each():
    figure = figure_of("curves-seconds")
    assert len(legend_of(figure)) == 4
    lines = lines_of(figure.axes[0])
    assert len({line.get_marker() for line in lines}) == len({line.get_color() for line in lines}) == 4


def test_line_is_the_mean_and_band_the_range_over_seeds():
    figure = drawn("curves-epochs", document(runs_of(["torch"], [32], seeds=3)))
    line = lines_of(figure.axes[1])[0]
    ends = [100 * learning(cell("torch"), seed).curve[1].test_accuracy for seed in range(3)]
    assert line.get_ydata()[1] == pytest.approx(np.mean(ends))
    (band,) = figure.axes[1].collections
    height = [y for x, y in band.get_paths()[0].vertices if x == 1.0]
    assert (min(height), max(height)) == pytest.approx((min(ends), max(ends)))
    assert figure.legends[0].get_title().get_text().startswith("line: mean over 3 seeds; band: smallest to")


def test_single_seed_has_no_band_and_says_so():
    figure = drawn("curves-epochs", document(runs_of(["torch"], [32], seeds=1)))
    assert figure.legends[0].get_title().get_text() == "one seed, so there is no band"


def test_runs_of_a_budget_in_seconds_are_interpolated_to_where_all_went():
    runs = [learning(cell("torch"), 0, points=5), learning(cell("torch"), 1, points=9)]
    (line,) = lines_of(drawn("curves-seconds", document(runs)).axes[0])
    assert line.get_xdata()[-1] == pytest.approx(runs[0].seconds)


def test_diverged_runs_are_drawn_to_their_last_number_and_told():
    good, bad = runs_of(["torch"], ["full", 32], seeds=1)
    points = [
        point if point.epoch < 3 else replace(point, train_loss=math.nan, test_accuracy=None)
        for point in bad.curve
    ]
    bad = replace(bad, status="diverged", reason="loss", curve=tuple(points))
    figure = drawn("curves-epochs", document([good, bad]))
    assert legend_of(figure)[1] == "torch, batch 32 (torch: 1 of 1 run failed or diverged)"
    assert [line.get_xdata()[-1] for line in lines_of(figure.axes[0])] == [4, 2]


def test_regression_shows_the_test_loss_instead_of_an_accuracy():
    figure = drawn("curves-epochs", document(runs_of(["torch"], [32], classes=False)))
    assert "test loss (mean over samples)" in texts(figure)
    assert "test accuracy, %" not in texts(figure)


def test_objectives_have_panels_of_their_own_and_a_contestant_one_colour_in_all():
    objectives = ("softmax+cross_entropy", "sigmoid+squared_error")
    runs = [learning(cell("torch", objective=objective)) for objective in objectives]
    figure = drawn("curves-epochs", document(runs))
    assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == list(objectives)
    assert len({lines_of(axes)[0].get_color() for axes in figure.axes}) == 1


def test_time_figure_has_every_block_every_process_and_a_mark_for_flagged_cells(full):
    flagged = copy.deepcopy(full)
    flagged["summary"][0]["flags"] = "noisy"
    times = drawn("time-per-epoch", flagged).axes[0]
    blocks = [line for line in times.get_lines() if line.get_marker() == "|" and len(line.get_xdata()) == 9]
    medians = [line for line in times.get_lines() if line.get_marker() == "." and len(line.get_xdata()) == 3]
    assert len(blocks) == len(medians) == len(full["summary"]) == 4
    hollow = [line for line in lines_of(times, 1) if line.get_markerfacecolor() == "white"]
    assert len(hollow) == 1
    assert "noisy" in texts(times.figure)
    assert times.get_yticklabels()[0].get_text() == "numpy, full batch"


def test_second_contestant_of_the_null_test_is_not_among_the_blocks():
    only = document(runs_of(["torch"], [32]), timings_of(["torch"], [32]))
    times = drawn("time-per-epoch", only).axes[0]
    blocks = [line for line in times.get_lines() if line.get_marker() == "|" and len(line.get_xdata()) > 2]
    assert [len(line.get_xdata()) for line in blocks] == [9]


def test_target_that_nobody_reached_has_no_figure(full):
    never = {"updates_to_target": None, "seconds_to_target": None}
    assert KINDS["target-by-batch-size"] in figures_of(full)
    nobody = {**full, "sweep": [{**row, **never} for row in full["sweep"]]}
    assert KINDS["target-by-batch-size"] not in figures_of(nobody)


def test_tensor_that_failed_is_ringed_and_an_error_of_zero_is_hollow_at_the_foot():
    rows = [
        tensor(),
        tensor(tensor="b1", relative_error=0.3, passed=False),
        tensor(tensor="X", relative_error=0),
    ]
    figure = drawn("gradient-error", document(runs_of(["torch"]), parity=parity(*rows)))
    axes = figure.axes[0]
    assert "NOT EQUAL" in legend_of(figure)
    (ring,) = [line for line in lines_of(axes, 1) if line.get_markersize() == 11]
    assert list(ring.get_ydata()) == [0.3]
    (hollow,) = [line for line in lines_of(axes, 1) if line.get_markerfacecolor() == "white"]
    assert hollow.get_ydata()[0] < min(row["relative_error"] for row in rows if row["relative_error"])
    assert axes.get_yscale() == "log"


def test_error_that_is_no_number_is_drawn_above_all_others():
    rows = [tensor(relative_error=math.nan, passed=False), tensor(tensor="b1")]
    axes = drawn("gradient-error", document(runs_of(["torch"]), parity=parity(*rows))).axes[0]
    (cross,) = [line for line in lines_of(axes, 1) if line.get_marker() == "x"]
    assert cross.get_ydata()[0] > tensor()["tolerance"]


def missed(axes):
    """The triangles of those who did not get to the target."""
    return [line for line in axes.get_lines() if line.get_marker() == "^" and len(line.get_xdata())]


def test_batch_size_that_did_not_get_to_the_target_stands_above_the_end_of_the_numbered_axis():
    figure = figure_of("target-by-batch-size")
    for axes in figure.axes:
        marks = missed(axes)
        assert [list(mark.get_xdata()) for mark in marks] == [[1437], [1437]]
        numbered = [place for minor in (False, True) for place in axes.yaxis.get_ticklocs(minor=minor)]
        line_end = axes.spines["left"].get_bounds()[1]
        assert max(numbered) <= line_end
        reached = [value for line in lines_of(axes) if line.get_marker() == "o" for value in line.get_ydata()]
        assert np.nanmax(reached) < line_end
        for mark in marks:
            middle = mark.get_transform().transform((1437, mark.get_ydata()[0]))
            assert axes.transData.inverted().transform(middle)[1] > line_end
            assert mark.get_markerfacecolor() == "white"
    assert texts(figure).count("not\nreached") == texts(figure).count("0 of 3") == 2
    assert "full\n(1437)" in texts(figure)
    assert "not reached by half of the runs (how many did)" in legend_of(figure)


def test_contestants_that_missed_the_target_at_one_batch_size_stand_side_by_side_in_their_colours():
    for axes in figure_of("target-by-batch-size").axes:
        marks = missed(axes)
        colours = [line.get_color() for line in lines_of(axes) if line.get_marker() in ("o", "s")]
        assert [mark.get_color() for mark in marks] == colours
        first, second = (mark.get_transform().transform((1437, 0.5))[0] for mark in marks)
        assert second - first > 10


def test_line_to_the_target_breaks_where_a_batch_size_between_two_others_did_not_get_there():
    never = {key: None for key in sweep_rows()[0] if "_to_target" in key}
    there = {"updates_to_target": 100.0, "seconds_to_target": 0.1}
    rows = [{**row, **{64: never, "full": there}.get(row["batch_size"], {})} for row in sweep_rows(["torch"])]
    for axes in drawn("target-by-batch-size", document(runs_of(["torch"]), sweep=rows)).axes:
        (line,) = [line for line in axes.get_lines() if line.get_marker() == "o"]
        assert [bool(gap) for gap in np.isnan(line.get_ydata())] == [False, True, False]


def test_axis_that_everybody_has_a_value_on_goes_to_the_top():
    rows = [row for row in sweep_rows() if row["updates_to_target"]]
    figure = drawn("target-by-batch-size", document(runs_of(["torch"]), sweep=rows))
    assert not any(missed(axes) or axes.spines["left"].get_bounds() for axes in figure.axes)
    assert "not\nreached" not in texts(figure)


def test_batch_size_that_the_noise_scale_predicts_is_drawn_in(full):
    figure = figure_of("target-by-batch-size")
    assert "noise scale predicts 25" in legend_of(figure)
    without = {key: value for key, value in full.items() if key != "noise_scale"}
    assert not any("noise" in entry for entry in legend_of(drawn("target-by-batch-size", without)))


def test_prediction_beyond_the_batch_sizes_is_inside_the_figure():
    made = document(runs_of(["torch"]), sweep=sweep_rows(), noise_scale=noise_scale(1e5))
    assert all(axes.get_xlim()[1] > 1e5 for axes in drawn("target-by-batch-size", made).axes)


def test_waterfall_of_time_multiplies_to_the_whole_and_that_of_accuracy_adds_up():
    time, accuracy = figure_of("attribution").axes
    assert (time.get_xscale(), accuracy.get_xscale()) == ("log", "linear")
    *steps, whole = time.patches
    assert math.prod((bar.get_x() + bar.get_width()) / bar.get_x() for bar in steps) == pytest.approx(
        (whole.get_x() + whole.get_width()) / whole.get_x()
    )
    *steps, whole = accuracy.patches
    assert sum(bar.get_width() for bar in steps) == pytest.approx(whole.get_width())


def test_factor_without_a_shown_effect_is_hatched_and_says_so():
    accuracy = figure_of("attribution").axes[1]
    assert [bool(bar.get_hatch()) for bar in accuracy.patches] == [False, True, False]
    assert "+0.0 points (no effect shown)" in texts(accuracy)


def test_mistaken_pictures_are_framed_and_contestants_that_agree_are_told_together(full):
    figure = figure_of("pictures")
    wide = [patch for patch in figure.axes[0].patches if patch.get_linewidth() > 1]
    assert (len(figure.axes[0].images), len(wide)) == (10, 2)
    assert texts(figure).count("A 7") == 2
    names = [f"n{at}" for at in range(6)]
    items = [
        {**item, "predicted": {name: str(at) for at, name in enumerate(names)}}
        for item in pictures()["items"]
    ]
    many = {**full, "pictures": {**pictures(), "items": items}}
    assert "Not shown, for room: n4, n5." in texts(drawn("pictures", many))
    same = {**full, "pictures": pictures(names=("numpy",))}
    assert "read 7" in texts(drawn("pictures", same))
    assert "Read by numpy." in texts(drawn("pictures", same))


def test_graph_shows_every_derivative_of_a_small_network(full):
    shown = texts(figure_of("graph"))
    gradients = [
        node["gradient"] for node in full["derivation"]["graph"]["nodes"] if node["gradient"] is not None
    ]
    assert len(gradients) == 3
    for gradient in gradients:
        for row in gradient:
            assert f"[{', '.join(f'{value:.4g}' for value in row)}]" in shown
    assert "Z1 = X W1ᵀ" in shown


def test_name_of_a_node_that_takes_two_lines_is_bold_in_both():
    derivation = derive(make_pass((2, 3, 2), "sigmoid", "softmax+cross_entropy", bias=True))
    figure = drawn("graph", document(runs_of(["torch"]), derivation=derivation))
    bold = [text.get_text() for text in written(figure) if text.get_fontweight() == "bold"]
    assert {"L = mean over samples of -sum Y", "log softmax(Z2)"} <= set(bold)
    assert not any("dL/d" in text for text in bold)


def test_boxes_of_a_graph_do_not_overlap_and_every_edge_has_an_arrow():
    made = make_pass((4, 5, 5, 3), "sigmoid", "softmax+cross_entropy")
    derivation = derive(made)
    axes = drawn("graph", document(runs_of(["torch"]), derivation=derivation)).axes[0]
    boxes = [patch.get_window_extent() for patch in axes.patches]
    nodes = derivation["graph"]["nodes"]
    assert len(boxes) == len(nodes)
    assert not any(one.overlaps(two) for at, one in enumerate(boxes) for two in boxes[:at])
    arrows = [text for text in axes.texts if getattr(text, "arrow_patch", None)]
    assert len(arrows) == sum(len(node["inputs"]) for node in nodes)


def test_graph_of_a_very_deep_network_is_left_to_the_results():
    deep = derive(make_pass((2,) * 30 + (1,), "tanh", "identity+squared_error"))
    assert KINDS["graph"] not in figures_of(document(runs_of(["torch"]), derivation=deep))


def test_run_without_final_weights_or_curve_does_not_matter():
    lost = run(cell("numpy"), status="timeout", reason="x", curve=(), final_weights_sha256=SHA)
    assert legend_of(drawn("curves-epochs", document([*runs_of(["torch"], [32]), lost]))) == ["torch"]


def test_blocks_of_the_floor_are_not_drawn_as_a_contestants(full):
    assert any(timing["floor"] for timing in full["timings"])
    drawn = [value for processes in blocks_of(full).values() for each in processes for value in each]
    contestants = [
        block[1] for timing in full["timings"] if not timing["floor"] for block in timing["blocks"]
    ]
    updates = {
        (block[0], timing["updates_per_epoch"]) for timing in full["timings"] for block in timing["blocks"]
    }
    assert len(updates) == 1
    ((of_block, of_epoch),) = updates
    assert min(drawn) >= min(contestants) / of_block * of_epoch * (1 - 1e-12)


@pytest.mark.parametrize(
    ("sizes", "on_another_line"),
    [
        ([1, 4, 16, 64, 256, 1024, 1438], {1438}),
        ([1438, 32], set()),
        ([32], set()),
        ([2**power for power in range(11)], {2, 8, 32, 128, 512}),
    ],
)
def test_batch_sizes_that_are_close_are_named_on_different_lines(sizes, on_another_line):
    assert crowded(sizes) == on_another_line
