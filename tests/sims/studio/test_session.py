"""A session shows what `sims.run` computes, and what is undone is as it was."""

import numpy as np
import pytest

from robocalc.errors import RobocalcError, ScenarioError
from sims import Scenario, run
from sims.cli.app import SCENARIOS, library
from sims.studio.session import Session, in_twin, parse, plain_name, shown_in, slow
from tests.sims.studio.samples import SOFT, move


@pytest.fixture
def session(tmp_path):
    made = Session(move(), tmp_path)
    yield made
    made.close()


def change(session, **changes):
    return session.do({"do": "set", "changes": {key.replace("__", "."): value for key, value in changes.items()}})


def test_after_any_change_the_figures_are_those_of_a_run_from_nothing(session):
    for key, value in (
        ("controller.kp", SOFT),
        ("task.0.to.offset", [0.1, 0.15, -0.1]),
        ("world.0.position", [0.5, -0.4, 0.3]),
        ("robot.limits.velocity_scale", 0.9),
        ("disturbances.0.mass", 1.0),
    ):
        shown = session.do({"do": "set", "changes": {key: value}})
        fresh = run(in_twin(Scenario.of(session.scenario.to_dict())))
        kept = session.quick(in_twin(session.scenario))
        assert shown["verdict"] == fresh.verdict
        assert np.array_equal(kept.log.joint, fresh.log.joint)
        assert np.array_equal(kept.log.clearance, fresh.log.clearance)


def test_what_is_undone_is_as_it_was_and_can_be_done_again(session):
    before = session.do({"do": "show"})
    after = change(session, controller__kp=SOFT)
    assert after["arrays"] != before["arrays"]
    undone = session.do({"do": "undo"})
    assert undone["arrays"] == before["arrays"]
    assert undone["can"] == {"undo": False, "redo": True}
    assert session.do({"do": "redo"})["arrays"] == after["arrays"]
    assert session.do({"do": "reset"})["arrays"] == before["arrays"]


def test_the_way_of_one_slider_is_one_step_back(session):
    for gesture, kp in ((1, 300), (1, 301), (1, 302), (2, 500)):
        session.do({"do": "set", "changes": {"controller.kp": [kp] * 7}, "gesture": gesture})
    session.do({"do": "undo"})
    assert session.scenario.controller.kp == (302,) * 7
    session.do({"do": "undo"})
    assert session.scenario == session.first


def test_a_plan_that_fails_is_shown_with_its_reason_and_leads_back(session):
    shown = change(session, task__0__duration=0.01)
    assert shown["verdict"] == "infeasible"
    assert "takes at least" in shown["why"]
    assert "takes at least" in shown["tables"]["reasons"]
    assert change(session, task__0__duration=0.6)["verdict"] == "accepted"


@pytest.mark.parametrize(
    "message",
    [
        None,
        [],
        {},
        {"do": "nothing"},
        {"do": ["set"]},
        {"do": "set"},
        {"do": "set", "changes": []},
        {"do": "set", "changes": {"robot.file": "/etc/passwd"}},
        {"do": "set", "changes": {"controller.kp": "many"}},
        {"do": "set", "changes": {"controller.kp": [1, 2]}},
        {"do": "set", "changes": {"controller.kp": [[1] * 7]}},
        {"do": "set", "changes": {"controller.kp": -1}},
        {"do": "set", "changes": {"controller.kp": 1e400}},
        {"do": "set", "changes": {"controller.type": "magic"}},
        {"do": "set", "changes": {"controller.type": {"a": 1}}},
        {"do": "set", "changes": {"controller.kd": 3}, "gesture": "x"},
        {"do": "add", "kind": "flood"},
        {"do": "remove", "number": 7},
        {"do": "remove", "number": True},
        {"do": "remove"},
        {"do": "undo"},
        {"do": "use"},
        {"do": "stop"},
        {"do": "tune", "budget": 0},
        {"do": "tune", "budget": "all"},
        {"do": "save"},
        {"do": "save", "name": "../up.yaml"},
        {"do": "save", "name": "/etc/x.yaml"},
        {"do": "save", "name": "a\\b"},
        {"do": "save", "name": ".hidden"},
        {"do": "save", "name": "x" * 500},
    ],
    ids=lambda message: str(message)[:50],
)
def test_rubbish_is_one_sentence_and_changes_nothing(session, message):
    with pytest.raises(RobocalcError) as told:
        session.do(message)
    assert 10 < len(str(told.value)) < 3000
    assert session.scenario == session.first


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"do": NaN}', b"[" * 100_000, b'{"a": Infinity}'])
def test_what_is_no_message_is_refused(body):
    with pytest.raises(RobocalcError):
        parse(body)


def test_a_saved_scenario_is_loaded_equal_and_not_replaced_unasked(session, tmp_path):
    change(session, controller__kp=SOFT)
    assert session.do({"do": "save", "name": "soft"})["saved"] == "soft.yaml"
    assert Scenario.load(tmp_path / "soft.yaml") == session.scenario
    (tmp_path / "mine.yaml").write_text("mine")
    assert session.do({"do": "save", "name": "mine.yaml"}) == {"exists": "mine.yaml"}
    assert (tmp_path / "mine.yaml").read_text() == "mine"
    assert session.do({"do": "save", "name": "mine.yaml", "replace": True})["saved"] == "mine.yaml"


def test_names_stay_inside_of_the_folder():
    assert plain_name(" arm 2 ") == "arm 2.yaml"
    for name in ("a/b", "..", "~root", "con:", "", None, 3):
        with pytest.raises(RobocalcError):
            plain_name(name)


def test_handles_are_where_the_tool_comes_to(session):
    shown = session.do({"do": "show"})
    handles = {handle["key"]: handle for handle in shown["handles"]}
    made = run(in_twin(session.scenario))
    start = made.robot.pose(made.robot.home)[:3, 3]
    assert handles["task.0.to.offset"]["at"] == pytest.approx(np.add(start, [0.1, 0.1, -0.1]), abs=1e-6)
    assert handles["task.1.to.pose.position"]["at"] == [0.4, 0, 0.5]
    assert handles["world.0.position"]["body"] == "post"


def test_a_copy_goes_its_own_way(session):
    change(session, controller__kp=SOFT)
    other = session.copy()
    change(other, controller__kp=50.0)
    assert session.scenario.controller.kp == tuple(SOFT)
    other.do({"do": "undo"})
    assert other.scenario == session.scenario
    other.close()


def test_problems_of_a_scenario_are_raised_as_such(session):
    with pytest.raises(ScenarioError, match="duration"):
        change(session, task__0__duration=-1)


def test_things_that_move_freely_are_shown_with_contacts_the_rest_in_the_twin():
    ball = {"name": "ball", "shape": "sphere", "radius": 0.05, "mass": 0.1, "position": [0.5, 0.5, 0.05]}
    free = move(world=[{"name": "floor", "shape": "plane"}, ball])
    assert shown_in(free).sim.engine == "bullet"
    assert slow(shown_in(free))
    assert shown_in(move()).sim.engine == "twin"
    assert not slow(shown_in(move()))


def test_a_thing_on_a_hinge_stays_there_from_run_to_run():
    door = Scenario.load(next(file for file in library(SCENARIOS) if file.stem == "panda_opens_door"))
    session = Session(door)
    first, again = (session.quick(in_twin(door)).log.clearance for _ in range(2))
    assert np.array_equal(first, again)
    session.close()
