"""What only shows between the robots of a scenario: names, waits, shared lists; and each robot's part by itself.

check_team    (path, message) for all that is wrong with a scenario that has partners
check_waits   likewise with `until` of its waits
bare          (path of its part, that robot as if it were alone and undisturbed) of each robot
"""

from sims.scenario.arms import Arm, arm_of
from sims.scenario.check import Problems, acting, check_one, seeing
from sims.scenario.check_lists import shared_links, shared_lists
from sims.scenario.metric_names import METRIC_NAMES
from sims.scenario.say import did_you_mean
from sims.scenario.schema import Output, Scenario
from sims.scenario.schema_effects import Sensors
from sims.scenario.solo import OWN, Solo, called

RESERVED = {OWN, "object", *(name.partition(".")[0] for name in METRIC_NAMES)}
PARTS = ("robot", "task", "planner", "controller")  # of a scenario, that each robot has for itself
ALONE = {
    "safety": "slows and stops one robot",
    "learned": "adds a torque that was learned of one robot",
}


class Bare(Solo):
    """A robot without what the robots of a scenario share."""

    disturbances, sensors, estimator, output = (), Sensors(), None, Output()


def bare(scenario) -> list:
    """(path, Bare) of the scenario's own robot, whose path is (), and of its partners."""
    found = [((), Bare(scenario, "", scenario))]
    return found + [(("partners", i), Bare(scenario, p.name, p)) for i, p in enumerate(scenario.partners)]


def check_team(scenario: Scenario) -> Problems:
    """Everything that is wrong with and between the robots."""
    yield from _names(scenario)
    wrong = False
    for root, robot in bare(scenario):
        for path, message in check_one(robot):
            wrong = wrong or path[0] == "robot"
            yield (*root, *path) if path[0] in PARTS else path, message
        yield from _unique_steps(root, robot)
        yield from _steered(root, robot)
    for key, what in ALONE.items():
        if getattr(scenario, key) is not None:
            yield (key,), f"{key} {what}, and this scenario has partners: leave one of them out"
    if scenario.sim.planner_rate is not None:
        message = "plans the motion of one robot anew, and this scenario has partners: leave one of them out"
        yield ("sim", "planner_rate"), message
    if not wrong:
        yield from _shared(scenario)


def _names(scenario) -> Problems:
    first = {}
    for i, partner in enumerate(scenario.partners):
        if first.setdefault(partner.name, i) != i:
            yield ("partners", i, "name"), f"{partner.name!r} is already the name of partners.{first[partner.name]}"
        if partner.name in RESERVED:
            yield ("partners", i, "name"), f"{partner.name!r} means something else among metrics: take another name"


def _unique_steps(root, robot) -> Problems:
    first = {}
    for i, step in enumerate(
        robot.task if root else ()
    ):  # those of the scenario's own are checked with its other names
        if step.name is not None and first.setdefault(step.name, i) != i:
            yield (
                (*root, "task", i, "name"),
                f"{step.name!r} is already the name of step {first[step.name]} of this task",
            )


def _steered(root, robot) -> Problems:
    message = "replan steers one robot, and this scenario has partners: leave it out"
    if getattr(robot.planner, "replan", None) is not None:
        whose = root if root and robot.whole.planner is not robot.planner else ()
        yield (*whose, "planner", "replan"), message
    for i, step in enumerate(robot.task):
        if getattr(getattr(step, "planner", None), "replan", None) is not None:
            yield (*root, "task", i, "planner", "replan"), message


def _shared(scenario) -> Problems:
    """Disturbances and sensors: those of all robots, joints one robot after the other."""
    arm = together([(robot.name, arm_of(robot.robot, grasps=robot.grasps)) for _, robot in bare(scenario)])
    for path, values in shared_lists(scenario):
        if len(values) != arm.n:
            got = f"{len(values)} value{'' if len(values) == 1 else 's'}"
            yield path, f"the robots together have {arm.n} joints, got {got}; one number is for all"
    for path, link in shared_links(scenario):
        if link not in arm.links:
            yield path, f"no robot has a link {link!r}{did_you_mean(link, arm.links)}"
    yield from acting(scenario, arm)
    yield from seeing(scenario, arm)
    for name, robot in ((called(robot.name), robot) for _, robot in bare(scenario)):
        left = robot.robot.payload.mass
        for i, item in _payload_errors(scenario, robot):
            left += min(item.mass, 0.0)
            if left < 0:
                yield ("disturbances", i, "mass"), f"{item.mass:g} kg takes more away than the payload of {name!r} has"


