"""Computes end_states.json: each problem by two solvers that share no code, at tight tolerance.

    python -m tests.ode.reference_solutions.make

Non-stiff: scipy's DOP853 at rtol 2.3e-14 and a Gragg-Bulirsch-Stoer extrapolation written here, in
long double. Stiff: scipy's Radau and LSODA. Kept: the mean, and how far the two differ.
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp

from tests.ode.reference_solutions.problems import NON_STIFF, STIFF

HERE = Path(__file__).parent


def extrapolated(f, span, y0, rtol=1e-15):
    """Modified midpoint rule extrapolated to zero step in longdouble, step by step with error control."""
    y, t, end = np.array(y0, dtype=np.longdouble), np.longdouble(span[0]), np.longdouble(span[1])
    h, counts = np.longdouble(1e-3), 2 * np.arange(1, 11)
    g = lambda t, y: np.array(f(t, y), dtype=np.longdouble)  # noqa: E731
    while t < end:
        h = min(h, end - t)
        table = []
        for j, n in enumerate(counts):
            small = h / n
            before, now = y, y + small * g(t, y)
            for k in range(1, n):
                before, now = now, before + 2 * small * g(t + k * small, now)
            row = [(before + now + small * g(t + h, now)) / 2]
            for m in range(j):
                ratio = (np.longdouble(counts[j]) / counts[j - m - 1]) ** 2
                row.append(row[m] + (row[m] - table[-1][m]) / (ratio - 1))
            table.append(row)
        scale = rtol * np.maximum(np.abs(y), np.abs(table[-1][-1])) + rtol * 1e-3
        error = float(np.max(np.abs(table[-1][-1] - table[-1][-2]) / scale))
        if error <= 1:
            t, y = (end if h == end - t else t + h), table[-1][-1]
        h *= min(4.0, max(0.1, 0.8 * (1 / max(error, 1e-12)) ** (1 / 19)))
    return y


def two_ways(name):
    """(first, second, how) of one problem."""
    if name in NON_STIFF:
        f, span, y0 = NON_STIFF[name]
        tight = solve_ivp(f, span, y0, "DOP853", rtol=2.3e-14, atol=1e-16).y[:, -1]
        return extrapolated(f, span, y0), tight, "extrapolated midpoint in long double; scipy DOP853, rtol 2.3e-14"
    f, span, y0 = STIFF[name]
    first = solve_ivp(f, span, y0, "Radau", rtol=1e-12, atol=1e-16).y[:, -1]
    second = solve_ivp(f, span, y0, "LSODA", rtol=1e-13, atol=1e-17).y[:, -1]
    return first, second, "scipy Radau, rtol 1e-12; scipy LSODA, rtol 1e-13"


def main():
    out = {}
    for name in [*NON_STIFF, *STIFF]:
        first, second, how = two_ways(name)
        floor = 1e-12 if name in STIFF else 1e-3 * float(np.abs(first).max())  # components that end near zero
        differ = np.abs(first - second) / np.maximum(floor, np.abs(first))
        out[name] = {
            "y": [float(v) for v in first],
            "relative_difference": float(np.max(differ)),
            "made_by": how,
        }
        print(name, out[name]["relative_difference"])
    (HERE / "end_states.json").write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
