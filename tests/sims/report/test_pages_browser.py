"""Comparison, sweep and tuning pages, moments and accessibility of all pages, in a real browser.

Needs Chromium, its driver and selenium: `apt-get install chromium chromium-driver`, `pip install selenium`.
"""

import base64
import json
import shutil

import numpy as np
import pytest

from robocalc.dynamics import load
from sims.report import report_data, write_comparison, write_page, write_sweep, write_tuning
from sims.run import run
from tests.sims.browser import show, wait
from tests.sims.report.axe import serious
from tests.sims.report.samples import move
from tests.sims.report.study_sample import study
from tests.sims.report.test_tables import EVIL, table
from tests.sims.report_sample import sample_log, sample_words

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

READY = {"comparison": "report", "sweep": "sweep", "tuning": "tuning", "infeasible": "report", "moments": "report"}
PIXELS = """
report.scene.motion(false); report.scene.draw();
const gl = report.scene.renderer.getContext(), w = gl.drawingBufferWidth, h = gl.drawingBufferHeight;
const pixels = new Uint8Array(4 * w * h);
gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
let text = "";
for (let i = 0; i < pixels.length; i += 8192) text += String.fromCharCode(...pixels.subarray(i, i + 8192));
return [btoa(text), w];
"""
INKED = """
const canvas = document.querySelector(arguments[0]), g = canvas.getContext("2d");
const data = g.getImageData(0, 0, canvas.width, canvas.height).data;
let count = 0;
for (let i = 3; i < data.length; i += 4) if (data[i] > 100) count++;
return count / (data.length / 4);
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory, runs):
    """name -> page."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(runs[1], folder / "sweep" / "runs" / "000003")
    far = [{"do": "move", "name": "far", "to": {"pose": {"position": [2.0, 0, 0.5], "rpy_deg": [180, 0, 0]}}}]
    infeasible = run(move(task=far), out=folder / "far").folder
    return {
        "comparison": write_comparison(folder / "comparison.html", runs),
        "sweep": write_sweep(folder / "sweep" / "report.html", table(folder=folder / "sweep"), "small"),
        "tuning": write_tuning(folder / "tuning.html", study()),
        "infeasible": infeasible / "report.html",
        "moments": write_page(folder / "moments.html", moments()),
    }


def moments():
    """A run with contacts in its middle second, and closest points throughout."""
    log = sample_log(duration=3.0)
    t = log.t_objects
    during = t[(t >= 1.0) & (t <= 2.0)]
    points = np.column_stack([during, np.full(len(during), 0.5), np.zeros((len(during), 2)), np.full(len(during), 9.0)])
    log.__dict__["touches"] = points
    log.__dict__["witness"] = np.tile([0.4, 0.0, 0.3, 0.5, 0.0, 0.3], (len(t), 1))
    return report_data(**sample_words(load("panda_gripper"), log))


@pytest.fixture
def opened(browser, pages, request):
    """The page that a test is parametrised with."""
    return look(browser, pages, request.param)


def look(browser, pages, name, fragment=""):
    ready = READY[name]
    if ready == "report":
        show(browser, pages[name], fragment)
    else:
        browser.get("about:blank")
        browser.get_log("browser")
        browser.get(pages[name].as_uri())
        wait(browser, f"return Boolean(window.{ready})")
    return browser


def picture(browser):
    flat, width = browser.execute_script(PIXELS)
    return np.frombuffer(base64.b64decode(flat), np.uint8).reshape(-1, width, 4)


# all pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", READY)
def test_nobody_is_barred_from_a_page(browser, pages, name, theme):
    look(browser, pages, name)
    browser.execute_script(f"document.documentElement.dataset.theme = '{theme}'")
    assert serious(browser) == []


@pytest.mark.parametrize("width", [320, 390])
@pytest.mark.parametrize("name", READY)
def test_a_phone_scrolls_only_down(browser, pages, name, width):
    look(browser, pages, name)
    size = {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wait(browser, "return new Promise((done) => setTimeout(() => done(true), 200))")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("name", READY)
def test_nothing_is_asked_of_a_network_and_nothing_is_complained_of(browser, pages, name):
    browser.get("about:blank")
    browser.get_log("performance")
    look(browser, pages, name)
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in urls if not url.startswith(("file:", "data:", "about:"))] == []
    complaints = [entry["message"] for entry in browser.get_log("browser")]
    assert [text for text in complaints if "GL Driver Message" not in text] == []


# the report -----------------------------------------------------------------------------------------------------------


