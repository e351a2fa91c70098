"""The program of MPC by itself, against PIQP, OSQP and closed forms."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import block_diag, bmat, csc_matrix, eye, vstack

from robocalc.control import dlqr, solve_horizon, tvlqr
from robocalc.dynamics import load
from robocalc.errors import InvalidInput

N = 20
TORQUE = np.array([20.0, 20, 20, 20, 6, 6, 6])


def program(seed):
    """A Panda along a motion: 14 states, 7 inputs, 20 steps of 20 ms."""
    robot, rng = load("panda"), np.random.default_rng(seed)
    q = robot.home + 0.4 * np.linspace(0, 1, N)[:, None]
    v = np.full((N, 7), 0.5)
    A, B = robot.step_derivatives(q, v, robot.inverse_dynamics(q, v, 0 * q), 0.02)
    Q, R = np.diag([100.0] * 7 + [1.0] * 7), 0.01 * np.eye(7)
    x0 = np.concatenate([0.15 * rng.normal(size=7), 0.3 * rng.normal(size=7)])
    return {
        "A": A,
        "B": B,
        "Q": Q,
        "R": R,
        "Qf": dlqr(A[-1], B[-1], Q, R)[1],
        "x0": x0,
        "c": 1e-3 * rng.normal(size=(N, 14)),
    }


def sparse(p, lo, hi, gradient, soft=None):
    """H, g, E, b, lower, upper of u_0, x_1, u_1, ...; with one s ≥ 0 for each state's bounds where soft."""
    A, B = p["A"], p["B"]
    n = B.shape[1]
    H = block_diag([M for k in range(N) for M in (p["R"], p["Q"] if k < N - 1 else p["Qf"])])
    rows = [[None] * (2 * N) for _ in range(N)]
    for k in range(N):
        rows[k][2 * k], rows[k][2 * k + 1] = csc_matrix(B[k]), -eye(n)
        if k:
            rows[k][2 * k - 1] = csc_matrix(A[k])
    b = -p["c"].copy()
    b[0] -= A[0] @ p["x0"]
    return csc_matrix(H), gradient.ravel(), csc_matrix(bmat(rows)), b.ravel(), np.tile(lo, N), np.tile(hi, N)


def piqp(H, g, E, b, lo, hi):
    solver = pytest.importorskip("piqp").SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-11
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = 1e-11
    solver.setup(H, g, E, b, None, None, None, lo, hi)
    assert "SOLVED" in str(solver.solve())
    return solver.result.x, solver.result.info.primal_obj


@pytest.mark.parametrize("seed", range(6))
def test_bounded_programs_have_piqps_solution(seed):
    p, gradient = program(seed), 0.1 * np.random.default_rng(seed + 100).normal(size=(N, 21))
    speed = np.concatenate([np.full(7, np.inf), np.full(7, 0.5 + 0.05 * seed)])
    bound = np.concatenate([TORQUE, speed])
    truth, cost = piqp(*sparse(p, -bound, bound, gradient))
    found = solve_horizon(
        **p, gradient=gradient, input_bounds=(-TORQUE, TORQUE), state_bounds=(-speed, speed), tolerance=1e-12
    )
    assert found.status == "solved"
    assert_allclose(np.hstack([found.u, found.x[1:]]).ravel(), truth, atol=1e-6)
    assert found.cost == pytest.approx(cost, rel=1e-8)
    assert (abs(truth.reshape(N, 21)) > bound - 1e-6).sum() > 2  # bounds do matter here


def test_bounded_programs_have_osqps_solution():
    osqp = pytest.importorskip("osqp")
    p, gradient = program(0), np.zeros((N, 21))
    bound = np.concatenate([TORQUE, np.full(7, np.inf), np.full(7, 0.5)])
    H, g, E, b, lo, hi = sparse(p, -bound, bound, gradient)
    solver = osqp.OSQP()
    options = {"eps_abs": 1e-9, "eps_rel": 1e-9, "max_iter": 200_000, "polishing": True, "verbose": False}
    solver.setup(H, g, csc_matrix(vstack([E, eye(len(g))])), np.append(b, lo), np.append(b, hi), **options)
    truth = solver.solve().x
    found = solve_horizon(**p, input_bounds=(-TORQUE, TORQUE), state_bounds=(-bound[7:], bound[7:]), tolerance=1e-12)
    assert_allclose(np.hstack([found.u, found.x[1:]]).ravel(), truth, atol=1e-6)


