"""A quadratic program over a horizon, compiled: interior points whose Newton steps are Riccati passes.

    minimise  Σ_k ½ uᵀRu + gᵤᵀu + ½ xᵀQx + gₓᵀx + penalties,   k pairs u_k with x_{k+1}, Q = Qf at the last
    subject   x_{k+1} = A_k x_k + B_k u_k + c_k,   lo_k ≤ (u_k, x_{k+1}) ≤ hi_k

A bound with weights (z, Z) is soft: beyond it by s costs z s + ½ Z s²; z from 1e200 on makes it hard. Inputs' are hard.

    solve    from a Point, cold or warm, to tolerance or until iterations or time are used up

The dynamics hold at every iterate, and inputs stay within their bounds, so that whenever it must stop the inputs can be
used. Source: Mehrotra (1992), SIAM J. Optim. 2(4), predictor and corrector; Rao, Wright & Rawlings (1998), JOTA 99(3),
Riccati factors; soft bounds eliminated as in Frison & Diehl (2020), HPIPM.
"""

from math import inf

from robocalc.control.clock import seconds
from robocalc.control.kernels_qp_passes import add_rows, factor, lay_out, newton
from robocalc.jit import njit

SOLVED, OUT_OF_ITERATIONS, OUT_OF_TIME, NOT_CONVEX = range(4)
NEAR = 0.995  # of the way to the nearest bound that a step may go
INSIDE = 1e-3  # of its range that an input starts from its bounds
LEAST_SLACK = 1e-2  # of a bound on a state at the start, whatever its unit
ROUNDED = 1e-8  # complementarity below which rounding may end the search
TINY = 1e-300  # no multiplier or slack is as small
WARM, COLD = 1e-3, 1.0  # complementarity at the start, in units of the cost


@njit
def gradient(q, z, w):
    """Of the cost by (u_k, x_{k+1}), without bounds, into `base`."""
    N, n, m = q.B.shape
    for k in range(N):
        grad, y, g = w.base[k], z.y[k], q.g[k]
        for i in range(m + n):
            grad[i] = g[i]
        add_rows(grad[:m], y[:m], q.R, 0, 1.0)
        add_rows(grad[m:], y[m:], q.Qf if k == N - 1 else q.Q, 0, 1.0)


# bounds: one loop over all of a side, without branches ------------------------------------------------------------


@njit
def prepare(z, w, target, correct):
    """W and h of every bound, δλ = W δg + h, and `grad`, the gradient with their part; complementarity aims at
    `target`, less the products of the last step where `correct` is 1."""
    y, grad, z1, z2 = z.y.reshape(-1), w.grad.reshape(-1), w.z[0], w.z[1]
    w.grad[:] = w.base
    for side in range(2):
        sign = 2.0 * side - 1.0
        lam, t, s, nu, at, on = z.lam[side], z.t[side], z.s[side], z.nu[side], w.at[side], w.on[side]
        hard = w.hard[side]
        dlam, dt, ds, dnu, W, h = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side], w.W[side], w.h[side]
        for j in range(len(y)):
            per, per_s = on[j] / t[j], (1.0 - hard[j]) / (s[j] + hard[j])
            share, off = lam[j] * per, t[j] - s[j] + sign * (y[j] - at[j])
            c, c_s = target - correct * dt[j] * dlam[j], target - correct * ds[j] * dnu[j]
            plain = share * off + c * per
            push = (1.0 - hard[j]) * (plain - z1[j] - z2[j] * s[j]) + c_s * per_s
            yields = (1.0 - hard[j]) * share / (z2[j] + share + nu[j] * per_s + hard[j])
            W[j] = share * (1.0 - yields)
            h[j] = plain - lam[j] - yields * push
            grad[j] += sign * (lam[j] + h[j])


@njit
def spread(z, w, target, correct):
    """Steps of multipliers and slacks from dy."""
    y, dy, z1, z2 = z.y.reshape(-1), w.dy.reshape(-1), w.z[0], w.z[1]
    for side in range(2):
        sign = 2.0 * side - 1.0
        lam, t, s, nu, at, on = z.lam[side], z.t[side], z.s[side], z.nu[side], w.at[side], w.on[side]
        hard = w.hard[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(y)):
            per, per_s = on[j] / t[j], (1.0 - hard[j]) / (s[j] + hard[j])
            up, off, share = sign * dy[j], t[j] - s[j] + sign * (y[j] - at[j]), lam[j] * per
            c, c_s = target - correct * dt[j] * dlam[j], target - correct * ds[j] * dnu[j]
            push = share * (up + off) + c * per - z1[j] - z2[j] * s[j] + c_s * per_s
            ds[j] = (1.0 - hard[j]) * push / (z2[j] + share + nu[j] * per_s + hard[j])
            dt[j] = on[j] * (ds[j] - up - off)
            dlam[j], dnu[j] = (c - lam[j] * dt[j]) * per - lam[j], (c_s - nu[j] * ds[j]) * per_s - nu[j]


