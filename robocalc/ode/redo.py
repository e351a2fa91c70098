"""Known steps taken once more for their stages: interpolants on demand."""

from robocalc.jit import njit
from robocalc.ode.kernels import interpolant
from robocalc.ode.layout import A_EXTRA, A_RHS, A_STEP, NEW_RHS_IN_STEP, ROWS, STAGES, N
from robocalc.ode.native import at, call_rhs, call_step, data, f8, get, i8, put, types


@njit(types.void(i8, f8, f8[::1], f8[::1], f8[::1]), nogil=True)
def evaluate(address, t, y, p, out):
    """out = f(t, y, p) for the f at that address."""
    call_rhs(address, len(y), t, data(y), len(p), data(p), data(out))


@njit(
    types.void(i8[::1], f8[::1], i8[::1], f8[::1], f8[::1], f8[:, ::1], f8[::1], f8[:, ::1], f8[:, :, ::1]),
    nogil=True,
)
def redo(addr, ctl, cnt, work, p, W, TS, YS, D):
    """D (N - 1, D + 1, n): y, y₊ and R of each step from row to row of (TS, YS); a row at the same time is a jump."""
    n, m, s = cnt[N], len(p), cnt[STAGES]
    params, base = data(p), data(work)
    y, new, tmp, err = base, at(base, n), at(base, 2 * n), at(base, 4 * n)
    k = at(base, 6 * n)
    R = at(k, cnt[ROWS] * n)
    for row in range(len(TS) - 1):
        t, h = TS[row], TS[row + 1] - TS[row]
        lo, hi = min(t, TS[row + 1]), max(t, TS[row + 1])
        for i in range(n):
            put(y, i, YS[row, i])
        call_rhs(addr[A_RHS], n, t, y, m, params, k)
        call_step(addr[A_STEP], addr[A_RHS], n, m, t, h, lo, hi, y, params, k, new, tmp, err)
        if cnt[NEW_RHS_IN_STEP] == 0:
            call_rhs(addr[A_RHS], n, TS[row + 1], new, m, params, at(k, s * n))
        if addr[A_EXTRA] != 0:
            call_step(addr[A_EXTRA], addr[A_RHS], n, m, t, h, lo, hi, y, params, k, new, tmp, err)
        interpolant(cnt, W, k, h, R)
        for i in range(n):
            D[row, 0, i] = YS[row, i]
            D[row, 1, i] = YS[row + 1, i]
        for d in range(W.shape[1]):
            for i in range(n):
                D[row, 2 + d, i] = get(R, d * n + i)
