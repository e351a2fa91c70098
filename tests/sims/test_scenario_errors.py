# ruff: noqa: E501  tables of mistakes read best a line each
"""What a wrong scenario file is told: every problem at once, with its place and the remedy."""

from pathlib import Path

import pytest

from robocalc.errors import ScenarioError
from sims.scenario import Scenario

GOOD = Path(__file__).with_name("test_scenario_good.yaml").read_text(encoding="utf-8")


def problems(tmp_path, text, overrides=(), name="bad.yaml"):
    """The lines that loading `text` is refused with, paths cut to the file's name."""
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ScenarioError) as caught:
        Scenario.load(path, overrides)
    return [line.replace(f"{tmp_path}/", "") for line in caught.value.problems]


def test_the_good_file_is_good(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD)
    assert Scenario.load(tmp_path / "good.yaml").name == "reach"


# (what is replaced, by what, line and beginning of the one problem that follows)
WRONG = {
    "unknown key": ("velocity_scale", "velocity_scal", "8: robot.limits.velocity_scal: unknown key; did you mean 'velocity_scale'?"),
    "unit": ("start: 1 s", "start: 1 mm", "18: disturbances.0.start: unit 'mm' does not fit here; use one of s, ms, us, min"),
    "duplicate key": ("seed: 3", "seed: 3\nseed: 4", "4: key 'seed' given twice (first at line 3)"),
    "octal": ("seed: 3", "seed: 010", "3: seed: 010 is 8-based to some YAML readers and 10-based to others; write 10, or quote it as text"),
    "bool as number": ("radius: 0.03", "radius: true", "11: world.1.radius: expected a number in m (or with unit: m, mm, cm, um), got true"),
    "base 60": ("duration: 2 s", "duration: 12:30", "14: task.0.duration: expected a number in s (or with unit: s, ms, us, min), got '12:30'"),
    "negative": ("mass: 0.2", "mass: -0.2", "12: world.2.mass: must be at least 0, got -0.2"),
    "above": ("velocity_scale: 0.5", "velocity_scale: 2", "8: robot.limits.velocity_scale: must be at most 1, got 2"),
    "nan": ("kp: 600", "kp: .nan", "16: controller.kp: must be finite, got nan"),
    "infinite": ("kp: 600", "kp: .inf", "16: controller.kp: must be finite, got inf"),
    "huge": ("kp: 600", "kp: 1e300", "16: controller.kp: 1e+300 is beyond 1e12: no usable value"),
    "negative gain": ("kp: 600", "kp: -600", "16: controller.kp: must be at least 0, got -600"),
    "too few": ("[0.5, 0.4, 0.3]", "[0.5, 0.4]", "11: world.1.position: expected 3 items, got 2"),
    "text for list": ("[0.5, 0.4, 0.3]", "up", "11: world.1.position: expected a list, got 'up'"),
    "item of a list": ("[0.5, 0.4, 0.3]", "[0.5, x, 0.3]", "11: world.1.position.1: expected a number in m (or with unit: m, mm, cm, um), got 'x'"),
    "shape": ("shape: cylinder", "shape: cylindr", "11: world.1.shape: unknown shape 'cylindr'; did you mean 'cylinder'?"),
    "step": ("do: wait", "do: wiat", "15: task.1.do: unknown step 'wiat'; did you mean 'wait'?"),
    "controller": ("type: pd", "type: pdd", "16: controller.type: unknown type 'pdd'; did you mean 'pd'?"),
    "missing key": (", radius: 0.03", "", "11: world.1.radius: missing"),
    "missing part": ("controller: {type: pd, kp: 600, kd: 50}\n", "", "1: controller: missing"),
    "missing format": ("format: robocalc/1\n", "", "1: format: missing; write `format: robocalc/1`"),
    "robot": ("model: panda", "model: pnada", "6: robot.model: unknown robot 'pnada'; did you mean 'panda'? (known: "),
    "no file": ("model: panda", "file: none.urdf", "6: robot.file: no URDF file at "),
    "two sources": ("model: panda", "model: panda\n  file: x.urdf", "5: robot: give either model (a built-in robot) or file (a URDF)"),
    "count of home": ("2.356, 0, 1.571, 0.785]", "2.356, 0, 1.571]", "7: robot.home: panda has 7 joints, got 6 values"),
    "count of gains": ("kp: 600", "kp: [1, 2]", "16: controller.kp: panda has 7 joints, got 2 values"),
    "joint range": ("joints: [0.1,", "joints: [3.1,", "14: task.0.to.joints: joint panda_joint1 at 3.1 rad is outside its range -2.8"),
    "link": ("panda_link4", "panda_lnk4", "18: disturbances.0.link: panda has no link 'panda_lnk4'; did you mean 'panda_link4'?"),
    "rate": ("500 Hz", "300 Hz", "4: sim.control_rate: 300 Hz does not divide the physics rate 1000 Hz; nearest: 333.333 Hz"),
    "too fast a rate": ("500 Hz", "2 kHz", "4: sim.control_rate: 2000 Hz does not divide the physics rate 1000 Hz; nearest: 1000 Hz"),
    "two of a name": ("name: post", "name: floor", "11: world.1.name: 'floor' is already the name of world.0"),
    "metric": ("joint_rms_deg", "joint_rms", "20: accept.tracking.joint_rms: unknown metric; did you mean 'tracking.joint_rms_"),
    "empty bound": ("{max: 0.5}", "{}", "20: accept.tracking.joint_rms_deg: give min, max or both"),
    "crossed bound": ("{max: 0.5}", "{min: 1, max: 0.5}", "20: accept.tracking.joint_rms_deg.min: min 1 is above max 0.5"),
    "object": ("do: wait,", "do: grasp, object: cub,", "15: task.1.object: nothing in the world is named 'cub'; did you mean 'cube'?"),
    "fixed object": ("do: wait,", "do: grasp, object: post,", "15: task.1.object: 'post' is fixed: give it a mass above 0 to grasp it"),
    "pose": ("to: {joints: [0.1, -0.6, 0, -2.2, 0, 1.65, 0.785]}", "to: hom", "14: task.0.to: unknown pose 'hom'; did you mean 'home'?"),
    "target": ("to: {joints: [0.1, -0.6, 0, -2.2, 0, 1.65, 0.785]}", "to: {position: [0, 0, 1]}", "14: task.0.to: expected joints, pose or offset, or a name such as home; got a mapping with position"),
    "two targets": ("0.785]}, d", "0.785], offset: [0, 0, 1]}, d", "14: task.0.to.offset: excludes 'joints': give one of them"),
    "too long": ("max_duration: 10 s", "max_duration: 2 s", "4: sim.max_duration: 2 s is less than the 2.5 s that the steps' durations add up to"),
    "mesh": ("shape: cylinder, radius: 0.03, length: 0.6", "shape: mesh, file: none.obj", "11: world.1.file: no mesh file at "),
    "mass and motion": ("mass: 0.2", "mass: 0.2, motion: {type: line, to: [0, 0, 1], duration: 1}", "12: world.2.mass: mass and motion exclude each other"),
    "frames": ("length: 0.6", "length: 0.6, motion: {type: keyframes, frames: [{t: 1 s, position: [0, 0, 0]}, {t: 1 s, position: [0, 0, 0]}]}", "11: world.1.motion.frames.1.t: times must increase, 1 s comes after 1 s"),
    "newer format": ("robocalc/1", "robocalc/2", "1: format: format 'robocalc/2' is newer than robocalc "),
    "study": ("robocalc/1", "robocalc-study/1", "1: format: 'robocalc-study/1' is a study, not a scenario"),
    "other format": ("robocalc/1", "robotcalc", "1: format: unknown format 'robotcalc'; this robocalc reads 'robocalc/1'"),
    "missing mass to take": ("type: push, link: panda_link4, force: [0, 15, 0], start: 1 s, duration: 100 ms", "type: payload_error, mass: -1", "18: disturbances.0.mass: -1 kg takes more away than robot.payload.mass, 0 kg"),
    "whole number": ("seed: 3", "seed: 3.5", "3: seed: expected a whole number, got 3.5"),
    "whole number from bool": ("seed: 3", "seed: yes", "3: seed: expected a whole number, got 'yes'"),
    "color": ("length: 0.6", "length: 0.6, color: rde", "11: world.1.color: 'rde' is no color; '#rrggbb' or [r, g, b] from 0 to 1"),
    "tag": ("name: reach", "name: !!python/name:os.system x", "2: name: tag 'python/name:os.system' has no meaning here"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_one_mistake_is_one_line_with_place_and_remedy(tmp_path, case):
    before, after, wanted = WRONG[case]
    assert before in GOOD
    text = GOOD.replace(before, after, 1)
    lines = problems(tmp_path, text)
    assert len(lines) == 1, lines
    file, line, _, message = lines[0].split(":", 3)
    assert file == "bad.yaml"
    assert f"{line}:{message.removeprefix(' error:')}".startswith(wanted), lines[0]


OF_THE_VALUE = ("octal", "tag", "missing", "duplicate")  # YAML's own traps point at the value, what is missing nowhere


@pytest.mark.parametrize("case", [case for case in WRONG if not case.startswith(OF_THE_VALUE)])
def test_the_place_is_that_of_the_key(tmp_path, case):
    before, after, _ = WRONG[case]
    text = GOOD.replace(before, after, 1)
    _, line, column, _, path, _ = problems(tmp_path, text)[0].split(":", 5)
    key = path.strip().removeprefix("accept.").rpartition(".")[2]
    there = text.splitlines()[int(line) - 1][int(column) - 1 :]
    assert key.isdecimal() or there.startswith((key, path.strip().removeprefix("accept."))), there


def test_independent_mistakes_come_all_at_once_in_the_order_of_the_file(tmp_path):
    compatible = ["unknown key", "unit", "duplicate key", "shape", "step", "count of home", "rate", "metric", "nan"]
    text = GOOD
    for case in compatible:
        text = text.replace(*WRONG[case][:2], 1)
    lines = problems(tmp_path, text)
    assert len(lines) == len(compatible), lines
    places = [tuple(map(int, line.split(":")[1:3])) for line in lines]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "bad.yaml:1:1: error: the file is empty"),
        ("# only words\n", "bad.yaml:1:1: error: the file is empty"),
        ("- a\n- b\n", "bad.yaml:1:1: error: a scenario is a mapping of keys, got ['a', 'b']"),
        ("just text", "bad.yaml:1:1: error: a scenario is a mapping of keys"),
        ("a:\n\tb: 1\n", "bad.yaml:2:1: error: a tab cannot indent YAML; use spaces"),
        ("a: [1, 2\nb: 3\n", "bad.yaml:2:2: error: not valid YAML: "),
        ("a: b: c\n", "bad.yaml:1:5: error: not valid YAML: "),
        ("a: 'x\n", "bad.yaml:2:1: error: not valid YAML: "),
        ("a: \x07\n", "bad.yaml:1:4: error: character '\\x07' is not allowed in YAML"),
        ("a: 1\n--- \nb: 2\n", "bad.yaml:2:1: error: not valid YAML: "),
        (b"name: \xff\xfe\n", "bad.yaml:1:7: error: not UTF-8 text (byte 0xff)"),
        ("[" * 100_000, "bad.yaml:1:1001: error: nested too deeply"),
        ("- " * 5_000, "bad.yaml:1:1: error: nested too deeply"),
        ("a: &x [*x]\n", "bad.yaml:1:4: error: a.0: an alias that contains itself"),
    ],
)  # fmt: skip
def test_what_is_no_scenario_is_one_line_with_a_place(tmp_path, text, wanted):
    lines = problems(tmp_path, text)
    assert any(line.startswith(wanted) for line in lines), lines
    assert not any("\n" in line for line in lines)


