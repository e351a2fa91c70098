"""Scenarios drawn around a given one: payload, friction, delay, noise, start, moves, obstacles.

    variants(scenarios, randomise, seed, purpose, count)   checked scenarios that have a plan
    gain_errors(space, share, seed, count)                 shifts of the tuned gains, one row a training scenario

Scenario k of a purpose has streams of its own, by name: more scenarios begin with the same ones, and those kept for
validation are of another purpose, which tuning never draws from.
"""

from zlib import crc32

import numpy as np

from robocalc.errors import InvalidInput, RobocalcError
from sims.build import believed_robot, motion_limits, true_robot
from sims.build_world import world_shapes
from sims.plan import plan_task

TRIES = 20  # draws whose task has no plan, until the study is given up
LOOK_EVERY, SHARE = 0.01, 0.95  # [s] between looks at the torque of a drawn motion; share of the drive it may take
MOST = 0.05  # of a range: gains are off by no more, so that narrow ranges are not left
MARGIN = 0.02  # of a joint's range: drawn targets keep off its ends


def variants(scenarios, randomise, seed, purpose, count) -> list:
    """`count` scenarios, from each of the given ones in turn.

    raises    InvalidInput: no draw of a scenario can be planned
    """
    return [_variant(scenarios[k % len(scenarios)], randomise, seed, purpose, k) for k in range(count)]


def gain_errors(space, share, seed, count) -> np.ndarray:
    """(count, P) shifts in the unit cube: each gain on a logarithmic range times or over 1 + share, drawn anew for each
    scenario. A dozen scenarios do not show how near a loop is to chatter; the same gains a little higher do."""
    known = [k.entry is not None and k.log and not k.choices for k in space.knobs]
    span = [np.log(k.high / k.low) if ok else np.inf for k, ok in zip(space.knobs, known, strict=True)]
    rows = []
    for k in range(count):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(b"gains"), k)))
        rows.append(rng.choice([-1.0, 1.0], len(span)) * np.minimum(np.log1p(share) / span, MOST))
    return np.array(rows)


def _variant(scenario, spec, seed, purpose, k):
    reason = ""
    for attempt in range(TRIES):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(crc32(purpose.encode()), k, attempt)))
        try:
            drawn = _draw(scenario, spec, rng, f"{scenario.name} #{k + 1}")
            robot = believed_robot(drawn)
            plan = plan_task(drawn, robot, world_shapes(drawn))
            if plan.solved and (beyond := _beyond_drives(drawn, robot, plan)) is None:
                return drawn
            reason = beyond if plan.solved else "; ".join(str(v) for v in plan.violations)
        except RobocalcError as error:
            reason = str(error)
    raise InvalidInput(
        f"{scenario.name}: none of {TRIES} draws of {purpose} scenario {k + 1} works, the last: {reason}"
    )


def _beyond_drives(scenario, robot, plan):
    """Which joint the motion asks more torque of than its drive has, with the payload as it is, or None: what no gain
    can track tells nothing of gains."""
    r = plan.reference(scenario.sim.timestep)[:: max(1, round(LOOK_EVERY / scenario.sim.timestep))]
    tau = true_robot(scenario).inverse_dynamics(r[:, 0], r[:, 1], r[:, 2])
    low, high = motion_limits(scenario, robot).bounds("torque", robot.n)
    driven = (low < 0) | (high > 0)
    if not driven.all():  # what moves joints without a drive is not in their own torque
        return None
    beyond = (tau < SHARE * low) | (tau > SHARE * high)
    if not beyond.any():
        return None
    return f"its motion asks more of {robot.joints[int(np.argmax(beyond.any(axis=0)))]} than its drive has"


def _draw(scenario, spec, rng, name):
    """One draw; every number is drawn, used or not, so that switching one on does not change another."""
    u = rng.uniform(size=6)
    data = scenario.to_dict()
    data |= {"name": name[:120], "seed": int(rng.integers(2**31))}
    load, viscous, coulomb, delay, noise = (
        low + (high - low) * x
        for (low, high), x in zip((spec.payload, spec.viscous, spec.coulomb, spec.delay, spec.noise), u, strict=False)
    )
    wrong = data.setdefault("disturbances", [])
    if load != 0.0:
        wrong.append({"type": "payload_error", "mass": float(load)})
    if viscous or coulomb:
        wrong.append({"type": "joint_friction", "viscous": float(viscous), "coulomb": float(coulomb)})
    _sensors(data, float(delay), float(noise))
    _places(scenario, spec, data, rng)
    return type(scenario).of(data)


def _sensors(data, delay, noise):
    sensors = data.setdefault("sensors", {})
    sensors["latency"] = sensors.get("latency", 0.0) + delay
    for key in ("joint_position", "joint_velocity"):
        std = sensors.get(key, {}).get("std", 0.0)
        sensors.setdefault(key, {})["std"] = [x * noise for x in std] if isinstance(std, list) else std * noise


def _places(scenario, spec, data, rng):
    """Start, targets and things in the world."""
    robot = believed_robot(scenario)
    low, high = motion_limits(scenario, robot).bounds("position", robot.n)
    room = MARGIN * np.where(np.isfinite(high - low), high - low, 0.0)

    def joints(q, reach):
        shift = reach * rng.uniform(-1, 1, len(q))
        shift[robot.n :] = 0.0
        near = np.array(q, float) + shift
        return [
            float(x) for x in np.where(shift == 0, q, np.clip(near, (low + room)[: len(q)], (high - room)[: len(q)]))
        ]

    if spec.start > 0:
        data["robot"]["start"] = joints(data["robot"].get("start") or robot.home, spec.start)
    for step in data["task"]:
        for target in [step.get("to"), *(step.get("via") or ())] if step.get("do") == "move" else ():
            if isinstance(target, dict) and "joints" in target:
                target["joints"] = joints(target["joints"], spec.moves)
            elif isinstance(target, dict) and "pose" in target:
                shift = spec.places * rng.uniform(-1, 1, 3)
                target["pose"]["position"] = [
                    float(a + b) for a, b in zip(target["pose"]["position"], shift, strict=True)
                ]
    for thing in data.get("world") or ():
        shift = spec.obstacles * rng.uniform(-1, 1, 3)
        if "position" in thing and thing.get("shape") != "plane":
            thing["position"] = [float(a + b) for a, b in zip(thing["position"], shift, strict=True)]
