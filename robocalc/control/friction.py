"""Joint friction, Coulomb and viscous, one explicit step at a time; importing this loads numba.

The torque r that resists motion is the one that would bring the joint to rest within the coming step, if what else acts
on it stays as it was in the last one, but no more than Coulomb's c:

    load ≈ m (v - v₋)/dt + r₋         what all but friction did over the last step
    r = b v + clip(load + m v/dt - b v, -c, c)

So a sliding joint feels exactly c sign(v) + b v; a joint that is about to stop stops, and never turns back within the
step; a joint at rest stays at rest under any load below c, without creep, and nothing chatters, since r is continuous
in v. m is a lower bound of the inertia: diag(m) ≼ M(q) (robocalc.control.stability), exact for a single joint, where a
stop takes one step; below the true inertia a stop takes a few. `stop` is m / dt; b acts up to m / dt, beyond which an
explicit step would overshoot.

Source: the load observer is Coulomb friction with stiction after Karnopp (1985), its zero-velocity band replaced by the
stopping torque.
"""

from numba import float64 as f8
from numba import types

from robocalc.jit import njit


@njit(f8(f8, f8, f8, f8, f8, f8))
def friction(viscous, coulomb, stop, v, v_last, r_last):
    """Resisting torque r of one joint over the coming step [N m]; the world applies -r."""
    b = min(viscous, stop)
    need = r_last + stop * (2.0 * v - v_last) - b * v
    return b * v + min(max(need, -coulomb), coulomb)


@njit(types.void(f8[::1], f8[::1], f8[::1], f8[:, ::1], f8[:, ::1]))
def friction_along(viscous, coulomb, stop, v, out):
    """Friction along velocities v (N, n) from the first on, into out (N, n): as the loop finds it, step by step."""
    for i in range(v.shape[1]):
        v_last, r = v[0, i], 0.0
        for k in range(v.shape[0]):
            r = friction(viscous[i], coulomb[i], stop[i], v[k, i], v_last, r)
            v_last = v[k, i]
            out[k, i] = r