def test_aliases_cannot_blow_up_memory(tmp_path):
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "too many values" in problems(tmp_path, "\n".join(rows))[0]


def test_files_that_are_not_there_or_not_files_are_named(tmp_path):
    (tmp_path / "reach.yaml").write_text(GOOD)
    with pytest.raises(ScenarioError, match=r"raech.yaml: error: no such file; did you mean 'reach.yaml'\?"):
        Scenario.load(tmp_path / "raech.yaml")
    with pytest.raises(ScenarioError, match="is a folder; a scenario is a YAML file"):
        Scenario.load(tmp_path)


def test_a_broken_robot_file_is_one_line_that_names_the_element(tmp_path):
    (tmp_path / "arm.urdf").write_text('<robot name="arm"><link name="a"/><joint name="j" type="bogus"/></robot>')
    [line] = problems(tmp_path, GOOD.replace("model: panda", "file: arm.urdf").replace("panda_link4", "a"))
    assert line.startswith("bad.yaml:6:3: error: robot.file: arm.urdf: ")
    assert "bogus" in line or '"j"' in line


def test_grasping_needs_contacts_and_a_gripper(tmp_path):
    text = GOOD.replace("do: wait,", "do: grasp, object: cube,")
    [line] = problems(tmp_path, text.replace("sim: {", "sim: {engine: twin, "))
    assert "task.1.do: the twin has no contacts, so nothing can be grasped; use sim.engine: bullet" in line
    iiwa = "model: iiwa\n  home: [0, 0.6, 0, -1.4, 0, 1.1, 0]\n  x"
    text = text.replace("model: panda\n  home: [0, -0.785, 0, -2.356, 0, 1.571, 0.785]", iiwa).replace("\n  x", "")
    lines = problems(tmp_path, text.replace("panda_link4", "lbr_iiwa_link_4"))
    assert any("task.1.do: robot iiwa has no gripper to grasp with" in line for line in lines)


