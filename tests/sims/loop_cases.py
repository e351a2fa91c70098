"""Motions and parts that the tests of the loop share."""

import numpy as np

from robocalc.dynamics import load
from robocalc.trajectory import minimum_jerk
from sims.effects import make_effects
from sims.engines.loop import simulate
from sims.engines.twin import Twin

DT = 1e-3
ONE_JOINT = """<robot name="one">
  <link name="base"/>
  <link name="load"><inertial>
    <mass value="2"/><inertia ixx="1" iyy="1" izz="0.5" ixy="0" ixz="0" iyz="0"/></inertial></link>
  <joint name="turn" type="revolute"><parent link="base"/><child link="load"/><axis xyz="0 0 1"/>
    <limit lower="-100" upper="100" velocity="100" effort="50"/></joint>
</robot>"""
INERTIA = 0.5  # [kg m²] of ONE_JOINT, whose axis is vertical and runs through its centre of mass


def one_joint(folder):
    """A single inertia of 0.5 kg m² about a vertical axis, torque up to 50 N m: closed forms are known."""
    path = folder / "one.urdf"
    path.write_text(ONE_JOINT)
    return load(str(path))


class Frictionless:
    """A robot but for its joint friction."""

    def __init__(self, robot):
        self.robot, self.friction = robot, np.zeros((2, robot.n))

    def __getattr__(self, name):
        return getattr(self.robot, name)


def move(q0, q1, *, duration=1.0, hold=0.5, dt=DT):
    """(N + 1, 3, n): minimum jerk from q0 to q1, then rest; velocities and accelerations are differences."""
    motion = minimum_jerk([q0, q1], duration=duration)
    q = motion(np.minimum(np.arange(round((duration + hold) / dt) + 1) * dt, duration))
    return differences(q, dt)


def differences(q, dt=DT):
    """(N + 1, 3, n) from positions (N + 1, n), starting at rest."""
    v, a = np.zeros_like(q), np.zeros_like(q)
    v[1:] = np.diff(q, axis=0) / dt
    a[:-1] = np.diff(v, axis=0) / dt
    return np.stack([q, v, a], axis=1)


def rest(q, steps):
    """(steps + 1, 3, n): staying at q."""
    return differences(np.tile(np.asarray(q, float), (steps + 1, 1)))


def roll(law, reference, *, plant=None, dt=DT, start=None, grip=None, **effects):
    """Simulated of the twin; plant: the true robot, the law's where None."""
    plant = law.robot if plant is None else plant
    made = make_effects(plant, dt, len(reference) - 1, **effects)
    return simulate(Twin(plant, dt), law, reference, made, start=start, grip=grip)


def rms(log):
    """Root mean square joint error over time and joints [rad]."""
    return np.sqrt(np.mean((log.q - log.q_ref) ** 2))
