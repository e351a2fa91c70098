"""From numbers as people write them to Effects: validation, units in steps, and all random draws.

Each kind of noise has its own child stream of the seed, by name: switching one on does not change another, and a longer
run begins with the draws of a shorter one.
"""

import math
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from robocalc.control.gains import check_period, check_substeps, checked, per_joint
from robocalc.control.law import undriven
from robocalc.control.stability import stopping
from robocalc.dynamics.actuation import BODY, HIGH, LOW, VISCOUS
from robocalc.errors import InvalidInput
from sims.effects import arrays as rows
from sims.effects.air import drag_rows, wind_rows
from sims.effects.arrays import Effects
from sims.effects.motors import lag
from sims.effects.places import acting
from sims.effects.ropes import rope_rows


@dataclass(frozen=True)
class Push:
    """Force (3,) [N] in world axes on `point` (3,) [m] of a link's frame, from `start` [s] for `duration` [s].

    A step that is covered only in part gets that part of the force, so that the impulse is exact.
    """

    link: str
    force: tuple[float, float, float]
    start: float
    duration: float
    point: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self):
        for name in ("force", "point"):
            x = np.asarray(getattr(self, name), dtype=float)
            if x.shape != (3,) or not np.isfinite(x).all():
                raise InvalidInput(f"push on {self.link}: {name} must be 3 finite numbers, got {getattr(self, name)!r}")
            object.__setattr__(self, name, tuple(x.tolist()))
        for name in ("start", "duration"):
            object.__setattr__(self, name, checked(f"push on {self.link}: {name}", getattr(self, name)))


def make_effects(
    robot,
    dt,
    steps,
    *,
    control_every=1,
    friction=None,
    torque_limits=None,
    position_noise=0.0,
    position_resolution=0.0,
    velocity_noise=0.0,
    velocity_resolution=0.0,
    velocity_filter_hz=None,
    latency=0.0,
    ripple=0.0,
    pushes=(),
    thrust_scale=1.0,
    motor_lag=0.0,
    gear=None,
    drags=(),
    winds=(),
    ropes=(),
    seed=0,
) -> Effects:
    """Effects for `steps` physics steps of dt [s] on the plant's robot (the true one, with its true payload).

    control_every        physics steps a control period; the torque is held in between
    friction             (2, n) viscous [N m s/rad] and Coulomb [N m], in all; None: the robot's own; 0: none
    torque_limits        (n,) or (2, n) [N m]; None: the robot's own. This is the one place where they act
    position_noise       standard deviation [rad | m] of the encoders, one or per joint; velocity_noise likewise
    position_resolution  the encoders' step [rad | m], 0: none; velocity_resolution likewise
    velocity_filter_hz   corner of a first-order low-pass on the measured velocity [Hz], None: no filter
    latency              age of the measurement that the law gets [s], whole steps or not
    ripple               standard deviation of the drives' torque [N m], drawn anew each step; none without a drive
    pushes               Push, ...
    thrust_scale         of the limits of thrusters; of a robot that has some, torque_limits are those of joint drives
    motor_lag            time constant of the drives [s], one or per joint; one for all thrusters of a robot
    gear                 Gear between motors and joints, or None
    drags, winds         Drag, ... and Wind, ...; winds add up
    ropes                Rope, ...
    seed                 of all draws; same seed, same bits, in every engine
    raises               InvalidInput, with the value and what would be valid
    """
    check_period(dt)
    check_substeps(control_every)
    if isinstance(steps, bool) or not isinstance(steps, int | np.integer) or steps < 1:
        raise InvalidInput(f"a run needs a whole number of steps from 1, got {steps!r}")
    timing = np.array([dt, control_every, _steps("latency", latency, dt), 1.0])
    joint = np.zeros((rows.JOINT_ROWS, robot.n))
    joint[rows.TAU_MIN : rows.TAU_MAX + 1] = _limits(robot, torque_limits)
    joint[rows.VISCOUS : rows.COULOMB + 1] = _friction(robot, friction)
    joint[rows.STOP] = stopping(robot, dt)
    joint[rows.Q_STEP] = _each("position_resolution", position_resolution, robot)
    joint[rows.V_STEP] = _each("velocity_resolution", velocity_resolution, robot)
    joint[rows.SMOOTH] = _smooth(velocity_filter_hz, dt)
    joint[rows.LAG] = lag(robot, motor_lag, dt, timing)
    if gear is not None:
        joint[rows.STIFFNESS : rows.ROTOR + 1] = gear.rows(robot, dt)
    driven = ~undriven(robot)
    spread = {
        "sensors.joint_position": _each("position_noise", position_noise, robot),
        "sensors.joint_velocity": _each("velocity_noise", velocity_noise, robot),
        "drives.torque_ripple": _each("ripple", ripple, robot) * driven,
    }
    body, push = _pushes(robot, pushes)
    drag_body, drag = drag_rows(robot, drags)
    air = wind_rows(winds, dt, steps, [stream(seed, f"wind.{i}") for i in range(len(winds))])
    rope_body, rope = rope_rows(robot, ropes, dt)
    memory, noise = np.zeros((rows.MEMORY_ROWS, robot.n)), _noise(spread, steps, seed)
    inputs, tyres, mix = _actors(robot, dt, joint, thrust_scale)
    return Effects(timing, joint, noise, body, push, memory, inputs, tyres, air, drag_body, drag, rope_body, rope, mix)


