"""What a robot does: its methods over kernels, each for one configuration or a batch.

Motion   dynamics, poses, Jacobians, inverse kinematics of a robot that has `joints`, `n`, `frame` and `_model`
"""

import numpy as np

from robocalc.dynamics.check import joint_rows


class Motion:
    """q, v, a, tau are (n,) or (N, n) in the order of `joints`; poses and Jacobians are in world axes."""

    def inverse_dynamics(self, q, v, a) -> np.ndarray:
        """Torque that gives acceleration a: τ = M(q) a + h(q, v), without friction.

        q, v, a   (n,) or a batch (N, n)  [rad | m], then per s, s²
        returns   like q                  [N m | N]
        raises    InvalidInput            a shape does not match n joints, a value is not finite
        source    recursive Newton-Euler; Featherstone (2008), ch. 5
        """
        from robocalc.dynamics.kernels_batch import many_rnea

        (q, v, a), single = joint_rows(self.joints, q=q, v=v, a=a)
        tau = np.empty_like(q)
        many_rnea(self._model, q, v, a, tau)
        return tau[0] if single else tau

    def forward_dynamics(self, q, v, tau) -> np.ndarray:
        """Acceleration a = M(q)⁻¹ (τ - h(q, v)) [rad/s² | m/s²]; shapes and errors as `inverse_dynamics`."""
        from robocalc.dynamics.kernels_batch import many_acceleration

        (q, v, tau), single = joint_rows(self.joints, q=q, v=v, tau=tau)
        a = np.empty_like(q)
        many_acceleration(self._model, q, v, tau, a)
        return a[0] if single else a

    def mass_matrix(self, q) -> np.ndarray:
        """M(q) (n, n) or (N, n, n), symmetric [kg m² | kg m | kg]."""
        from robocalc.dynamics.kernels_batch import many_crba

        (q,), single = joint_rows(self.joints, q=q)
        M = np.empty((*q.shape, self.n))
        many_crba(self._model, q, M)
        return M[0] if single else M

    def bias(self, q, v) -> np.ndarray:
        """h(q, v) = C(q, v) v + g(q) [N m | N], like q."""
        from robocalc.dynamics.kernels_batch import many_bias

        (q, v), single = joint_rows(self.joints, q=q, v=v)
        h = np.empty_like(q)
        many_bias(self._model, q, v, h)
        return h[0] if single else h

    def gravity(self, q) -> np.ndarray:
        """g(q): the torque that holds the robot still [N m | N], like q."""
        return self.bias(q, np.zeros(self.n))

    def pose(self, q, frame=None) -> np.ndarray:
        """Pose of a frame in world, (4, 4) or (N, 4, 4) [m]; the tool where no frame is named."""
        from robocalc.dynamics.kernels_batch import many_poses

        (q,), single = joint_rows(self.joints, q=q)
        T = np.empty((len(q), 4, 4))
        many_poses(self._model, q, *self.frame(frame), T)
        return T[0] if single else T

    def jacobian(self, q, frame=None) -> np.ndarray:
        """Velocity of a frame per joint velocity, (6, n) or (N, 6, n): linear rows 0:3, angular 3:6, world axes."""
        from robocalc.dynamics.kernels_batch import many_jacobians

        (q,), single = joint_rows(self.joints, q=q)
        body, offset = self.frame(frame)
        J = np.empty((len(q), 6, self.n))
        many_jacobians(self._model, q, body, offset[9:], J)
        return J[0] if single else J

    def solve_ik(
        self,
        pose,
        frame=None,
        *,
        start=None,
        seed=0,
        restarts=50,
        position_tolerance=1e-6,
        rotation_tolerance=1e-6,
        posture=None,
        margin=0.0,
    ):
        """Configuration within limits that brings a frame (the tool where None) to a pose: IKResult.

        pose        (4, 4) in world, or a position (3,) where the rotation is free
        start       (n,) where the search begins, `home` where None; restarts begin near it, then anywhere (seeded)
        posture     (n,): redundancy is used to come near it; where None: no pull from a given start, else `home`
        margin      [rad | m] to stay away from position limits
        tolerances  [m], [rad]; the last step mostly ends far below
        raises      InvalidInput   not a pose, a frame that no joint moves
        returns     a status that is not SOLVED says why, `limiting` names joints; `raise_for_status()` raises it
        source      Levenberg-Marquardt, damping as Sugihara (2011), limits as an active set
        """
        from robocalc.dynamics.ik import solve

        return solve(
            self,
            pose,
            frame,
            start=start,
            seed=seed,
            restarts=restarts,
            position_tolerance=position_tolerance,
            rotation_tolerance=rotation_tolerance,
            posture=posture,
            margin=margin,
        )

    def follow_poses(self, poses, start, frame=None, **options):
        """Configurations along dense poses (N, 4, 4), each found from the last, so on one branch: PathIK.

        start      (n,) near the first pose
        options    position_tolerance [m], rotation_tolerance [rad], margin [rad | m], jump [rad | m]: a joint that
                   moves more between neighbouring poses has lost its branch
        """
        from robocalc.dynamics.ik import follow

        return follow(self, poses, start, frame, **options)