def _payload_errors(scenario, robot):
    from sims.scenario.solo import own_items

    others = [f"{partner.name}/" for partner in scenario.partners]
    items = own_items(scenario.disturbances, robot.name, others)
    return [(i, item) for i, item in items if item.type == "payload_error"]


def together(arms) -> Arm:
    """The Arm of several, named as in their Team."""
    names = [(f"{name}/" if name else "", arm) for name, arm in arms]
    each = lambda key: sum((tuple(getattr(arm, key)) for _, arm in names), ())  # noqa: E731
    called_so = lambda key: sum((tuple(f"{p}{x}" for x in getattr(arm, key)) for p, arm in names), ())  # noqa: E731
    numbers = (each("lower"), each("upper"), each("prismatic"))
    fixed = frozenset(called_so("fixed"))
    rolls = any(arm.rolls for _, arm in names)
    return Arm("the scene", called_so("joints"), *numbers, called_so("links"), each("findings"), None, fixed, rolls)


# waiting for each other ---------------------------------------------------------------------------------------------


def check_waits(scenario: Scenario) -> Problems:
    """Robots and steps that `until` names, and circles of robots that would wait for each other forever."""
    tasks = {robot.name: (root, names_of(robot.task)) for root, robot in bare(scenario)}
    until, found = {}, False
    for root, robot in bare(scenario):
        for i, step in enumerate(robot.task):
            if getattr(step, "until", None) is not None:
                wrong = _unknown(robot.name, step.until, tasks)
                if wrong:
                    found = True
                    yield (*root, "task", i, "until", wrong[0]), wrong[1]
                else:
                    other = whom(step.until)
                    until[robot.name, i] = other, tasks[other][1].index(step.until.step)
    if until and not found and (circle := _circle(until)):
        name, i = circle[0][0]
        told = ", then ".join(
            f"{called(a)!r} waits in {tasks[a][1][k]!r} for {called(b)!r}" for (a, k), (b, _) in circle
        )
        yield (*tasks[name][0], "task", i, "until"), f"nobody would ever go on: {told}"


def names_of(task) -> list:
    """Of the steps, those that have none numbered."""
    return [step.name or f"{i + 1}-{step.do}" for i, step in enumerate(task)]


def whom(until) -> str:
    """The name of the robot that is waited for, "" for the scenario's own."""
    return "" if until.robot in (None, OWN) else until.robot


def _unknown(name, until, tasks):
    """(key, message) of what is wrong with a StepOf, or None."""
    other = whom(until)
    if len(tasks) == 1:
        return "robot", "there is no other robot to wait for: this scenario has no `partners`"
    if other == name:
        return "robot", "a robot cannot wait for a step of its own: name a partner"
    if other not in tasks:
        return "robot", f"no robot is named {other!r}{did_you_mean(other, [called(k) for k in tasks])}"
    if until.step not in tasks[other][1]:
        return "step", f"{called(other)!r} has no step {until.step!r}{did_you_mean(until.step, tasks[other][1])}"
    return None


def _circle(until):
    """The waits of a circle, (wait, what it is for) each, in order; None where every wait ends."""
    for begin in until:
        path, seen = [], set()
        if _follow(begin, until, path, seen):
            return path
    return None


def _follow(wait, until, path, seen):
    """Whether the wait leads back to the first of the path: what it is for ends after all waits before it there."""
    if path and wait == path[0][0]:
        return True
    if wait in seen:
        return False
    seen.add(wait)
    robot, last = until[wait]
    path.append((wait, (robot, last)))
    if any(_follow((robot, i), until, path, seen) for i in range(last + 1) if (robot, i) in until):
        return True
    path.pop()
    return False
