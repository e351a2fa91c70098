"""Problems whose answers others have published, or that a closed form gives: {name: (Problem, cost)}."""

import numpy as np
from scipy.integrate import quad, solve_bvp, solve_ivp
from scipy.optimize import brentq

from robocalc.optimize import Problem


def block(t, x, u):
    """A block of 1 kg on a line."""
    return [x[1], u[0]]


def kelly_cart_pole(t, x, u):
    """Kelly (2017), appendix E: pole hanging at 0."""
    m1, m2, length, g = 1.0, 0.3, 0.5, 9.81
    s, c = np.sin(x[1]), np.cos(x[1])
    d = m1 + m2 * s**2
    a = (length * m2 * s * x[3] ** 2 + u[0] + m2 * g * c * s) / d
    return [x[2], x[3], a, -(length * m2 * c * s * x[3] ** 2 + u[0] * c + (m1 + m2) * g * s) / (length * d)]


def swing_up(**changes):
    """Kelly's swing-up: 2 s, least ∫ u², from his guess: a line and no push."""
    options = dict(
        guess=(np.array([[0.0] * 4, [1.0, np.pi, 0.0, 0.0]]), np.zeros((2, 1))),
        duration=2.0,
        initial=[0, 0, 0, 0],
        final=[1, np.pi, 0, 0],
        running=lambda t, x, u: u[0] ** 2,
        state_bounds=([-2, None, None, None], [2, None, None, None]),
        input_bounds=(-20, 20),
    )
    return Problem(kelly_cart_pole, 4, 1, **(options | changes))


def bryson_denham(l):
    """Least ½ ∫ a² from (0, 1) to (0, -1) in 1 s without passing l: 4 / (9 l) for l ≤ 1/6."""
    return Problem(
        block,
        2,
        1,
        duration=1.0,
        initial=[0, 1],
        final=[0, -1],
        running=lambda t, x, u: u[0] ** 2 / 2,
        state_bounds=([None, None], [l, None]),
    )


def bang_bang(up, down):
    """Least time for 1 m from rest to rest."""
    v = np.sqrt(2 / (1 / up + 1 / down))
    problem = Problem(
        block,
        2,
        1,
        duration=(0.1, 10),
        initial=[0, 0],
        final=[1, 0],
        terminal=lambda T, x: T,
        input_bounds=(-down, up),
    )
    return problem, v / up + v / down


def brachistochrone():
    """Bernoulli (1696): fastest slide from (0, 0) to 1 m aside and 1 m down."""
    angle = brentq(lambda a: (a - np.sin(a)) - (1 - np.cos(a)), 0.1, 2 * np.pi - 0.1)
    problem = Problem(
        lambda t, x, u: [x[2] * np.sin(u[0]), x[2] * np.cos(u[0]), 9.81 * np.cos(u[0])],
        3,
        1,
        duration=(0.1, 5),
        initial=[0, 0, 0],
        final=[1, 1, None],
        terminal=lambda T, x: T,
        input_bounds=(0, 3),
    )
    return problem, angle * np.sqrt(1 / (1 - np.cos(angle)) / 9.81)


def linear_quadratic():
    """Cost-to-go of the Riccati equation, integrated by scipy."""
    A, B, R = np.array([[0, 1], [-1, 0.5]]), np.array([[0.0], [1.0]]), 0.1

    def riccati(_, s):
        S = s.reshape(2, 2)
        return (A.T @ S + S @ A - S @ B @ B.T @ S / R + np.eye(2)).ravel()

    S = solve_ivp(riccati, (0, 3), np.zeros(4), rtol=1e-12, atol=1e-12).y[:, -1].reshape(2, 2)
    x0 = np.array([1, -0.5])
    problem = Problem(
        lambda t, x, u: A @ x + B @ u, 2, 1, duration=3.0, initial=x0, running=lambda t, x, u: x @ x + R * u @ u
    )
    return problem, x0 @ S @ x0


def zermelo():
    """Fastest way of a boat against a shear current to the origin, steering from 105° to 240°.

    Bryson & Ho (1975), section 2.7: the time is tan θ_f - tan θ₀.
    """
    a, b = np.radians(105), np.radians(240)
    sec = lambda v: 1 / np.cos(v)  # noqa: E731
    log = np.log((np.tan(b) + sec(b)) / (np.tan(a) + sec(a)))
    x = -0.5 * (sec(b) * (np.tan(b) - np.tan(a)) - np.tan(a) * (sec(b) - sec(a)) + log)
    problem = Problem(
        lambda t, x, u: [np.cos(u[0]) - x[1], np.sin(u[0])],
        2,
        1,
        duration=(1, 20),
        initial=[x, sec(a) - sec(b)],
        final=[0, 0],
        terminal=lambda T, x: T,
    )
    return problem, np.tan(b) - np.tan(a)


