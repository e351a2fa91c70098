"""The studio in a real browser: sliders clicked, balls dragged, PyBullet and tuning beside, on a phone, for axe-core.

Needs Chromium, its driver and selenium: `apt-get install chromium chromium-driver`, `pip install selenium`.
"""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from sims import Scenario
from sims.studio.server import Studio
from tests.sims.browser import CHROMIUM, DRIVER, MISSING, start, wait
from tests.sims.report.axe import serious
from tests.sims.studio.samples import MOVE, move

pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason=MISSING)
ROOT = Path(__file__).resolve().parents[3]
READY = "return Boolean(window.studio && studio.ready && report.firstPicture)"
IDLE = "return studio.queue.idle()"
ERROR = "return report.report.panels.find((p) => p.key === 'error').values.columns"
INK = "return document.querySelector(\"[data-panel='error'] canvas\").toDataURL()"
STEP_BACK = """
const { camera, controls } = report.scene.world;
report.scene.touched = true;
camera.position.sub(controls.target).multiplyScalar(2).add(controls.target);
controls.update();
"""
EVIL = "<script>document.title='caught'</script>"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    scenario = move(name=EVIL, description=EVIL)
    with Studio(scenario, port=0, folder=tmp_path_factory.mktemp("saved"), name="mine.yaml") as served:
        yield served


@pytest.fixture
def page(browser, studio):
    return show(browser, studio.url)


def show(browser, url):
    """The studio as first opened."""
    browser.set_window_size(1600, 1000)
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(url)
    browser.execute_script("sessionStorage.clear()")
    browser.refresh()
    wait(browser, READY)
    return browser


def control(browser, key, kind="input[type=range]"):
    found = browser.find_element(By.CSS_SELECTOR, f"[data-key='{key}'] {kind}")
    browser.execute_script(
        "for (let e = arguments[0]; e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true;"
        "arguments[0].scrollIntoView({block: 'center'})",
        found,
    )
    return found


def patient(browser, script):
    """As `wait`, for workers that may have kernels to compile."""
    end = time.monotonic() + 400
    while not browser.execute_script(script):
        assert time.monotonic() < end, browser.find_element(By.ID, "job-what").text
        time.sleep(0.1)


def settled(browser, answers):
    wait(browser, f"return studio.answers > {answers} && studio.queue.idle()")


def answers(browser):
    return browser.execute_script("return studio.answers")


def state(browser, words):
    return browser.execute_script(f"return studio.state.{words}")


def shown(browser, key):
    script = "return studio.state.controls.flatMap((g) => g.controls).find((c) => c.key === arguments[0]).value"
    return browser.execute_script(script, key)


