"""The variational equation beside the state: z = (y, S), S = ∂y/∂(y0, p) by rows, Ṡ = ∂f/∂y S + (0, ∂f/∂p).

One right-hand side for all problems: which f, which Jacobian and where its scratch lies stand at the end of p.

    tail          the numbers to append to p
    variational   the address of ż for given n and m (compiled once per size and machine)
    inner         the address of a function that sees only the y of z
"""

from functools import cache

import numpy as np

from robocalc.ode.native import RHS, address, compile_source

TAIL = 4  # f, Jacobian, events, scratch: addresses, exact as floats below 2^53
SOURCE = """
def field(N, t, z, M, p, out):
    n, m = {n}, {m}
    J = pointer(int(get(p, m + 3)))
    call_rhs(int(get(p, m)), n, t, z, m, p, out)
    call_rhs(int(get(p, m + 1)), n, t, z, m, p, J)
    S, T = at(z, n), at(out, n)
    for i in range(n):
        for c in range(n + m):
            put(T, i * (n + m) + c, get(J, i * (n + m) + c) if c >= n else 0.0)
        for k in range(n):
            w = get(J, i * (n + m) + k)
            for c in range(n + m):
                put(T, i * (n + m) + c, get(T, i * (n + m) + c) + w * get(S, k * (n + m) + c))
"""
UNROLLED = """
def field(N, t, z, M, p, out):
    J = pointer(int(get(p, {m} + 3)))
    call_rhs(int(get(p, {m})), {n}, t, z, {m}, p, out)
    call_rhs(int(get(p, {m} + 1)), {n}, t, z, {m}, p, J)
    S, T = at(z, {n}), at(out, {n})
    for i in range({n}):
        for c in range({columns}):
            put(T, i * {columns} + c, {start}{terms})
"""
INNER = """
def field(N, t, z, M, p, out):
    call_rhs(int(get(p, M - 2)), {n}, t, z, M - 4, p, out)
"""
UNROLL = 12  # states up to which the product is written out


@cache
def variational(n: int, m: int) -> tuple:
    """(address, function)."""
    source = SOURCE.format(n=n, m=m)
    if n <= UNROLL:
        columns = n + m
        terms = " + ".join(f"get(J, i * {columns} + {k}) * get(S, {k * columns} + c)" for k in range(n))
        start = f"(get(J, i * {columns} + c) if c >= {n} else 0.0) + " if m else ""
        source = UNROLLED.format(n=n, m=m, columns=columns, terms=terms, start=start)
    function = compile_source(source, "field", {}, RHS)
    return address(function), function


@cache
def inner(n: int) -> tuple:
    """(address, function)."""
    function = compile_source(INNER.format(n=n), "field", {}, RHS)
    return address(function), function


def tail(field, jacobian, n, m, events=0) -> tuple[np.ndarray, np.ndarray]:
    """(four numbers to append to p, the scratch array that must stay alive)."""
    scratch = np.zeros(n * (n + m))
    return np.array([field.address, jacobian.address, events, scratch.ctypes.data], dtype=np.float64), scratch


def seed(y, m) -> np.ndarray:
    """z at the start: y, S = (1, 0)."""
    n = len(y)
    return np.concatenate([y, np.eye(n, n + m).reshape(-1)])
