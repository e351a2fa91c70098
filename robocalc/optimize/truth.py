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
SMALL = 1000  # instructions of the rates up to which a step is written out: quicker to run, but not to build
WRITTEN = 2  # steps of an interval that are written out likewise

_integrators = OrderedDict()


class Truth(NamedTuple):
    """end (K, nx): state at the end of each interval, from its own start; final (K, nx): one simulation of them all.

    paid      cost ∫ L dt of that simulation; each (K,): that of each interval from its own start
    doubt     largest change of `end` when the integrator's steps are halved
    """

    end: np.ndarray
    final: np.ndarray
    paid: float
    each: np.ndarray
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
    return Truth(end[:-1].T, whole[:-1].T, float(whole[-1, -1]), end[-1], doubt)


def forget():
    """Drop all kept integrators."""
    _integrators.clear()


def _array(M):
    return np.array(M)


def _advance(traced, scheme, count):
    """(y, t, h, input coefficients, p) -> y after an interval, by `count` steps of DOP853; y = (x, ∫ L dt)."""
    step = _kept((traced.key, scheme.name), lambda: _step(traced, scheme))
    return _kept((traced.key, scheme.name, count), lambda: _steps(step, count))


def _kept(key, build):
    if key not in _integrators:
        _integrators[key] = build()
        while len(_integrators) > KEPT:
            _integrators.popitem(last=False)
    return _integrators[key]


def _steps(step, count):
    ca = casadi()
    kind = ca.SX if step.is_a("SXFunction") and count <= WRITTEN else ca.MX
    y, *rest = args = [kind.sym(f"a{i}", step.size1_in(i)) for i in range(5)]
    for i in range(count):
        y = step(y, *rest, i / count, 1 / count)
    return ca.Function("advance", args, [y])


def _step(traced, scheme):
    """One step over the part from fraction s to s + r of an interval that starts at t and is h long."""
    ca = casadi()
    nx, nu, d = traced.nx, traced.nu, len(scheme.nodes)
    sizes = (nx + 1, 1, 1, nu * d, traced.rate.size1_in(3), 1, 1)
    kind = ca.SX if traced.rate.n_instructions() < SMALL else ca.MX
    y, t, h, C, p, s, r = args = [kind.sym(f"a{i}", n) for i, n in enumerate(sizes)]
    M, rates, step = ca.reshape(C, nu, d), [], r * h  # a column of M: one power
    for a, c in zip(DOP853.a.tolist(), DOP853.c.tolist(), strict=True):
        at = y[:nx] + step * ca.mtimes(ca.horzcat(*rates), a[: len(rates)])[:nx] if rates else y[:nx]
        now = s + c * r
        u = ca.mtimes(M, ca.vertcat(*(now**k for k in range(d))))
        rates.append(ca.vertcat(*traced.rate(t + now * h, at, u, p)))
    return ca.Function("step", args, [y + step * ca.mtimes(ca.horzcat(*rates), ca.DM(DOP853.b.tolist()))])
