"""robocalc.ode against scipy, numbalsoda, diffrax and numpy: the table of speeds, one core, CPU seconds.

Both sides get the same compiled right-hand side, tolerance and problem. Compiled functions that write in place reach
scipy through a compiled wrapper that returns an array.
"""

import math
import subprocess
import sys
import tempfile
from pathlib import Path
from time import process_time

import numba
import numpy as np

from robocalc.ode import ensemble, flow, solve, solve_lie
from tests.benchmarks.harness import Line, best
from tests.ode.reference_solutions import problems


@numba.njit(error_model="numpy")
def dpend(t, y, p, out):
    """Double pendulum of point masses, 1 kg, 1 m."""
    s, c = np.sin(y[0] - y[1]), np.cos(y[0] - y[1])
    s1, s2 = np.sin(y[0]), np.sin(y[1])
    w1, w2, den = y[2] * y[2], y[3] * y[3], 2.0 - c * c
    out[0], out[1] = y[2], y[3]
    out[2] = (9.81 * (s2 * c - 2.0 * s1) - s * (c * w1 + w2)) / den
    out[3] = (19.62 * (s1 * c - s2) + s * (2.0 * w1 + c * w2)) / den


@numba.njit(error_model="numpy")
def dpend_jac(t, y, p, J):
    """∂(dpend)/∂y."""
    s, c = np.sin(y[0] - y[1]), np.cos(y[0] - y[1])
    s1, s2, c1, c2 = np.sin(y[0]), np.sin(y[1]), np.cos(y[0]), np.cos(y[1])
    w1, w2, i = y[2] * y[2], y[3] * y[3], 1.0 / (2.0 - c * c)
    di = -2.0 * c * s * i * i
    n1 = 9.81 * (s2 * c - 2.0 * s1) - s * (c * w1 + w2)
    n2 = 19.62 * (s1 * c - s2) + s * (2.0 * w1 + c * w2)
    d1 = -9.81 * s2 * s - c * (c * w1 + w2) + s * s * w1
    d2 = -19.62 * s1 * s + c * (2.0 * w1 + c * w2) - s * s * w2
    J[0, 0] = J[0, 1] = J[0, 3] = J[1, 0] = J[1, 1] = J[1, 2] = 0.0
    J[0, 2] = J[1, 3] = 1.0
    J[2, 0], J[2, 1] = (d1 - 19.62 * c1) * i + n1 * di, (9.81 * c2 * c - d1) * i - n1 * di
    J[2, 2], J[2, 3] = -2.0 * s * c * y[2] * i, -2.0 * s * y[3] * i
    J[3, 0], J[3, 1] = (d2 + 19.62 * c1 * c) * i + n2 * di, (-d2 - 19.62 * c2) * i - n2 * di
    J[3, 2], J[3, 3] = 4.0 * s * y[2] * i, 2.0 * s * c * y[3] * i


@numba.njit(error_model="numpy")
def arenstorf(t, y, p, out):
    mu = problems.MU
    d1 = ((y[0] + mu) ** 2 + y[1] ** 2) ** 1.5
    d2 = ((y[0] - 1.0 + mu) ** 2 + y[1] ** 2) ** 1.5
    out[0], out[1] = y[2], y[3]
    out[2] = y[0] + 2.0 * y[3] - (1.0 - mu) * (y[0] + mu) / d1 - mu * (y[0] - 1.0 + mu) / d2
    out[3] = y[1] - 2.0 * y[2] - (1.0 - mu) * y[1] / d1 - mu * y[1] / d2


@numba.njit(error_model="numpy")
def euler(t, y, p, out):
    """A rigid body with a switched moment (Hairer, Nørsett & Wanner I, section II.10)."""
    out[0], out[1] = -2.0 * y[1] * y[2], 1.25 * y[0] * y[2]
    out[2] = -0.5 * y[0] * y[1]
    if 3.0 * np.pi <= t <= 4.0 * np.pi:
        out[2] += 0.25 * np.sin(t) ** 2


