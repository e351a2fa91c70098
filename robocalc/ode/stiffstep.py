"""What happens after a step, for steps that scipy took: the same events, wanted times and interpolants as ours."""

from robocalc.jit import njit
from robocalc.ode.kernels import settle
from robocalc.ode.layout import ROWS, N
from robocalc.ode.native import at, data, f8, i8, types


@njit(
    types.Tuple((f8, types.boolean))(
        i8[::1],
        f8[::1],
        i8[::1],
        f8[::1],
        f8[::1],
        i8,
        f8,
        f8,
        f8[::1],
        f8[:, ::1],
        f8[::1],
        f8[:, :, ::1],
        f8[::1],
        f8[:, ::1],
        f8[:, ::1],
        f8[:, ::1],
    ),
    nogil=True,
)
def settle_step(addr, ctl, cnt, work, p, degree, t, t_new, TS, YS, HS, D, t_eval, EV, events, hits):
    """`work` holds y, new, and R where `advance` has them; returns (time reached, whether an event stops)."""
    n = cnt[N]
    base = data(work)
    y, new, tmp, point = base, at(base, n), at(base, 2 * n), at(base, 3 * n)
    R = at(base, (6 + cnt[ROWS]) * n)
    room = at(R, degree * n)
    h = t_new - t
    return settle(
        addr, ctl, cnt, t, h, t_new, y, new, R, degree, p, point, room, tmp, TS, YS, HS, D, t_eval, EV, events, hits
    )
