"""A headless Chromium for tests and measurements of pages."""

import os
import shutil
import time

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
MISSING = "no Chromium with chromedriver: apt-get install chromium chromium-driver"
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --enable-unsafe-swiftshader --disable-background-networking "
    "--disable-component-update --disable-sync --no-first-run --disable-dev-shm-usage --window-size=1280,860"
)
PATIENCE = 60  # [s]


def start(profile):
    """A driver with its profile in the folder `profile`; console and network are logged. Needs selenium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS.split(), f"--user-data-dir={profile}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER, log_output=os.devnull)
    return webdriver.Chrome(options=options, service=service)


def show(browser, page, fragment=""):
    """Open a report from nothing, until its first picture is drawn."""
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get(page.as_uri() + fragment)
    wait(browser, "return Boolean(window.report && report.firstPicture)")


def wait(browser, script):
    end = time.monotonic() + PATIENCE
    while not browser.execute_script(script):
        assert time.monotonic() < end, f"waited {PATIENCE} s in vain for: {script}"
        time.sleep(0.02)
