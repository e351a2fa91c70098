"""The report page in a real browser: drawn, moved, clicked, on a phone, without a network.

Needs Chromium, its driver and selenium: `apt-get install chromium chromium-driver`, `pip install selenium`.
"""

import base64
import json

import numpy as np
import pytest

from robocalc.dynamics import load
from sims.report import report_data, write_page
from sims.report.bodies import body_poses
from sims.report.data import frame_rows
from tests.sims.browser import CHROMIUM, DRIVER, MISSING, show, start, wait
from tests.sims.report_sample import sample_log, sample_words

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
EVIL = "<script>document.title='caught'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def robot():
    return load("panda_gripper")


@pytest.fixture(scope="module")
def page(tmp_path_factory, robot):
    return write_page(tmp_path_factory.mktemp("page") / "report.html", report_data(**sample_words(robot, sample_log())))


@pytest.fixture
def opened(browser, page):
    show(browser, page)
    return browser


def now(browser):
    return browser.execute_script("return report.time")


def picture(browser):
    """(height, width, 4) uint8 of the 3D view, drawn in full as at rest, and read in the same task."""
    flat, width = browser.execute_script("""
        report.scene.motion(false);
        report.scene.draw();
        const gl = report.scene.renderer.getContext(), w = gl.drawingBufferWidth, h = gl.drawingBufferHeight;
        const pixels = new Uint8Array(4 * w * h);
        gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        let text = "";
        for (let i = 0; i < pixels.length; i += 8192) text += String.fromCharCode(...pixels.subarray(i, i + 8192));
        return [btoa(text), w];
    """)
    return np.frombuffer(base64.b64decode(flat), np.uint8).reshape(-1, width, 4)


def cursor(browser, panel):
    """x of a plot's cursor in the page [px]."""
    script = "return document.querySelector(`[data-panel='${arguments[0]}'] .cursor`).getBoundingClientRect().x"
    return browser.execute_script(script, panel)


def test_the_robot_is_drawn(opened):
    pixels = picture(opened)
    drawn = pixels[..., 3] > 200
    assert 0.1 < drawn.mean() < 0.95
    white = drawn & (pixels[..., :3].min(axis=2) > 150)
    assert white.mean() > 0.03  # the Panda is white, and large
    assert len(np.unique(pixels[::4, ::4].reshape(-1, 4), axis=0)) > 200


def test_plots_are_drawn(opened):
    dark = opened.execute_script("""
        const canvas = document.querySelector("[data-panel='position'] canvas");
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let count = 0;
        for (let i = 3; i < data.length; i += 4) if (data[i] > 100) count++;
        return count / (data.length / 4);
    """)
    assert dark > 0.02
    titles = [item.text for item in opened.find_elements(By.CSS_SELECTOR, "figcaption b")]
    assert "Joint position [rad]" in titles
    assert "Clearance [mm]" in titles


def test_the_slider_moves_robot_and_cursor(opened, robot):
    before, place = picture(opened), cursor(opened, "position")
    slider = opened.find_element(By.ID, "time")
    ActionChains(opened).move_to_element(slider).click().perform()  # its middle
    assert now(opened) == pytest.approx(6.0, abs=0.3)
    assert cursor(opened, "position") > place + 50
    assert (picture(opened) != before).mean() > 0.02
    assert_bodies_stand_right(opened, robot, now(opened))


def assert_bodies_stand_right(browser, robot, t):
    """The page's bodies against the kinematics, to a tenth of a millimetre where they are sampled."""
    log = sample_log()
    rows = frame_rows(log.t)
    k = int(np.argmin(np.abs(log.t[rows] - t)))
    browser.execute_script("report.seek(arguments[0])", float(log.t[rows][k]))
    shown = dict(browser.execute_script("return report.scene.bodies.map((b) => [b.name, b.group.position.toArray()])"))
    poses = body_poses(robot, log.q[rows][k : k + 1])[0]
    links = {body: link for link, body, *_ in reversed(robot.visuals())}
    for body in range(robot.n):
        assert shown[links[body]] == pytest.approx(poses[body, :3], abs=1e-4)
    assert shown["cube"] == pytest.approx(log.objects["cube"][rows][k, :3], abs=1e-4)


def test_playing_moves_time_and_stops_at_the_end(opened):
    opened.execute_script("report.seek(11.5)")
    opened.find_element(By.ID, "play").click()
    wait(opened, "return report.time === report.report.duration && !report.state.playing")
    assert now(opened) == pytest.approx(12.0)


def test_a_worst_value_jumps_to_its_moment(opened):
    opened.find_element(By.CSS_SELECTOR, "#acceptance tr.bad button").click()
    assert now(opened) == pytest.approx(9.42)
    assert opened.find_element(By.CSS_SELECTOR, "#steps [aria-current]").text == "place"
    assert "30.1" in opened.find_element(By.CSS_SELECTOR, "#acceptance tr.bad").text


