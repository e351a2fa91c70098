"""Steps back along a trace of unequal steps."""

from robocalc.jit import njit
from robocalc.ode.native import at, call_back, data, f8, i8, put, types


@njit(
    types.void(i8, i8, i8, i8, f8[::1], f8[:, ::1], f8[::1], i8, f8[::1], f8[::1], f8[::1], i8, i8),
    nogil=True,
)
def adjoint_steps(back, step, f, jac, TS, YS, p, s, work, lam, grad, first, last):
    """λ and grad from row `last` of (TS, YS) back to row `first`."""
    n, m = YS.shape[1], len(p)
    y = data(work)
    k = at(y, n)
    new = at(k, (s + 1) * n)
    tmp, err = at(new, n), at(new, 2 * n)
    J = at(err, 2 * n)
    theta = at(J, n * (n + m))
    for row in range(last - 1, first - 1, -1):
        t, h = TS[row], TS[row + 1] - TS[row]
        for i in range(n):
            put(y, i, YS[row, i])
        lo, hi = min(t, TS[row + 1]), max(t, TS[row + 1])
        call_back(back, step, f, jac, t, h, lo, hi, y, data(p), k, new, tmp, err, J, theta, data(lam), data(grad))