@pytest.mark.parametrize("weights", [(5.0, 0.0), (0.5, 40.0), (100.0, 100.0)])
def test_soft_bounds_cost_what_piqp_pays_for_slack_variables(weights):
    """y ≤ hi + s, -y ≤ -lo + s, s ≥ 0, cost z s + ½ Z s²: the two sides are never beyond at once."""
    p = program(1)
    z, Z = weights
    speed = np.concatenate([np.full(7, np.inf), np.full(7, 0.3)])
    H, g, E, b, lo, hi = sparse(
        p, *(s * np.concatenate([TORQUE, np.full(14, np.inf)]) for s in (-1, 1)), np.zeros((N, 21))
    )
    slow = np.flatnonzero(np.tile(np.concatenate([np.full(14, False), np.full(7, True)]), N))
    pick = csc_matrix((np.ones(len(slow)), (range(len(slow)), slow)), (len(slow), len(g)))
    count = len(slow)
    H2 = block_diag([H, max(Z, 1e-10) * eye(count)])
    G = vstack([bmat([[pick, -eye(count)]]), bmat([[-pick, -eye(count)]])])
    solver = pytest.importorskip("piqp").SparseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-11
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = 1e-12
    none = np.full(count, np.inf)
    solver.setup(
        csc_matrix(H2), np.append(g, np.full(count, z)), csc_matrix(bmat([[E, csc_matrix((len(b), count))]])), b,
        csc_matrix(G), None, np.full(2 * count, 0.3), np.append(lo, 0 * none.clip(max=0)), np.append(hi, none),
    )  # fmt: skip
    solver.solve()
    soft = (np.full(14, z), np.full(14, Z))
    found = solve_horizon(**p, input_bounds=(-TORQUE, TORQUE), state_bounds=(-speed, speed), soft=soft, tolerance=1e-12)
    assert found.status == "solved"
    assert_allclose(np.hstack([found.u, found.x[1:]]).ravel(), solver.result.x[: len(g)], atol=2e-6)
    assert found.cost == pytest.approx(solver.result.info.primal_obj, rel=1e-6)


def test_without_bounds_it_is_the_riccati_feedback():
    p = program(3) | {"c": np.zeros((N, 14))}
    found = solve_horizon(**p)
    K, S = tvlqr(p["A"], p["B"], p["Q"], p["R"], p["Qf"])
    x = p["x0"]
    for k in range(N):
        assert_allclose(found.u[k], -K[k] @ x, atol=1e-9)
        x = p["A"][k] @ x + p["B"][k] @ found.u[k]
    assert found.cost + 0.5 * p["x0"] @ p["Q"] @ p["x0"] == pytest.approx(0.5 * p["x0"] @ S[0] @ p["x0"], rel=1e-10)
    assert found.iterations == 1


@pytest.mark.parametrize("most", [1, 2, 4])
def test_when_it_must_stop_inputs_are_within_bounds_and_states_are_theirs(most):
    p = program(2)
    found = solve_horizon(**p, input_bounds=(-TORQUE, TORQUE), state_bounds=(-1.0, 1.0), iterations=most)
    assert found.status == "out of iterations"
    assert (abs(found.u) < TORQUE).all()
    x = p["x0"]
    for k in range(N):
        x = p["A"][k] @ x + p["B"][k] @ found.u[k] + p["c"][k]
        assert_allclose(found.x[k + 1], x, atol=1e-9)


def test_a_deadline_in_the_past_returns_at_once():
    p = program(2)
    found = solve_horizon(**p, input_bounds=(-TORQUE, TORQUE), deadline=0.0)
    assert found.status == "out of time"
    assert found.iterations == 0
    assert (abs(found.u) < TORQUE).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"A": np.eye(2)}, r"A must have shape \(N, n, n\)"),
        ({"x0": np.zeros(3)}, r"x0 must have shape \(14,\)"),
        ({"x0": np.full(14, np.nan)}, "x0 must be finite"),
        ({"input_bounds": (1.0, -1.0)}, "input_bounds: the lower bound 1 of entry 0 is not below the upper -1"),
        ({"state_bounds": (np.zeros(3), 1.0)}, "state_bounds must be"),
    ],
)
def test_what_cannot_be_meant_is_refused(change, told):
    with pytest.raises(InvalidInput, match=told):
        solve_horizon(**(program(0) | change))