@numba.njit(error_model="numpy")
def pleiades(t, y, p, out):
    for i in range(7):
        out[i], out[7 + i] = y[14 + i], y[21 + i]
        ax, ay = 0.0, 0.0
        for j in range(7):
            if j != i:
                dx, dy = y[j] - y[i], y[7 + j] - y[7 + i]
                r2 = dx * dx + dy * dy
                r3 = r2 * np.sqrt(r2)
                ax += (j + 1) * dx / r3
                ay += (j + 1) * dy / r3
        out[14 + i], out[21 + i] = ax, ay


def euler_python(t, y):
    push = 0.25 * math.sin(t) ** 2 if 3 * math.pi <= t <= 4 * math.pi else 0.0
    return [-2 * y[1] * y[2], 1.25 * y[0] * y[2], -0.5 * y[0] * y[1] + push]


PROBLEMS = {  # compiled, plain Python, t_span, y0
    "dpend": (dpend, problems.double_pendulum, (0, 10), [2.0, 1.5, 0, 0]),
    "arenstorf": (arenstorf, *problems.NON_STIFF["arenstorf"]),
    "euler": (euler, euler_python, (0, 20), [1, 0, 0.9]),
    "pleiades": (pleiades, *problems.NON_STIFF["pleiades"]),
}


def returning(f, n):
    """f(t, y) -> array around an in-place function, for scipy."""

    @numba.njit
    def wrapped(t, y):
        out = np.empty(n)
        f(t, y, y, out)
        return out

    return wrapped


def against_scipy(name, tol, ours="dop853", theirs="DOP853"):
    def measure():
        from scipy.integrate import solve_ivp

        f, _, span, y0 = PROBLEMS[name]
        g, y0 = returning(f, len(y0)), np.array(y0, dtype=float)
        return best(
            lambda: solve(f, span, y0, ours, rtol=tol, atol=tol),
            lambda: solve_ivp(g, span, y0, theirs, rtol=tol, atol=tol),
        )

    return measure


def against_numbalsoda(name, tol):
    def measure():
        from numbalsoda import dop853, lsoda_sig

        f, _, span, y0 = PROBLEMS[name]
        n, y0 = len(y0), np.array(y0, dtype=float)

        @numba.cfunc(lsoda_sig)
        def rhs(t, u, du, p):
            y = numba.carray(u, (n,))
            f(t, y, y, numba.carray(du, (n,)))

        wanted = np.array(span, dtype=float)
        return best(
            lambda: solve(f, span, y0, "dop853", rtol=tol, atol=tol, save="end"),
            lambda: dop853(rhs.address, y0, wanted, rtol=tol, atol=tol),
        )

    return measure


def diffrax_rhs(name):
    import jax.numpy as jnp

    def pendulum(t, y, args):
        s, c, s1, s2 = jnp.sin(y[0] - y[1]), jnp.cos(y[0] - y[1]), jnp.sin(y[0]), jnp.sin(y[1])
        w1, w2, den = y[2] * y[2], y[3] * y[3], 2.0 - c * c
        a1 = (9.81 * (s2 * c - 2.0 * s1) - s * (c * w1 + w2)) / den
        return jnp.stack([y[2], y[3], a1, (19.62 * (s1 * c - s2) + s * (2.0 * w1 + c * w2)) / den])

    def body(t, y, args):
        push = jnp.where((t >= 3 * jnp.pi) & (t <= 4 * jnp.pi), 0.25 * jnp.sin(t) ** 2, 0.0)
        return jnp.stack([-2.0 * y[1] * y[2], 1.25 * y[0] * y[2], -0.5 * y[0] * y[1] + push])

    return {"dpend": pendulum, "euler": body}[name]


