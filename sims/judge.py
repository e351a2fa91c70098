"""From a run to its figures and its verdict.

evidence   what sims.metrics needs, from plan, log and what was watched
asked      what the law asked of the drives, without what no input could give
chatters   joints that only the limits of their drives kept from diverging
judge      the acceptance table
"""

import math
from dataclasses import replace

import numpy as np

from robocalc.dynamics.teams import members_of
from sims.build import motion_limits, ropes_of
from sims.each import alone
from sims.metrics import Evidence
from sims.metrics_cost import Drives
from sims.metrics_estimate import errors
from sims.result import Check

ROUNDING = 1e-9  # of the largest force: so near to each other are a force asked for and the same given
LATE = ("motor_lag", "flexible_joint")  # disturbances by which the torque given is not the one asked for
MOSTLY, OFTEN = 0.5, 0.02  # share of control periods: at a limit; from one limit to the other


def evidence(made, watcher, wall_time) -> Evidence:
    """made: a Run with plan and log; watcher: sims.watch.Watcher or Walk, or None; wall_time [s] it took."""
    log, plan, robot = finite(made.log), made.plan, made.robot
    tracked = np.ones(robot.n, bool)
    tracked[list(plan.fingers)] = False
    steps = [s for s in made.paced or plan.steps if s.do in ("move", "trace", "follow")]
    moves = tuple((s.start, s.end) for s in steps if s.end <= log.t[-1] + 1e-9)
    found = Evidence(
        t=log.t,
        q=log.q,
        v=log.v,
        q_ref=log.q_ref,
        v_ref=log.v_ref,
        tau=log.tau,
        tau_wanted=asked(log, made.plant_robot, followed_late(made)),
        tracked=tracked,
        limits=robot.limits,
        tcp=robot.pose(log.q),
        tcp_ref=robot.pose(log.q_ref),
        moves=moves,
        home=robot.home,
        planned_jerk=plan.cost,
        planned_duration=plan.trajectory.duration,
        planned_clearance=plan.clearance[:2] if plan.clearance else None,
        planned_apart=getattr(plan, "apart", None),
        wall_time=wall_time,
        replans=made.replans,
        replanned=made.replanned,
        tolerance=made.scenario.sim.planner_tolerance,
        wrench=(made.log.wrench_times, made.log.wrench) if len(made.log.wrench) else None,
        swing=_swing(made, log),
        estimate=errors(log)[1:] if len(log.estimate) else None,
        drives=_drives(made),
        prices=made.scenario.prices,
        **({} if watcher is None else _watched(made, watcher)),
    )
    return replace(found, crew=tuple(_crew(made, found, steps))) if made.scenario.partners else found


def _watched(made, watcher) -> dict:
    """What was seen in the world, as fields of Evidence."""
    seen = watcher.seen()
    found = {
        "clearance": (watcher.t, seen["clearance"]),
        "targets": _targets(made, seen["objects"]),
        "slip": watcher.slip,
    }
    if len(seen["apart"]):
        found["apart"] = watcher.t, seen["apart"]
    if "contacts" in seen:
        found["contacts"] = watcher.t, seen["contacts"], watcher.unintended()
    return found


def _drives(made) -> Drives:
    if not made.scenario.partners:
        return Drives.of(made.robot, made.scenario.robot.motors)
    return Drives.of_all(
        Drives.of(member.robot, solo.robot.motors) for member, solo in alone(made.scenario, made.robot)
    )


def _crew(made, found, steps):
    """(name, Evidence of its own joints and tool) of each robot."""
    for member in made.robot.members:
        own, tool = member.columns, member.prefix + member.robot.tool
        rows = ("q", "v", "q_ref", "v_ref", "tau", "tau_wanted")
        yield (
            member.name,
            Evidence(
                t=found.t,
                **{key: getattr(found, key)[:, own] for key in rows},
                tracked=found.tracked[own],
                limits=member.robot.limits,
                tcp=made.robot.pose(found.q, tool),
                tcp_ref=made.robot.pose(found.q_ref, tool),
                moves=tuple((s.start, s.end) for s in steps if s.robot == member.name and s.end <= found.t[-1] + 1e-9),
            ),
        )


def _swing(made, log):
    """(N + 1, R) [rad] of loads on ropes, None where there are none."""
    ropes = ropes_of(made.scenario)
    if not ropes:
        return None
    from sims.effects.swing import swing  # loads numba

    return swing(made.plant_robot, ropes, log.dt, log.q, log.v)


