"""Derivatives of the functions of one point, as dense columns of their nonzeros; made once for all meshes.

first, block, second   ∂cost/∂w, ∂(F, g)/∂w, upper Hessian of a weighted sum: (Function, places)
derived                one of them for a group of a Traced, kept
"""

from collections import OrderedDict

import numpy as np

from robocalc.optimize.symbols import casadi

KEPT = 216  # functions in memory: nine of a problem

_derivatives = OrderedDict()


def forget():
    """Drop them all."""
    _derivatives.clear()


def derived(traced, group, build):
    """build(function) of a group of point functions, kept: the same for all meshes."""
    key = (traced.key, group, build.__name__)
    if key not in _derivatives:
        _derivatives[key] = build(getattr(traced, group))
        while len(_derivatives) > KEPT:
            _derivatives.popitem(last=False)
    return _derivatives[key]


def _pieces(function):
    ca = casadi()
    args = [ca.SX.sym(s, function.size1_in(i)) for i, s in enumerate(("x", "u", "theta", "tau", "d"))]
    return args, ca.vertcat(*args[:3]), function(*args)


def first(function):
    """(Function -> nonzeros of ∂cost/∂w, their places in w)."""
    ca = casadi()
    args, w, (_, L, _) = _pieces(function)
    G = ca.jacobian(L, w)
    places = np.array(G.sparsity().get_triplet()[1], int)
    return ca.Function("gradient", args, [_column(G)]), places


def block(function):
    """(Function -> nonzeros of ∂(F, g)/∂w, (rows, columns))."""
    ca = casadi()
    args, w, (F, _, g) = _pieces(function)
    J = ca.jacobian(ca.vertcat(F, g), w)
    return ca.Function("jacobian", args, [_column(J)]), _triplet(J)


def second(function):
    """(Function with weight, multipliers of F and of g -> nonzeros of the upper Hessian, (rows, columns))."""
    ca = casadi()
    args, w, (F, L, g) = _pieces(function)
    lam, mu, nu = ca.SX.sym("l"), ca.SX.sym("mu", F.numel()), ca.SX.sym("nu", g.numel())
    H = ca.triu(ca.hessian(lam * L + ca.dot(mu, ca.densify(F)) + ca.dot(nu, ca.densify(g)), w)[0])
    return ca.Function("hessian", [*args, lam, mu, nu], [_column(H)]), _triplet(H)


def _column(M):
    ca = casadi()
    return ca.vertcat(*M.nonzeros()) if M.nnz() else ca.SX(0, 1)


def _triplet(M):
    r, c = M.sparsity().get_triplet()
    return np.array(r, int), np.array(c, int)
