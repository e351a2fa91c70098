"""safe-control-gym's LQR and iLQR on its own equations, written after its lqr.py and ilqr.py (e39a569), step by step.

The package itself wants torch, MOSEK and a database client; what is here is its algorithm with its calls of CasADi and
numpy, on our episodes: its returns are reproduced (tests/sims/test_gym.py), and what its environment adds in CPU time
is left out.
"""

from time import process_time

import casadi as ca
import numpy as np
from scipy.linalg import solve_discrete_are

from sims.bench.gym import out_of_bounds
from sims.bench.gym_free import plant_of, rewards, stepper

MOST, GROWTH, GREATEST, EPSILON = 15, 10.0, 1000.0, 0.01
ARM, INERTIA, MASS = 0.0397, 1.4e-5, 0.027


class Symbolic:
    """df(x, u) -> (∂f/∂x, ∂f/∂u) and loss with its derivatives, in the gym's order of states."""

    def __init__(self, task):
        self.task = task
        nx, nu = len(task.order), task.robot.m
        X, U = ca.MX.sym("X", nx), ca.MX.sym("U", nu)
        f = {4: cart_pole, 6: quadrotor_2d, 12: quadrotor_3d}[nx](X, U)
        Q, R, Xr, Ur = ca.MX.sym("Q", nx, nx), ca.MX.sym("R", nu, nu), ca.MX.sym("Xr", nx), ca.MX.sym("Ur", nu)
        self.df = ca.Function("df", [X, U], [ca.jacobian(f, X), ca.jacobian(f, U)])
        cost = 0.5 * (X - Xr).T @ Q @ (X - Xr) + 0.5 * (U - Ur).T @ R @ (U - Ur)
        lx, lu = ca.jacobian(cost, X), ca.jacobian(cost, U)
        outs = [cost, lx, ca.jacobian(lx, X), lu, ca.jacobian(lu, U), ca.jacobian(lx, U)]
        ins, names = [X, U, Xr, Ur, Q, R], ["x", "u", "Xr", "Ur", "Q", "R"]
        self.loss = ca.Function("loss", ins, outs, names, ["l", "l_x", "l_xx", "l_u", "l_uu", "l_xu"])
        self.Q, self.R = np.diag(task.weights), task.effort * np.eye(nu)

    def euler(self, x, u):
        """Its discretisation: A = 1 + dt ∂f/∂x, B = dt ∂f/∂u."""
        A, B = (part.toarray() for part in self.df(x, u))
        return np.eye(len(A)) + A * self.task.period, B * self.task.period

    def gain(self):
        A, B = self.euler(np.zeros(len(self.task.order)), self.task.hover)
        P = solve_discrete_are(A, B, self.Q, self.R)
        return np.linalg.inv(self.R + B.T @ P @ B) @ (B.T @ P @ A)


def cart_pole(x, u):
    m, M, half, g = 0.1, 1.0, 0.5, 9.8
    push = (u + m * half * x[3] ** 2 * ca.sin(x[2])) / (m + M)
    a = (g * ca.sin(x[2]) - ca.cos(x[2]) * push) / (half * (4.0 / 3.0 - m * ca.cos(x[2]) ** 2 / (m + M)))
    return ca.vertcat(x[1], push - m * half * a * ca.cos(x[2]) / (m + M), x[3], a)


def quadrotor_2d(x, u):
    lift = (u[0] + u[1]) / MASS
    turn = ARM * (u[1] - u[0]) / INERTIA / np.sqrt(2)
    return ca.vertcat(x[1], ca.sin(x[4]) * lift, x[3], ca.cos(x[4]) * lift - 9.8, x[5], turn)


def quadrotor_3d(x, u):
    """x, ẋ, y, ẏ, z, ż, roll, pitch, yaw, body rates."""
    (a, b, c), w = (x[6], x[7], x[8]), x[9:]
    s, k, t = ca.sin, ca.cos, ca.tan
    lift = ca.sum1(u) / MASS
    push = [k(a) * s(b) * k(c) + s(a) * s(c), k(a) * s(b) * s(c) - s(a) * k(c), k(a) * k(b)]
    push = [lift * e for e in push]
    J, arm, drag = ca.diag(ca.DM([INERTIA, INERTIA, 2.17e-5])), ARM / np.sqrt(2), 7.94e-12 / 3.16e-10
    mix = ca.DM(np.array([arm, arm, drag])[:, None] * [[1, 1, -1, -1], [-1, 1, 1, -1], [-1, 1, -1, 1]])
    turn = ca.solve(J, mix @ u - ca.cross(w, J @ w))
    angles = [w[0] + t(b) * (s(a) * w[1] + k(a) * w[2]), k(a) * w[1] - s(a) * w[2], (s(a) * w[1] + k(a) * w[2]) / k(b)]
    return ca.vertcat(x[1], push[0], x[3], push[1], x[5], push[2] - 9.8, *angles, turn)