def _targets(made, objects) -> dict:
    """Object -> (final, wanted, start) positions; wanted: carried rigidly from where it stood to where it was let go.

    With the tool at T₁ when it was taken and at T₂ when it was let go, an object at p belongs to T₂ T₁⁻¹ p; taken
    again, it goes on from there.
    """
    shifts, found = carried_by(made.plan, made.robot), {}
    for shape in made.world:
        if shape.dynamic and len(objects.get(shape.name, ())):
            path = objects[shape.name][:, :3]
            shift = shifts.get(shape.name)
            wanted = None if shift is None else (shift @ np.append(path[0], 1.0))[:3]
            found[shape.name] = (path[-1], wanted, path[0])
    return found


def finite(log):
    """The log up to its first row that is not finite, at least one row: what a diverged run did until then."""
    good = np.isfinite(log.joint).all(axis=(1, 2))
    return log if good.all() else replace(log, joint=log.joint[: max(1, int(np.argmin(good)))])


def carried_by(plan, robot) -> dict:
    """Object -> 4x4 by which the planned grasps and releases move it."""
    shifts, hands = {}, {}  # of each robot: (object, tool pose when it was taken, how it was carried there)
    tools = {member.name: member.prefix + member.robot.tool for member in members_of(robot)}
    for step in plan.steps:
        hand, tool = hands.get(step.robot), tools[step.robot]
        if step.do == "grasp" and (hand is None or hand[0] != step.object):
            brought = None if step.caught is None else step.caught.brought
            hands[step.robot] = step.object, robot.pose(plan.trajectory(step.taken), tool), brought
        elif step.do == "release" and hand is not None:
            shift = robot.pose(plan.trajectory(step.start), tool) @ np.linalg.inv(hand[1])
            shifts[hand[0]] = shift @ (shifts.get(hand[0], np.eye(4)) if hand[2] is None else hand[2])
            del hands[step.robot]
    return shifts


def followed_late(made):
    """(2, n) limits of the drives, where these follow their command with a lag or through an elastic gear; or None."""
    if not any(item.type in LATE for item in made.scenario.disturbances) or made.robot.tree.thrusters:
        return None
    limits = motion_limits(made.scenario, made.robot)
    return None if limits.torque is None else np.stack(limits.bounds("torque", made.robot.n))


def asked(log, robot, late=None) -> np.ndarray:
    """(N + 1, n) the torque that the law wanted; of a robot with thrusters the part that these give without limits, as
    a law may ask a quadrotor for a force sideways. Of drives that follow late, whose limits are given (2, n), what is
    within these counts as what they gave: it is no limit that it differs by."""
    wanted, tau = log.tau_wanted, log.tau
    if not robot.tree.thrusters:
        return wanted if late is None else np.where((wanted >= late[0]) & (wanted <= late[1]), tau, wanted)
    fair = np.array(tau)
    rows = (wanted != tau).any(axis=1) & np.isfinite(wanted).all(axis=1) & np.isfinite(log.q).all(axis=1)
    if rows.any():
        fair[rows] = robot.reachable(log.q[rows], wanted[rows])
        same = np.abs(fair - tau) <= ROUNDING * np.abs(fair).max(axis=1, keepdims=True)
        fair[same] = tau[same]
    return fair


def chatters(log, every, robot, late=None) -> tuple:
    """Names of joints whose torque sits at its limits most of the time and jumps between them: a loop that only the
    limits of the drives keep from diverging. `every` physics steps a control period; late as of `asked`.
    """
    wanted, tau = asked(log, robot, late)[::every], log.tau[::every]
    limited = np.abs(wanted - tau) > 1e-12
    jumps = limited[1:] & limited[:-1] & (np.sign(tau[1:]) != np.sign(tau[:-1]))
    found = (limited.mean(axis=0) > MOSTLY) & (jumps.mean(axis=0) > OFTEN)
    return tuple(np.array(robot.joints)[found].tolist())


def judge(scenario, metrics) -> tuple:
    """One Check for each bound in `accept`; a figure that the run does not have, or NaN, is not met."""
    rows = []
    for name, bound in scenario.accept.items():
        found = metrics.get(name)
        value = math.nan if found is None else found.value
        unit, time = ("", None) if found is None else (found.unit, found.time)
        low, high = (-math.inf if bound.min is None else bound.min), (math.inf if bound.max is None else bound.max)
        rows.append(Check(name, value, unit, bound.min, bound.max, bool(low <= value <= high), time))
    return tuple(rows)