# overrides ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "wanted"),
    [
        ("robot.limits.velocity_scale", 2, "--set robot.limits.velocity_scale=2: error: robot.limits.velocity_scale: must be at most 1, got 2"),
        ("robot.limits.velocity_scal", 1, "--set robot.limits.velocity_scal=1: error: robot.limits.velocity_scal: unknown key; did you mean 'velocity_scale'?"),
        ("world.pots.radius", 1, "--set world.pots.radius=1: error: world: no item 'pots'; did you mean 'post'?"),
        ("world.9.radius", 1, "--set world.9.radius=1: error: world: no item '9'"),
        ("name.x", 1, "--set name.x=1: error: name: has no part 'x', it is 'reach'"),
        ("a..b", 1, "--set a..b=1: error: 'a..b' is no key; write one.two.three"),
        ("sim.timestep", "2 mm", "--set sim.timestep=2 mm: error: sim.timestep: unit 'mm' does not fit here; use one of s, ms, us, min"),
        ("robot.model", "pnada", "--set robot.model=pnada: error: robot.model: unknown robot 'pnada'; did you mean 'panda'?"),
        ("accept.tracking.joint_rms_de.max", 1, "--set accept.tracking.joint_rms_de.max=1: error: accept.tracking.joint_rms_de: unknown metric; did you mean 'tracking.joint_rms_deg'?"),
    ],
)  # fmt: skip
def test_overrides_go_through_the_same_check_and_are_named(tmp_path, key, value, wanted):
    [line] = problems(tmp_path, GOOD, [(key, value)])
    assert line.startswith(wanted), line


