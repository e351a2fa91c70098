"""Inputs of a robot: the drives of its joints, then its thrusters; generalised forces are τ = B(q) u.

Actuated   what a Robot knows of its inputs: names, limits, B(q), and the inputs that give a torque
Actors     the same as arrays for kernels
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np

from robocalc.dynamics.check import joint_rows

# columns of Actors.inputs and of Actors.tyres
BODY, POINT, AXIS = 0, 1, 4
DRAG, SHARE, LOW, HIGH, INPUT_COLUMNS = 7, 8, 9, 10, 11
VISCOUS, GRIP, TYRE_COLUMNS = 7, 8, 9
LEAST_SHARE = 0.1  # of a thruster in the collective: less of it would leave the others to give all


class Actors(NamedTuple):
    """inputs  (m, 11) body (-1 - j: the drive of joint j), point 3 and unit axis 3 in the body's frame, moment over
            thrust [m], share in the collective thrust, least and greatest input
    tyres   (w, 9) body, point 3, axis 3, viscous [N s/m], greatest force [N]
    """

    inputs: np.ndarray
    tyres: np.ndarray


class Actuated:
    """For a robot with `tree`, `joints`, `n`, `frame`, `limits`, `g`, `_lowered` and `_model`."""

    @cached_property
    def thrusters(self) -> tuple:
        """Those on links that move: `lock` may have fixed one to the base."""
        return self._that_move(self.tree.thrusters)

    def _that_move(self, parts) -> tuple:
        return tuple(part for part in parts if self._lowered.links[part.link][0] >= 0)

    @cached_property
    def inputs(self) -> tuple:
        """Names of the m inputs: the joints that have a drive, then the thrusters."""
        return (*(self.joints[j] for j in self._drives), *(t.name for t in self.thrusters))

    @property
    def m(self) -> int:
        """Number of inputs."""
        return len(self.inputs)

    @cached_property
    def input_units(self) -> tuple:
        """N m or N of each input."""
        joints = self.tree.moving
        drives = ("N" if joints[j].kind == "prismatic" else "N m" for j in self._drives)
        return (*drives, *("N" for _ in self.thrusters))

    @cached_property
    def input_limits(self) -> np.ndarray:
        """(2, m) least and greatest input [N m | N]."""
        drives = self.limits.bounds("torque", self.n)[:, self._drives]
        thrusts = np.reshape([(t.lower, t.upper) for t in self.thrusters], (-1, 2)).T
        return np.hstack([drives, thrusts])

    @cached_property
    def _drives(self) -> list:
        """Indices of the joints that have a drive of their own."""
        return [j for j, joint in enumerate(self.tree.moving) if joint.effort > 0]

    @cached_property
    def pushed(self) -> np.ndarray:
        """(n,) bool: joints that a thruster moves, which are those between it and the base."""
        found = np.zeros(self.n, bool)
        for thruster in self.thrusters:
            body = self._lowered.links[thruster.link][0]
            while body >= 0:
                found[body] = True
                body = self._lowered.tree[body, 0]
        return found

    def actuation(self, q) -> np.ndarray:
        """B(q) (n, m) or (N, n, m): the generalised forces of the inputs are τ = B u.

        A drive moves its joint; a thruster at point p of a link pushes with u along the unit axis e and turns about it
        with its reaction moment, drag ratio r: column Jₚᵀ e + r J_ωᵀ e.
        raises   InvalidInput   q does not match n joints, or is not finite
        """
        (q,), single = joint_rows(self.joints, q=q)
        B = np.zeros((*q.shape, self.m))
        if self.thrusters:
            from robocalc.dynamics.kernels_actuation import many_actuations

            many_actuations(self._model, q, self.actors.inputs, np.empty((6, self.n)), B)
        else:
            B[:, self._drives, range(self.m)] = 1.0
        return B[0] if single else B

    def inputs_for(self, q, tau) -> np.ndarray:
        """u (m,) or (N, m) of least squares |B(q) u - tau|, and of least norm, without limits.

        Of a quadrotor's wanted force that is the part along its rotors, of its moments all of them.
        """
        (q, tau), single = joint_rows(self.joints, q=q, tau=tau)
        u = (np.linalg.pinv(self.actuation(q)) @ tau[:, :, None])[:, :, 0]
        return u[0] if single else u

    def reachable(self, q, tau) -> np.ndarray:
        """B(q) u of `inputs_for`: the part of tau that the inputs could give, had they no limits; like tau."""
        return (self.actuation(q) @ self.inputs_for(q, tau)[..., None])[..., 0]

    @cached_property
    def actors(self) -> Actors:
        """The inputs of a robot with thrusters (none else: each joint has its own drive), and its tyres."""
        inputs = np.zeros((0, INPUT_COLUMNS))
        if self.thrusters:
            inputs = np.zeros((self.m, INPUT_COLUMNS))
            inputs[:, [LOW, HIGH]] = self.input_limits.T
            inputs[: len(self._drives), BODY] = -1 - np.array(self._drives)
            for row, thruster in zip(inputs[len(self._drives) :], self.thrusters, strict=True):
                self._place(row, thruster)
                row[DRAG] = thruster.drag
            inputs[:, SHARE] = self._collective(inputs)
        return Actors(inputs, self._tyres())

    def _place(self, row, part):
        body, offset = self.frame(part.link)
        R = offset[:9].reshape(3, 3)
        row[BODY], row[POINT : POINT + 3], row[AXIS : AXIS + 3] = body, R @ part.at + offset[9:], R @ part.axis

    def _collective(self, inputs):
        """(m,) direction of inputs that changes no moment about the body's centre of mass, 0 where there is none."""
        thrusters, share = inputs[:, BODY] >= 0, np.zeros(len(inputs))
        rows = inputs[thrusters]
        if len(np.unique(rows[:, BODY])) != 1:
            return share
        com = self._lowered.bodies[int(rows[0, BODY]), 13:16]
        moments = np.cross(rows[:, POINT : POINT + 3] - com, rows[:, AXIS : AXIS + 3])
        moments = (moments + rows[:, [DRAG]] * rows[:, AXIS : AXIS + 3]).T  # (3, m)
        even = np.ones(len(rows)) - np.linalg.pinv(moments, rcond=1e-9) @ moments.sum(axis=1)
        share[thrusters] = even if even.min() > LEAST_SHARE else 0.0
        return share

    def _tyres(self):
        """A tyre presses with its equal share of the robot's weight."""
        tyres = self._that_move(self.tree.tyres)
        rows = np.zeros((len(tyres), TYRE_COLUMNS))
        weight = self._lowered.bodies[:, 12].sum() * np.linalg.norm(self.g)
        for row, tyre in zip(rows, tyres, strict=True):
            self._place(row, tyre)
            row[[VISCOUS, GRIP]] = tyre.viscous, tyre.mu * weight / len(rows)
        return rows

    def tyre_masses(self) -> np.ndarray:
        """(w,) least mass [kg] that each tyre feels along its axis at the home configuration: 1 / (eᵀ J M⁻¹ Jᵀ e)."""
        M, found = self.mass_matrix(self.home), []
        for tyre in self._that_move(self.tree.tyres):
            pose, J = self.pose(self.home, tyre.link), self.jacobian(self.home, tyre.link)
            arm = pose[:3, :3] @ tyre.at
            row = (J[:3] - np.cross(arm, J[3:], axisb=0, axisc=0)).T @ (pose[:3, :3] @ tyre.axis)
            found.append(1.0 / (row @ np.linalg.solve(M, row)))
        return np.array(found)
