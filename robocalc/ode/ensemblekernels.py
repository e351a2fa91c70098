"""Many members one after the other in one compiled call, each with its own steps."""

from robocalc.jit import njit
from robocalc.ode.kernels import advance
from robocalc.ode.layout import ABORT, ACCEPTED, BUDGET, NEXT_EVAL, NFEV, REJECTED, T
from robocalc.ode.native import f8, i8, types

ENDLESS = 2**62


@njit(
    types.void(
        i8[::1],  # addr
        f8[::1],  # ctl and cnt as each member starts
        i8[::1],
        f8[:, ::1],  # Y (M, n)
        f8[:, ::1],  # P (M or 1, m)
        f8[:, ::1],  # tol
        f8[:, ::1],  # W
        i8,
        f8[::1],  # t_eval, EV (M, E, n)
        f8[:, :, ::1],
        f8[:, ::1],  # events
        f8[:, ::1],  # hits
        f8[::1],  # work
        f8[::1],  # time reached, status and counters of each
        i8[:, ::1],
        f8[::1],  # empty TS, YS, HS, D
        f8[:, ::1],
        f8[::1],
        f8[:, :, ::1],
        i8[::1],  # cnt in use: cnt[ABORT] may be set by a callback
    ),
    nogil=True,
)
def members(
    addr, ctl0, cnt0, Y, P, tol, W, estimates, t_eval, EV, events0, hits, work, T_OUT, INFO, TS, YS, HS, D, cnt
):
    """Y ← the members' last states; INFO (M, 5): status, rhs calls, accepted, rejected, wanted rows filled."""
    n = Y.shape[1]
    for k in range(len(Y)):
        ctl = ctl0.copy()
        events = events0.copy()
        cnt[:] = cnt0
        cnt[BUDGET] = ENDLESS
        for i in range(n):
            work[i] = Y[k, i]
        if cnt[NEXT_EVAL] == 1:
            EV[k, 0] = Y[k]
        status = advance(
            addr, ctl, cnt, work, P[k if len(P) > 1 else 0], tol, W, estimates,
            TS, YS, HS, D, t_eval, EV[k], events, hits,
        )  # fmt: skip
        for i in range(n):
            Y[k, i] = work[i]
        T_OUT[k] = ctl[T]
        INFO[k, 0] = status
        INFO[k, 1] = cnt[NFEV]
        INFO[k, 2] = cnt[ACCEPTED]
        INFO[k, 3] = cnt[REJECTED]
        INFO[k, 4] = cnt[NEXT_EVAL]
        if cnt[ABORT]:
            return
