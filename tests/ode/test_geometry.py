"""Symplectic methods keep what mechanics keeps; Lie group methods stay on their group, at their order."""

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.linalg import expm
from scipy.spatial.transform import Rotation

from robocalc.errors import InvalidInput, UnknownName
from robocalc.ode import METHODS, SYMPLECTIC, solve, solve_lie

INERTIA = np.array([1.0, 2.0, 3.0])
SPIN = np.array([0.3, 1.0, 0.2])
LONG = 2 * np.pi * 100  # 100 orbits


@numba.njit
def kepler(t, y, p, out):
    r3 = (y[0] * y[0] + y[1] * y[1]) ** 1.5
    out[0], out[1], out[2], out[3] = y[2], y[3], -y[0] / r3, -y[1] / r3


@pytest.mark.parametrize("method", SYMPLECTIC)
def test_eccentric_orbits_keep_energy_bounded_and_angular_momentum_exact(method):
    e, n = 0.9, 2000
    sol = solve(kepler, (0, LONG), [1 - e, 0, 0, np.sqrt((1 + e) / (1 - e))], method, step=2 * np.pi / n)
    x, y, u, v = sol.y.T
    energy = 0.5 * (u * u + v * v) - 1 / np.hypot(x, y) + 0.5
    momentum = x * v - y * u
    early, late = np.abs(energy[: 10 * n]).max(), np.abs(energy[-10 * n :]).max()
    assert late < 1.5 * early + 1e-11  # bounded: no drift over 100 orbits
    assert_allclose(momentum, momentum[0], atol=1e-12)


def test_events_and_wanted_times_work_with_symplectic_methods():
    swing = numba.njit(lambda t, y: np.array([y[1], -y[0]]))
    sol = solve(swing, (0, 10), [1, 0], "kahan_li6", step=0.1, events=lambda t, y: y[0], t_eval=[0.05, 3.33])
    assert_allclose(sol.t_events[0], np.pi * np.array([0.5, 1.5, 2.5]), atol=1e-6)
    assert_allclose(sol.y[:, 0], np.cos([0.05, 3.33]), atol=1e-6)


def test_a_symplectic_step_backwards_undoes_it():
    for method in ("leapfrog", "yoshida4", "kahan_li6", "kahan_li8", "implicit_midpoint", "gauss4"):
        there = solve(kepler, (0, 1), [1, 0, 0, 1.1], method, step=0.05).y[-1]
        back = solve(kepler, (1, 0), there, method, step=0.05).y[-1]
        assert_allclose(back, [1, 0, 0, 1.1], atol=1e-12)


# --- groups ---------------------------------------------------------------------------------------------------------


@numba.njit
def free_body(t, y, p, out):
    """Attitude and body rates of a free rigid body: Ṙ = R ω^, I ω̇ = I ω × ω."""
    w = y[9:12]
    out[0], out[1], out[2] = w[0], w[1], w[2]
    out[3], out[4], out[5] = -w[1] * w[2], w[2] * w[0], -w[0] * w[1] / 3


def embedded(t, y):
    """The same in R¹², as an oracle."""
    R, w = y[:9].reshape(3, 3), y[9:]
    W = np.array([[0, -w[2], w[1]], [w[2], 0, -w[0]], [-w[1], w[0], 0]])
    return np.concatenate([(R @ W).reshape(-1), [-w[1] * w[2], w[2] * w[0], -w[0] * w[1] / 3]])


@pytest.fixture(scope="module")
def attitude():
    return solve(embedded, (0, 5), np.r_[np.eye(3).reshape(-1), SPIN], "vern9", rtol=1e-12, atol=1e-14).y[-1]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_keeps_its_order_on_the_rotation_group(method, attitude):
    counts = np.array([4, 5, 7, 10, 14, 20, 28, 40, 56, 80, 112, 160])

    def end(n):
        return solve_lie(free_body, (0, 5), (np.eye(3), SPIN), ("SO3", 3), method=method, step=5 / n).y[-1]

    error = np.array([np.abs(end(n) - attitude).max() for n in counts])
    clear = error > 1e-11
    slopes = np.log(error[clear][:-1] / error[clear][1:]) / np.log(counts[clear][1:] / counts[clear][:-1])
    order = METHODS[method].order
    assert np.median(slopes[-3:]) > order - (0.15 if order <= 4 else 1.2)
    if method == "rk4":
        assert slopes[-1] >= 3.9


def test_rotations_stay_orthogonal_to_rounding_and_momentum_is_kept():
    sol = solve_lie(free_body, (0, 40), (np.eye(3), SPIN), ("SO3", 3), step=0.01)
    R, w = sol.blocks
    assert len(sol.t) == 4001
    assert np.abs(np.einsum("nij,nik->njk", R, R) - np.eye(3)).max() < 1e-13
    momentum = np.einsum("nij,nj->ni", R, INERTIA * w)
    assert_allclose(momentum, np.broadcast_to(INERTIA * SPIN, momentum.shape), atol=1e-8)


@pytest.mark.parametrize("method", ["bs3", "dopri5", "tsit5", "vern7", "dop853", "vern9"])
def test_adaptive_steps_meet_their_tolerance(method, attitude):
    sol = solve_lie(free_body, (0, 5), (np.eye(3), SPIN), ("SO3", 3), method=method, rtol=1e-9, atol=1e-11)
    assert_allclose(sol.y[-1], attitude, atol=1e-7)
    assert len(sol.t) < 2500