def test_contacts_and_closest_points_are_shown_at_their_time(browser, pages):
    look(browser, pages, "moments", "#t=0.5")
    balls = "return report.scene.marks.touches.place(Math.round(report.time * 50))"
    assert browser.execute_script(balls) == 0
    without = picture(browser)
    browser.execute_script("report.seek(1.5)")
    assert browser.execute_script(balls) == 1
    assert (picture(browser) != without).any()
    before = picture(browser)
    browser.find_element(By.ID, "show-witness").click()
    gone = (picture(browser) != before).any(axis=2).sum()
    assert gone > 50
    browser.find_element(By.ID, "show-touches").click()
    assert (picture(browser) != before).any(axis=2).sum() > gone
    assert not browser.find_elements(By.ID, "show-markers")


def test_a_row_of_the_acceptance_table_jumps_to_its_worst_moment(browser, pages):
    look(browser, pages, "moments")
    browser.execute_script("report.report.duration = 12")
    row = browser.find_element(By.CSS_SELECTOR, "#acceptance tr.bad th")
    row.click()
    assert browser.execute_script("return report.time") == pytest.approx(9.42)


FRESH = """
const old = report.report, twice = (s) => ({...s, columns: s.columns.map((c) => c.map((x) => 2 * x))});
const moved = (s) => ({...s, columns: s.columns.map((c, i) => (i < 3 ? c.map((x) => x + 0.1) : c))});
report.update({...old, duration: 2, paths: {executed: old.paths.planned},
  bodies: old.bodies.map((b) => ({name: b.name, poses: moved(b.poses)})),
  panels: old.panels.filter((p) => p.key !== "jerk").map((p) => ({...p, values: twice(p.values)}))});
"""


def test_a_page_takes_new_data_without_being_loaded_again(browser, pages):
    look(browser, pages, "moments", "#t=1")
    script = "return document.querySelector(\"[data-panel='position'] canvas\").toDataURL()"
    count = "return report.plots.plots.length"
    place = "return report.scene.bodies.find((b) => b.name === 'panda_link7').group.position.toArray()"
    wait(browser, "return report.plots.plots[0].seen")
    before, plots, hand, image = (
        browser.execute_script(script),
        browser.execute_script(count),
        browser.execute_script(place),
        picture(browser),
    )
    browser.execute_script(FRESH)
    assert browser.execute_script(script) != before
    assert browser.execute_script(count) == plots - 1
    assert not browser.find_elements(By.CSS_SELECTOR, "[data-panel='jerk']")
    assert browser.execute_script(place) == pytest.approx(np.add(hand, 0.1))
    assert (picture(browser) != image).mean() > 0.02
    assert browser.find_element(By.ID, "time").get_attribute("max") == "2"
    assert [e for e in browser.get_log("browser") if "GL Driver" not in e["message"]] == []


def test_an_infeasible_plan_shows_start_and_goal(browser, pages):
    look(browser, pages, "infeasible")
    assert "out of reach" in browser.find_element(By.ID, "reasons").text
    before = picture(browser)
    assert (before[..., 3] > 200).mean() > 0.01
    browser.find_element(By.ID, "show-markers").click()
    assert (picture(browser) != before).any(axis=2).sum() > 50
    assert browser.find_element(By.CSS_SELECTOR, ".verdict strong").text == "Infeasible"


# the comparison -------------------------------------------------------------------------------------------------------


def test_ghosts_are_drawn_and_can_be_hidden(browser, pages):
    look(browser, pages, "comparison", "#t=0.4")
    both = picture(browser)
    boxes = browser.find_elements(By.CSS_SELECTOR, "[data-run]")
    assert len(boxes) == 2
    boxes[1].click()
    one = picture(browser)
    assert (one != both).mean() > 0.005
    boxes[0].click()
    assert (picture(browser)[..., 3] > 200).mean() < (both[..., 3] > 200).mean()


def test_curves_of_a_hidden_run_go(browser, pages):
    look(browser, pages, "comparison")
    script = "return document.querySelector(\"[data-panel='tool_error'] canvas\").toDataURL()"
    browser.execute_script("document.querySelector(\"[data-panel='tool_error']\").scrollIntoView({block: 'center'})")
    wait(browser, "return report.plots.plots.find((p) => p.panel.key === 'tool_error').seen")
    before = browser.execute_script(script)
    browser.execute_script("document.querySelectorAll('[data-run]')[1].click()")
    assert browser.execute_script(script) != before