def goddard():
    """Goddard's rocket, highest point: 1.01283 (Dolan & Moré, COPS 3.0, problem 10: 1.01283)."""

    def rocket(t, x, u):
        h, v, m = x
        drag = 310 * v**2 * np.exp(-500 * (h - 1))
        return [v, (u[0] - drag) / m - 1 / h**2, -2 * u[0]]

    return Problem(
        rocket,
        3,
        1,
        duration=(0.05, 0.5),
        initial=[1, 0, 1],
        final=[None, None, 0.6],
        terminal=lambda T, x: -x[0],
        input_bounds=(0, 3.5),
        state_bounds=([1, 0, 0.6], [1.1, 0.2, 1]),
    )


def van_der_pol():
    """Least ½ ∫ (x₁² + x₂² + u²) over 5 s: the boundary value problem of Pontryagin's principle, by scipy."""

    def conditions(t, y):
        a, b, p, q = y  # u = -q
        return np.vstack([b, (1 - a**2) * b - a - q, -a + q * (2 * a * b + 1), -b - p - q * (1 - a**2)])

    t = np.linspace(0, 5, 400)
    found = solve_bvp(
        conditions, lambda a, b: np.array([a[0] - 1, a[1], b[2], b[3]]), t, np.ones((4, 400)), tol=1e-9, max_nodes=10**5
    )
    s, w = np.polynomial.legendre.leggauss(5)
    h = np.diff(found.x)[:, None]
    y = found.sol((found.x[:-1, None] + h * (s + 1) / 2).ravel())
    cost = (0.5 * (y[0] ** 2 + y[1] ** 2 + y[3] ** 2) * (h / 2 * w).ravel()).sum()
    problem = Problem(
        lambda t, x, u: [x[1], (1 - x[0] ** 2) * x[1] - x[0] + u[0]],
        2,
        1,
        duration=5.0,
        initial=[1, 0],
        running=lambda t, x, u: (x[0] ** 2 + x[1] ** 2 + u[0] ** 2) / 2,
    )
    return problem, cost


def hyper_sensitive():
    """Rao & Mease (2000): least ½ ∫ (x² + u²) under ẋ = -x³ + u from 1 to 1.5, long in between.

    Over a long time it is a fall to 0 and a rise from it: each costs x⁴ / 4 -+ ... = ∫ (-+x³ + √(x⁶ + x²)) dx.
    """
    fall = quad(lambda x: -(x**3) + np.sqrt(x**6 + x**2), 0, 1, epsabs=1e-13)[0]
    rise = quad(lambda x: x**3 + np.sqrt(x**6 + x**2), 0, 1.5, epsabs=1e-13)[0]
    problem = Problem(
        lambda t, x, u: [-(x[0] ** 3) + u[0]],
        1,
        1,
        duration=40.0,
        initial=[1],
        final=[1.5],
        running=lambda t, x, u: (x[0] ** 2 + u[0] ** 2) / 2,
    )
    return problem, fall + rise


def catenary():
    """A chain between (0, 1) and (1, 3), 4 long, with the least potential energy (COPS 3.0, problem 3: 5.068...).

    It hangs as y = c + a cosh((x - b) / a) with a from 2 a sinh(1 / (2 a)) = √(L² - 2²).
    """
    L, drop = 4.0, 2.0
    a = brentq(lambda a: 2 * a * np.sinh(1 / (2 * a)) - np.sqrt(L**2 - drop**2), 0.05, 10)
    b = 0.5 - a * np.arctanh(drop / L)
    c = 1 - a * np.cosh(-b / a)
    y = lambda x: c + a * np.cosh((x - b) / a)  # noqa: E731
    cost = quad(lambda x: y(x) * np.sqrt(1 + np.sinh((x - b) / a) ** 2), 0, 1, epsabs=1e-13)[0]
    slope = lambda u: np.sqrt(1 + u[0] ** 2)  # noqa: E731
    problem = Problem(
        lambda t, x, u: [u[0], slope(u)],
        2,
        1,
        duration=1.0,
        initial=[1, 0],
        final=[3, L],
        running=lambda t, x, u: x[0] * slope(u),
        guess=lambda t: ([1 + 8 * t * (t / 2 - 0.25), L * t], [8 * (t - 0.25)]),  # theirs
    )
    return problem, cost


def move():
    """1 m in 1 s from rest to rest, least ∫ u²: u = 6 - 12 t, cost 12."""
    return Problem(block, 2, 1, duration=1.0, initial=[0, 0], final=[1, 0], running=lambda t, x, u: u[0] ** 2)


PUBLISHED = {
    "block move": (move(), 12.0),
    "Bryson-Denham 1/9": (bryson_denham(1 / 9), 4.0),
    "Bryson-Denham 1/8": (bryson_denham(1 / 8), 32 / 9),
    "Bryson-Denham 1/12": (bryson_denham(1 / 12), 16 / 3),
    "Bryson-Denham 1/20": (bryson_denham(1 / 20), 80 / 9),
    "bang-bang": bang_bang(1.0, 1.0),
    "bang-bang, uneven": bang_bang(1.0, 2.7),
    "brachistochrone": brachistochrone(),
    "linear quadratic": linear_quadratic(),
    "Zermelo": zermelo(),
    "Van der Pol": van_der_pol(),
    "hyper-sensitive": hyper_sensitive(),
    "catenary": catenary(),
}
