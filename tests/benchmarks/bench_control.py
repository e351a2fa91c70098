"""Control: a period of MPC against a raw QP solver on the same program, and the cost of other laws' calls.

Panda, 14 states, 7 inputs, 20 stages of 20 ms with velocity and input bounds, caught from starts up to 0.5 rad off a
moving reference. Each period's program is also given to PIQP (its faster structure-exploiting factorization, 1e-8, set
up beforehand); ours is the whole law: measurement, disturbance estimate, program, warm start, solution.
"""

from functools import cache
from time import process_time

import numpy as np

from tests.benchmarks.harness import Line, best

STAGES, PERIOD, STEPS = 20, 0.02, 20
EPISODES, PERIODS = 4, 120


def reference(robot):
    from robocalc.trajectory import discrete_reference, minimum_jerk

    return discrete_reference(minimum_jerk([robot.home, robot.home + 0.5], duration=1.0), PERIOD / STEPS)


def piqp_of(p):
    """A PIQP solver of the program p, bounds on states hard; ready to be timed."""
    import piqp
    from scipy.sparse import block_diag, bmat, csc_matrix, eye

    N, n = p.B.shape[:2]
    H = block_diag([M for k in range(N) for M in (p.R, p.Q if k < N - 1 else p.Qf)])
    rows = [[None] * (2 * N) for _ in range(N)]
    for k in range(N):
        rows[k][2 * k], rows[k][2 * k + 1] = csc_matrix(p.B[k]), -eye(n)
        if k:
            rows[k][2 * k - 1] = csc_matrix(p.A[k])
    b = -p.c.copy()
    b[0] -= p.A[0] @ p.x0
    lo, hi = (np.where(abs(x.ravel()) < 1e100, x.ravel(), np.sign(x.ravel()) * np.inf) for x in (p.lo, p.hi))
    solver = piqp.SparseSolver()
    solver.settings.kkt_solver = piqp.KKTSolver.sparse_multistage
    solver.setup(csc_matrix(H), p.g.ravel(), csc_matrix(bmat(rows)), b.ravel(), None, None, None, lo, hi)
    return solver


@cache
def periods():
    """(seconds of each call of the law, seconds of each PIQP solve, largest difference of first inputs [N m])."""
    from robocalc.control import MPC
    from robocalc.control.kernels_horizon import UNSOLVED, state_in
    from robocalc.dynamics import load
    from sims.engines.twin import Twin

    robot, rng = load("panda"), np.random.default_rng(0)
    ref = reference(robot)
    design = MPC(3000.0, 1.0, 1e-2, horizon=STAGES, velocity_weight=1e5, position_weight=0, disturbance=0.5)
    law = design.law(robot, PERIOD, substeps=STEPS, reference=ref, step=PERIOD / STEPS)
    model, ours, theirs, apart = robot.model(), [], [], 0.0
    known = law.torque_along(ref, PERIOD / STEPS)
    for episode in range(-1, EPISODES):  # the first warms up
        memory, tau = law.memory.copy(), np.zeros(7)
        twin = Twin(robot, PERIOD / STEPS)
        state = twin.reset(ref[0, 0] + rng.uniform(-0.5, 0.5, 7))
        for k in range(PERIODS):
            at = min(k * STEPS, len(ref) - STEPS)
            now = ref[at : at + STEPS].mean(axis=0)
            rows = np.vstack([ref[at, :2], now, known[at : at + STEPS].mean(axis=0)])
            q, v, unsolved = state.q.copy(), state.v.copy(), memory.ravel()[UNSOLVED]
            began = process_time()
            law.step(model, law.gains, memory, k * PERIOD, q, v, rows, tau)
            ours.append(process_time() - began)
            view = state_in(memory.ravel(), STAGES, 7, 7, 0)
            solver = piqp_of(view.problem)
            began = process_time()
            status = solver.solve()
            theirs.append(process_time() - began)
            if episode < 0:
                ours, theirs = [], []
            elif "SOLVED" in str(status) and memory.ravel()[UNSOLVED] == unsolved:  # ours: not out of iterations
                apart = max(apart, abs(solver.result.x[:7] - view.point.y[0, :7]).max())
            for _ in range(STEPS):
                state = twin.step(tau)
    return np.array(ours), np.array(theirs), apart


def per_period():
    ours, theirs, _ = periods()
    return np.median(ours) * 1e3, np.median(theirs) * 1e3


def tail():
    ours, _, _ = periods()
    return np.percentile(ours, 99) / np.median(ours), None


def difference():
    return periods()[2], None


def call_of(make, name="panda"):
    """Microseconds of one call of a law on a robot, at rest 0.01 off home."""

    def measure():
        from numba import njit

        from robocalc.control.signature import LAW, law_address, law_at
        from robocalc.dynamics import load

        robot = load(name)
        law, n = make(robot), robot.n
        model, ref, tau = robot.model(), np.zeros((6, n)), np.zeros(n)
        ref[0] = ref[2] = robot.home
        q, v, gains, memory = robot.home + 0.01, np.zeros(n), law.gains, law.memory.copy()
        assert LAW is not None
        address = law_address(law.step)

        @njit
        def many(address, model, gains, memory, q, v, ref, tau):
            for k in range(1000):
                law_at(address)(model, gains, memory, 0.001 * k, q, v, ref, tau)

        return best(lambda: many(address, model, gains, memory, q, v, ref, tau))[0] * 1e3, None

    return measure


def tvlqr(robot):
    from robocalc.control import TVLQR

    return TVLQR().law(robot, 1e-3, reference=reference(robot), step=1e-3, latency=5e-3)


SAME = "MPC, Panda, 14 states, 7 inputs, 20 stages, velocity and input bounds"
LINES = [
    Line("mpc-qp", f"{SAME}: a whole period, median", "PIQP, the solve alone", "ratio", 1.2, "ms", per_period),
    Line("mpc-qp-tail", f"{SAME}: 99th percentile over median", "-", "at_most", 2.0, "", tail),
    Line("mpc-qp-same", f"{SAME}: first input, difference from PIQP's", "-", "at_most", 1e-3, "N m", difference),
    Line("law-call-tvlqr-late", "TVLQR with 5 ms latency, a call, 7 joints", "-", "at_most", 3.0, "µs", call_of(tvlqr)),
]
