# ruff: noqa: E501  tables of values read best a few a line
"""Scenarios as values: what a file means, that it survives saving, and what Python can do with it."""

import copy
import math
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from robocalc.control import CONTROLLERS
from robocalc.errors import ScenarioError
from sims.scenario import METRIC_NAMES, Scenario
from sims.scenario.metric_names import metric_names
from sims.scenario.schema_task import STEPS
from sims.scenario.schema_world import MOTIONS, SHAPES
from sims.scenario.starter import json_schema, starter
from sims.scenario.units import UNITS, si
from sims.scenario.yaml_file import parse, scalar

ROOT = Path(__file__).resolve().parent.parent.parent
BUILT_IN = sorted(p for p in (ROOT / "scenarios").rglob("*.yaml") if p.parent.name != "studies")

HERE = Path(__file__).parent
GOOD = (HERE / "test_scenario_good.yaml").read_text(encoding="utf-8")
EXAMPLE = (HERE / "test_scenario_example.yaml").read_text(encoding="utf-8")  # every kind of part once


@pytest.fixture
def good(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    return Scenario.load(tmp_path / "good.yaml")


def of_text(text, **changes):
    return Scenario.of({**parse(text).data, **changes})


# units and numbers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dimension", "text", "wanted"),
    [
        ("time", "1 ms", 0.001), ("time", "100ms", 0.1), ("time", " 2.5 s ", 2.5), ("time", "3 min", 180.0), ("time", "1e-3", 0.001),
        ("frequency", "500 Hz", 500.0), ("frequency", "1 kHz", 1000.0), ("length", "20 mm", 0.02), ("length", "-3 cm", -0.03),
        ("mass", "250 g", 0.25), ("force", "20 N", 20.0), ("angle", "180 deg", math.pi), ("degrees", "45 deg", 45.0),
        ("joint position", "90 deg", math.pi / 2), ("joint position", "4 cm", 0.04), ("joint torque", "87 N m", 87.0),
        ("joint velocity", "180 deg/s", math.pi), ("number", "5 %", 0.05), ("number", "1e3", 1000.0),
    ],
)  # fmt: skip
def test_units_are_converted_to_si(dimension, text, wanted):
    assert si(dimension, text) == wanted


@given(st.decimals(min_value="0.001", max_value="99999", places=3))
def test_decimal_prefixes_are_exact(number):
    assert si("time", f"{number} ms") == float(number.scaleb(-3))
    assert si("length", f"{number} um") == float(number.scaleb(-6))


