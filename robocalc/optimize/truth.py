"""What a plan's inputs really do: a tight integrator over every interval, and over the whole motion.

Truth   errors of one interval each, and of a simulation from start to end
"""

from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from robocalc.ode.tables.dop853 import DOP853
from robocalc.optimize.symbols import casadi

KEPT = 24
SUBSTEPS = (1, 2, 4, 8, 16)

_integrators = OrderedDict()


class Truth(NamedTuple):
    """end (K, nx): state at the end of each interval, from its own start; final (K, nx): one simulation of them all.

    paid      cost ∫ L dt of that simulation
    doubt     largest change of `end` when the integrator's steps are halved
    """

    end: np.ndarray
    final: np.ndarray
    paid: float
    doubt: float


def simulate(motion, tolerance) -> Truth:
    """Truth about a Motion; steps are halved until the integrator's own error is a tenth of `tolerance` (relative)."""
    pr = motion.program
    K = pr.K
    step = motion.h * motion.T
    C = motion.input_coeffs.reshape(K, -1).T
    x = np.vstack([motion.x[pr.of[:, 0]].T, np.zeros(K)])
    p = motion.p[:, None]
    last, doubt = None, np.inf
    for count in SUBSTEPS:
        advance = _advance(pr.traced, pr.scheme, count)
        end = _array(advance.map(K)(x, motion.knots[:-1][None], step[None], C, p))
        if last is not None:
            doubt = float(np.max(np.abs(end - last) / np.maximum(1.0, np.abs(end))))
            if doubt <= 0.1 * tolerance:
                break
        last = end
    whole = _array(advance.mapaccum(K)(x[:, :1], motion.knots[:-1][None], step[None], C, p)) if K > 1 else end
    return Truth(end[:-1].T, whole[:-1].T, float(whole[-1, -1]), doubt)


def _array(M):
    return np.array(M)


def _advance(traced, scheme, count):
    """(y, t, h, input coefficients, p) -> y after an interval, by `count` steps of DOP853; y = (x, ∫ L dt)."""
    key = (traced.key, scheme.name, count)
    if key not in _integrators:
        _integrators[key] = _build(traced, scheme, count)
        while len(_integrators) > KEPT:
            _integrators.popitem(last=False)
    return _integrators[key]


def _build(traced, scheme, count):
    ca = casadi()
    nx, nu, d = traced.nx, traced.nu, len(scheme.nodes)
    n_p = traced.rate.size1_in(3)
    y, t, h = ca.MX.sym("y", nx + 1), ca.MX.sym("t"), ca.MX.sym("h")
    C, p = ca.MX.sym("C", nu * d), ca.MX.sym("p", n_p)
    M = ca.reshape(C, nu, d)  # column: one power
    tab, now = DOP853, y
    for i in range(count):
        rates = []
        for a, c in zip(tab.a, tab.c, strict=True):
            s = (i + c) / count
            at = now[:nx]
            for weight, k in zip(a, rates):
                if weight:
                    at = at + (weight / count) * h * k[:nx]
            f, L = traced.rate(t + s * h, at, ca.mtimes(M, s ** np.arange(d)), p)
            rates.append(ca.vertcat(f, L))
        now = now + h / count * sum(b * k for b, k in zip(tab.b, rates, strict=True) if b)
    return ca.Function("advance", [y, t, h, C, p], [now])