def diffrax_solver(name, span, tol):
    """A jitted function y0 -> y(T) by diffrax's Tsit5 with PI control, in float64."""
    import os

    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import diffrax
    import jax

    jax.config.update("jax_enable_x64", True)
    term, control = diffrax.ODETerm(diffrax_rhs(name)), diffrax.PIDController(rtol=tol, atol=tol)

    def run(y0):
        found = diffrax.diffeqsolve(
            term, diffrax.Tsit5(), *span, None, y0, stepsize_controller=control, max_steps=100_000,
            saveat=diffrax.SaveAt(t1=True), adjoint=diffrax.ForwardMode(),
        )  # fmt: skip
        return found.ys[-1]

    return jax, run


def against_diffrax(name, tol):
    def measure():
        f, _, span, y0 = PROBLEMS[name]
        jax, run = diffrax_solver(name, span, tol)
        jitted, start = jax.jit(run), np.array(y0, dtype=float)
        return best(
            lambda: solve(f, span, start, "tsit5", rtol=tol, atol=tol, save="end"),
            lambda: jitted(start).block_until_ready(),
        )

    return measure


def python_rhs(name, tol, method="dopri5"):
    def measure():
        from scipy.integrate import solve_ivp

        _, f, span, y0 = PROBLEMS[name]
        return best(
            lambda: solve(f, span, y0, method, rtol=tol, atol=tol),
            lambda: solve_ivp(f, span, y0, "RK45", rtol=tol, atol=tol),
        )

    return measure


FRESH = """
import time, numba, numpy as np, sys
from robocalc.ode import solve
solve(numba.njit(lambda t, y: np.array([y[1], -y[0] * {warm}])), (0, 1), [1.0, 0.0])  # loads the solver, starts numba
@numba.njit
def new(t, y):
    return np.array([y[1], -np.sin(y[0]) * {number} - 0.1 * y[1], y[0] * y[1]])
start = time.process_time()
solve(new, (0, 1), [1.0, 0.0, 0.0])
print(time.process_time() - start)
"""


def first_answer(runs):
    """CPU seconds from a new compiled function to its first answer, in a process where numba has compiled before.

    In a process whose first compilation it is, numba's own start-up comes on top. The last of `runs` processes.
    """

    def measure():
        number, warm = (repr(1 + x) for x in np.random.default_rng().random(2))
        source = FRESH.format(number=number, warm=warm)
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "fresh.py"
            script.write_text(source, encoding="utf-8")
            root = Path(__file__).resolve().parents[2]
            for _ in range(runs):
                done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True, cwd=root)
        return float(done.stdout), None

    return measure


def members(count):
    Y0 = np.zeros((count, 4))
    Y0[:, :2] = np.random.default_rng(0).uniform(-2, 2, (count, 2))
    return Y0


def cpu(call):
    start = process_time()
    call()
    return process_time() - start


def ensemble_scipy():
    """10,000 members; scipy's loop is timed on the first 200 and scaled."""
    from scipy.integrate import solve_ivp

    Y0, g = members(10_000), returning(dpend, 4)
    ensemble(dpend, (0, 10), Y0[:10], method="dopri5", rtol=1e-6, atol=1e-6, workers=1)
    solve_ivp(g, (0, 10), Y0[0], rtol=1e-6, atol=1e-6)
    ours = min(cpu(lambda: ensemble(dpend, (0, 10), Y0, None, "dopri5", 1e-6, 1e-6, workers=1)) for _ in range(3))
    theirs = cpu(lambda: [solve_ivp(g, (0, 10), y, rtol=1e-6, atol=1e-6) for y in Y0[:200]])
    return ours, theirs * len(Y0) / 200


def ensemble_diffrax():
    Y0 = members(10_000)
    jax, run = diffrax_solver("dpend", (0, 10), 1e-6)
    many = jax.jit(jax.vmap(run))
    many(Y0).block_until_ready()
    ensemble(dpend, (0, 10), Y0[:10], workers=1)
    ours = min(cpu(lambda: ensemble(dpend, (0, 10), Y0, None, "tsit5", 1e-6, 1e-6, workers=1)) for _ in range(3))
    return ours, min(cpu(lambda: many(Y0).block_until_ready()) for _ in range(3))