class Lqr:
    """Its LQR: u = u₀ - K (x - r_k)."""

    def __init__(self, task, x0=None):
        self.task, self.K = task, Symbolic(task).gain()

    def __call__(self, k, x):
        return -self.K @ (self.task.measured(x)[list(self.task.order)] - self.task.reference_gym[k]) + self.task.hover


class Ilqr:
    """Its iLQR: `learn` flies episodes and updates the policy after each; then it is a controller like any."""

    def __init__(self, task, x0):
        self.task, self.x0, self.model = task, x0, Symbolic(task)
        self.lamb, N, nu, nx = 1.0, task.periods, task.robot.m, len(task.order)
        K = self.model.gain()
        self.gains = np.tile(-K, (N, 1, 1))
        self.forward = (K @ task.reference_gym[:N].T).T + task.hover
        self.gains.shape, self.forward.shape = (N, nu, nx), (N, nu)

    def __call__(self, k, x):
        return self.gains[k] @ self.task.measured(x)[list(self.task.order)] + self.forward[k]

    def learn(self, plant):
        previous, improved = -np.inf, False
        best = self.gains.copy(), self.forward.copy()
        for iteration in range(MOST):
            X, U, cost = fly(self.task, plant, self, self.x0)
            change = cost - previous
            if iteration == 0:
                previous, best = cost, (self.gains.copy(), self.forward.copy())
                self.update(X, U)
            elif change > 0.0:
                self.lamb *= GROWTH
                self.gains, self.forward = best[0].copy(), best[1].copy()
                improved = False
                self.lamb = min(self.lamb, GREATEST)
            else:
                previous, best = cost, (self.gains.copy(), self.forward.copy())
                if abs(change) < EPSILON and improved:
                    break
                improved = True
                self.update(X, U)
        self.gains, self.forward = best

    def update(self, X, U):
        """Its backward pass, along X (N + 1, nx), U (N, m) unlimited, in the gym's order."""
        task, model, r = self.task, self.model, self.task.reference_gym
        loss = self._loss(X[-1], task.hover, r[-1])
        Sv, Sm = loss["l_x"].toarray().T, loss["l_xx"].toarray().T
        for k in reversed(range(len(U))):
            A, B = model.euler(X[k], U[k])
            loss = self._loss(X[k], U[k], r[k])
            Qv, Qm = loss["l_x"].toarray().T, loss["l_xx"].toarray().T
            Rv, Rm, Pm = loss["l_u"].toarray().T, loss["l_uu"].toarray().T, loss["l_xu"].toarray().T
            g, G, H = Rv + B.T @ Sv, Pm + B.T @ Sm @ A, Rm + B.T @ Sm @ B
            H = (H + H.T) / 2
            values, vectors = np.linalg.eig(H)
            values[values < 0] = 0.0
            inverse = vectors @ np.diag(1.0 / (values + self.lamb)) @ vectors.T
            d, K = -inverse @ g, -inverse @ G
            self.forward[k], self.gains[k] = U[k] + d[:, 0] - K @ X[k], K
            Sm = Qm + A.T @ Sm @ A + K.T @ H @ K + K.T @ G + G.T @ K
            Sv = Qv + A.T @ Sv + K.T @ H @ d + K.T @ g + G.T @ d

    def _loss(self, x, u, r):
        return self.model.loss(x=x, u=u, Xr=r, Ur=self.task.hover, Q=self.model.Q, R=self.model.R)


def fly(task, plant, act, x0):
    """(X, U (as asked for), cost) of one episode, states in the gym's order."""
    n, X, U = task.robot.n, [x0], []
    plant.reset(x0[:n], x0[n:])
    advance = stepper(task, plant)
    for k in range(task.periods):
        U.append(np.asarray(act(k, X[-1]), float))
        x = np.empty(2 * n)
        advance(np.clip(U[-1], *task.limits), k == 0, x)
        X.append(x)
        if out_of_bounds(task, x):
            break
    X, U = np.array([task.measured(x) for x in X]), np.array(U)
    return X[:, list(task.order)], U, -rewards(task, X, np.clip(U, *task.limits)).sum()


def measure(task, kind="bullet"):
    """(return, CPU seconds of training and one run) of its iLQR from the task's own start."""
    x0, begun = task.start(), process_time()
    with plant_of(task, kind) as plant:
        law = Ilqr(task, x0)
        law.learn(plant)
        _, _, cost = fly(task, plant, law, x0)
    return -cost, process_time() - begun
