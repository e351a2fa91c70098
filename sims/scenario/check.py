"""What only shows between the parts of a scenario: names that must exist, counts, ranges, rates.

check(scenario)   yields (path, message) for all that is wrong; nothing is simulated or planned
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from robocalc.errors import RobocalcError
from sims.scenario.arms import Arm, arm_of
from sims.scenario.check_lists import links, per_joint, positions, targets
from sims.scenario.check_rates import WHOLE, rates, replan_of
from sims.scenario.metric_names import metric_names
from sims.scenario.say import did_you_mean
from sims.scenario.schema import Scenario
from sims.scenario.schema_shaping import shapings
from sims.scenario.schema_task import Grasp, Move

ONCE = ("motor_lag", "flexible_joint")
Problems = Iterator[tuple[tuple, str]]


def check(scenario: Scenario) -> Problems:
    """Everything that is wrong between the parts, in the order of the file."""
    yield from rates(scenario)
    yield from _unique_names(scenario)
    yield from _world(scenario)
    yield from _steering(scenario)
    yield from _shaping(scenario)
    yield from _robots(scenario)
    yield from _learned(scenario)
    yield from _accept(scenario)


def _robots(scenario: Scenario) -> Problems:
    from sims.scenario.check_team import check_team, check_waits

    yield from check_waits(scenario)
    yield from check_team(scenario) if scenario.partners else check_one(scenario)


def check_one(scenario: Scenario) -> Problems:
    """What is wrong with the robot of a scenario and with what it shall do."""
    yield from _robot(scenario)
    yield from _payload(scenario)
    yield from _task(scenario)


def _unique_names(scenario: Scenario) -> Problems:
    for part in ("world", "task"):
        first = {}
        for i, item in enumerate(getattr(scenario, part)):
            if item.name is not None and first.setdefault(item.name, i) != i:
                yield (part, i, "name"), f"{item.name!r} is already the name of {part}.{first[item.name]}"
    first = {}
    for i, camera in enumerate(scenario.output.cameras):
        if camera.name is not None and first.setdefault(camera.name.lower(), i) != i:
            message = f"{camera.name!r} is already the name of output.camera.{first[camera.name.lower()]}"
            yield ("output", "camera", i, *(("name",) if scenario.output.camera[i].name else ())), message


def _unread(grid) -> str | None:
    """Why the file of a grid is no grid; a mesh is filled in, and refused, where it is used."""
    from robocalc.dynamics.collision.grids import MESHES, read_grid

    path = Path(grid.file)
    if path.suffix.lower() in MESHES and path.is_file() and grid.spacing is not None:
        return None
    try:
        read_grid(path, grid.spacing)
    except RobocalcError as error:
        return str(error)
    return None


def _world(scenario: Scenario) -> Problems:
    for i, thing in enumerate(scenario.world):
        if thing.shape == "mesh" and "://" not in thing.file and not Path(thing.file).is_file():
            yield ("world", i, "file"), f"no mesh file at {thing.file}"
        if thing.shape == "grid" and (wrong := _unread(thing)):
            yield ("world", i, "file"), wrong
        if thing.motion is not None and thing.motion.type == "keyframes":
            frames = thing.motion.frames
            for k in range(1, len(frames)):
                if frames[k].t <= frames[k - 1].t:
                    message = f"times must increase, {frames[k].t:g} s comes after {frames[k - 1].t:g} s"
                    yield ("world", i, "motion", "frames", k, "t"), message


def _steering(scenario: Scenario) -> Problems:
    things = {thing.name: thing for thing in scenario.world}
    for i, name in enumerate(scenario.safety.things if scenario.safety else ()):
        if name not in things:
            yield ("safety", "things", i), f"nothing in the world is named {name!r}{did_you_mean(name, things)}"
        elif things[name].motion is None:
            yield ("safety", "things", i), f"{name!r} does not move by itself: it has no motion to watch"
    if replan_of(scenario) is None:
        for i, thing in enumerate(scenario.world):
            if thing.known_to_planner == "predicted" and scenario.safety is None:
                yield ("world", i, "known_to_planner"), "predicted is for a planner with `replan`, or for `safety`"
            elif thing.known_to_planner == "predicted" and thing.motion is None:
                yield ("world", i, "known_to_planner"), "predicted is for things with a motion"


def _shaping(scenario: Scenario) -> Problems:
    ropes = {(d.length, d.stretch) for d in scenario.disturbances if d.type == "hanging_load"}
    for path, shaping in shapings(scenario):
        if shaping.frequency is None and len(ropes) != 1:
            message = "no load hangs on a rope" if not ropes else "loads hang on ropes of several lengths"
            yield path, f"{message}, so shaping needs the frequency of what swings"
        if replan_of(scenario) is not None or scenario.sim.planner_rate is not None:
            yield path, "a motion that is planned anew on the way cannot be shaped"


def _robot(scenario: Scenario) -> Problems:
    robot = scenario.robot
    try:
        arm = arm_of(robot, grasps=scenario.grasps)
    except RobocalcError as error:
        yield ("robot", "model" if robot.model else "file"), str(error)
        return
    for path, values in per_joint(scenario):
        if len(values) not in arm.counts:
            got = f"{len(values)} value{'' if len(values) == 1 else 's'}"
            yield path, f"{arm.name} has {' or '.join(map(str, arm.counts))} joints, got {got}"
    for path, values in positions(scenario):
        if len(values) in arm.counts:
            yield from ((path, m) for i, x in enumerate(values) if (m := arm.outside(i, x)))
    for path, link in links(scenario):
        if link not in arm.links:
            yield path, f"{arm.name} has no link {link!r}{did_you_mean(link, arm.links)}"
    yield from acting(scenario, arm)
    yield from seeing(scenario, arm)
    yield from _gripper(scenario, arm)


def acting(scenario: Scenario, arm: Arm) -> Problems:
    """What is wrong with the disturbances of a robot."""
    for i, item in enumerate(scenario.disturbances):
        if item.type in ("push", "drag", "hanging_load") and item.link in arm.fixed:
            message = f"a {item.type.replace('_', ' ')} on {item.link!r} moves nothing: no joint of {arm.name} moves it"
            yield ("disturbances", i, "link"), message
    kinds = [item.type for item in scenario.disturbances]
    for i, kind in enumerate(kinds):
        if kind == "wind" and "drag" not in kinds:
            yield ("disturbances", i), "wind acts on links with `drag`, and no disturbance gives one"
        if kind in ONCE and kind in kinds[:i]:
            yield ("disturbances", i), f"{kind} can be given once, with one value per joint"


def seeing(scenario: Scenario, arm: Arm) -> Problems:
    """What is wrong between sensors, estimator and robot."""
    if scenario.estimator is not None or not scenario.sensors.complete:
        from sims.scenario.check_estimator import check_estimator

        yield from check_estimator(scenario, arm)


def _gripper(scenario: Scenario, arm: Arm) -> Problems:
    if arm.fingers or scenario.robot.model is None:
        return
    for i, step in enumerate(scenario.task):
        if step.do in ("grasp", "release"):
            yield ("task", i, "do"), f"robot {arm.name} has no gripper to {step.do} with"


def _payload(scenario: Scenario) -> Problems:
    if scenario.robot.payload.inertia is not None and (wrong := _impossible(scenario.robot.payload.inertia)):
        yield ("robot", "payload", "inertia"), wrong
    left = scenario.robot.payload.mass
    for i, item in enumerate(scenario.disturbances):
        if item.type == "payload_error" and item.mass < 0:
            left += item.mass
            if left < 0:
                message = (
                    f"{item.mass:g} kg takes more away than robot.payload.mass, {scenario.robot.payload.mass:g} kg"
                )
                yield ("disturbances", i, "mass"), message


def _impossible(inertia) -> str | None:
    """Why no body has this inertia (ixx, iyy, izz, ixy, ixz, iyz); None when one may have it."""
    xx, yy, zz, xy, xz, yz = inertia
    least, middle, most = np.linalg.eigvalsh([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    figures = f"principal moments {least:.4g}, {middle:.4g}, {most:.4g} kg m^2"
    if least < -WHOLE * abs(most):
        return f"{figures}: none may be negative"
    if most > (least + middle) * (1 + WHOLE):
        return f"{figures}: the largest exceeds the sum of the others, which no body has"
    return None


def _task(scenario: Scenario) -> Problems:
    things = {thing.name: thing for thing in scenario.world}
    poses = ("home", *scenario.robot.poses)
    for i, step in enumerate(scenario.task):
        if isinstance(step, Grasp):
            if step.object not in things:
                names = [name for name, thing in things.items() if thing.dynamic]
                hint = did_you_mean(step.object, names) if names else "; it needs one with mass above 0"
                yield ("task", i, "object"), f"nothing in the world is named {step.object!r}{hint}"
            elif not things[step.object].dynamic:
                yield ("task", i, "object"), f"{step.object!r} is fixed: give it a mass above 0 to grasp it"
            if scenario.sim.engine == "twin":
                yield ("task", i, "do"), "the twin has no contacts, so nothing can be grasped; use sim.engine: bullet"
        if isinstance(step, Move):
            for where, target in targets(step):
                if hasattr(target, "named") and target.named not in poses:
                    yield ("task", i, *where), f"unknown pose {target.named!r}{did_you_mean(target.named, poses)}"
    given = sum(step.duration or 0.0 for step in scenario.task)
    if given > scenario.sim.max_duration * (1 + WHOLE):
        message = f"{scenario.sim.max_duration:g} s is less than the {given:g} s that the steps' durations add up to"
        yield ("sim", "max_duration"), message


def _learned(scenario: Scenario) -> Problems:
    if scenario.learned is not None and not Path(scenario.learned.file).is_file():
        message = f"no file at {scenario.learned.file}; `robocalc learn` and `robocalc repeat` write one"
        yield ("learned", "file"), message


def _accept(scenario: Scenario) -> Problems:
    things, partners = (thing.name for thing in scenario.world if thing.dynamic), scenario.partners
    known = metric_names(things, (partner.name for partner in partners))
    for name in scenario.accept:
        if name not in known:
            yield ("accept", name), f"unknown metric{did_you_mean_metric(name, known)}"


def did_you_mean_metric(name: str, known) -> str:
    """The nearest metric, else the kinds there are: the whole list would be a page."""
    hint = did_you_mean(name, known)
    if "did you mean" in hint:
        return hint
    return f"; `robocalc list --metrics` names all: {', '.join(dict.fromkeys(m.partition('.')[0] for m in known))}"