@pytest.mark.parametrize("dimension", UNITS)
def test_the_first_unit_is_si(dimension):
    first = next(iter(UNITS[dimension]))
    assert UNITS[dimension][first] in (0, -2)  # a plain number has % only
    assert si(dimension, 1.5) == 1.5


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001), ("5e2", 500.0), (".5", 0.5), ("-1.", -1.0), ("12", 12), ("on", "on"), ("yes", "yes"), ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"), ("'010'", "010"), ("~", None), ("True", True), ("0x1F", "0x1F"), ("1_000", "1_000"),
        ("[1, 2]", [1, 2]), ("{a: 1}", {"a": 1}), ("1 ms", "1 ms"), ("a: b: c", "a: b: c"), ("", None),
    ],
)  # fmt: skip
def test_plain_scalars_are_read_as_in_yaml_1_2(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_words_that_yaml_1_1_takes_for_booleans_are_names():
    scenario = of_text(GOOD.replace("name: reach", "name: on").replace("name: there", "name: no"))
    assert (scenario.name, scenario.task[0].name) == ("on", "no")


def test_anchors_and_merge_keys_work(tmp_path):
    text = GOOD.replace("{do: wait, duration: 0.5 s}", "&w {do: wait, duration: 0.5 s}\n  - {<<: *w, duration: 1 s}")
    (tmp_path / "x.yaml").write_text(text)
    assert [step.duration for step in Scenario.load(tmp_path / "x.yaml").task[1:]] == [0.5, 1.0]


# the format -----------------------------------------------------------------------------------------------------------


def test_the_example_of_the_design_is_a_scenario():
    scenario = of_text(EXAMPLE)
    assert scenario.sim.timestep == 0.001
    assert scenario.sim.control_every == 2
    assert scenario.task[3].via[1].pass_through is True
    assert scenario.task[3].avoid.clearance == 0.02
    assert scenario.task[-1].to.named == "home"
    assert scenario.disturbances[0].duration == 0.1
    assert scenario.controller.design() == CONTROLLERS["pd"](scenario.controller.kp, scenario.controller.kd)


def test_an_arm_that_grasps_gets_its_fingers():
    scenario = of_text(EXAMPLE)
    assert scenario.robot.model == "panda_gripper"
    assert scenario.robot.home[7:] == (0.04, 0.04)  # open
    assert len(scenario.controller.kp) == len(scenario.robot.limits.acceleration) == 9
    assert len(scenario.task[3].via[0].joints) == 9
    assert scenario.with_() == scenario


@pytest.mark.parametrize("path", BUILT_IN, ids=lambda path: path.stem)
def test_built_in_scenarios_are_right_and_survive_saving(path, tmp_path):
    scenario = Scenario.load(path)
    scenario.save(tmp_path / "again.yaml")
    again = Scenario.load(tmp_path / "again.yaml")
    assert again == scenario
    assert again.digest == scenario.digest
    assert again.to_yaml() == scenario.to_yaml()


@pytest.mark.parametrize("tag", CONTROLLERS)
def test_every_controller_of_the_registry_is_in_the_format(tag):
    controller = {"type": tag, "kp": 100, "ki": 10, "kd": 5}
    design = CONTROLLERS[tag]
    known = set(design.__dataclass_fields__)
    controller = {key: value for key, value in controller.items() if key == "type" or key in known}
    scenario = of_text(GOOD, controller=controller)
    assert isinstance(scenario.controller.design(), design)
    assert set(scenario.controller.gains()) == known


@given(st.randoms(use_true_random=False), st.integers(0, 2**63 - 1), st.text(min_size=1, max_size=40))
def test_saved_text_reads_back_to_the_same_bits(rng, seed, name):
    if any(0xD800 <= ord(c) < 0xE000 for c in name):
        name = "surrogates cannot be written"
    kp = [math.ldexp(rng.random(), rng.randint(-40, 30)) for _ in range(7)]
    scenario = of_text(GOOD, name=name, seed=seed, controller={"type": "pd", "kp": kp, "kd": 1e-5})
    assert Scenario.of(parse(scenario.to_yaml()).data) == scenario
    assert scenario.controller.kp == tuple(kp)


def test_saved_text_is_yaml_to_others_as_well(good):
    assert yaml.safe_load(good.to_yaml()) == good.to_dict()


def test_saving_where_nothing_can_be_written_is_one_sentence(good, tmp_path):
    with pytest.raises(Exception, match="cannot be written: No such file or directory") as caught:
        good.save(tmp_path / "no" / "folder.yaml")
    assert caught.value.exit_code == 2


def test_files_are_relative_to_the_scenario_and_absolute_afterwards(tmp_path):
    (tmp_path / "m.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    text = GOOD.replace("shape: cylinder, radius: 0.03, length: 0.6", "shape: mesh, file: m.obj")
    (tmp_path / "x.yaml").write_text(text)
    scenario = Scenario.load(tmp_path / "x.yaml")
    assert Path(scenario.world[1].file) == tmp_path / "m.obj"
    (tmp_path / "elsewhere").mkdir()
    scenario.save(tmp_path / "elsewhere" / "y.yaml")
    assert Scenario.load(tmp_path / "elsewhere" / "y.yaml") == scenario


# values ---------------------------------------------------------------------------------------------------------------


def test_scenarios_are_frozen(good):
    with pytest.raises(ValidationError, match="frozen"):
        good.seed = 4


def test_copies_with_other_values(good):
    other = good.with_({"controller.kp": 300, "world.post.radius": "4 cm"}, seed=9)
    assert (other.controller.kp, other.world[1].radius, other.seed) == (300.0, 0.04, 9)
    assert (good.controller.kp, good.world[1].radius, good.seed) == (600.0, 0.03, 3)
    assert good.with_() == good
    assert good.with_({"controller": {"type": "computed_torque", "wn": 20}}).controller.wn == 20.0
    assert good.with_({"controller.kp": np.arange(1.0, 8.0)}).controller.kp == tuple(range(1, 8))
    assert good.with_({"accept.tracking.tcp_max_mm.max": 3}).accept["tracking.tcp_max_mm"].max == 3.0
    assert good.with_({"task.there.duration": np.float64(3)}).task[0].duration == 3.0


def test_a_copy_with_wrong_values_names_them(good):
    with pytest.raises(ScenarioError) as caught:
        good.with_({"controller.kp": math.nan, "nonsense": 1})
    assert [line.partition(": ")[0] for line in caught.value.problems] == ["controller.kp=nan", "nonsense=1"]


def test_the_digest_knows_content_and_nothing_else(good, tmp_path):
    assert good.digest == of_text(GOOD).digest
    assert len({good.digest, good.with_(seed=4).digest, good.with_({"controller.kp": 600.0000000000001}).digest}) == 3
    assert of_text(GOOD.replace("1 ms", "0.001").replace("500 Hz", "5e2")).digest == good.digest


def test_digests_follow_the_content_of_files(tmp_path):
    for name, corner in (("a", 1), ("b", 1), ("c", 2)):
        (tmp_path / f"{name}.obj").write_text(f"v 0 0 0\nv {corner} 0 0\nv 0 1 0\nf 1 2 3\n")
    text = GOOD.replace("shape: cylinder, radius: 0.03, length: 0.6", f"shape: mesh, file: {tmp_path}/X.obj")
    a, b, c = (of_text(text.replace("X.obj", f"{name}.obj")).digest for name in "abc")
    assert a == b
    assert a != c


def test_scenarios_are_pickled_and_copied(good):
    assert pickle.loads(pickle.dumps(good)) == good
    assert copy.deepcopy(good) == good


def test_scenarios_from_plain_data(good):
    assert Scenario.of(good.to_dict()) == good
    with pytest.raises(ScenarioError, match="a scenario is a mapping of keys"):
        Scenario.of([1, 2])
    with pytest.raises(ScenarioError, match=r"scenario: error: robot: missing"):
        Scenario.of({"format": "robocalc/1", "name": "x", "task": [{"do": "wait", "duration": 1}]})


def told(path):
    """What a file is refused with; nothing when it is right."""
    try:
        Scenario.load(path)
    except ScenarioError as error:
        return error.problems
    return ()


def test_any_damage_to_a_file_is_told_or_harmless(tmp_path):
    """Cut, doubled or exchanged characters never end in anything but a Scenario or a ScenarioError."""
    rng = random.Random(0)
    path = tmp_path / "x.yaml"
    for _ in range(300):
        text = EXAMPLE
        for _ in range(rng.randint(1, 4)):
            i = rng.randrange(len(text))
            text = (
                text[:i]
                + rng.choice(["", " ", "\n", ":", "-", "[", "}", "9", "x", "\t", "'", "&a ", "*a", "!t "])
                + text[i + rng.randint(0, 3) :]
            )
        path.write_text(text)
        lines = told(path)
        assert all(str(path) in line and "error: " in line and "\n" not in line for line in lines)


# schema, starter, metrics ---------------------------------------------------------------------------------------------


def _keys(node):
    """All keys of plain data."""
    if isinstance(node, dict):
        return set(node).union(*map(_keys, node.values()))
    return set().union(*map(_keys, node)) if isinstance(node, list) else set()


def test_the_json_schema_has_every_key_of_the_example_and_of_every_registry():
    schema = json_schema()
    properties = set().union(*(part.get("properties", {}) for part in [schema, *schema["$defs"].values()]))
    named = {key for key in parse(EXAMPLE).data["accept"]}
    assert _keys(parse(EXAMPLE).data) - named <= properties
    text = str(schema)
    for tag in (*CONTROLLERS, *STEPS, *SHAPES, *MOTIONS):
        assert f"'{tag}'" in text
    assert all(part.get("additionalProperties") is False for part in schema["$defs"].values() if "properties" in part)


def test_editors_accept_unit_strings():
    jsonschema = pytest.importorskip("jsonschema")
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    check = jsonschema.Draft202012Validator(schema)
    for text in (EXAMPLE, GOOD, starter("x", "x.yaml"), *(path.read_text() for path in BUILT_IN)):
        assert not list(check.iter_errors(parse(text).data))
    for before, after in (("1 ms", "1 mm"), ("seed: 7", "sed: 7"), ("do: wait", "do: wiat"), ("mass: 0.2", "mass: -1")):
        assert list(check.iter_errors(parse(EXAMPLE.replace(before, after)).data)), after


def test_resolved_scenarios_satisfy_the_json_schema(good):
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft202012Validator(json_schema()).validate(good.to_dict())


@pytest.mark.parametrize("name", ["my arm", "on", "a: b", "x # y", "'", '"<script>"'])
def test_the_starter_is_right_for_any_name(name):
    assert of_text(starter(name, "f.yaml")).name == name


def test_metric_names_tell_their_unit_in_their_suffix():
    suffixes = {"_mm": "mm", "_deg": "deg", "_rad": "rad", "_n": "N", "_s": "s", "_j": "J", "_percent": "%"}
    for name, (unit, meaning) in METRIC_NAMES.items():
        assert meaning
        for suffix, wanted in suffixes.items():
            if name.endswith(suffix):
                assert unit == wanted, name
    assert "object.cube.moved_mm" in metric_names(["cube"])
