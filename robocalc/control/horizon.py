"""The quadratic program of model predictive control, by itself.

solve_horizon    inputs and states of least cost within bounds, hard or soft -> HorizonSolution
"""

from math import inf
from typing import NamedTuple

import numpy as np

from robocalc.errors import InvalidInput

STATUS = ("solved", "out of iterations", "out of time", "not convex, or not finite")


class HorizonSolution(NamedTuple):
    """u (N, m), x (N + 1, n), what it costs with penalties, one of STATUS, iterations."""

    u: np.ndarray
    x: np.ndarray
    cost: float
    status: str
    iterations: int


def solve_horizon(
    A,
    B,
    Q,
    R,
    Qf,
    x0,
    *,
    c=None,
    gradient=None,
    input_bounds=None,
    state_bounds=None,
    soft=None,
    guess=None,
    iterations=100,
    tolerance=1e-10,
    deadline=None,
) -> HorizonSolution:
    """Minimise Σ_k ½ uᵀRu + ½ xᵀQx + gᵀ(u, x) (Qf at the last x) with x₊ = A_k x + B_k u + c_k from x0, within bounds.

    A (N, n, n), B (N, n, m), Q, Qf (n, n) ≽ 0, R (m, m) ≻ 0, x0 (n,), c (N, n), gradient (N, m + n) of u_k, x_{k+1}
    input_bounds, state_bounds   (lo, hi), each a number, (m,) or (N, m), and (n,) or (N, n) of x_1 to x_N; ±inf: none
    soft         (z, Z) (n,) each: beyond its bound by s a state costs z s + ½ Z s²; None: bounds are hard
    guess        (N, m) inputs to start from
    iterations, deadline   at most; [s] of wall time. Then the inputs found so far, which are within their bounds
    tolerance    of the sum of complementarity products
    raises       InvalidInput: shapes, values, bounds that cross
    """
    from robocalc.control import kernels_qp as k
    from robocalc.control import kernels_qp_memory as flat
    from robocalc.control.clock import seconds

    A, B = np.asarray(A, float), np.asarray(B, float)
    if A.ndim != 3 or B.ndim != 3 or A.shape[1:] != (A.shape[2],) * 2 or B.shape[:2] != A.shape[:2]:
        raise InvalidInput(f"A must have shape (N, n, n) and B (N, n, m), got {A.shape} and {B.shape}")
    N, n, m = B.shape
    sizes = [f(N, n, m) for f in (flat.problem_size, flat.point_size, flat.work_size)]
    q, z, w = (
        flat.problem_in(np.zeros(sizes[0]), N, n, m),
        flat.point_in(np.zeros(sizes[1]), N, n, m),
        np.zeros(sizes[2]),
    )
    bounds = _bounds("input_bounds", input_bounds, N, m), _bounds("state_bounds", state_bounds, N, n)
    given = {
        "A": A, "B": B, "Q": Q, "R": R, "Qf": Qf, "x0": x0, "c": 0.0 if c is None else c,
        "g": 0.0 if gradient is None else gradient,
    }  # fmt: skip
    for name, value in given.items():
        _fill(name, getattr(q, name), value)
    q.lo[:], q.hi[:] = (np.hstack([bounds[0][side], bounds[1][side]]) for side in range(2))
    q.soft[:] = inf
    if soft is not None:
        _fill("soft", q.soft[:, m:], np.array([np.broadcast_to(np.asarray(x, float), (n,)) for x in soft]))
    if guess is not None:
        _fill("guess", z.y[:, :m], guess)
    until = inf if deadline is None else seconds() + deadline
    status, used = k.solve(q, z, flat.work_in(w, N, n, m), False, int(iterations), float(tolerance), until)
    u, x = z.y[:, :m].copy(), np.vstack([q.x0, z.y[:, m:]])
    return HorizonSolution(u, x, _cost(q, u, x), STATUS[status], used)


def _cost(q, u, x):
    total = 0.5 * np.einsum("ki,ij,kj->", u, q.R, u) + 0.5 * np.einsum("ki,ij,kj->", x[1:-1], q.Q, x[1:-1])
    total += 0.5 * x[-1] @ q.Qf @ x[-1] + np.sum(q.g * np.hstack([u, x[1:]]))
    m = u.shape[1]
    if np.isfinite(q.soft[:, m:]).all():
        s = np.maximum(0.0, np.maximum(x[1:] - q.hi[:, m:], q.lo[:, m:] - x[1:]))
        total += np.sum(q.soft[0, m:] * s + 0.5 * q.soft[1, m:] * s**2)
    return float(total)


def _fill(name, into, value):
    try:
        into[:] = np.asarray(value, float)
    except (TypeError, ValueError):
        raise InvalidInput(f"{name} must have shape {into.shape}, got {np.shape(value)}") from None
    if not np.isfinite(into).all():
        raise InvalidInput(f"{name} must be finite")


def _bounds(name, bounds, N, size):
    lo, hi = (-inf, inf) if bounds is None else bounds
    try:
        lo, hi = (np.broadcast_to(np.asarray(x, float), (N, size)) for x in (lo, hi))
    except ValueError:
        raise InvalidInput(f"{name} must be (lo, hi), each a number, ({size},) or ({N}, {size})") from None
    if not (lo < hi).all():
        k, i = np.argwhere(~(lo < hi))[0]
        raise InvalidInput(f"{name}: the lower bound {lo[k, i]:g} of entry {i} is not below the upper {hi[k, i]:g}")
    return lo, hi
