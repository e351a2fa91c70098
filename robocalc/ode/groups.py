"""SO(3), SE(3) and vectors side by side, for kernels: exponential, action, dexp⁻¹, projection.

A block is (kind, size of u): 0 vector, 1 SO(3) as 9 numbers row by row, 2 SE(3) as 16 numbers row by row with
u = (linear, angular).
"""

import numpy as np

from robocalc.jit import njit
from robocalc.ode.native import at, get, put

VECTOR, SO3, SE3 = 0, 1, 2
ROOM = 40  # scratch of `act`, `lift` and `orthonormal`


@njit(nogil=True)
def rotation(u, E, V):
    """E = exp(u^) and V = Σ (u^)ᵏ / (k + 1)!, both (9), row by row."""
    x, y, z = get(u, 0), get(u, 1), get(u, 2)
    s2 = x * x + y * y + z * z
    s = np.sqrt(s2)
    if s < 1e-2:
        a = 1.0 - s2 / 6.0 * (1.0 - s2 / 20.0 * (1.0 - s2 / 42.0))
        b = 0.5 - s2 / 24.0 * (1.0 - s2 / 30.0 * (1.0 - s2 / 56.0))
        c = 1.0 / 6.0 - s2 / 120.0 * (1.0 - s2 / 42.0 * (1.0 - s2 / 72.0))
    else:
        a, c = np.sin(s) / s, (s - np.sin(s)) / (s * s2)
        b = 2.0 * np.sin(0.5 * s) ** 2 / s2
    w = (x, y, z)
    for i in range(3):
        for j in range(3):
            square = w[i] * w[j] - (s2 if i == j else 0.0)
            put(E, 3 * i + j, b * square + (1.0 if i == j else 0.0))
            put(V, 3 * i + j, c * square + (1.0 if i == j else 0.0))
    for i, j, sign, k in ((0, 1, -1.0, 2), (0, 2, 1.0, 1), (1, 2, -1.0, 0)):
        put(E, 3 * i + j, get(E, 3 * i + j) + sign * a * w[k])
        put(E, 3 * j + i, get(E, 3 * j + i) - sign * a * w[k])
        put(V, 3 * i + j, get(V, 3 * i + j) + sign * b * w[k])
        put(V, 3 * j + i, get(V, 3 * j + i) - sign * b * w[k])


@njit(nogil=True)
def product(A, la, B, lb, out, lo):
    """out = A B of 3x3 matrices whose rows are la, lb, lo numbers apart; out may not be A or B."""
    for i in range(3):
        for j in range(3):
            total = 0.0
            for k in range(3):
                total += get(A, la * i + k) * get(B, lb * k + j)
            put(out, lo * i + j, total)


@njit(nogil=True)
def orthonormal(R, stride, tmp):
    """One Newton step towards the nearest rotation, R ← R (3 - RᵀR) / 2: rounding does not add up."""
    for i in range(3):
        for j in range(3):
            total = 3.0 if i == j else 0.0
            for k in range(3):
                total -= get(R, stride * k + i) * get(R, stride * k + j)
            put(tmp, 3 * i + j, 0.5 * total)
    product(R, stride, tmp, 3, at(tmp, 9), 3)
    for i in range(3):
        for j in range(3):
            put(R, stride * i + j, get(tmp, 9 + 3 * i + j))


@njit(nogil=True)
def act(count, blocks, side, base, u, out, tmp):
    """out = base ∘ exp(u) (side 0, body) or exp(u) ∘ base (side 1, world), block by block."""
    b, o = base, out
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        if kind == VECTOR:
            for i in range(size):
                put(o, i, get(b, i) + get(u, i))
            b, o, u = at(b, size), at(o, size), at(u, size)
            continue
        E, V, R, stride = tmp, at(tmp, 9), at(tmp, 18), 3 if kind == SO3 else 4
        rotation(u if kind == SO3 else at(u, 3), E, V)
        if side == 0:
            product(b, stride, E, 3, R, 3)
        else:
            product(E, 3, b, stride, R, 3)
        if kind == SE3:
            for i in range(3):
                moved = get(b, 4 * i + 3) if side == 0 else 0.0
                for j in range(3):
                    step = 0.0
                    for k in range(3):
                        step += get(V, 3 * j + k) * get(u, k)
                    if side == 0:
                        moved += get(b, 4 * i + j) * step
                    else:
                        moved += get(E, 3 * i + j) * get(b, 4 * j + 3) + (step if i == j else 0.0)
                put(o, 4 * i + 3, moved)
                put(o, 12 + i, 0.0)
            put(o, 15, 1.0)
        for i in range(3):
            for j in range(3):
                put(o, stride * i + j, get(R, 3 * i + j))
        width = 9 if kind == SO3 else 16
        b, o, u = at(b, width), at(o, width), at(u, size)


@njit(nogil=True)
def cross(a, b, out):
    x = get(a, 1) * get(b, 2) - get(a, 2) * get(b, 1)
    y = get(a, 2) * get(b, 0) - get(a, 0) * get(b, 2)
    z = get(a, 0) * get(b, 1) - get(a, 1) * get(b, 0)
    put(out, 0, x)
    put(out, 1, y)
    put(out, 2, z)


@njit(nogil=True)
def bracket(kind, u, v, out, tmp):
    """out = [u, v]: ω × w, and on SE(3) linear part ω_u × v_lin - ω_v × u_lin."""
    if kind == SO3:
        cross(u, v, out)
        return
    cross(at(u, 3), v, tmp)
    cross(at(v, 3), u, at(tmp, 3))
    cross(at(u, 3), at(v, 3), at(out, 3))
    for i in range(3):
        put(out, i, get(tmp, i) - get(tmp, 3 + i))


SERIES = (1.0 / 12.0, -1.0 / 720.0, 1.0 / 30240.0, -1.0 / 1209600.0, 1.0 / 47900160.0)


@njit(nogil=True)
def lift(count, blocks, side, u, xi, out, tmp):
    """out = dexp⁻¹(∓u) ξ, block by block."""
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        for i in range(size):
            put(out, i, get(xi, i))
        if kind != VECTOR:
            power, after = tmp, at(tmp, 6)
            bracket(kind, u, xi, power, at(tmp, 12))
            for i in range(size):
                put(out, i, get(out, i) + (0.5 if side == 0 else -0.5) * get(power, i))
            for term in SERIES:
                bracket(kind, u, power, after, at(tmp, 12))
                for i in range(size):
                    put(out, i, get(out, i) + term * get(after, i))
                bracket(kind, u, after, power, at(tmp, 12))
        u, xi, out = at(u, size), at(xi, size), at(out, size)


@njit(nogil=True)
def project(count, blocks, base, tmp):
    """Every rotation of the base back onto the group, against rounding."""
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        if kind != VECTOR:
            orthonormal(base, 3 if kind == SO3 else 4, tmp)
        base = at(base, size if kind == VECTOR else 9 if kind == SO3 else 16)


@njit(nogil=True)
def magnitudes(count, blocks, base, out):
    """What a relative tolerance refers to, for each component of u: |y| of vectors and translations, 1 of rotations."""
    i = 0
    for block in range(count):
        kind, size = int(get(blocks, 2 * block)), int(get(blocks, 2 * block + 1))
        for j in range(size):
            if kind == VECTOR:
                put(out, i, get(base, j))
            elif kind == SE3 and j < 3:
                put(out, i, get(base, 4 * j + 3))
            else:
                put(out, i, 1.0)
            i += 1
        base = at(base, size if kind == VECTOR else 9 if kind == SO3 else 16)
