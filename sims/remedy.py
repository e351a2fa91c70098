"""What is said of a loop that does not hold, and what would.

sentence   poles and joints of an unstable loop, and what would be valid
adrift     joints without a drive that a law leaves alone
fitting    laws for robots with fewer drives than joints

A loop here is a sims.forecast.Loop.
"""

from dataclasses import fields, replace

import numpy as np

from robocalc.control.riccati import shown
from robocalc.control.sampled_loop import unmoved
from robocalc.errors import InvalidInput

SHOWN = 3  # poles, joints in a sentence
LESS = (4.0, 32.0, 256.0, 4096.0)  # times a gain is made smaller in search of a stable one: twice one alone, then all
HALVINGS, WORK = 8, 3e8  # steps from there to the largest; in all so many N³ of a loop of N states, and at least 12
PART = 0.5  # of the greatest motion of a joint: a joint that moves more is named
FASTER = ("kd", "wn", "kp", "velocity", "rate", "bandwidth", "attitude", "stiffness", "q_weight", "position", "ki")
CALM = 1e-6  # 1 - |pole| of a motion that comes to rest within some million periods
MOVED = 1e-6  # of a mode's size: less is the law's memory alone
USE_ALL = ("lqr", "lqi", "hinf", "tvlqr", "mpc")
MADE_FOR = {  # law -> joints of its robots
    "geometric": ("x", "y", "z", "yaw", "pitch", "roll"),
    "flatness": ("x", "y", "yaw"),
    "pure_pursuit": ("x", "y", "yaw"),
}


def sentence(loop, q, reference) -> str:
    """Poles, joints and what would be valid, of a loop that is unstable about q (n,)."""
    found, n, late = loop.at(q), loop.robot.n, loop.latency
    poles, modes = np.linalg.eig(found.A)
    order = [k for k in np.argsort(-np.abs(poles)) if np.abs(poles[k]) > 1.0 and poles[k].imag >= 0]
    names = moving(loop, [modes[: 2 * n, k] for k in order[:SHOWN]])
    shown = ", ".join(f"{poles[k].real:.4g}" if poles[k].imag == 0 else f"{poles[k]:.4g}" for k in order[:SHOWN])
    period = f"a period of {1e3 * loop.law.dt:g} ms" + (f" and a latency of {1e3 * late:g} ms" if late else "")
    on = "" if loop.estimator is None else f" on estimates of {loop.scenario.estimator.type}"
    return (
        f"controller {loop.scenario.controller.type}{on} is unstable with {period}: "
        f"pole{'s' * (len(order) > 1)} {shown} outside the unit circle, of {names}; {remedy(loop, q, reference)}"
    )


def moving(loop, modes) -> str:
    """The joints that move most in one of some motions (2n,)."""
    share = np.max([_share(mode, loop.robot.n, loop.law.dt) for mode in modes], axis=0)
    return ", ".join(f"joint {i + 1} ({loop.robot.joints[i]})" for i in np.flatnonzero(share > PART)[:SHOWN])


def _share(mode, n, dt) -> np.ndarray:
    """(n,) of each joint in a motion, the greatest 1."""
    moved = np.abs(mode[:n]) + np.abs(mode[n : 2 * n]) * dt
    return moved / max(moved.max(), 1e-300)


def remedy(loop, q, reference) -> str:
    """What would be stable about q, in words."""
    found = loop.at(q)
    if lost := unmoved(found.plant, loop.robot):
        return f"no drive stabilises {', '.join(lost)}"
    if less := smaller(loop, q, reference):
        return f"stable would be {less}"
    if loop.latency:
        return "lower the gains, or sensors.latency"
    if lacks_drives(loop.robot):
        return f"it does not hold what no drive moves by itself, as {fitting(loop.robot)} may"
    return "raise kp against what pulls, or lower all gains, or raise sim.control_rate"


def smaller(loop, q, reference) -> str | None:
    """The first gain that makes the loop stable when it alone is smaller, and its largest such value; or all gains."""
    design = loop.scenario.controller.design()
    known = {field.name: getattr(design, field.name) for field in fields(design)}
    gains = {x: np.asarray(known[x], float) for x in FASTER if known.get(x) is not None and np.any(known[x])}
    left = iter(range(max(12, int(WORK / len(loop.at(q).A) ** 3))))
    for name, value in gains.items():
        factor = _factor(loop, design, q, reference, {name: value}, LESS[:2], left)
        if factor is not None:
            most = factor * value
            return f"{name} at most {f'{most:.3g}' if most.ndim == 0 else [float(f'{x:.3g}') for x in most]}"
    factor = _factor(loop, design, q, reference, gains, LESS, left) if len(gains) > 1 else None
    return None if factor is None else f"{' and '.join(gains)} {factor:.2g} times as large, or less"


def _factor(loop, design, q, reference, gains, less, left):
    """The greatest factor on gains {name: value} with which the loop is stable: 1 / less, then by bisection; None.

    left      one item for each loop that may be looked at
    """

    def stable(factor):
        given = {name: (factor * value).tolist() for name, value in gains.items()}
        try:
            other = replace(design, **{name: tuple(x) if isinstance(x, list) else x for name, x in given.items()})
            return loop.with_design(other, reference).holds(q)
        except InvalidInput:
            return False

    high = 1.0
    for low, _ in zip((1.0 / x for x in less), left):
        if stable(low):
            break
        high = low
    else:
        return None
    for _ in zip(range(HALVINGS), left):
        middle = (low + high) / 2
        low, high = (middle, high) if stable(middle) else (low, middle)
    return low


def lacks_drives(robot) -> bool:
    """Whether there are fewer drives and thrusters than joints."""
    return robot.m < robot.n


def fitting(robot) -> str:
    """The laws that use few drives for many joints."""
    names = [name for name, who in MADE_FOR.items() if set(who) == set(robot.joints)]
    return ", ".join([*names, *([] if robot.tree.tyres else USE_ALL)])


def adrift(loop, q) -> tuple:
    """A sentence where a robot with fewer drives than joints has a motion about q (n,) that the law does not calm."""
    robot, law = loop.robot, loop.scenario.controller.type
    if not lacks_drives(robot) or law in MADE_FOR:
        return ()
    found, n = loop.at(q, believed=True), robot.n
    poles, modes = np.linalg.eig(found.A)
    moved = np.linalg.norm(modes[: 2 * n], axis=0) > MOVED * np.linalg.norm(modes, axis=0)  # else of the memory alone
    kept = np.flatnonzero(moved & (np.abs(poles) > 1.0 - CALM))
    if not len(kept):
        return ()
    kept = kept[np.argsort(-np.abs(poles[kept]))]
    names = moving(loop, [modes[: 2 * n, k] for k in kept[:SHOWN]])
    return (
        f"controller {law} has no drive for each joint of {robot.name} and does not bring {names} to rest "
        f"(pole {shown(poles[kept[0]])}): what is off there stays off or grows; use {fitting(robot)}",
    )
