"""The compiled passes against differences, CasADi, scipy and pinocchio."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize

from robocalc.dynamics import load
from robocalc.optimize import OBJECTIVES, Problem, ReachCost
from robocalc.optimize.ddp.box import box_step
from robocalc.optimize.ddp.lagrangian import Lagrangian
from robocalc.optimize.ddp.solving import Job
from robocalc.optimize.objectives import needs_rates

ca = pytest.importorskip("casadi")
N = 4


def wild(t, x, u):
    return [x[1] * np.cos(x[0]) + t, np.sin(x[0]) * u[0] - x[1] ** 2 + u[1] ** 3]


def along(t, x, u):
    return u[0] ** 2 * (1 + x[0] ** 2) + np.exp(0.3 * x[1]) * u[1] ** 2 + t * x[0]


def power(t, x, u):
    return u[1] * x[8]


ARM = load("panda")
TURNED = ARM.pose(ARM.home + 0.6)


def problems():
    """{name: Problem} of every cost and constraint that the passes know."""
    rows = {
        "wall": (lambda t, x, u: [x[0] * u[0], x[0] ** 2 + t], 0.3, 0.5),
        "first": (lambda t, x, u: x[0] * x[1], 0.0, 0.0, "initial"),
        "last": (lambda t, x, u: np.sin(x[0]) * x[1], 0.1, 0.1, "final"),
    }
    out = {
        "equations": Problem(
            wild, 2, 2, 0.4, final=[0.3, None], running=along, terminal=lambda T, x: x[0] ** 4 + x[1] * x[0],
            constraints=rows, state_bounds=([None, -0.2], [None, 0.2]),
        ),
        "free time": Problem(wild, 2, 2, (0.2, 2.0), running=along, terminal=lambda T, x: T * x[0], constraints=rows),
    }  # fmt: skip
    goals = {"nothing": None, "position": TURNED[:3, 3], "pose": TURNED, "far pose": ARM.pose(-ARM.home)}
    for name, goal in goals.items():
        cost = ReachCost(ARM, goal, weight=2.0, state=0.3, input=0.01, x_ref=np.full(14, 0.1), u_ref=np.ones(7))
        out[f"reach {name}"] = Problem(ARM, duration=0.04, running=cost, terminal=cost.end)
    for name in OBJECTIVES:
        if not needs_rates(name):
            out[name] = Problem(
                ARM, duration=0.04, running=name, final=[*ARM.home, *[0.1] * 7], constraints={"power": (power, 0, 1)}
            )
    return out


PROBLEMS = problems()


class Passes:
    """A problem's passes at a random motion, its step and cost as functions of one node's (x, u)."""

    def __init__(self, problem, seed=0, rk4=False):
        self.job = Job(problem, N, rk4)
        code, rng = self.job.code, np.random.default_rng(seed)
        self.nx, self.nu, self.passes = code.nx, code.nu, self.job.passes()
        self.lagrangian = Lagrangian(problem, code, N, 1.0)
        for part in self.lagrangian.rows:
            part[2], part[3] = rng.normal(size=part[2].shape), 7.0
        self.X, self.U = rng.uniform(0.2, 0.9, (N + 1, self.nx)), rng.uniform(-0.8, 0.8, (N, self.nu))

    def cost(self, X, U):
        """Cost and penalty of a motion with gaps, which stay."""
        gap = np.zeros_like(X)
        self.passes.gaps(X, U, gap)
        free = np.array([[-np.inf] * self.nu, [np.inf] * self.nu])
        k, K = np.zeros_like(U), np.zeros((N, self.nu, self.nx))
        Xn, Un = np.empty_like(X), np.empty_like(U)
        return sum(
            self.passes.roll(self.lagrangian.rows, gap, free, 0.0, X, U, k, K, np.zeros(self.nx), Xn, Un)
        )  # fmt: skip

    def ends(self, X, U):
        """Where the step of every node ends (N, nx)."""
        gap = np.zeros_like(X)
        self.passes.gaps(X, U, gap)
        return gap[1:] + X[1:]

    def derivatives(self):
        nz = self.nx + self.nu
        AB, lz = np.zeros((N, self.nx, nz)), np.zeros((N + 1, nz))
        lzz, full = np.zeros((N + 1, nz, nz)), np.zeros((N + 1, nz, nz))
        self.passes.gaps(self.X, self.U, np.zeros_like(self.X))
        ng = len(self.job.code.along)
        rows = np.zeros((N, ng)), np.zeros((N, ng, nz))
        self.passes.derive(self.lagrangian.rows, self.X, self.U, AB, lz, lzz, full, *rows)
        self.passes.curve(self.X, AB, lz, lzz, full)
        return AB, lz, lzz, full

    def nudged(self, node, i, by):
        X, U = self.X.copy(), self.U.copy()
        if i < self.nx:
            X[node, i] += by
        else:
            U[node, i - self.nx] += by
        return X, U


def central(f, h=1e-6):
    return (f(h) - f(-h)) / (2 * h)


@pytest.mark.parametrize(("name", "rk4"), [*((name, False) for name in PROBLEMS), ("reach pose", True)])
def test_jacobians_and_gradients_are_those_of_the_forward_pass(name, rk4):
    at = Passes(PROBLEMS[name], rk4=rk4)
    AB, lz, _, _ = at.derivatives()
    for node in (0, 2, N):
        for i in range(at.nx + at.nu if node < N else at.nx):
            slope = central(lambda h, node=node, i=i: at.cost(*at.nudged(node, i, h)))
            assert lz[node, i] == pytest.approx(slope, rel=2e-6, abs=2e-6)
            if node < N:
                column = central(lambda h, node=node, i=i: at.ends(*at.nudged(node, i, h))[node])
                assert_allclose(AB[node, :, i], column, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", ["equations", "free time", "effort"])
def test_the_curvature_is_that_of_the_lagrangian(name):
    at = Passes(PROBLEMS[name])
    AB, lz, lzz, full = at.derivatives()
    costates = np.zeros((N + 1, at.nx))
    costates[N] = lz[N, : at.nx]
    for t in range(N - 1, -1, -1):
        costates[t] = lz[t, : at.nx] + AB[t, :, : at.nx].T @ costates[t + 1]
    node = 1

    def gradient(i, h):
        there = Passes(PROBLEMS[name])
        there.X, there.U = at.nudged(node, i, h)
        J, l, _, _ = there.derivatives()
        return l[node] + J[node].T @ costates[node + 1]

    numeric = np.array([central(lambda h, i=i: gradient(i, h), 1e-5) for i in range(at.nx + at.nu)])
    rows = lzz[node] - full[node]  # robots leave the curvature of a user's rows out
    tolerance = 1e-5 if name != "effort" else 1e-3
    assert np.abs(rows).max() > 0
    if name != "effort":
        assert_allclose(full[node], numeric, rtol=tolerance, atol=tolerance)
    else:
        power = np.zeros_like(numeric)
        f = 7.0 * (at.U[node, 1] * at.X[node, 8]) + at.lagrangian.rows.g[2, node, 0]
        f = max(f - 7.0, 0.0) if f > 0 else f
        power[8, 15] = power[15, 8] = f
        assert_allclose(full[node] + power, numeric, rtol=tolerance, atol=tolerance)


def test_the_logarithm_of_a_pose_is_pinocchios():
    pin = pytest.importorskip("pinocchio")
    from robocalc.optimize.ddp.reach_kernels import jlog6, log6

    rng = np.random.default_rng(0)
    for angle in (0.0, 1e-9, 1e-5, 1e-3, 0.5, 2.0, 3.1, np.pi - 1e-6):
        axis = rng.normal(size=3)
        M = pin.SE3(pin.exp3(angle * axis / np.linalg.norm(axis)), rng.normal(size=3))
        T, r, J = np.append(M.rotation.ravel(), M.translation), np.zeros(6), np.zeros((6, 6))
        log6(T, r)
        jlog6(T, r, J)
        assert_allclose(r, pin.log6(M).vector, rtol=1e-6, atol=1e-8)
        assert_allclose(J, pin.Jlog6(M), rtol=1e-6, atol=1e-6)


def test_steps_within_bounds_are_scipys():
    rng = np.random.default_rng(1)
    for _ in range(50):
        m = rng.integers(1, 8)
        R = rng.normal(size=(m, m))
        H, g = R @ R.T + 0.1 * np.eye(m), 5 * rng.normal(size=m)
        lo, hi = -rng.uniform(0, 1, m), rng.uniform(0, 1, m)
        lo[rng.random(m) < 0.2] = -np.inf
        d, free, L = np.zeros(m), np.zeros(m), np.zeros((m, m))
        assert box_step(H, g, lo, hi, d, free, L, np.zeros(m))
        best = minimize(
            lambda z, H=H, g=g: (z @ H @ z / 2 + g @ z, H @ z + g), np.zeros(m), jac=True, bounds=list(zip(lo, hi)),
            method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-10},
        )  # fmt: skip
        assert_allclose(d, best.x, atol=1e-5)
        assert d @ H @ d / 2 + g @ d <= best.fun + 1e-10
        assert ((d > lo) & (d < hi)) @ (1 - free) == 0


def test_machine_code_gives_what_casadi_gives_to_the_last_bit():
    from robocalc.optimize.ddp.emit import emitted
    from robocalc.optimize.ddp.lagrangian import row_values  # a kernel that calls it

    t, x, u, p = ca.SX.sym("t"), ca.SX.sym("x", 3), ca.SX.sym("u", 2), ca.SX.sym("p", 1)
    a, b, c = x[0], x[1], x[2]
    parts = [ca.sin(a) * u[0] + t, ca.tan(b) / p, ca.atan2(a, c), ca.if_else(a > 0.3, u[1], c**3), ca.fmin(a, b)]
    parts += [ca.sign(c), ca.exp(a) ** 1.7, ca.hypot(a, b), ca.logic_or(a > 5, b < 0), ca.log1p(a), ca.erf(a), -a]
    parts += [
        ca.fmod(c, 0.3),
        1 / a,
        ca.sqrt(ca.fabs(b)),
        ca.floor(c),
        ca.asinh(a),
        ca.acos(b),
        ca.if_else(a == b, 1, c),
    ]
    f = ca.Function("f", [t, x, u, p], [ca.densify(ca.vertcat(0, *parts))])
    code = emitted(f)
    X, U, P = np.array([[0.4, -0.2, -1.3]] * 2), np.array([[0.5, 0.7]]), np.array([1.2])
    G = np.zeros((1, len(parts)))
    row_values(np.array([code.address, 0, 0, 0, len(parts), 0, 0, 0, 0]), P, 0.1, X, U, G, np.zeros(0))
    assert np.array_equal(G[0], np.array(f(0.0, X[0], U[0], P)).ravel()[1:])
