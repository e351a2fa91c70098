"""Things show themselves in notebooks: well-formed HTML that asks for nothing, with what they are made of in it."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

import robocalc as rc
from robocalc.optimize import Plan, Status, Violation
from robocalc.trajectory import show
from sims import Scenario, notebook, run, sweep

LIMITS = Path(__file__).resolve().parent.parent / "scenarios" / "adversity" / "two_link_limits.yaml"
VOID = {"br", "img", "meta", "link", "hr", "rect", "circle", "polyline"}


class Balanced(HTMLParser):
    """Fails unless every tag is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags = [], []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def motion():
    return rc.trajectory.minimum_jerk(np.array([[0.0, 0.0], [1.0, -2.0]]), duration=2.0)


def points_of(svg, line=0):
    """(N, 2) pixels of a polyline."""
    return np.array([p.split(",") for p in re.findall(r'points="([^"]*)"', svg)[line].split()], float)


def test_a_line_is_drawn_where_its_values_are():
    svg = show.curves([0.0, 1.0, 2.0], [0.0, 4.0, 2.0], "x")
    x, y = points_of(svg).T
    assert x == pytest.approx([x[0], (x[0] + x[2]) / 2, x[2]])
    assert (y - y[0]) / (y[1] - y[0]) == pytest.approx([0.0, 1.0, 0.5])
    assert y[1] < y[2] < y[0]  # up is more


def test_no_peak_of_a_long_line_is_lost():
    y = np.zeros(100_000)
    y[54_321] = 1.0
    pixels = points_of(show.curves(np.arange(100_000.0), y, "spike"))
    assert len(pixels) <= 2 * show.POINTS
    assert pixels[:, 1].min() == pytest.approx(show.TOP)


def test_gaps_and_constants_are_drawn():
    Balanced(show.curves([0, 1, 2, 3, 4], [[1, np.nan]] * 2 + [[np.nan] * 2] + [[1, np.nan]] * 2, "gap"))
    Balanced(show.curves([0.0], [np.nan], "nothing"))


def test_trajectory_shows_itself_up_to_jerk(motion):
    shown = Balanced(motion._repr_html_())
    assert [attrs["aria-label"].split(" ")[0] for tag, attrs in shown.tags if tag == "svg"] == [
        "position", "velocity", "acceleration", "jerk"]  # fmt: skip
    assert "1.875" in motion._repr_html_()  # the largest speed of a quintic move of 2 in 2 s: 15/8


def test_plan_shows_itself_solved_or_not(motion):
    Balanced(Plan(motion, cost=2.5, notes=("two <starts>",))._repr_html_())
    failed = Plan(None, Status.INFEASIBLE, (Violation("speed of <joint>", 0.5, "rad/s", 1.0),))._repr_html_()
    Balanced(failed)
    assert "speed of &lt;joint&gt; exceeded by 0.5 rad/s" in failed


def test_run_shows_itself_with_its_replay(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scenario = Scenario.load(LIMITS).with_(name="<script>alert(1)</script>")
    result = run(scenario, engine="twin", out="runs/one", plots=False)
    shown = Balanced(result._repr_html_())
    frames = [attrs["src"] for tag, attrs in shown.tags if tag == "iframe"]
    assert frames == ["runs/one/report.html"]
    assert "script" not in {tag for tag, _ in shown.tags}
    assert result.verdict in result._repr_html_()
    assert "iframe" not in notebook.run(run(scenario, engine="twin"))


def test_infeasible_run_says_why():
    scenario = Scenario.load(LIMITS).with_({"task": [{"do": "move", "to": {"joints": [1, 0]}, "duration": 0.05}]})
    text = run(scenario, engine="twin")._repr_html_()
    Balanced(text)
    assert "infeasible" in text
    assert "0.05 s given" in text


def test_table_draws_what_differs_over_what_varies():
    table = sweep(Scenario.load(LIMITS), {"sensors.latency": [0.0, 0.004]}, engine="twin", workers=1)
    shown = Balanced(table._repr_html_())
    labels = [attrs["aria-label"] for tag, attrs in shown.tags if tag == "svg"]
    assert any("tracking" in label for label in labels)
    assert "time.total_s" not in labels  # the same in both


def test_study_draws_its_convergence():
    class Entry:
        def __init__(self, cost, best):
            self.cost, self.best = cost, best

    class Found:
        history = (Entry(3.0, 3.0), Entry(1e6, 3.0), Entry(1.0, 1.0))

    svg = notebook.study(Found)
    Balanced(svg)
    assert svg.count("<polyline") >= 2


def test_showing_loads_no_plotting_library():
    code = (
        "import sys, numpy, robocalc as rc; "
        "rc.trajectory.minimum_jerk(numpy.eye(2), duration=1.0)._repr_html_(); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0