TWIST = np.array([0.3, -0.2, 0.5, 0.4, 1.0, -0.7])  # linear, angular


def hat(x):
    v, w = x[:3], x[3:]
    return np.array([[0, -w[2], w[1], v[0]], [w[2], 0, -w[0], v[1]], [-w[1], w[0], 0, v[2]], [0, 0, 0, 0]])


START = np.eye(4)
START[:3, :3], START[:3, 3] = Rotation.from_rotvec([0.1, 0.5, -0.3]).as_matrix(), [1, 2, 3]


@pytest.mark.parametrize("frame", ["body", "world"])
def test_a_constant_twist_is_the_exponential_in_any_number_of_steps(frame):
    exact = START @ expm(2 * hat(TWIST)) if frame == "body" else expm(2 * hat(TWIST)) @ START
    for step in (2.0, 0.5):
        sol = solve_lie(lambda t, y: TWIST, (0, 2), START, "SE3", step=step, frame=frame)
        assert_allclose(sol.blocks[0][-1], exact, atol=1e-13)


@pytest.mark.parametrize("frame", ["body", "world"])
def test_poses_with_changing_twists_match_the_embedded_equation(frame):
    def twist(t, y):
        return TWIST * np.cos(t) + np.array([0, 0.3, 0, 0.2, 0, 0.1]) * np.sin(3 * t) * y[3]

    def flat(t, y):
        T, X = y.reshape(4, 4), hat(twist(t, y))
        return (T @ X if frame == "body" else X @ T).reshape(-1)

    times = [0, 0.31, 1.1, 2]
    exact = solve(flat, (0, 2), START.reshape(-1), "vern9", rtol=1e-12, atol=1e-13, t_eval=times).y
    sol = solve_lie(twist, (0, 2), START, "SE3", method="dop853", rtol=1e-10, atol=1e-12, frame=frame, t_eval=times)
    assert_allclose(sol.y, exact, atol=2e-8)
    errors = [
        np.abs(solve_lie(twist, (0, 2), START, "SE3", step=2 / n, frame=frame).y[-1] - exact[-1]).max()
        for n in (16, 32)
    ]
    assert np.log2(errors[0] / errors[1]) > 3.9


def test_a_quadrotor_is_a_mixed_state():
    """Hover thrust and no torque: it stays where it is, whatever its heading."""
    g, m = 9.81, 1.2

    def quadrotor(t, y, p):
        R, v, w = y[:9].reshape(3, 3), y[12:15], y[15:18]
        thrust, torque = p[0], p[1:4]
        return np.concatenate([w, v, R[:, 2] * thrust / m - [0, 0, g], (torque - np.cross(w, INERTIA * w)) / INERTIA])

    heading = Rotation.from_euler("z", 0.7).as_matrix()
    y0 = (heading, [1, 2, 3], [0.0, 0, 0], [0.0, 0, 0])
    sol = solve_lie(quadrotor, (0, 2), y0, ("SO3", 3, 3, 3), p=[m * g, 0, 0, 0], step=0.1)
    assert [b.shape[1:] for b in sol.blocks] == [(3, 3), (3,), (3,), (3,)]
    assert_allclose(sol.y[-1], sol.y[0], atol=1e-12)
    turned = solve_lie(quadrotor, (0, 2), y0, ("SO3", 3, 3, 3), p=[m * g, 0, 0, 0.6], step=0.1)
    yaw = Rotation.from_matrix(turned.blocks[0][-1]).as_euler("zyx")[0]
    assert yaw == pytest.approx(0.7 + 0.5 * (0.6 / 3) * 4, abs=1e-12)


BAD = {
    "no rotation": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), 2 * np.eye(3), step=0.1), "no rotation matrix"),
    "mirror": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), np.diag([1, 1, -1.0]), step=0.1), "det R = -1"),
    "size": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), np.eye(4), step=0.1), "must hold 9 numbers"),
    "pose": (lambda: solve_lie(lambda t, y: TWIST, (0, 1), np.diag([1.0, 1, 1, 2]), "SE3", step=0.1), "no pose"),
    "space": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), np.eye(3), 0, step=0.1), "a space is"),
    "step": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), np.eye(3)), "give step="),
    "velocity": (lambda: solve_lie(lambda t, y: TWIST, (0, 1), np.eye(3), step=0.1), "velocity must return 3 numbers"),
    "method": (lambda: solve_lie(lambda t, y: SPIN, (0, 1), np.eye(3), method="bdf"), "explicit method"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_clear_sentence(case):
    call, words = BAD[case]
    with pytest.raises(InvalidInput, match=words):
        call()


def test_unknown_names_get_the_nearest():
    with pytest.raises(UnknownName, match="did you mean 'SO3'"):
        solve_lie(lambda t, y: SPIN, (0, 1), np.eye(3), "SO4", step=0.1)
    with pytest.raises(UnknownName, match="known: body, world"):
        solve_lie(lambda t, y: SPIN, (0, 1), np.eye(3), frame="tool", step=0.1)


def test_a_velocity_that_is_not_finite_ends_with_its_status():
    sol = solve_lie(lambda t, y: SPIN / (0.5 - t) if t < 0.5 else SPIN * np.nan, (0, 1), np.eye(3), method="tsit5")
    assert not sol.success
    assert "near t = 0.5" in sol.message or "near t = 0.49" in sol.message
