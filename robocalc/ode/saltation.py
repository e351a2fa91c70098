"""How an event carries sensitivities across a reset: the saltation matrix.

    y₊ = r(t, y, p) where g(t, y, p) = 0:   δy₊ = (r_y + (f₊ - r_y f₋ - r_t) g_y / ġ) δy + (r_p + ( … ) g_p / ġ) δp,
    ġ = g_t + g_y f₋

A grazing event has ġ = 0: there the derivative does not exist, and the error says so.

Source: Aizerman & Gantmakher (1958); Kong et al., Saltation matrices: the essential tool for linearizing hybrid
dynamical systems (2024).
"""

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.events import caller
from robocalc.ode.jacobian import differences
from robocalc.ode.rhs import form_of

GRAZING = 1e-6  # of |g_y| |f|: below it the event does not cross


def _gradient(function, what, t, y, p):
    """(k, 1 + n + m): derivatives of function(t, y, p) by t, y, p."""
    call = caller(function, form_of(function, what))
    n, x = len(y), np.concatenate([[t], y, p])
    return differences(lambda v: np.atleast_1d(np.asarray(call(v[0], v[1 : 1 + n], v[1 + n :]), dtype=float)), x)


def saltation(event, t, before, after, f_before, f_after, p):
    """(n, n + m): δy₊ from (δy, δp). An event without reset (terminal): y at the event, whose time moves too."""
    n = len(before)
    g = _gradient(event.g, "event function", t, before, p)[0]
    rate = g[0] + g[1 : 1 + n] @ f_before
    if abs(rate) <= GRAZING * np.linalg.norm(g[1 : 1 + n]) * np.linalg.norm(f_before):
        raise InvalidInput(
            f"the event at t = {t:.9g} only grazes (its rate is {rate:.2e}): it has no sensitivity there"
        )
    if event.reset is None:
        return np.eye(n, n + len(p)) - np.outer(f_before, g[1:]) / rate  # y moves along f by δt = -g_y δy / ġ
    r = _gradient(event.reset, "reset", t, before, p)
    if event.reset_jac is not None:
        r[:, 1 : 1 + n] = caller(event.reset_jac, form_of(event.reset_jac, "Jacobian"))(t, before, p)
    jump = f_after - r[:, 1 : 1 + n] @ f_before - r[:, 0]
    return r[:, 1:] + np.outer(jump, g[1:]) / rate
