"""Moves that leave no swinging behind: what any planner of joint motions found, shaped afterwards.

    shaped      adds a move planned and then convolved with the impulses of robocalc.control.shaping
    mode_of     frequency and damping of what swings

The sizes of the impulses are positive and sum to 1, so limits on position, velocity, acceleration and jerk that the
motion keeps are kept, and it ends where it should. A straight line of the joints stays that line; other paths are cut
short at corners, and it is the shaped motion whose clearance is checked.
"""

from math import pi, sqrt

import numpy as np

from robocalc.control.shaping import impulses, shape
from robocalc.trajectory import Trajectory
from sims.planners import planner
from sims.planners.base import SAME, Failed


def shaped(mover, step, settings):
    """Plan the move with the planner of `settings` and add what its `shaping` makes of it; raises Failed."""
    shaping = settings.shaping
    mode, kind = mode_of(mover, shaping), {"kind": shaping.type, "tolerance": shaping.tolerance}
    motion = alone(mover, *shorter(step, settings, float(impulses(*mode, **kind)[0][-1])))
    if motion is not None:
        motion = shape(motion, *mode, **kind)
        left = mover.whole(motion.duration) - motion.duration
        if left > SAME:  # slowed down to whole periods it would be another motion than that shaped
            motion = motion.join(Trajectory(np.array([0.0, left]), motion(motion.end)[None, None, :]))
        mover.add(motion)


def mode_of(mover, shaping):
    """(frequency [Hz], damping ratio); of a load on a rope ω² = g / l, l the length of the rope stretched by it."""
    if shaping.frequency is not None:
        return shaping.frequency, shaping.damping
    loads = [item for item in mover.scenario.disturbances if item.type == "hanging_load"]
    rates = {sqrt(np.linalg.norm(mover.robot.g) / (load.length * (1.0 + load.stretch))) for load in loads}
    if len(rates) != 1 or min(rates) == 0.0:
        raise Failed("shaping has no frequency, and there is no load on a rope, or not one alone, to take it from")
    return rates.pop() / (2.0 * pi), shaping.damping


def shorter(step, settings, longer):
    """(step, settings) whose durations, where they are given, leave room for the impulses."""
    plain = settings.model_copy(update={"shaping": None})
    asked = step.duration if step.duration is not None else plain.duration if hasattr(plain, "duration") else None
    if asked is None or asked == "auto":
        return step, plain
    if asked <= longer:
        raise Failed(f"shaping alone takes {longer:.4g} s, {asked:g} s given", longer - asked, "s")
    return step.model_copy(update={"duration": asked - longer}), plain


def alone(mover, step, settings):
    """The move as its planner finds it, from time 0, taken back from the mover; None where nothing moves."""
    before, start, q, tracked = mover.trajectory, mover.time, mover.q, len(mover.tracked)
    planner(settings.type)(mover, step, settings)
    if len(mover.tracked) > tracked:
        raise Failed(f"shaping is for motions of joints alone, and {mover.robot.name} moves by its own dynamics")
    moved = np.abs(mover.q - q).max() > SAME
    motion = mover.trajectory.slice(start, mover.time).shift(-start) if moved else None
    if moved:
        mover.trajectory, mover.q = before, q
    return motion
