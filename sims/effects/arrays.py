"""Effects as flat arrays, and the names of their rows; shared by the kernels and by what fills them. No numba here."""

from typing import NamedTuple

import numpy as np

# rows of Effects.joint
TAU_MIN, TAU_MAX = 0, 1  # [N m] limits of the drive
VISCOUS, COULOMB, STOP = 2, 3, 4  # friction, see robocalc.control.friction
Q_STEP, V_STEP, SMOOTH = 5, 6, 7  # resolution of the sensors; weight of a new sample in the velocity filter, 1: none
LAG = 8  # weight of a new torque in the drive's lag, 1: none
STIFFNESS, DAMPING, GAP, ROTOR = 9, 10, 11, 12  # of the gear between motor and joint, stiffness 0: rigid; see kernels
JOINT_ROWS = 13
# rows of Effects.noise at one time
Q_NOISE, V_NOISE, RIPPLE = 0, 1, 2
NOISES = {"sensors.joint_position": Q_NOISE, "sensors.joint_velocity": V_NOISE, "drives.torque_ripple": RIPPLE}
# columns of Effects.push: point in the body's frame 3, force in world 3, first and last instant
POINT, FORCE, BEGIN, END = 0, 3, 6, 7
# entries of Effects.timing; LAG_INPUTS as LAG, of thrusters
DT, EVERY, DELAY, LAG_INPUTS = 0, 1, 2, 3
# columns of Effects.drag: point in the body's frame 3, ½ ρ c A [kg/m]
AIR = 3
# rows of Effects.memory: what the effects carry from step to step
V_LAST, R_LAST, V_SMOOTH, V_REF_SMOOTH, LAGGED, Q_MOTOR, V_MOTOR = range(7)
MEMORY_ROWS = 7
# columns of Effects.rope: point in the body's frame 3, length, stiffness, damping, the load's mass, gravity 3, and the
# load's position and velocity 3 each, which move
LENGTH, PULL, ROPE_DAMPING, LOAD, DOWN, PLACE, SPEED = 3, 4, 5, 6, 7, 10, 13
ROPE_COLUMNS = 16
TINY = 1e-60  # torques and velocities below are 0
WHOLE = 1e-9  # [steps] nearer than this to a whole step is that step


class Effects(NamedTuple):
    """n joints, N steps, P pushes; made by `make_effects`.

    timing     (4,) physics step dt [s], physics steps a control period, latency [steps, whole or not], lag of thrusters
    joint      (13, n) one row a parameter, see this module
    noise      (N + 1, 3, n) position and velocity noise of the sensors, ripple of the drives; (0, 3, n): none
    push_body  (P,) int: the body that is pushed
    push       (P, 8) point, force, begin and end
    memory     (7, n) scratch: one Effects per thread
    inputs     (m, 11) of a robot with thrusters, see robocalc.dynamics.actuation.Actors; (0, 11): a drive a joint
    tyres      (w, 9) likewise
    wind       (N + 1, 3) velocity of the air [m/s] in world; (0, 3): still
    drag_body  (D,) int: the body that the air drags
    drag       (D, 4) point, ½ ρ c A
    rope_body  (R,) int: the body that a load hangs from
    rope       (R, 16) point, rope and load, which moves: one Effects per thread
    mix        (n + m + 4, max(n, m)) scratch: B(q), what finds the inputs, and what they are after their lag
    """

    timing: np.ndarray
    joint: np.ndarray
    noise: np.ndarray
    push_body: np.ndarray
    push: np.ndarray
    memory: np.ndarray
    inputs: np.ndarray
    tyres: np.ndarray
    wind: np.ndarray
    drag_body: np.ndarray
    drag: np.ndarray
    rope_body: np.ndarray
    rope: np.ndarray
    mix: np.ndarray
