"""The report of a 12 s Panda pick-and-place: its size, the CPU it takes to write, and how it runs in a browser."""

import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

from tests.benchmarks.harness import Line

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = """
import sys
from time import process_time
from robocalc.dynamics import load
from sims.report import report_data, write_page, write_plots
from tests.sims.report_sample import sample_log, sample_words
words = sample_words(load("panda_gripper"), sample_log(dt=0.001))
report_data(**words)  # kernels are loaded by the run before it
"""


def in_fresh_process(code):
    """The last number that a new Python prints."""
    done = subprocess.run([sys.executable, "-c", SAMPLE + code], cwd=ROOT, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


@cache
def sample_page():
    """Path of the page, written once."""
    path = Path(tempfile.mkdtemp()) / "report.html"
    in_fresh_process(f"write_page({str(path)!r}, report_data(**words)); print(0)")
    return path


def write_cpu():
    code = "began = process_time(); write_page('{}', report_data(**words)); print(process_time() - began)"
    with tempfile.TemporaryDirectory() as folder:
        return min(in_fresh_process(code.format(f"{folder}/report.html")) for _ in range(3)), None


def plots_cpu():
    code = "data = report_data(**words); began = process_time(); write_plots('{}', data); print(process_time() - began)"
    with tempfile.TemporaryDirectory() as folder:
        return min(in_fresh_process(code.format(folder)) for _ in range(3)), None


def size():
    return sample_page().stat().st_size / 1e6, None


@cache
def in_browser():
    """(first picture [s] from opening, pictures a second while playing) with software rendering."""
    from tests.sims import browser

    if not (browser.CHROMIUM and browser.DRIVER):
        raise ImportError(browser.MISSING)
    with tempfile.TemporaryDirectory() as profile:
        driver = browser.start(profile)
        try:
            first = []
            for _ in range(3):
                browser.show(driver, sample_page())
                first.append(driver.execute_script("return report.firstPicture") / 1e3)
            driver.execute_script("report.play(true)")
            time.sleep(1.5)  # the page finds out how fast this machine is
            count, began = driver.execute_script("return report.scene.pictures"), time.perf_counter()
            time.sleep(4)
            rate = (driver.execute_script("return report.scene.pictures") - count) / (time.perf_counter() - began)
        finally:
            driver.quit()
    return min(first), rate


BUDGET = """
from time import process_time
from sims.report import error_budget
from sims.run import run
from sims import Scenario
from sims.cli.app import SCENARIOS, library
scenario = Scenario.load(next(f for f in library(SCENARIOS) if f.stem == "panda_adversity"))
made = run(scenario)
began = process_time()
error_budget(scenario, made.plan, made.log)
print(process_time() - began)
"""
COMPARISON = """
import tempfile
from time import process_time
from sims.report import write_comparison
from sims.run import run
from tests.sims.report.samples import PAYLOAD, move
with tempfile.TemporaryDirectory() as folder:
    keep = {"plots": False, "report": False}
    made = [run(move(disturbances=d), out=f"{folder}/{i}", **keep) for i, d in enumerate(([], [PAYLOAD]))]
    began = process_time()
    page = write_comparison(f"{folder}/page.html", [one.folder for one in made])
    print(process_time() - began)
"""
SWEEP = """
from time import process_time
import numpy as np
from sims.report.sweep_page import sweep_text
from tests.sims.report.test_tables import table
more = {f"metric{i}": np.random.default_rng(i).standard_normal(100_000) for i in range(25)}
sweep = table(100_000, **more)
sweep.metrics = (*sweep.metrics, *more)
began = process_time()
sweep_text(sweep)
print(process_time() - began)
"""


def last_number(code):
    """Smallest of three new Pythons, which print one."""

    def measure():
        command = [sys.executable, "-c", code]
        done = [subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(3)]
        return min(float(one.stdout.split()[-1]) for one in done), None

    return measure


LINES = [
    Line("report-size", "report page of the 12 s Panda pick-and-place", "own bound", "at_most", 2.5, "MB", size),
    Line("report-write", "writing it, meshes read from files", "own bound", "at_most", 1.5, "s CPU", write_cpu),
    Line(
        "report-plots",
        "the default plots as PNG, matplotlib's import included",
        "own bound",
        "at_most",
        1.2,
        "s CPU",
        plots_cpu,
    ),
    Line(
        "report-first-picture",
        "from opening to the first 3D picture, software rendering",
        "own bound",
        "at_most",
        2.0,
        "s",
        lambda: (in_browser()[0], None),
    ),
    Line(
        "report-frames",
        "pictures a second while playing, software rendering",
        "own bound",
        "at_least",
        10.0,
        "1/s",
        lambda: (in_browser()[1], None),
    ),
    Line(
        "report-budget",
        "error budget of the Panda in adversity: 6 causes, 14 runs of the twin",
        "own bound",
        "at_most",
        0.5,
        "s CPU",
        last_number(BUDGET),
    ),
    Line(
        "report-comparison",
        "page that compares two Panda runs, from their folders",
        "own bound",
        "at_most",
        1.5,
        "s CPU",
        last_number(COMPARISON),
    ),
    Line(
        "report-sweep",
        "page of a sweep of 100,000 runs with 27 metrics",
        "own bound",
        "at_most",
        2.0,
        "s CPU",
        last_number(SWEEP),
    ),
]