def test_the_slider_moves_both_robots_and_the_cursor(browser, pages):
    look(browser, pages, "comparison")
    place = "return report.scene.bodies.filter((b) => b.role === 'robot').map((b) => b.group.position.toArray())"
    before = np.array(browser.execute_script(place))
    ActionChains(browser).move_to_element(browser.find_element(By.ID, "time")).click().perform()
    after = np.array(browser.execute_script(place))
    moved = np.linalg.norm(after - before, axis=1) > 1e-3
    assert moved[: len(moved) // 2].any()
    assert moved[len(moved) // 2 :].any()


def test_a_figure_of_the_comparison_jumps_to_its_moment(browser, pages):
    look(browser, pages, "comparison")
    button = browser.find_element(By.CSS_SELECTOR, "#metrics [data-time]")
    button.click()
    assert browser.execute_script("return report.time") == pytest.approx(float(button.get_attribute("data-time")))


def test_the_joint_that_differs_most_is_shown_first(browser, pages):
    look(browser, pages, "comparison")
    pressed = browser.execute_script(
        "return [...document.querySelectorAll('#joints [aria-pressed=true]')].map((b) => b.textContent)"
    )
    focus = browser.execute_script("return report.report.short[report.report.focus]")
    assert pressed == [focus]


# the sweep ------------------------------------------------------------------------------------------------------------


def test_charts_of_a_sweep_are_drawn(browser, pages):
    look(browser, pages, "sweep")
    for chart in ("#map canvas", "#parallel canvas", "#distributions canvas"):
        assert browser.execute_script(INKED, chart) > 0.005, chart


def test_another_metric_changes_charts_and_worst_runs(browser, pages):
    look(browser, pages, "sweep")
    script = "return document.querySelector('#map canvas').toDataURL()"
    before, rows = browser.execute_script(script), browser.find_element(By.ID, "worst").text
    Select(browser.find_element(By.ID, "metric")).select_by_value("time.total_s")
    assert browser.execute_script(script) != before
    assert browser.find_element(By.ID, "worst").text != rows
    browser.find_element(By.CSS_SELECTOR, "[data-metric='tracking.tcp_max_mm']").send_keys(Keys.ENTER)
    assert browser.execute_script("return sweep.state.metric") == "tracking.tcp_max_mm"


def test_dragging_along_an_axis_keeps_a_range(browser, pages):
    look(browser, pages, "sweep")
    chart = browser.find_element(By.CSS_SELECTOR, "#parallel canvas")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", chart)
    left = -chart.size["width"] // 2 + 60
    actions = ActionChains(browser).move_to_element_with_offset(chart, left, -chart.size["height"] // 4)
    actions.click_and_hold().move_by_offset(0, 60).release().perform()
    assert list(browser.execute_script("return [...sweep.brushes.keys()]")) == ["controller.wn"]
    assert "kept" in browser.find_element(By.ID, "kept").text


def test_the_worst_run_is_one_click_from_its_replay(browser, pages):
    look(browser, pages, "sweep")
    Select(browser.find_element(By.ID, "end")).select_by_value("largest")
    browser.execute_script("sweep.choose('tracking.tcp_max_mm')")
    links = browser.find_elements(By.CSS_SELECTOR, "#worst a")
    assert len(links) == 1
    links[0].click()
    wait(browser, "return Boolean(window.report && report.firstPicture)")
    assert browser.find_element(By.TAG_NAME, "h1").text == "small-move"


# tuning ---------------------------------------------------------------------------------------------------------------


def test_charts_of_a_tuning_are_drawn(browser, pages):
    look(browser, pages, "tuning")
    for chart in ("#convergence canvas", "#front canvas", "#response canvas", "#slices canvas"):
        assert browser.execute_script(INKED, chart) > 0.002, chart


def test_an_evaluation_is_chosen_by_keyboard_and_by_click(browser, pages):
    look(browser, pages, "tuning")
    slider = browser.find_element(By.ID, "evaluation")
    slider.send_keys(Keys.HOME)
    assert browser.find_element(By.ID, "evaluation-says").text.startswith("Evaluation 1: cost")
    chart = browser.find_element(By.CSS_SELECTOR, "#convergence canvas")
    ActionChains(browser).move_to_element(chart).click().perform()
    assert not browser.find_element(By.ID, "evaluation-says").text.startswith("Evaluation 1:")


def test_what_a_tuning_lacks_leaves_no_empty_card(browser, tmp_path):
    page = write_tuning(tmp_path / "t.html", study(front=[], response=None))
    browser.get(page.as_uri())
    wait(browser, "return Boolean(window.tuning)")
    assert not browser.find_elements(By.CSS_SELECTOR, "#front-card, #response-card")


def test_names_from_files_harm_nobody(browser, tmp_path):
    for page, ready in (
        (write_sweep(tmp_path / "s.html", table(6, **{"controller.type": [EVIL] * 6}), EVIL), "sweep"),
        (write_tuning(tmp_path / "t.html", study(name=EVIL, verdict=EVIL)), "tuning"),
    ):
        browser.get(page.as_uri())
        wait(browser, f"return Boolean(window.{ready})")
        assert EVIL in browser.title
        assert browser.execute_script("return document.querySelectorAll('script').length") <= 3