@njit
def longest_step(z, w):
    """The longest step that keeps multipliers and slacks positive: 1 / max(-δ / value); h is used up."""
    worst = 1e-30
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu, ratio = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side], w.h[side]
        for j in range(len(lam)):  # where there is no bound, or it is hard, value and step are 0
            a, b = -dlam[j] / (lam[j] + TINY), -dt[j] / (t[j] + TINY)
            c, d = -ds[j] / (s[j] + TINY), -dnu[j] / (nu[j] + TINY)
            a, c = a if a > b else b, c if c > d else d
            ratio[j] = a if a > c else c
        for j in range(len(lam)):
            worst = ratio[j] if ratio[j] > worst else worst
    return 1.0 / worst


@njit
def complementarity(z, w, step):
    """Σ λ t + ν s after a step."""
    total = 0.0
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(lam)):
            total += (lam[j] + step * dlam[j]) * (t[j] + step * dt[j]) + (nu[j] + step * dnu[j]) * (s[j] + step * ds[j])
    return total


@njit
def advance(z, w, step):
    y, dy = z.y.reshape(-1), w.dy.reshape(-1)
    for j in range(len(y)):
        y[j] += step * dy[j]
    for side in range(2):
        lam, t, s, nu = z.lam[side], z.t[side], z.s[side], z.nu[side]
        dlam, dt, ds, dnu = w.dlam[side], w.dt[side], w.ds[side], w.dnu[side]
        for j in range(len(lam)):
            lam[j] += step * dlam[j]
            t[j] += step * dt[j]
            s[j] += step * ds[j]
            nu[j] += step * dnu[j]


@njit
def roll(q, z, w):
    """Inputs inside their bounds, states from the dynamics."""
    N, n, m = q.B.shape
    for k in range(N):
        u, after, before = z.y[k, :m], z.y[k, m:], q.x0 if k == 0 else z.y[k - 1, m:]
        for i in range(m):
            lo, hi = q.lo[k, i], q.hi[k, i]
            room = INSIDE * min(hi - lo, 1.0 / INSIDE)
            u[i] = min(max(u[i], lo + room), hi - room)
        for i in range(n):
            after[i] = q.c[k, i]
        add_rows(after, u, w.Ft[k], 0, 1.0)
        add_rows(after, before, w.Ft[k, m:], 0, 1.0)


@njit
def start(q, z, w, level, warm):
    """Multipliers and slacks of products `level` at least; where warm, multipliers no smaller than they are. Returns
    how many products there are."""
    n, m = q.B.shape[1:]
    y, count = z.y.reshape(-1), 0
    w.dlam[:], w.dt[:], w.ds[:], w.dnu[:] = 0.0, 0.0, 0.0, 0.0
    for side in range(2):
        sign = 2.0 * side - 1.0
        for j in range(len(y)):
            k, i = j // (m + n), j % (m + n)
            lam, t, s, nu = 0.0, 1.0, 0.0, 0.0
            if w.on[side, j] > 0.0:
                room = -sign * (y[j] - w.at[side, j])
                least = 0.0 if i < m else LEAST_SLACK * min(q.hi[k, i] - q.lo[k, i], 1.0 / LEAST_SLACK)
                t, count = max(room, least), count + 1
                lam = max(level / t, z.lam[side, j] if warm else 0.0)
                if w.hard[side, j] == 0.0:
                    s = max(level / w.z[0, j], least - room)
                    t, count, most = s + room, count + 1, w.z[0, j] + w.z[1, j] * s
                    lam = min(max(level / t, z.lam[side, j] if warm else 0.0), (1.0 - INSIDE) * most)
                    nu = most - lam
            z.lam[side, j], z.t[side, j], z.s[side, j], z.nu[side, j] = lam, t, s, nu
    return count


@njit
def solve(q, z, w, warm, most, tolerance, until):
    """(status, iterations): z becomes the solution, from its inputs, and where `warm` also from its multipliers.

    most         iterations at most
    tolerance    of the sum of complementarity products, and of the share that is left of the first residuals
    until        time of robocalc.control.clock after which no iteration begins; inf: no clock is asked
    """
    lay_out(q, w)
    roll(q, z, w)
    count = start(q, z, w, WARM if warm else COLD, warm)
    left, gap = 1.0, complementarity(z, w, 0.0)
    for iteration in range(most):
        if gap <= tolerance and left <= tolerance:
            return SOLVED, iteration
        if until < inf and seconds() >= until:
            return OUT_OF_TIME, iteration
        gradient(q, z, w)
        prepare(z, w, 0.0, 0.0)
        if not factor(q, w):
            return (SOLVED if gap <= ROUNDED else NOT_CONVEX), iteration
        newton(q, w)
        spread(z, w, 0.0, 0.0)
        target = 0.0
        if count > 0:
            ahead = complementarity(z, w, min(1.0, longest_step(z, w)))
            target = (ahead / gap) ** 3 * gap / count
            prepare(z, w, target, 1.0)
            newton(q, w)
            spread(z, w, target, 1.0)
        step = min(1.0, NEAR * longest_step(z, w)) if count > 0 else 1.0
        advance(z, w, step)
        left *= 1.0 - step
        gap = complementarity(z, w, 0.0)
        if not gap < inf:
            return NOT_CONVEX, iteration
    return (SOLVED if gap <= tolerance and left <= tolerance else OUT_OF_ITERATIONS), most
