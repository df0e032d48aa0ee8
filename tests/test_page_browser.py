"""`report.html` in a real browser, without a window: nothing asked of a network, every control at work."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from made_runs import parity, tensor
from page_documents import HOSTILE, LINK, every_part, hostile_document, page_document, wide_document

from compare.render.page import report_page

sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
INK = "document.getElementById('chart-loss').layout.font.color"
LIGHT_INK, DARK_INK = "#1d1d1b", "#e7e4dd"
DRAWN = "document.querySelectorAll('.plot .main-svg').length > 0"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser without a window, the system's or playwright's own; without one, the tests are skipped."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_api.sync_playwright() as playwright:
        try:
            opened = playwright.chromium.launch(
                executable_path=found, args=["--disable-gpu", *["--no-sandbox"] * root], timeout=120_000
            )
        except sync_api.Error as error:
            if found is not None:
                raise
            pytest.skip(f"no Chromium ({', '.join(BROWSERS)}, or playwright's own): {str(error)[:80]}")
        yield opened
        opened.close()


class Visit:
    """An open page, with what it complained of and what it asked of anybody else."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.context = browser.new_context(viewport={"width": 1200, "height": 900}, **options)
        self.context.set_default_timeout(120_000)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.complaints.append("a dialog"), dialog.dismiss()))
        self.context.route("**/*", self._only(path.as_uri()))
        self.page.goto(path.as_uri())

    def _only(self, allowed: str) -> Any:
        def decide(route: Any) -> None:
            if route.request.url == allowed:
                route.continue_()
            else:
                self.requests.append(route.request.url)
                route.abort()

        return decide

    def traces(self, chart: str, key: str) -> list[Any]:
        """What a key of the chart's named traces holds."""
        named = "document.getElementById(id).data.filter(trace => trace.hoverinfo === 'text')"
        script = f"([id, key]) => {named}.map(trace => trace[key])"
        found: list[Any] = self.page.evaluate(script, [f"chart-{chart}", key])
        return found

    def column(self, table: str, at: int) -> list[str]:
        return [
            text.strip() for text in self.page.locator(f"#{table} tbody td:nth-child({at})").all_inner_texts()
        ]

    def until(self, condition: str) -> None:
        """Return when a condition holds; the page's policy allows playwright no polling of its own."""
        for _ in range(1200):
            if self.page.evaluate(condition):
                return
            self.page.wait_for_timeout(50)
        pytest.fail(f"never came true: {condition}")

    def until_ink(self, colour: str) -> None:
        """Return when the charts' text has this colour."""
        self.until(f"{INK} === '{colour}'")


