"""Rigid-body dynamics of a Robot as CasADi expressions.

    acceleration   Function (q, v, tau) -> a of a Robot: articulated bodies; Featherstone (2008), chapter 7
    jerk           Function (q, v, tau, rate of tau) -> rate of a
    torque         Function (q, v, a) -> tau: recursive Newton-Euler, chapter 5
    forces         Function (q, u) -> tau = B(q) u of the inputs u: drives of joints, thrusters
    rates          ẋ of the state x = (q, v) for symbols

Friction is left out, as in the Robot's own methods. Vectors are spatial (angular, linear), in the axes of each body.
"""

from collections import OrderedDict

import numpy as np

from robocalc.dynamics.actuation import AXIS, BODY, DRAG, POINT
from robocalc.optimize.symbols import casadi, expression, symbols

KEPT = 16
MASS, COM, INERTIA = 12, 13, 16  # columns of Model.bodies

_functions = OrderedDict()


def rates(robot, x, u):
    """(v, a) for the Symbols x = (q, v) (2n,) and inputs u (m,)."""
    n = robot.n
    q, v, u = (expression(s) for s in (x[:n], x[n:], u))
    return [*x[n:], *symbols(acceleration(robot)(q, v, forces(robot)(q, u)))]


def acceleration(robot):
    """CasADi Function (q, v, tau) -> a, each (n,)."""
    return _kept(robot, "acceleration", _acceleration)


def torque(robot):
    """CasADi Function (q, v, a) -> tau, each (n,)."""
    return _kept(robot, "torque", _torque)


def jerk(robot):
    """CasADi Function (q, v, u, rate of u) -> rate of a; q, v (n,), inputs u (m,)."""
    key = (robot.digest, "jerk")
    if key not in _functions:
        ca, n, m = casadi(), robot.n, robot.m
        q, v, u, w = args = [ca.SX.sym(s, k) for s, k in (("q", n), ("v", n), ("u", m), ("w", m))]
        a = acceleration(robot)(q, v, forces(robot)(q, u))
        way = ca.vertcat(v, a, w)
        _functions[key] = ca.Function("jerk", args, [ca.jtimes(a, ca.vertcat(q, v, u), way)])
    return _functions[key]


def forces(robot):
    """CasADi Function (q (n,), u (m,)) -> tau (n,), the generalised forces of the inputs."""
    key = (robot.digest, "forces")
    if key not in _functions:
        ca = casadi()
        q, u = ca.SX.sym("q", robot.n), ca.SX.sym("u", robot.m)
        _functions[key] = ca.Function("forces", [q, u], [_forces(robot, q, u)])
    return _functions[key]


def shares(robot):
    """CasADi Function (q, v, u) -> power [W] of each input (m,)."""
    key = (robot.digest, "shares")
    if key not in _functions:
        ca = casadi()
        q, v, u = ca.SX.sym("q", robot.n), ca.SX.sym("v", robot.n), ca.SX.sym("u", robot.m)
        power = u * ca.gradient(ca.dot(forces(robot)(q, u), v), u)  # B is constant in u
        _functions[key] = ca.Function("shares", [q, v, u], [power])
    return _functions[key]


def _forces(robot, q, u):
    """Σ Bₖ uₖ; of a thruster at p along e with drag r a joint about z at o gets z · ((p - o) × e + r e) u, one that
    slides along z gets z · e u."""
    ca, rows = casadi(), robot.actors.inputs
    drives = [joint for joint, j in enumerate(robot.joints) if j in robot.inputs]
    tau = ca.SX(robot.n, 1)
    for k, joint in enumerate(drives):
        tau[joint] += u[k]
    if not len(rows):
        return tau
    model = robot.model()
    placed = _placed(model, q)
    for k in range(len(drives), robot.m):
        body, point, axis = int(rows[k, BODY]), rows[k, POINT : POINT + 3], rows[k, AXIS : AXIS + 3]
        R, p = placed[body]
        e, at = ca.mtimes(R, _constant(axis)) * u[k], p + ca.mtimes(R, _constant(point))
        while body >= 0:
            z, origin = placed[body][0][:, 2], placed[body][1]
            turns = model.tree[body, 1] == 0
            tau[body] += ca.dot(z, ca.cross(at - origin, e) + rows[k, DRAG] * e if turns else e)
            body = model.tree[body, 0]
    return tau


def _placed(model, q):
    """[(R (3, 3), p (3,))] of every body in world."""
    ca, out = casadi(), []
    for i, (parent, kind) in enumerate(model.tree):
        E, p = _constant(model.bodies[i, :9].reshape(3, 3)), _constant(model.bodies[i, 9:12])
        if kind == 0:
            c, s = ca.cos(q[i]), ca.sin(q[i])
            E = ca.mtimes(E, ca.blockcat([[c, -s, 0], [s, c, 0], [0, 0, 1]]))
        else:
            p = p + E[:, 2] * q[i]
        if parent >= 0:
            R, o = out[parent]
            E, p = ca.mtimes(R, E), o + ca.mtimes(R, p)
        out.append((E, p))
    return out


