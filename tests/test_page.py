"""`report.html` without a browser: what it holds, what it leaves out, that all text is escaped."""

import base64
import hashlib
import html
import io
import json
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from made_runs import cell, run
from page_documents import HOSTILE, LINK, SCRIPT, every_part, hostile_document, large_document, page_document

from compare.render.attribution_sentences import attribution_sentences
from compare.render.page import chart_library, report_page, unbroken
from compare.render.page.cells import FULL, Table, valued
from compare.render.page.charts import chart_data
from compare.render.page.curves import MOST_POINTS, curves, kept
from compare.render.page.facts import command_of, environment_facts
from compare.render.page.names import contestant_names
from compare.render.page.pictures import pictures_of, png_url, readers
from compare.render.page.tables import attribution_table, budgets_table, main_table, parity_tables
from compare.render.value import Value

CSS = Path(__file__).parents[1] / "compare" / "render" / "page" / "page.css"


SWEPT_TO_TARGET = [
    f"{unit}_to_target{end}" for unit in ("updates", "seconds") for end in ("", "_low", "_high")
]


class Page(HTMLParser):
    """The page taken apart: tags with their attributes, scripts, visible text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, text):
        if self._inside == "script":
            self.scripts.append(text)
        elif self._inside != "style":
            self.words.append(text)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def attributes(self, name: str) -> list[str]:
        return [found[name] or "" for _, found in self.tags if name in found]


@pytest.fixture(scope="module")
def full() -> Page:
    return Page(report_page(page_document() | every_part()))


@pytest.fixture(scope="module")
def hostile() -> Page:
    return Page(report_page(hostile_document()))


def column(table: Table | None, header: str) -> list[str]:
    assert table is not None
    of_header = next(found for found in table.columns if found.header == header)
    return [f"{one.text} {one.interval}".strip() for one in of_header.cells]


def test_the_page_refers_to_nothing_outside_itself(full):
    for link in full.attributes("href") + full.attributes("src"):
        assert link.startswith(("#", "data:")), link
    assert not [tag for tag, _ in full.tags if tag in ("iframe", "object", "embed", "form")]
    assert "url(" not in CSS.read_text(encoding="utf-8")


def test_the_policy_allows_these_scripts_and_nothing_else(full):
    policy = next(found["content"] for _, found in full.tags if "http-equiv" in found)
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    data, *scripts = full.scripts
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert len(scripts) == policy.count("sha256-") == 2
    assert "unsafe-inline" not in policy.partition("style-src")[0]
    assert json.loads(data)["curves"]


def test_every_part_of_the_document_has_its_place(full):
    for words in (
        "numpy and torch compute the same",
        "All findings",
        "All rows: softmax+cross_entropy, optimizer sgd, float32, 1 thread, 3 seeds, 4 epochs.",
        "The matrix products alone",
        "0.1 (lowest)",
        "To the target, by batch size",
        "Gradient noise along a training",
        "5 by A; 6 by B",
        "dL/dy * x_1",
        "L = ½",
        "started from the same weights",
        "jax : rounding: fused",
        "make compare",
        "L1: 32K",
    ):
        assert words in full.text, words


def test_a_small_document_has_no_empty_parts():
    document = page_document()
    for key in ("timings", "null_test", "budgets", "derivation"):
        document.pop(key, None)
    document |= {"attribution": []}
    page = Page(report_page(document))
    assert not {"batch-sizes", "causes", "pictures", "derivation"} & set(page.attributes("id"))
    assert {"results", "curves", "times", "parity", "made"} <= set(page.attributes("id"))


def test_a_document_without_runs_is_a_page_too():
    document = page_document(summary=[], attribution=[], budgets=[]) | {"runs": [], "timings": []}
    document |= {"parity": {"passed": True, "tensors": [], "trajectory": []}, "environment": {}}
    page = Page(report_page(document))
    assert "No runs were made." in page.text
    assert "Parity was not checked." in page.text


def test_hostile_text_stays_text(hostile):
    assert not [found for tag, found in hostile.tags if tag == "img" and found.get("src") == "x"]
    assert not [link for link in hostile.attributes("href") if "javascript" in link]
    assert not [name for _, found in hostile.tags for name in found if name.startswith("on")]
    assert len(hostile.scripts) == 3
    for text in (HOSTILE, SCRIPT):
        assert " ".join(text.split()) in hostile.text
    assert "{{ 7*7 }}" in hostile.text


def test_hostile_text_cannot_end_the_data(hostile):
    assert "<" not in hostile.scripts[0]
    names = [one["name"] for one in json.loads(hostile.scripts[0])["contestants"]]
    assert f"{HOSTILE}, full batch" in names
    assert f"{LINK}, batch 32" in names


def test_the_library_cannot_end_its_own_script():
    assert "</script" not in chart_library().lower()


def test_a_thousand_runs_make_a_small_page():
    document = large_document()
    assert len(document["runs"]) == 1000
    assert len(report_page(document).encode()) < 6_000_000
    assert len(json.dumps(chart_data(document))) < 1_000_000


def test_headings_descend_without_a_gap_and_labels_are_there(full):
    levels = [int(tag[1]) for tag, _ in full.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert next(found["lang"] for tag, found in full.tags if tag == "html") == "en"
    ids = full.attributes("id")
    assert len(ids) == len(set(ids))
    assert all(name in ids for name in full.attributes("aria-labelledby"))
    assert all(found.get("alt") for tag, found in full.tags if tag == "img")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_stand_out_from_the_paper(theme):
    block = re.findall(r":root[^{]*\{(.*?)\}", CSS.read_text(encoding="utf-8"), re.DOTALL)[theme]
    colours = dict(re.findall(r"--(\w+): (#\w{6})", block))
    paper = luminance(colours["paper"])

    def contrast(name: str) -> float:
        low, high = sorted((paper, luminance(colours[name])))
        return (high + 0.05) / (low + 0.05)

    for name in ("ink", "soft", "link", "bad", "good"):
        assert contrast(name) >= 4.5, name
    assert all(contrast(f"c{at}") >= 3 for at in range(8))


def test_the_main_table_has_points_intervals_and_numbers_to_sort_by():
    document = page_document()
    table = main_table(document["summary"], "torch")
    assert [found.header for found in table.columns] == [
        *("implementation", "batch", "updates", "ms/epoch", "time / torch", "train loss", "test accuracy %")
    ]
    assert column(table, "time / torch") == ["0.500 [0.500, 0.500]", "0.500 [0.500, 0.500]", "1", "1"]
    assert column(table, "test accuracy %") == ["81.0 [79, 83]", "91.0 [89, 93]"] * 2
    ratio = table.columns[4]
    assert ratio.numeric
    assert [one.value for one in ratio.cells] == pytest.approx([0.5, 0.5, 1, 1])
    assert table.columns[1].cells[0].value > table.columns[1].cells[1].value  # a full batch is the largest


def test_what_is_missing_is_a_dash_without_a_number_and_numbers_stay_numbers():
    points = ["-", "0.3", "0.5 (2 of 3)", "1 of 3", "not a number", "full", "1.2e-14", "+7", "-7"]
    found = valued("s", [Value(point) for point in points])
    assert found.numeric
    assert [one.value for one in found.cells] == [None, 0.3, 0.5, None, None, FULL, 1.2e-14, 7, -7]
    assert [one.text for one in found.cells[:4]] == ["–", "0.3", "0.5 (2 of 3)", "–"]
    assert found.cells[3].interval == "1 of 3 reached it"
    assert not valued("held", [Value("12 epochs"), Value("7")]).numeric
    assert not valued("batch", [Value("full")]).numeric


def test_a_failure_is_marked():
    runs = [run(cell(name), status="failed", reason="x", curve=()) for name in ("numpy", "torch")]
    table = main_table(page_document(runs=runs)["summary"], "torch")
    assert column(table, "status") == ["failed", "failed"]
    assert {one.mark for one in table.columns[-1].cells} == {"bad"}


def test_the_other_tables_tell_what_was_found():
    document = page_document()
    worst, steps = parity_tables(document["parity"])
    assert column(worst, "tensors") == ["3"] * 4
    assert column(steps, "passed") == ["yes", "yes"]
    budgets = budgets_table(document["budgets"])
    assert column(budgets, "difference, points")[:2] == ["–", "+10.0"]
    effects = attribution_table(document["attribution"])
    assert column(effects, "effect")[:2] == ["2.50 [2.50, 2.50]", "2.00 [2.00, 2.00]"]


def test_a_curve_has_the_mean_and_the_ends_over_seeds():
    document = page_document()
    first = curves(document["summary"], document["runs"])[0]
    assert first["seeds"] == 3
    assert first["epochs"] == [0, 1, 2, 3, 4]
    assert first["seconds"][1] == 0.011  # the median of 0.010, 0.011 and 0.012
    assert first["test_accuracy"]["low"][-1] == 0.8
    assert first["test_accuracy"]["mean"][-1] == 0.81
    assert first["test_accuracy"]["high"][-1] == 0.82


def test_curves_leave_out_runs_that_did_not_end_well_and_accuracies_that_are_not():
    document = page_document(names=("torch",))
    for at, one in enumerate(document["runs"]):
        one["status"] = "diverged" if at == 0 else "ok"
        for point in one["curve"]:
            point["test_accuracy"] = None
    first = curves(document["summary"], document["runs"])[0]
    assert first["seeds"] == 2
    assert "test_accuracy" not in first


@pytest.mark.parametrize("count", [1, 119, 120, 121, 5000])
def test_long_curves_are_thinned_with_both_ends(count):
    places = kept(count, MOST_POINTS)
    assert places[0] == 0
    assert places[-1] == count - 1
    assert len(places) == min(count, MOST_POINTS)


def test_times_are_of_an_update_with_every_block():
    document = page_document()
    first = chart_data(document)["times"][0]
    assert first["of"] == len(first["samples"]) == 12
    assert first["low"] < first["point"] < first["high"]
    assert first["samples"][0] == pytest.approx(0.0002)  # 0.02 s for 100 updates


def test_the_floor_is_not_taken_for_the_contestant_of_its_name():
    document = page_document()
    alone = {**document["timings"][0], "floor": True, "implementation": "numpy"}
    before = chart_data(document)["times"]
    document["timings"].append(alone)
    assert chart_data(document)["times"] == before


def test_a_contestant_without_blocks_is_shown_by_its_runs():
    document = page_document()
    document["timings"] = []
    assert [time["of"] for time in chart_data(document)["times"]] == [3] * 4


def test_names_tell_contestants_apart_and_no_more():
    document = page_document()
    assert contestant_names(document["summary"])[:2] == ["numpy, full batch", "numpy, batch 32"]
    assert contestant_names(document["summary"][:1]) == ["numpy"]


def test_a_picture_is_a_png_with_dark_ink():
    from PIL import Image

    url = png_url([0, 255, 128, 64, 1, 2], 3, 2)
    with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as image:
        assert image.size == (3, 2)
        assert list(image.tobytes()) == [255, 0, 127, 191, 254, 253]
    mistaken, right = pictures_of(every_part()["pictures"])
    assert (mistaken.told, mistaken.mistaken) == ("5 by A; 6 by B", True)
    assert (right.told, right.mistaken) == ("3", False)


def test_who_took_all_pictures_for_the_same_has_one_letter_and_the_page_says_which():
    items = [
        {"pixels": [0], "label": 3, "predicted": {"numpy": 3, "torch": 3, "jax": read}} for read in (3, 4)
    ]
    pictures = {"height": 1, "width": 1, "items": items}
    assert readers(pictures) == {"A": ["numpy", "torch"], "B": ["jax"]}
    assert [picture.told for picture in pictures_of(pictures)] == ["3", "3 by A; 4 by B"]
    page = Page(report_page(page_document(pictures=pictures)))
    assert "A : numpy = torch" in page.text
    alike = {**pictures, "items": items[:1]}
    assert "A : numpy" not in Page(report_page(page_document(pictures=alike))).text


def test_a_target_that_nobody_reached_has_no_empty_chart():
    never = dict.fromkeys((*SWEPT_TO_TARGET, "updates_between"))
    sweep = [{**row, **never, "target_reached": "0 of 3"} for row in every_part()["sweep"]]
    page = Page(report_page(page_document(sweep=sweep)))
    assert "Time an epoch, by batch size" in page.text
    assert "training seconds" not in page.text.partition("Time an epoch, by batch size")[2]
    assert "seconds_per_epoch" in page.attributes("value")
    assert "seconds_to_target" not in page.attributes("value")


def test_facts_leave_out_what_is_not_known_and_flatten_the_rest():
    pools = {"numpy": [{"library": "openblas", "version": None, "threads": 1}]}
    facts = dict(environment_facts({"cores": 2, "governor": None, "thread_pools": pools, "command": "x"}))
    assert facts == {"cores": "2", "thread pools": "numpy: openblas 1 thread"}


def test_a_command_in_parts_is_quoted_for_a_shell():
    assert command_of({"command": ["python", "-m", "x", "a b"]}) == "python -m x 'a b'"
    assert command_of({"command": "make compare"}) == "make compare"
    assert command_of({}) == ""


def test_no_line_breaks_within_a_number_and_text_is_escaped():
    told = unbroken("<b> 2.3e-14 [1.0, 2.0]")
    assert told == "&lt;b&gt; <span class=whole>2.3e-14</span> <span class=whole>[1.0, 2.0]</span>"
    assert html.unescape(unbroken(HOSTILE)) == HOSTILE
    assert unbroken("120 [90, ∞)") == "120 <span class=whole>[90, ∞)</span>"


def test_a_long_interval_is_whole_where_there_is_room_for_it():
    document = page_document()
    for row in document["attribution"]:
        row["differs"] = False
    (told, *_) = attribution_sentences(document["attribution"])
    (interval, *_) = (part.partition("]")[0] for part in told.split("[")[1:])
    assert interval.endswith("no effect shown: the null test differs as much")
    assert f'<span class="whole long">[{interval}]</span>' in unbroken(told)


def test_a_graph_is_shown_as_a_picture_that_cannot_run_anything():
    graph = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    page = Page(report_page(page_document() | every_part(), graph=graph))
    shown = [found for tag, found in page.tags if tag == "img" and found.get("class") == "graph"]
    assert base64.b64decode(shown[0]["src"].partition(",")[2]) == graph
