"""The gallery tells what each scenario is held to, and what its last check said."""

import io
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from sims.batch import write_junit
from sims.batch.regression import Case
from sims.report.gallery import gallery, portrait, verdicts
from sims.scenario import Scenario

TEXT = """format: robocalc/1
name: turn
description: It turns < 1 rad.
tags: [turning]
sim: {engine: twin}
robot: {model: two_link}
task: [{do: move, to: {joints: [0.5, 0]}}]
controller: {type: pd, kp: 100, kd: 10}
accept: {tracking.joint_rms_deg: {max: 5}, time.total_s: {min: 0.1, max: 9}}
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "turn.yaml").write_text(TEXT, encoding="utf-8")
    return tmp_path


def test_bounds_are_always_shown_and_verdicts_where_they_are_known(folder):
    page = gallery(folder).markdown
    assert "It turns &lt; 1 rad." in page
    assert "<summary>2 bounds</summary>" in page
    assert "<li>time.total_s ≥ 0.1, ≤ 9</li>" in page
    assert "accepted" not in page
    assert "After `make library`" in page
    case = Case(folder / "theme" / "turn.yaml", "turn", "rejected", "time.total_s = 10 s, wanted < 9")
    write_junit(folder / "out.xml", [case, Case(Path("scenarios/theme/other.yaml"), "x", "accepted")])
    known = verdicts(folder / "out.xml")
    assert known == {("theme", "turn"): ("rejected", case.why), ("theme", "other"): ("accepted", "")}
    page = gallery(folder, known).markdown
    assert "make library" not in page
    assert '<span class="bad">rejected</span> time.total_s = 10 s, wanted &lt; 9' in page
    page = gallery(folder, {("theme", "turn"): ("accepted", "")}).markdown
    assert '<span class="good">accepted</span>' in page


def test_without_a_check_that_can_be_read_there_are_no_verdicts(tmp_path):
    assert verdicts(tmp_path / "none.xml") == {}
    (tmp_path / "cut.xml").write_text("<testsuites><tests")
    assert verdicts(tmp_path / "cut.xml") == {}


def test_what_falls_is_in_the_picture_however_far_from_the_robot():
    world = [{"name": "ball", "shape": "sphere", "radius": 0.5, "mass": 1, "position": [9, 0, 2], "color": "#ff0000"}]
    seen = []
    for mass in (1, 0):
        world[0]["mass"] = mass
        image = Image.open(io.BytesIO(portrait(Scenario.of(yaml.safe_load(TEXT) | {"world": world})))).convert("RGB")
        red, green, blue = np.moveaxis(np.asarray(image, int), 2, 0)
        seen.append(np.count_nonzero((red > 120) & (green < 30) & (blue < 30)))
    assert seen[0] > 50
    assert seen[1] == 0
