"""The gym's spatial quadrotor as its physics has it: a body that flies freely, not a chain of joints.

    FREE          engine -> plant of a spatial task
    plant_of      the plant of any task in that engine
    stepper       a control period of it
    rewards       of what came of it

A chain of joints turns by Euler angles, a free body by the exponential of its rates: the same motion, but steps that
differ by the square of their length. Controllers plan with the chain; the gym's figures are the free body's. States
go in and out as of the chain, x = (q, v).
"""

import numpy as np

from robocalc.errors import InvalidInput
from sims.bench.gym_task import G, body_rates, turned
from sims.engines import engine


class Free:
    """A plant of a spatial task; `advance(u, fresh, x, force)` is what stepper gives for others."""

    def __init__(self, task):
        self.task, self.dt = task, task.dt
        self.mass, self.inertia = task.flying
        rotors = task.robot.thrusters
        self.points, self.twist = np.array([r.at for r in rotors]), np.array([r.drag for r in rotors])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Nothing to free."""

    def reset(self, q, v=None):
        """Start at q, v (6,) of the chain."""
        R = turned(*q[3:6])
        w = R @ (body_rates(q[3:6]) @ np.asarray(v[3:], float))[::-1]
        self._begin(np.asarray(q[:3], float), quaternion(*q[3:6]), np.asarray(v[:3], float), w, R)

    def advance(self, u, fresh, x, force=None):
        """A control period under u (m,) and force (3,) [N]; the state then into x (12,)."""
        place, quat, v, w = self._period(np.asarray(u, float), force)
        angles = yaw_pitch_roll(quat)
        x[:3], x[3:6], x[6:9] = place, angles, v
        x[9:] = np.linalg.solve(body_rates(angles), (turned(*angles).T @ w)[::-1])


class FreeTwin(Free):
    """Compiled."""

    def _begin(self, place, quat, v, w, R):
        self.state = np.concatenate([place, quat, v, w, R.ravel(), place])

    def _period(self, u, force):
        from sims.bench.kernels_free import free_period

        task, push = self.task, np.zeros(3) if force is None else np.asarray(force, float)
        model = self.mass, self.inertia, task.damping, G, task.dt, self.points, self.twist
        free_period(*model, task.substeps, self.state, u, push)
        return self.state[:3], self.state[3:7], self.state[7:10], self.state[10:13]


class FreeBullet(Free):
    """In PyBullet."""

    def __init__(self, task):
        from sims.engines.bullet_free import free_body

        super().__init__(task)
        self.body = free_body(self.mass, self.inertia, self.points, task.dt, G, task.damping)
        self.close = self.body.close

    def _begin(self, place, quat, v, w, R):
        self.body.reset(place.tolist(), quat.tolist(), v.tolist(), w.tolist())

    def _period(self, u, force):
        thrusts, moment = u.tolist(), float(self.twist @ u)
        push, at = (None, None) if force is None else (list(map(float, force)), self.body.read()[0])
        for _ in range(self.task.substeps):
            self.body.step(thrusts, moment, push, at)
        return map(np.array, self.body.read())


FREE = {"twin": FreeTwin, "bullet": FreeBullet}


def plant_of(task, kind):
    """Plant of the task in the engine of that name, to be used with `with`; raises UnknownName, InvalidInput."""
    made = engine(kind)
    if not task.spatial:
        return made(task.robot, task.dt)
    if kind not in FREE:
        raise InvalidInput(f"{task.name} flies freely, which takes engine {' or '.join(FREE)}, not {kind}")
    return FREE[kind](task)


def stepper(task, plant):
    """advance(u, fresh, x, force=None): a control period of the plant under u; the state then into x.

    force   (2,) x, z or (3,) in world [N], as the gym applies it: at the middle of the pole; at the place where the
            quadrotor was when the period began
    """
    if task.spatial:
        return plant.advance
    from sims.bench.kernels_gym import room_for, torque_flat

    n, h = task.robot.n, task.plant()
    q, v, begun, at = np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(2 * n)
    room, model = room_for(n, task.robot.m), task.robot.model()
    read, push, steps, turns = plant.read, plant.push, range(task.substeps), bool(task.robot.thrusters)

    def advance(u, fresh, x, force=None):
        for step in steps:
            if turns or step == 0 or force is not None:
                read(q, v)
                torque_flat(*model, h.inputs, h.drag, h.timing, q, v, u, fresh and step == 0, *room, at)
                if force is not None:
                    begun[:] = q if step == 0 else begun
                    room.tau[:] += pushed(task, q, force, begun - room.past)
            push(room.tau)
        read(q, v)
        x[:n], x[n:] = q, v

    return advance


def pushed(task, q, force, arm):
    """Generalised force (n,) of a push; a quadrotor's acts at arm (n,) from its middle of one step before."""
    n = task.robot.n
    if n == 2:
        return np.array([force[0], task.half_pole * (np.cos(q[1]) * force[0] - np.sin(q[1]) * force[1])])
    return np.array([force[0], force[1], arm[1] * force[0] - arm[0] * force[1]])


def rewards(task, y, U) -> np.ndarray:
    """(N,) of measured states y (N + 1, 2n) and inputs U (N, m)."""
    e, du = y[1:] - task.targets[1 : len(y)], U - task.hover
    return -0.5 * ((e * e) @ task.diagonal + task.effort * (du * du).sum(axis=1))


def quaternion(yaw, pitch, roll):
    """x, y, z, w of R_z(yaw) R_y(pitch) R_x(roll)."""
    (a, b, c), (d, e, f) = np.sin([0.5 * yaw, 0.5 * pitch, 0.5 * roll]), np.cos([0.5 * yaw, 0.5 * pitch, 0.5 * roll])
    return np.array([c * e * d - f * b * a, f * b * d + c * e * a, f * e * a - c * b * d, f * e * d + c * b * a])


def yaw_pitch_roll(quat):
    """(3,) of a quaternion x, y, z, w."""
    x, y, z, w = quat
    yaw = np.arctan2(2.0 * (x * y + w * z), w * w + x * x - y * y - z * z)
    pitch = np.arcsin(np.clip(-2.0 * (x * z - w * y), -1.0, 1.0))
    return np.array([yaw, pitch, np.arctan2(2.0 * (y * z + w * x), w * w - x * x - y * y + z * z)])
