"""A commented scenario to begin with, and the JSON schema that editors check with.

STARTER         text that `robocalc new` writes
json_schema     of the format robocalc/1
json_text       the same as text
"""

import json
import re

from sims.scenario.schema import FORMAT, Scenario

STARTER = """\
# A robocalc scenario: one robot, one world, one task, and what the run must reach.
#   robocalc check {file}          is it right?
#   robocalc run {file}            plan, simulate, measure, report
#   robocalc schema > robocalc.schema.json   what editors complete and check with (next line)
# yaml-language-server: $schema=robocalc.schema.json
# Numbers are SI; with a unit they may be given in another: 1 ms, 500 Hz, 20 mm. Keys that end in _deg are in degrees.
format: robocalc/1
name: {name}
description: The Panda reaches past a post to a pose, waits, and goes home.
seed: 1  # of every random draw: same seed, same run, bit for bit

sim:
  engine: bullet  # PyBullet, with contacts; or twin: compiled, faster, without contacts
  timestep: 1 ms
  control_rate: 500 Hz  # divides 1 / timestep
  # planner_rate: 20 Hz  # the motion is planned anew on the way, from where the robot is
  max_duration: 20 s

robot:
  model: panda  # `robocalc list --robots` names all; or  file: path/to.urdf
  home: [0, -0.785, 0, -2.356, 0, 1.571, 0.785]  # [rad]; also where the robot starts
  limits: {velocity_scale: 0.5, acceleration_scale: 0.4, jerk_scale: 0.1}  # of the robot's own
  # payload: {mass: 0.5, com: [0, 0, 0.1]}  # what the controller knows of
# partners are more robots in the scene: a list of name, robot, task and controller

world:  # mass above 0: moves freely; motion: moves along keyframes, a line or a circle
  - {name: floor, shape: plane, position: [0, 0, -0.4]}
  - {name: post, shape: cylinder, radius: 0.03, length: 0.6, position: [0.55, -0.35, -0.1], color: "#cc5544"}

task:  # steps, in order: move, grasp, release, wait, trace, follow
  - do: move
    name: reach
    to: {pose: {position: [0.45, 0.25, 0.45], rpy_deg: [180, 0, 0]}}  # of the tool; also joints, offset, home
  - {do: move, name: down, to: {offset: [0, 0, -0.1], frame: world}, path: line}  # a straight line of the tool
  - {do: wait, name: hold, duration: 0.5 s}
  - {do: move, name: home, to: home}
  - {do: wait, name: settle, duration: 0.3 s}

planner: {type: min_jerk, duration: auto}  # as short as the limits allow

controller:  # `robocalc list --controllers` names all
  type: computed_torque
  wn: 30  # natural frequency [rad/s]
  zeta: 1  # damping ratio
  integral: true

disturbances:  # what the controller does not know of
  - {type: payload_error, mass: 0.2, com: [0, 0, 0.05]}
  - {type: push, link: panda_link4, force: [0, 10, 0], start: 1 s, duration: 100 ms}

sensors:
  joint_position: {std: 0.00002, quantization: 0.00001}
  # joint_velocity: {available: false}  # encoders alone: then the controller needs an estimator
  # force_torque: {link: panda_link8, std: [0.3, 0.3, 0.3, 0.01, 0.01, 0.01]}
# estimator: {type: kalman}  # `robocalc list --estimators` names all
# prices: {energy: 0.3, machine: 40, currency: EUR}  # of a kWh, of an hour: cost.per_cycle

accept:  # `robocalc list --metrics` names all; any failure: exit code 1
  tracking.joint_rms_deg: {max: 0.5}
  tracking.tcp_final_mm: {max: 2}
  clearance.min_mm: {min: 20}
  limits.violations: {max: 0}

output:
  log_rate: 100 Hz
  keep: [metrics, log, plots, replay]
  # camera: {rate: 5 Hz, width: 320, height: 240}  # pictures during the run
"""


def starter(name: str, file: str) -> str:
    """The starter for a scenario's name and file name."""
    if not re.fullmatch(r"[A-Za-z][\w. -]*", name):
        name = json.dumps(name, ensure_ascii=False)  # quoted text, for YAML as well
    return STARTER.replace("{name}", name).replace("{file}", file)


def json_schema() -> dict:
    """JSON schema (draft 2020-12) of a scenario file; numbers with a dimension also take strings with a unit."""
    schema = Scenario.model_json_schema(mode="validation")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = f"robocalc scenario, format {FORMAT}"
    return schema


def json_text() -> str:
    """The JSON schema as text."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
