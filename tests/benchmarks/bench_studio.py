"""The studio: what a change costs, and how long it takes until a real browser has drawn it."""

import tempfile
import time
from functools import cache
from time import process_time

from tests.benchmarks.harness import Line

MOVE = {
    "format": "robocalc/1",
    "name": "two-seconds",
    "robot": {"model": "panda"},
    "task": [{"do": "move", "name": "there", "to": {"offset": [0.1, 0.1, -0.1]}, "duration": 2.0}],
    "controller": {"type": "pd", "kp": [400, 600, 400, 400, 60, 60, 20], "kd": [20, 60, 40, 40, 2, 2, 0.3]},
    "disturbances": [{"type": "payload_error", "mass": 0.5}],
}
WORLD = [
    {"name": "floor", "shape": "plane", "position": [0, 0, -0.01]},
    {"name": "post", "shape": "box", "size": [0.1, 0.1, 0.6], "position": [0.6, -0.5, 0.3]},
]
PRESSES = 40


def changes(key, values, world=()):
    """Median CPU seconds of a change with all that the page is sent, in this process."""
    from sims import Scenario
    from sims.studio import Session

    session, spent = Session(Scenario.of(MOVE | {"world": list(world)})), []
    session.do({"do": "show"})
    for value in [*values, *values[::-1]] * 3:
        began = process_time()
        session.do({"do": "set", "changes": {key: value}})
        spent.append(process_time() - began)
    session.close()
    return sorted(spent)[len(spent) // 2] * 1e3, None


def gain(world=()):
    return changes("controller.kp", [[300.0 + k] * 7 for k in range(5)], world)


def replan(world=()):
    return changes("task.0.to.offset", [[0.1, 0.1 + 0.003 * k, -0.1] for k in range(9)], world)


@cache
def latencies():
    """[ms] each, sorted: from a key pressed on a slider to the drawn plot, as the page itself measures it."""
    from sims import Scenario
    from sims.studio.server import Studio
    from tests.sims import browser

    if not (browser.CHROMIUM and browser.DRIVER):
        raise ImportError(browser.MISSING)
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    with Studio(Scenario.of(MOVE), port=0) as studio, tempfile.TemporaryDirectory() as profile:
        driver = browser.start(profile)
        try:
            driver.set_window_size(1600, 1000)
            driver.get(studio.url)
            browser.wait(driver, "return Boolean(window.studio && studio.ready && report.firstPicture)")
            sliders = [
                driver.find_element(By.CSS_SELECTOR, f"[data-key='controller.{key}'] input[type=range]")
                for key in ("kp", "kd")
            ]
            for k in range(PRESSES):
                sliders[k % 2].send_keys(Keys.ARROW_RIGHT if k % 4 < 2 else Keys.ARROW_LEFT)
                time.sleep(0.1)
                browser.wait(driver, f"return studio.latencies.length > {k} && studio.queue.idle()")
            return sorted(driver.execute_script("return studio.latencies"))
        finally:
            driver.quit()


def percentile():
    found = latencies()
    return found[min(len(found) - 1, int(0.95 * len(found)))], None


LINES = [
    Line(
        "studio-gain",
        "a gain of a 2 s Panda move: run in the twin, measured, packed for the page",
        "own bound",
        "at_most",
        100.0,
        "ms CPU",
        gain,
    ),
    Line(
        "studio-replan",
        "a goal of that move: planned anew, checked against itself, run, measured, packed",
        "own bound",
        "at_most",
        100.0,
        "ms CPU",
        replan,
    ),
    Line(
        "studio-replan-world",
        "the same beside a post, clearance measured along plan and run",
        "own bound",
        "at_most",
        100.0,
        "ms CPU",
        lambda: replan(WORLD),
    ),
    Line(
        "studio-latency",
        "from a key on a slider to the drawn plot in Chromium, 95th percentile",
        "own bound",
        "at_most",
        300.0,
        "ms",
        percentile,
    ),
]