def test_problems_of_file_and_overrides_come_together(tmp_path):
    lines = problems(tmp_path, GOOD.replace("500 Hz", "300 Hz"), [("seed", -1)])
    assert [line.partition(":")[0] for line in lines] == ["bad.yaml", "--set seed=-1"]


def test_an_override_can_mend_the_file(tmp_path):
    (tmp_path / "x.yaml").write_text(GOOD.replace("500 Hz", "300 Hz"))
    assert Scenario.load(tmp_path / "x.yaml", [("sim.control_rate", "250 Hz")]).sim.control_every == 4


def test_a_learned_file_that_is_not_there_is_told_before_anything_runs(tmp_path):
    lines = problems(tmp_path, GOOD + "learned: {file: none.npz}\n")
    assert len(lines) == 1
    assert lines[0].startswith(f"bad.yaml:{GOOD.count(chr(10)) + 1}:11: error: learned.file: no file at "), lines
    (tmp_path / "none.npz").write_bytes(b"")
    assert Scenario.load(tmp_path / "bad.yaml").learned.file == str(tmp_path / "none.npz")


def test_a_key_of_a_planner_that_is_not_written_is_one_of_the_default(tmp_path):
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    assert "planner" not in GOOD
    made = Scenario.load(tmp_path / "good.yaml", [("planner.duration", 2.5)])
    assert (made.planner.type, made.planner.duration) == ("min_jerk", 2.5)
    around = Scenario.load(tmp_path / "good.yaml", [("planner.clearance", 0.02), ("planner.type", "avoid")])
    assert around.planner.clearance == 0.02
    (line,) = problems(tmp_path, GOOD, [("planner.duratoin", 2)])
    assert "planner.duratoin: unknown key; did you mean 'duration'?" in line