def _kept(robot, name, build):
    key = (robot.digest, name)
    if key not in _functions:
        ca = casadi()
        args = [ca.SX.sym(s, robot.n) for s in ("q", "v", "f")]
        _functions[key] = ca.Function(name, args, [build(robot.model(), *args)])
        while len(_functions) > KEPT:
            _functions.popitem(last=False)
    return _functions[key]


def _skew(p):
    ca = casadi()
    return ca.vertcat(ca.horzcat(0, -p[2], p[1]), ca.horzcat(p[2], 0, -p[0]), ca.horzcat(-p[1], p[0], 0))


def _crossed(v):
    """crm(v): v × m = crm(v) m for spatial motions; forces take -crm(v)ᵀ."""
    ca = casadi()
    w, o = _skew(v[:3]), _skew(v[3:])
    return ca.blockcat([[w, ca.SX(3, 3)], [o, w]])


def _inertia(row):
    """(6, 6) spatial inertia about the body's origin."""
    m, c = row[MASS], row[COM : COM + 3]
    xx, xy, xz, yy, yz, zz = row[INERTIA : INERTIA + 6]
    C = np.array([[0, -c[2], c[1]], [c[2], 0, -c[0]], [-c[1], c[0], 0]])
    J = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]]) + m * C @ C.T
    return np.block([[J, m * C], [m * C.T, m * np.eye(3)]])


def _constant(M):
    """An SX that knows its zeros."""
    ca = casadi()
    return ca.SX(ca.sparsify(ca.DM(np.where(np.abs(M) < 1e-15, 0.0, M))))


def _outwards(model, q, v):
    """[(X from the parent's axes, S, velocity)] of every body."""
    ca, out = casadi(), []
    for i, (parent, kind) in enumerate(model.tree):
        E, p = _constant(model.bodies[i, :9].reshape(3, 3)), _constant(model.bodies[i, 9:12])
        S = ca.SX(6, 1)
        S[2 if kind == 0 else 5] = 1
        if kind == 0:
            c, s = ca.cos(q[i]), ca.sin(q[i])
            turn = ca.SX(3, 3)
            turn[0, 0], turn[0, 1], turn[1, 0], turn[1, 1], turn[2, 2] = c, -s, s, c, 1
            E = ca.mtimes(E, turn)
        else:
            p = p + E[:, 2] * q[i]
        X = ca.blockcat([[E.T, ca.SX(3, 3)], [-ca.mtimes(E.T, ca.sparsify(_skew(p))), E.T]])
        V = S * v[i] if parent < 0 else ca.mtimes(X, out[parent][2]) + S * v[i]
        out.append((X, S, V))
    return out


def _rest(model):
    """Acceleration of the world that stands for gravity."""
    return _constant(np.concatenate([np.zeros(3), -model.gravity]))


def _torque(model, q, v, a):
    ca, bodies = casadi(), _outwards(model, q, v)
    A, F = [], []
    for i, (X, S, V) in enumerate(bodies):
        parent = model.tree[i, 0]
        A.append(ca.mtimes(X, _rest(model) if parent < 0 else A[parent]) + S * a[i] + ca.mtimes(_crossed(V), S) * v[i])
        inertia = _constant(_inertia(model.bodies[i]))
        F.append(ca.mtimes(inertia, A[i]) - ca.mtimes(_crossed(V).T, ca.mtimes(inertia, V)))
    tau = [None] * len(bodies)
    for i in reversed(range(len(bodies))):
        X, S, _ = bodies[i]
        tau[i] = ca.dot(S, F[i])
        if model.tree[i, 0] >= 0:
            F[model.tree[i, 0]] += ca.mtimes(X.T, F[i])
    return ca.vertcat(*tau)


def _acceleration(model, q, v, tau):
    ca, bodies = casadi(), _outwards(model, q, v)
    n = len(bodies)
    held = [_constant(_inertia(row)) for row in model.bodies]  # articulated inertia
    push = [-ca.mtimes(_crossed(V).T, ca.mtimes(inertia, V)) for (_, _, V), inertia in zip(bodies, held, strict=True)]
    swing = [ca.mtimes(_crossed(V), S) * v[i] for i, (_, S, V) in enumerate(bodies)]
    U, D, left = [None] * n, [None] * n, [None] * n
    for i in reversed(range(n)):
        X, S, _ = bodies[i]
        U[i] = ca.mtimes(held[i], S)
        D[i] = ca.dot(S, U[i])
        left[i] = tau[i] - ca.dot(S, push[i])
        parent = model.tree[i, 0]
        if parent >= 0:
            inertia = held[i] - ca.mtimes(U[i], U[i].T) / D[i]
            force = push[i] + ca.mtimes(inertia, swing[i]) + U[i] * (left[i] / D[i])
            held[parent] += ca.mtimes(X.T, ca.mtimes(inertia, X))
            push[parent] += ca.mtimes(X.T, force)
    A, a = [], []
    for i, (X, S, _) in enumerate(bodies):
        parent = model.tree[i, 0]
        before = ca.mtimes(X, _rest(model) if parent < 0 else A[parent]) + swing[i]
        a.append((left[i] - ca.dot(U[i], before)) / D[i])
        A.append(before + S * a[i])
    return ca.vertcat(*a)