@pytest.fixture(scope="module")
def visit(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(report_page(page_document() | every_part()), encoding="utf-8")
    opened = Visit(browser, path)
    yield opened
    opened.context.close()


def test_it_loads_without_complaint_and_asks_nobody_for_anything(visit):
    assert visit.page.evaluate(DRAWN)
    assert visit.page.locator(".plot .main-svg:first-child").count() == 7
    assert visit.complaints == []
    assert visit.requests == []


def test_tables_sort_by_number_in_both_directions_from_the_keyboard(visit):
    header = visit.page.locator("#budgets-table th", has_text="difference")
    header.get_by_role("button").focus()
    visit.page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "ascending"
    points = visit.column("budgets-table", 6)
    assert [text.split()[0] for text in points[:6]] == [
        "-78.0",
        "-78.0",
        "-71.3",
        "-71.3",
        "+10.0",
        "+10.0",
    ]
    assert points[6:] == ["–"] * 6  # what is missing stands last
    visit.page.keyboard.press("Enter")
    assert header.get_attribute("aria-sort") == "descending"
    assert visit.column("budgets-table", 6)[0].startswith("+10.0")
    assert visit.column("budgets-table", 6)[6:] == ["–"] * 6


def test_sorting_keeps_the_order_of_equal_rows_and_marks_one_column(visit):
    visit.page.locator("#results-table th", has_text="batch").get_by_role("button").click()
    assert visit.column("results-table", 2) == ["32", "32", "full", "full"]
    visit.page.locator("#results-table th", has_text="implementation").get_by_role("button").click()
    assert visit.column("results-table", 2) == ["32", "full", "32", "full"]
    assert visit.page.locator("#results-table th[aria-sort]").count() == 1


def test_the_axis_switches_from_the_keyboard(visit):
    assert visit.traces("loss", "x")[1] == [0, 1, 2, 3, 4]
    visit.page.get_by_label("epochs", exact=True).focus()
    visit.page.keyboard.press("ArrowRight")
    assert visit.traces("loss", "x")[1] == [0, 45, 90, 135, 180]
    assert visit.traces("accuracy", "x")[1] == [0, 45, 90, 135, 180]
    visit.page.keyboard.press("ArrowRight")
    assert visit.traces("loss", "x")[1] == [0, 0.495, 0.99, 1.485, 1.98]
    assert "training seconds" in visit.page.evaluate("document.activeElement.parentElement.innerText")
    visit.page.get_by_label("epochs", exact=True).check()


def test_hovering_tells_the_values(visit):
    told = visit.traces("loss", "text")[0][1]
    assert told == "<b>numpy, full batch</b><br>1.097 (1.045 to 1.15, 3 seeds)<br>epoch 1, update 1, 11 ms"
    visit.page.locator("#chart-loss").scroll_into_view_if_needed()
    visit.page.evaluate("Plotly.Fx.hover('chart-loss', [{curveNumber: 2, pointNumber: 1}])")
    assert "numpy, full batch" in visit.page.locator("#chart-loss .hoverlayer").text_content()


def test_contestants_are_hidden_and_shown_from_the_keyboard(visit):
    visit.page.get_by_label("numpy, full batch").focus()
    visit.page.keyboard.press("Space")
    assert visit.traces("loss", "name") == ["numpy, batch 32", "torch, full batch", "torch, batch 32"]
    assert len(visit.traces("times", "x")) == 6  # samples and median of each of three
    visit.page.get_by_role("button", name="hide all").click()
    assert visit.traces("loss", "name") == []
    visit.page.get_by_role("button", name="show all").click()
    assert len(visit.traces("loss", "name")) == 4


def test_the_loss_the_effort_and_the_precision_can_be_chosen(visit):
    before = visit.traces("loss", "y")[0]
    visit.page.get_by_label("test data").check()
    assert visit.traces("loss", "y")[0][0] > before[0]
    visit.page.get_by_label("training data").check()
    visit.page.get_by_label("updates", exact=True).last.check()
    assert visit.traces("sweep", "y")[0][0] == 250
    visit.page.get_by_label("Objective and precision").select_option(index=1)
    assert "float32" in visit.page.get_by_label("Objective and precision").input_value()


def test_batch_size_that_missed_the_target_stands_in_a_strip_above_the_axis_with_its_count(visit):
    for label in ("updates", "training seconds"):
        visit.page.locator("#figure-sweep").get_by_label(label, exact=True).check()
        marks = "document.getElementById('chart-sweep').data.filter(trace => trace.yaxis === 'y2')"
        assert visit.page.evaluate(f"{marks}.map(trace => trace.x)") == [[1438], [1438]]
        assert visit.page.evaluate(f"{marks}.map(trace => trace.marker.symbol)") == ["triangle-up-open"] * 2
        assert visit.page.evaluate(f"{marks}.map(trace => trace.text)") == [["0 of 3"], [""]]
        whole = "document.getElementById('chart-sweep')._fullLayout"
        assert visit.page.evaluate(f"{whole}.yaxis2.domain[0] > {whole}.yaxis.domain[1]")
        assert visit.page.evaluate(f"{whole}.yaxis2.ticktext") == ["not<br>reached"]
        assert visit.traces("sweep", "y")[0][-1] is None
    visit.page.get_by_label("seconds an epoch").check()
    assert visit.page.evaluate(f"{marks}.length") == 0
    assert visit.page.evaluate(f"{whole}.yaxis.domain") == [0, 1]
    visit.page.locator("#figure-sweep").get_by_label("training seconds").check()


def test_dark_mode_follows_the_system_at_once(visit):
    paper = "getComputedStyle(document.body).backgroundColor"
    visit.until_ink(LIGHT_INK)
    assert visit.page.evaluate(paper) == "rgb(253, 252, 249)"
    visit.page.emulate_media(color_scheme="dark")
    visit.until_ink(DARK_INK)
    assert visit.page.evaluate(paper) == "rgb(22, 24, 26)"
    visit.page.emulate_media(color_scheme="light")
    visit.until_ink(LIGHT_INK)


def test_a_phone_scrolls_its_tables_and_not_the_page(visit):
    visit.page.set_viewport_size({"width": 360, "height": 740})
    visit.until("document.getElementById('chart-loss')._fullLayout.width <= 360")
    assert visit.page.evaluate("document.documentElement.scrollWidth") == 360
    wide = visit.page.evaluate(
        "(t => t.scrollWidth - t.clientWidth)(document.querySelector('#budgets-table .scroll'))"
    )
    assert wide > 0
    visit.page.set_viewport_size({"width": 1200, "height": 900})
    visit.until("document.getElementById('chart-loss')._fullLayout.width > 360")


HEADERS = (
    *("implementation", "batch", "threads", "updates", "s/epoch", "time / torch", "time / floor"),
    *("train loss", "test accuracy %", "s to target", "flags"),
)


def test_long_interval_is_whole_in_a_window_and_runs_out_of_no_phone(browser, tmp_path):
    document = page_document()
    for row in document["attribution"]:
        row["differs"] = False
    path = tmp_path / "report.html"
    path.write_text(report_page(document), encoding="utf-8")
    opened = Visit(browser, path)
    lines = "[...document.querySelectorAll('.whole.long')].map(span => span.getClientRects().length)"
    assert set(opened.page.evaluate(lines)) == {1}
    opened.page.set_viewport_size({"width": 360, "height": 740})
    assert max(opened.page.evaluate(lines)) > 1
    assert opened.page.evaluate("document.documentElement.scrollWidth") == 360
    opened.context.close()


OVERHANG = "(t => t.scrollWidth - t.clientWidth)(document.querySelector('#results-table .scroll'))"


def test_main_table_of_eleven_columns_needs_no_scrolling_in_a_window_of_1300_pixels(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_page(wide_document()), encoding="utf-8")
    wide = Visit(browser, path)
    headers = [" ".join(text.split()) for text in wide.page.locator("#results-table th").all_inner_texts()]
    assert headers == list(HEADERS)
    wide.page.set_viewport_size({"width": 1300, "height": 900})
    assert wide.page.evaluate(OVERHANG) == 0
    broken = (
        "[...document.querySelectorAll('#results-table td small')].filter(s => s.offsetHeight > 24).length"
    )
    assert wide.page.evaluate(broken) == 0
    wide.page.set_viewport_size({"width": 400, "height": 740})
    assert wide.page.evaluate("document.documentElement.scrollWidth") == 400
    assert wide.page.evaluate(OVERHANG) > 0
    wide.context.close()


def test_paper_gets_everything_in_light_colours_and_the_screen_is_as_before(visit):
    visit.page.emulate_media(color_scheme="dark")
    visit.until_ink(DARK_INK)
    before = visit.page.evaluate("[...document.querySelectorAll('details')].map(d => d.open)")
    visit.page.evaluate("""() => addEventListener('beforeprint', () => { window.printed = {
        open: [...document.querySelectorAll('details')].every(d => d.open),
        ink: document.getElementById('chart-loss').layout.font.color,
        width: document.getElementById('chart-loss')._fullLayout.width,
        paper: getComputedStyle(document.body).backgroundColor } })""")
    assert visit.page.pdf(format="A4")[:5] == b"%PDF-"
    printed = visit.page.evaluate("window.printed")
    assert printed["open"]
    assert (printed["ink"], printed["width"]) == (LIGHT_INK, 680)
    assert visit.page.evaluate("[...document.querySelectorAll('details')].map(d => d.open)") == before
    visit.until_ink(DARK_INK)
    visit.page.emulate_media(color_scheme="light")


def test_long_table_is_whole_on_paper(browser, tmp_path):
    path = tmp_path / "report.html"
    tensors = parity(*(tensor(tensor=f"W{at}") for at in range(1, 81)))
    path.write_text(report_page(page_document(parity=tensors)), encoding="utf-8")
    long = Visit(browser, path)
    long.page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    hidden = "(t => t.scrollHeight - t.clientHeight)(document.querySelector('#tensor-table .tall'))"
    assert long.page.evaluate(hidden) > 0  # on the screen it scrolls
    long.page.emulate_media(media="print")
    assert long.page.evaluate(hidden) == 0
    long.context.close()


def test_nothing_went_wrong_on_the_way(visit):
    assert visit.complaints == []
    assert visit.requests == []


def test_hostile_text_stays_text_in_tables_legends_and_charts(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_page(hostile_document()), encoding="utf-8")
    hostile = Visit(browser, path)
    page = hostile.page
    assert hostile.complaints == []
    assert hostile.requests == []
    assert page.locator("img[src='x'], [onerror], a[href^='javascript']").count() == 0
    assert page.evaluate("[...document.querySelectorAll('svg a')].length") == 0
    names = [text.strip() for text in page.locator("#chart-times .annotation-text").all_text_contents()]
    assert f"{HOSTILE}, full batch" in names
    assert " ".join(f"{LINK}, batch 32".split()) in [" ".join(name.split()) for name in names]
    assert page.get_by_label(f"{HOSTILE}, full batch").count() == 1
    page.locator("#chart-loss").scroll_into_view_if_needed()
    page.evaluate("Plotly.Fx.hover('chart-loss', [{curveNumber: 2, pointNumber: 1}])")
    assert HOSTILE in page.locator("#chart-loss .hoverlayer").text_content()
    hostile.context.close()


def test_without_scripts_text_and_tables_are_whole(browser, tmp_path):
    path = tmp_path / "report.html"
    path.write_text(report_page(page_document()), encoding="utf-8")
    plain = Visit(browser, path, java_script_enabled=False)
    assert plain.page.locator("#results-table tbody tr").count() == 4
    assert plain.page.locator("noscript p").is_visible()
    assert not plain.page.locator("#curves").is_visible()
    plain.context.close()