def _actors(robot, dt, joint, scale):
    """inputs, tyres and scratch; drives of joints take the limits of `joint`, and no tyre more than half of what would
    stop it in a step."""
    inputs, tyres = (x.copy() for x in robot.actors)
    drives = inputs[:, BODY] < 0
    inputs[~drives, LOW : HIGH + 1] *= checked("thrust_scale", scale, positive=True)
    joints = (-1 - inputs[drives, BODY]).astype(int)
    inputs[np.ix_(drives, (LOW, HIGH))] = joint[[rows.TAU_MIN, rows.TAU_MAX]][:, joints].T
    if len(tyres):
        tyres[:, VISCOUS] = np.minimum(tyres[:, VISCOUS], robot.tyre_masses() / (2 * dt * len(tyres)))
    m = len(inputs)
    return inputs, tyres, np.zeros((robot.n + m + 4 if m else 0, max(robot.n, m)))


def stream(seed, name) -> np.random.Generator:
    """The random stream of that name under a seed; streams of different names are independent."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InvalidInput(f"a seed must be a whole number from 0, got {seed!r}")
    return np.random.default_rng(np.random.SeedSequence(int(seed), spawn_key=(crc32(name.encode()),)))


def _noise(spread, steps, seed):
    """(steps + 1, 3, n), or no rows where nothing is random."""
    n = len(next(iter(spread.values())))
    generators = {name: stream(seed, name) for name in spread}
    if not any(sigma.any() for sigma in spread.values()):
        return np.zeros((0, len(rows.NOISES), n))
    noise = np.zeros((steps + 1, len(rows.NOISES), n))
    for name, sigma in spread.items():
        if sigma.any():
            noise[:, rows.NOISES[name]] = sigma * generators[name].standard_normal((steps + 1, n))
    return noise


def _each(name, value, robot):
    return per_joint(name, checked(name, value), robot)


def _steps(name, seconds, dt):
    steps = checked(name, seconds) / dt
    return float(round(steps)) if abs(steps - round(steps)) < rows.WHOLE * max(1.0, steps) else steps


def _smooth(hz, dt):
    return 1.0 if hz is None else -math.expm1(-2.0 * math.pi * checked("velocity_filter_hz", hz, positive=True) * dt)


def _limits(robot, limits):
    if limits is None:
        return robot.limits.bounds("torque", robot.n)
    x = np.asarray(limits, dtype=float)
    if x.shape not in ((robot.n,), (2, robot.n)) or np.isnan(x).any():
        raise InvalidInput(f"torque_limits must have shape ({robot.n},) or (2, {robot.n}) without NaN, got {limits!r}")
    low, high = (-x, x) if x.ndim == 1 else x
    for name, a, b in zip(robot.joints, low, high):
        if not a <= 0 <= b:
            raise InvalidInput(f"torque limits of {name} must contain 0, got [{a:g}, {b:g}]")
    return np.array([low, high])


def _friction(robot, friction):
    if friction is None:
        return np.asarray(robot.friction, dtype=float)
    x = np.asarray(friction, dtype=float)
    x = np.zeros((2, robot.n)) if x.ndim == 0 and x == 0 else x
    if x.shape != (2, robot.n):
        raise InvalidInput(f"friction must have shape (2, {robot.n}) = [viscous; coulomb], got {x.shape}")
    for name, b, c in zip(robot.joints, *x):
        if not (0 <= b < math.inf and 0 <= c < math.inf):
            raise InvalidInput(f"friction of {name} must be finite and 0 or greater, got viscous {b:g}, coulomb {c:g}")
    return x


def _pushes(robot, pushes):
    bodies, table = np.zeros(len(pushes), np.int64), np.zeros((len(pushes), 8))
    for i, push in enumerate(pushes):
        bodies[i], at = acting(robot, push.link, push.point, f"a push on {push.link} moves nothing")
        table[i, rows.POINT : rows.POINT + 3] = at
        table[i, rows.FORCE : rows.FORCE + 3] = push.force
        table[i, [rows.BEGIN, rows.END]] = push.start, push.start + push.duration
    return bodies, table