def numpy_rk4(Y, h, steps):
    """Vectorised over members: Y (4, M)."""

    def f(y):
        s, c, s1, s2 = np.sin(y[0] - y[1]), np.cos(y[0] - y[1]), np.sin(y[0]), np.sin(y[1])
        w1, w2, den = y[2] * y[2], y[3] * y[3], 2.0 - c * c
        a1 = (9.81 * (s2 * c - 2.0 * s1) - s * (c * w1 + w2)) / den
        return np.stack([y[2], y[3], a1, (19.62 * (s1 * c - s2) + s * (2.0 * w1 + c * w2)) / den])

    for _ in range(steps):
        k1 = f(Y)
        k2 = f(Y + h / 2 * k1)
        k3 = f(Y + h / 2 * k2)
        k4 = f(Y + h * k3)
        Y = Y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return Y


def lanes():
    Y0 = members(10_000)
    ensemble(dpend, (0, 10), Y0[:64], method="rk4", step=0.01, workers=1)
    ours = min(cpu(lambda: ensemble(dpend, (0, 10), Y0, method="rk4", step=0.01, workers=1)) for _ in range(3))
    return ours, cpu(lambda: numpy_rk4(Y0.T.copy(), 0.01, 1000))


Y_FLOW, STEPS = np.array([2.0, 1.5, 0.3, -0.2]), 2000


def flow_jacobian():
    phi = flow(dpend, "rk4", 0.005, jac=dpend_jac)
    return best(lambda: phi.rollout_jac(0.0, Y_FLOW, None, STEPS), lambda: phi.rollout(0.0, Y_FLOW, None, STEPS))


def flow_adjoint():
    phi = flow(dpend, "rk4", 0.005, jac=dpend_jac)
    return best(
        lambda: phi.rollout_vjp(0.0, Y_FLOW, None, Y_FLOW, STEPS), lambda: phi.rollout(0.0, Y_FLOW, None, STEPS)
    )


def flow_exactness():
    """Largest difference between the flow's analytic Jacobian, its adjoint, and complex step through numpy RK4."""
    phi = flow(dpend, "rk4", 0.005, jac=dpend_jac)
    A, _ = phi.jac(0.0, Y_FLOW)
    by_complex = np.stack([numpy_rk4(Y_FLOW + 1e-30j * e, 0.005, 1).imag / 1e-30 for e in np.eye(4)], axis=1)
    row, _ = phi.vjp(0.0, Y_FLOW, None, Y_FLOW)
    return max(np.abs(A - by_complex).max(), np.abs(row - Y_FLOW @ by_complex).max()), None


@numba.njit
def free_body(t, y, p, out):
    w = y[9:12]
    out[0], out[1], out[2] = w[0], w[1], w[2]
    out[3], out[4], out[5] = -w[1] * w[2], w[2] * w[0], -w[0] * w[1] / 3


def tumble(step, duration=5.0):
    return solve_lie(free_body, (0, duration), (np.eye(3), [0.3, 1.0, 0.2]), ("SO3", 3), step=step)


def lie_order():
    exact = tumble(0.002).y[-1]
    errors = [np.abs(tumble(h).y[-1] - exact).max() for h in (0.1, 0.05)]
    return math.log2(errors[0] / errors[1]), None


def lie_orthogonality():
    R = tumble(0.01, 40.0).blocks[0]
    return np.abs(np.einsum("nij,nik->njk", R, R) - np.eye(3)).max(), None


def kepler(which):
    """Kepler e = 0.9, 100 orbits, Kahan-Li 8, 2000 steps an orbit: worst relative error."""

    def measure():
        f = numba.njit(problems_kepler)
        y0 = [0.1, 0, 0, math.sqrt(19)]
        x, y, u, v = solve(f, (0, 200 * np.pi), y0, "kahan_li8", step=np.pi / 1000).y.T
        energy, momentum = 0.5 * (u * u + v * v) - 1 / np.hypot(x, y), x * v - y * u
        values = energy if which == "energy" else momentum
        return np.abs(values / values[0] - 1).max(), None

    return measure