def test_a_click_on_a_gain_changes_the_plotted_error(page):
    before, ink, n = page.execute_script(ERROR), page.execute_script(INK), answers(page)
    gain = control(page, "controller.kp")
    ActionChains(page).move_to_element_with_offset(gain, -gain.size["width"] // 4, 0).click().perform()
    settled(page, n)
    assert shown(page, "controller.kp")[0] < 200
    after = page.execute_script(ERROR)
    assert np.abs(after).max() > 1.5 * np.abs(before).max()
    assert page.execute_script(INK) != ink
    assert page.execute_script("return studio.latencies.length") >= 1
    n = answers(page)
    page.find_element(By.ID, "undo").click()
    settled(page, n)
    assert page.execute_script(ERROR) == before
    assert not page.find_element(By.ID, "undo").is_enabled()
    assert page.execute_script("return document.title") == f"{EVIL} · robocalc studio"
    assert [e for e in page.get_log("browser") if "GL Driver" not in e["message"]] == []


def test_arrow_keys_move_a_slider_and_ctrl_z_takes_it_back(page):
    n, t = answers(page), page.execute_script("return report.time")
    control(page, "controller.kd").send_keys(Keys.ARROW_RIGHT)
    settled(page, n)
    assert shown(page, "controller.kd")[0] > 20
    assert page.execute_script("return report.time") == t
    n = answers(page)
    ActionChains(page).key_down(Keys.CONTROL).send_keys("z").key_up(Keys.CONTROL).perform()
    settled(page, n)
    assert shown(page, "controller.kd")[0] == 20


def test_a_number_that_makes_no_sense_is_refused_in_words_and_put_back(page):
    n = answers(page)
    exact = control(page, "task.0.duration", "input[type=number]")
    exact.clear()
    exact.send_keys("-3", Keys.ENTER)
    settled(page, n)
    assert "must be above 0" in page.find_element(By.ID, "message").text
    assert shown(page, "task.0.duration") == 0.6


def test_another_controller_and_one_more_disturbance_bring_their_own_sliders(page):
    n = answers(page)
    Select(control(page, "controller.type", "select")).select_by_visible_text("computed torque")
    settled(page, n)
    assert control(page, "controller.wn").is_displayed()
    n = answers(page)
    add = page.find_element(By.XPATH, "//button[text()='+ push']")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", add)
    add.click()
    settled(page, n)
    assert control(page, "disturbances.1.force").is_displayed()
    assert len(page.execute_script("return report.report.disturbances")) == 1


@pytest.mark.parametrize("key", ["task.1.to.pose.position", "task.0.to.offset"])
def test_a_waypoint_is_dragged_in_3d_and_the_tool_goes_there(page, key):
    before, n = state(page, "handles"), answers(page)
    where = page.execute_script("return studio.handles.where(arguments[0])", key)
    drag(page, where, 40, -10)
    settled(page, n)
    old = next(h for h in before if h["key"] == key)
    new = next(h for h in state(page, "handles") if h["key"] == key)
    moved = np.subtract(new["at"], old["at"])
    assert np.linalg.norm(moved[:2]) > 0.01
    assert abs(moved[2]) < 1e-6  # along the floor
    assert np.subtract(new["value"], old["value"]) == pytest.approx(moved, abs=2e-4)
    path = np.array(page.execute_script("return report.report.paths.planned.columns")).T
    assert np.linalg.norm(path - new["at"], axis=1).min() < 0.01


def drag(browser, where, dx, dy):
    canvas = browser.find_element(By.ID, "scene")
    browser.execute_script("scrollTo(0, 0)")
    x, y = round(where["x"] - canvas.size["width"] / 2), round(where["y"] - canvas.size["height"] / 2)
    steps = ActionChains(browser).move_to_element_with_offset(canvas, x, y).click_and_hold()
    for _ in range(4):
        steps = steps.move_by_offset(dx // 4, dy // 4)
    steps.release().perform()


def test_a_thing_is_dragged_in_3d(page):
    page.execute_script(STEP_BACK)
    where = page.execute_script("return studio.handles.where('world.0.position')")
    n = answers(page)
    drag(page, where, 24, 12)
    settled(page, n)
    new = shown(page, "world.0.position")
    assert np.hypot(new[0] - 0.6, new[1] + 0.5) > 0.01
    assert new[2] == pytest.approx(0.3)
    place = "return report.scene.bodies.find((b) => b.name === 'post').group.position.toArray()"
    assert page.execute_script(place) == pytest.approx(new, abs=1e-3)


def test_pybullet_agrees_and_its_run_is_shown(page):
    page.find_element(By.ID, "verify").click()
    patient(page, "return !document.getElementById('job-found').hidden")
    assert "PyBullet" in page.find_element(By.CSS_SELECTOR, "#job-found th:last-child").text
    said = page.find_element(By.ID, "job-what").text
    apart = float(re.search(r"at most (\S+) apart", said)[1].replace("−", "-"))
    assert apart < 1e-9
    assert page.find_element(By.ID, "verify").is_enabled()


def test_tuning_reports_as_it_goes_and_its_gains_can_be_used_and_undone(page, studio):
    client = studio.client(page.execute_script("return studio.client"))
    client.session.do({"do": "tune", "budget": 6})
    patient(page, "return document.getElementById('job-share').value > 0")
    patient(page, "return !document.getElementById('use').hidden")
    assert "controller.kp" in page.find_element(By.ID, "job-found").text
    n, before = answers(page), np.abs(page.execute_script(ERROR)).max()
    page.find_element(By.ID, "use").click()
    settled(page, n)
    assert shown(page, "controller.kp") != MOVE["controller"]["kp"]
    assert np.abs(page.execute_script(ERROR)).max() < before
    assert page.find_element(By.ID, "undo").is_enabled()


def test_a_scenario_is_saved_where_the_command_said(page, studio):
    n = answers(page)
    page.find_element(By.ID, "save").click()
    settled(page, n)
    assert "Saved mine.yaml" in page.find_element(By.ID, "message").text
    assert Scenario.load(studio.folder / "mine.yaml") == studio.scenario


def test_axe_finds_nothing_serious(page):
    assert serious(page) == []


def test_a_phone_shows_all_without_scrolling_sideways(page):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 2, "mobile": True}
    )
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def command(tmp_path, *more):
    """The command as typed, once it says its address: (process, address)."""
    scenario = Scenario.of(MOVE | {"world": []})
    scenario.save(tmp_path / "move.yaml")
    typed = [sys.executable, "-m", "sims.cli", "studio", str(tmp_path / "move.yaml"), "--no-open", *more]
    process = subprocess.Popen(typed, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)  # fmt: skip
    said = []
    for line in process.stdout:
        said.append(line)
        if "http://" in line:
            return process, line.split()[1]
    raise AssertionError(f"the studio said no address, but {said}")


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(text) for text in found.stdout.split()]


@pytest.mark.skipif(os.name == "nt", reason="ps and signals")
@pytest.mark.parametrize("how", ["page closed", "ctrl-c", "killed"])
def test_nothing_is_left_when_the_page_or_the_command_ends(browser, tmp_path, how):
    process, url = command(tmp_path, "--port", "0")
    try:
        browser.get(url)
        wait(browser, READY)
        browser.find_element(By.ID, "tune").click()
        wait(browser, "return !document.getElementById('job').hidden")
        ends_with(lambda: children(process.pid))
        workers = children(process.pid)
        if how == "page closed":
            browser.get("about:blank")
        else:
            process.send_signal(signal.SIGINT if how == "ctrl-c" else signal.SIGKILL)
        assert process.wait(30) == (0 if how != "killed" else -signal.SIGKILL)
        ends_with(lambda: not any(alive(pid) for pid in workers))
    finally:
        process.kill()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def ends_with(truth):
    end = time.monotonic() + 30
    while not truth():
        assert time.monotonic() < end
        time.sleep(0.05)