def test_clicking_a_plot_goes_there_and_dragging_zooms(opened):
    plot = opened.find_element(By.CSS_SELECTOR, "[data-panel='position']")
    opened.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    ActionChains(opened).move_to_element(plot).click().perform()
    clicked = now(opened)
    assert 5.0 < clicked < 7.0
    assert cursor(opened, "position") == pytest.approx(
        plot.rect["x"] + plot.rect["width"] / 2 - opened.execute_script("return scrollX"), abs=2.5
    )
    ActionChains(opened).move_to_element(plot).click_and_hold().move_by_offset(80, 0).release().perform()
    assert now(opened) == clicked  # a drag is no click
    ActionChains(opened).move_to_element(plot).click().perform()
    assert clicked < now(opened) < 8.0  # the middle of the window lies later now


def test_joints_can_be_switched_off(opened):
    button = opened.find_element(By.CSS_SELECTOR, "#joints button")
    assert button.text == "joint1"
    script = "return document.querySelector(\"[data-panel='position'] canvas\").toDataURL()"
    before = opened.execute_script(script)
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert opened.execute_script(script) != before


def test_the_keyboard_is_enough(opened):
    body = opened.find_element(By.TAG_NAME, "body")
    body.send_keys(Keys.ARROW_RIGHT)
    assert now(opened) == pytest.approx(0.02, abs=1e-3)
    body.send_keys(Keys.SHIFT, Keys.ARROW_RIGHT)
    assert now(opened) == pytest.approx(1.02, abs=1e-3)
    body.send_keys(Keys.END)
    assert now(opened) == pytest.approx(12.0)
    body.send_keys(Keys.HOME)
    assert now(opened) == 0.0
    body.send_keys(Keys.SPACE)
    wait(opened, "return report.time > 0")
    body.send_keys(Keys.SPACE)
    assert not opened.execute_script("return report.state.playing")
    body.send_keys("4")
    assert opened.find_element(By.CSS_SELECTOR, "[data-camera='top']").get_attribute("aria-pressed") == "true"
    theme = opened.execute_script("return document.documentElement.dataset.theme")
    body.send_keys("d")
    assert opened.execute_script("return document.documentElement.dataset.theme") != theme
    body.send_keys("d")
    focused = set()
    for _ in range(12):
        opened.switch_to.active_element.send_keys(Keys.TAB)
        focused.add(opened.switch_to.active_element.get_attribute("id") or opened.switch_to.active_element.text)
    assert {"theme", "Front", "play"} <= focused


def test_every_camera_shows_the_robot(opened):
    for name in ("iso", "front", "side", "top", "tool"):
        opened.find_element(By.CSS_SELECTOR, f"[data-camera='{name}']").click()
        assert (picture(opened)[..., 3] > 200).mean() > 0.08, name


@pytest.mark.parametrize("width", [320, 390, 768])
def test_a_phone_scrolls_only_down(opened, width):
    opened.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        wait(opened, "return new Promise((done) => setTimeout(() => done(true), 200))")
        assert opened.execute_script("return document.documentElement.scrollWidth") <= width
        assert (
            opened.execute_script("return document.getElementById('scene').getBoundingClientRect().width")
            > 0.85 * width
        )
    finally:
        opened.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_is_asked_of_a_network_and_nothing_is_complained_of(browser, page):
    browser.get("about:blank")
    browser.get_log("performance")
    show(browser, page, "#t=5.2")
    assert now(browser) == pytest.approx(5.2)
    browser.execute_script("report.play(true)")
    wait(browser, "return report.time > 5.5")
    asked = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    urls = [m["params"]["request"]["url"] for m in asked if m["method"] == "Network.requestWillBeSent"]
    assert [url for url in urls if not url.startswith(("file:", "data:", "about:"))] == []
    assert [url for url in urls if url.startswith("file:")] == [page.as_uri() + "#t=5.2"] or len(urls) <= 2
    complaints = [
        entry["message"] for entry in browser.get_log("browser") if "GL Driver Message" not in entry["message"]
    ]
    assert complaints == []


def test_a_scenario_named_script_harms_nobody(browser, robot, tmp_path):
    words = sample_words(robot, sample_log(duration=1.0), name=EVIL, description=EVIL, steps=((EVIL, 0.0, 1.0),))
    show(browser, write_page(tmp_path / "evil.html", report_data(**words)))
    assert browser.title == f"{EVIL} · robocalc"
    assert browser.find_element(By.TAG_NAME, "h1").text == EVIL
    assert browser.execute_script("return document.querySelectorAll('script').length") == 4


def test_a_browser_without_webgl_still_shows_plots_and_tables(browser, page):
    source = "HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, {apply: "
    source += "(f, canvas, args) => args[0].startsWith('webgl') ? null : f.apply(canvas, args)});"
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
    try:
        browser.get("about:blank")
        browser.get(page.as_uri())
        wait(browser, "return Boolean(window.report)")
        assert "no 3D" in browser.find_element(By.ID, "problem").text
        browser.execute_script("report.seek(3)")
        assert browser.find_element(By.ID, "clock").text == "3.00 s"
        assert browser.find_elements(By.CSS_SELECTOR, "figure canvas")
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)