def problems_kepler(t, y):
    r3 = (y[0] * y[0] + y[1] * y[1]) ** 1.5
    return np.array([y[2], y[3], -y[0] / r3, -y[1] / r3])


def label(tol):
    return f"1e-{round(-math.log10(tol))}"


LINES = [
    *(
        Line(
            f"ode-{name}-{label(tol)}",
            f"{name}, tol {label(tol)}",
            "scipy DOP853",
            "faster",
            50,
            "s",
            against_scipy(name, tol),
        )
        for name in ("dpend", "arenstorf", "euler")
        for tol in (1e-6, 1e-10)
    ),
    *(
        Line(
            f"ode-rk45-{name}",
            f"{name}, tol 1e-6",
            "scipy RK45",
            "faster",
            50,
            "s",
            against_scipy(name, 1e-6, "dopri5", "RK45"),
        )
        for name in ("dpend", "arenstorf", "euler")
    ),
    *(
        Line(
            f"ode-pleiades-{label(tol)}",
            "pleiades, n = 28",
            "scipy DOP853",
            "faster",
            12,
            "s",
            against_scipy("pleiades", tol),
        )
        for tol in (1e-6, 1e-10)
    ),
    *(
        Line(
            f"ode-numbalsoda-{name}",
            f"{name}, tol 1e-10",
            "numbalsoda dop853",
            "faster",
            1,
            "s",
            against_numbalsoda(name, 1e-10),
        )
        for name in ("dpend", "pleiades")
    ),
    *(
        Line(
            f"ode-diffrax-{name}",
            f"{name}, tol 1e-8, warm",
            "diffrax Tsit5",
            "faster",
            2,
            "s",
            against_diffrax(name, 1e-8),
        )
        for name in ("dpend", "euler")
    ),
    *(
        Line(
            f"ode-python-{name}-{label(tol)}",
            f"{name}, plain Python",
            "scipy RK45",
            "faster",
            4,
            "s",
            python_rhs(name, tol),
        )
        for name in ("dpend", "arenstorf", "euler")
        for tol in (1e-6, 1e-10)
    ),
    Line("ode-first-answer", "new compiled rhs to its first answer", "-", "at_most", 0.25, "s", first_answer(1)),
    Line("ode-first-answer-cached", "the same again, fresh process", "-", "at_most", 0.02, "s", first_answer(2)),
    Line("ode-ensemble-scipy", "10,000 double pendulums, 10 s", "scipy loop", "faster", 60, "s", ensemble_scipy),
    Line("ode-ensemble-diffrax", "10,000 double pendulums, 10 s", "diffrax vmap", "faster", 2, "s", ensemble_diffrax),
    Line("ode-lanes", "RK4, 10,000 members, 1000 steps", "numpy", "faster", 2.5, "s", lanes),
    Line("ode-flow-jacobian", "A along 2000 RK4 steps", "the primal", "ratio", 3, "s", flow_jacobian),
    Line("ode-flow-adjoint", "gradient of 2000 RK4 steps", "the primal", "ratio", 3.5, "s", flow_adjoint),
    Line("ode-flow-exact", "A and adjoint against complex step", "-", "at_most", 1e-12, "", flow_exactness),
    Line("ode-lie-order", "order of RKMK4 on SO(3)", "-", "at_least", 3.9, "", lie_order),
    Line("ode-lie-orthogonal", "‖RᵀR - 1‖ after 4000 steps", "-", "at_most", 1e-13, "", lie_orthogonality),
    Line("ode-kepler-energy", "e = 0.9, 100 orbits: energy, bounded", "-", "at_most", 1e-9, "", kepler("energy")),
    Line("ode-kepler-momentum", "e = 0.9, 100 orbits: momentum", "-", "at_most", 1e-12, "", kepler("momentum")),
]
