"""What a page shows of one moment: contacts, the closest points; and what it shows where there is no motion."""

from types import SimpleNamespace

import numpy as np
import pytest

from robocalc.dynamics import load
from sims.log import Log
from sims.report import report_data
from sims.report.document import describe
from sims.report.gather import _touches, _witness
from sims.report.of_run import data_of
from sims.report.pack import Packer
from sims.report.page import page_text
from sims.run import run
from tests.sims.report.samples import move
from tests.sims.report_sample import sample_log, sample_words

WALL = {"name": "wall", "shape": "box", "size": [0.1, 1, 1], "position": [0.5, 0, 0.4]}
FAR = {"name": "far", "shape": "box", "size": [2, 0.2, 2], "position": [0.5, -0.5, 1]}
BLOCK = {"name": "block", "shape": "box", "size": [0.2, 0.2, 0.3], "position": [0.45, 0.0, 0.15]}
WORLD = [{"name": "floor", "shape": "plane"}, BLOCK]


def log_of(touches, times=(0.0, 0.1, 0.2)):
    joint = np.zeros((21, 10, 1))
    return Log(0.01, joint, np.array(times), touches=np.array(touches, float).reshape(-1, 5))


def test_a_frame_shows_the_contacts_that_were_seen_last():
    log = log_of([[0.1, 1, 2, 3, 5.0], [0.1, 4, 5, 6, 7.0], [0.2, 7, 8, 9, 1.0]])
    starts, points = _touches(log, np.array([0.0, 0.05, 0.1, 0.15, 0.2]))
    assert np.diff(starts).tolist() == [0, 0, 2, 2, 1]
    assert points[starts[3] : starts[4], 3].tolist() == [5.0, 7.0]
    assert points[starts[4], :3].tolist() == [7, 8, 9]


def test_no_contact_is_nothing_to_draw():
    assert _touches(log_of([]), np.zeros(1)) is None


def test_contact_points_carry_the_force_of_the_log():
    scenario = move(
        sim={"engine": "bullet"},
        world=[WALL | {"known_to_planner": False}],
        task=[{"do": "move", "to": {"offset": [0.12, 0, 0]}}],
        controller={"type": "computed_torque", "wn": 10, "zeta": 1},
    )
    log = run(scenario).log
    assert len(log.touches), "the Panda runs into the wall"
    assert log.touches[:, 1] == pytest.approx(0.45, abs=0.01)  # on its front
    for t, total in zip(log.t_objects, log.contacts, strict=True):
        assert log.touches[log.touches[:, 0] == t, 4].sum() == pytest.approx(total, rel=1e-12)


def test_closest_points_follow_the_frames():
    points = np.arange(18.0).reshape(3, 6)
    log = SimpleNamespace(witness=points, t_objects=np.array([0.0, 0.1, 0.2]))
    assert _witness(log, np.array([0.0, 0.09, 0.1, 0.3])).tolist() == points[[0, 0, 1, 2]].tolist()
    assert _witness(SimpleNamespace(t_objects=np.zeros(3)), np.zeros(2)) is None


def test_a_page_without_contacts_or_closest_points_is_whole():
    robot = load("panda_gripper")
    data = report_data(**sample_words(robot, sample_log(duration=0.5)))
    assert data.touches is None
    assert data.witness is None
    assert "Where the error comes from" not in page_text(data)


# no motion ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def unreachable(tmp_path_factory):
    steps = [
        {"do": "move", "name": "first", "to": {"offset": [0, 0, 0.1]}},
        {"do": "move", "name": "far", "to": {"pose": {"position": [2.0, 0, 0.5], "rpy_deg": [180, 0, 0]}}},
    ]
    return run(move(task=steps, world=WORLD), out=tmp_path_factory.mktemp("runs") / "far")


def test_a_plan_that_fails_gets_a_page_with_reasons(unreachable):
    assert unreachable.verdict == "infeasible"
    assert unreachable.warnings == ()
    text = (unreachable.folder / "report.html").read_text(encoding="utf-8")
    assert "Why there is no motion" in text
    assert "out of reach" in text
    assert "goal of far" in text
    assert '"markers":[{"name":"goal of far","pose":[2.0,0.0,0.5' in text
    assert "Infeasible" in text


def test_what_was_planned_before_is_replayed(unreachable):
    from sims.report.unsolved import unsolved_data

    data = unsolved_data(unreachable.scenario, unreachable.robot, unreachable.world, unreachable.plan)
    assert data.duration == pytest.approx(unreachable.plan.trajectory.duration)
    assert data.panel("position").values[-1] == pytest.approx(unreachable.plan.trajectory(data.duration))
    assert data.steps[0].name == "first"
    assert np.ptp(data.planned_path[:, 2]) == pytest.approx(0.1, abs=5e-3)


def test_a_goal_in_collision_is_shown_with_the_robot_in_it(tmp_path):
    inside = {"joints": [0.0, 0.35, 0.0, -2.2, 0.0, 2.5, 0.785]}
    made = run(move(task=[{"do": "move", "name": "in", "to": inside}], world=WORLD), out=tmp_path / "in")
    assert made.verdict == "infeasible"
    text = (made.folder / "report.html").read_text(encoding="utf-8")
    assert "block" in made.why
    assert '"ghost":true' in text


def test_the_closest_points_are_as_far_apart_as_the_clearance_says(tmp_path):
    from sims.record import read_run

    for engine in ("bullet", "twin"):
        log = read_run(run(move(sim={"engine": engine}, world=[FAR]), out=tmp_path / engine, plots=False).folder).log
        gap = np.linalg.norm(log.witness[:, 3:] - log.witness[:, :3], axis=1)
        assert gap == pytest.approx(log.clearance, abs=1e-5)
        assert log.witness[:, 4] == pytest.approx(-0.4, abs=2e-3), "on the face of the box"
        text = (tmp_path / engine / "report.html").read_text(encoding="utf-8")
        assert '"witness":{"at"' in text


def test_the_tool_path_of_each_robot_is_drawn():
    other = {"model": "iiwa", "base": {"position": [2, 0, 0]}}
    task = [{"do": "move", "name": "nod", "to": {"offset": [0, 0.1, 0]}}]
    controller = {"type": "computed_torque", "wn": 20}
    made = run(move(partners=[{"name": "other", "robot": other, "task": task, "controller": controller}]))
    data = data_of(made)
    document, _ = describe(data, Packer())
    assert list(document["paths"]) == ["planned", "executed", "planned/other", "executed/other"]
    ((name, planned, executed),) = data.other_paths
    member = made.robot.members[1]
    q = made.log.q[:, member.columns]
    assert name == "other"
    assert len(executed) == len(data.t_frames)
    np.testing.assert_allclose(executed[-1], member.robot.pose(q[-1])[:3, 3], atol=1e-12)
    np.testing.assert_allclose(planned[0], member.robot.pose(made.log.q_ref[0, member.columns])[:3, 3], atol=1e-12)
