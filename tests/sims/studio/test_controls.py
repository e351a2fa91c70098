"""Controls are made from the schema: setting one to what it shows changes nothing, and its ends are values it takes."""

import pytest

from robocalc.control import CONTROLLERS
from robocalc.errors import InvalidInput, ScenarioError
from sims import Scenario
from sims.cli.app import SCENARIOS, library
from sims.scenario.schema_effects import DISTURBANCES
from sims.scenario.schema_planner import PLANNERS
from sims.studio.controls import controls, keys
from sims.studio.session import Session
from tests.sims.studio.samples import move

LIBRARY = library(SCENARIOS)


def every(scenario):
    return [control for group in controls(scenario) for control in group["controls"]]


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_a_control_set_to_what_it_shows_changes_nothing(file):
    scenario = Scenario.load(file)
    shown = {c["key"]: c["value"] for c in every(scenario) if not c["key"].endswith(".type")}
    again = scenario.with_(shown)
    assert again.model_copy(update={"sim": scenario.sim}) == scenario
    assert again.sim.control_every == scenario.sim.control_every
    assert {"controller.type", "planner.type"} <= keys(controls(scenario))


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_the_ends_of_a_slider_enclose_its_value_and_keep_the_bounds_of_the_schema(file):
    scenario = Scenario.load(file)
    for control in every(scenario):
        if control["kind"] != "number":
            continue
        if not isinstance(control["value"], str | None):
            assert control["low"] <= control["value"] <= control["high"], control["key"]
        for end in (control["low"], control["high"]):
            assert not refusal(scenario, control["key"], end), (control["key"], end)


def refusal(scenario, key, value) -> str:
    """What the schema itself says of a value: nothing, where only the whole does not fit together."""
    try:
        scenario.with_({key: value})
    except ScenarioError as error:
        return "; ".join(p for p in error.problems if f"error: {key}:" in p and ("must be" in p or "should be" in p))
    return ""


def test_every_controller_planner_and_disturbance_of_the_registries_is_offered():
    groups = {group["title"]: group for group in controls(move())}
    assert groups["Controller"]["controls"][0]["choices"] == list(CONTROLLERS)
    assert groups["Planner"]["controls"][0]["choices"] == list(PLANNERS)
    assert groups["Add a disturbance"]["add"] == list(DISTURBANCES)


@pytest.mark.parametrize("tag", CONTROLLERS)
def test_a_controller_can_be_chosen_and_its_own_gains_come_back(tag):
    session = Session(move(world=[]))
    if made_for := getattr(CONTROLLERS[tag], "made_for", None):
        with pytest.raises(InvalidInput, match=made_for):
            session.do({"do": "set", "changes": {"controller.type": tag}})
        session.close()
        return
    first = session.scenario.controller
    assert session.do({"do": "set", "changes": {"controller.type": tag}})["verdict"] in ("accepted", "rejected")
    assert session.scenario.controller.type == tag
    session.do({"do": "set", "changes": {"controller.type": "pd"}})
    assert session.scenario.controller == first
    session.close()


@pytest.mark.parametrize("kind", DISTURBANCES)
def test_a_disturbance_can_be_added_and_removed(kind):
    session = Session(move(world=[], disturbances=[]))
    session.do({"do": "add", "kind": kind})
    with_it = ["drag", kind] if kind == "wind" else [kind]  # wind acts on what drag gives a face
    assert [item.type for item in session.scenario.disturbances] == with_it
    for number in reversed(range(len(with_it))):
        session.do({"do": "remove", "number": number})
    assert session.scenario == session.first
    session.close()
