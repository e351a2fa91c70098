"""Piecewise polynomials cut and put together: coefficients (K, order, n), ascending powers of local time.

shifted       about other local times
cut           between two times
stacked       one after the other
check_joint   whether two motions meet
"""

from math import factorial

import numpy as np

from robocalc.errors import InvalidInput

GAP = 1e-9  # relative: positions closer than this may be joined


def shifted(c, s):
    """Coefficients (K, order, n) about local times s (K,): Taylor's rows c'_d = Σ_{e ≥ d} binom(e, d) s^(e-d) c_e."""
    order = c.shape[1]
    d, e = np.arange(order)[:, None], np.arange(order)
    binomial = np.array(
        [[factorial(j) / factorial(i) / factorial(j - i) if j >= i else 0.0 for j in e] for i in d[:, 0]]
    )
    power = s[:, None, None] ** np.maximum(e - d, 0)
    return (binomial * power) @ c


def cut(knots, coeffs, start, end):
    """(knots, coeffs) of the stretch from start to end [s], which lie in the motion; knots between stay as they are."""
    first = int(np.searchsorted(knots, start, side="right")) - 1
    last = int(np.searchsorted(knots, end, side="left")) - 1
    c = coeffs[first : last + 1].copy()
    c[:1] = shifted(c[:1], np.array([start - knots[first]]))
    return np.concatenate([[start], knots[first + 1 : last + 1], [end]]), c


def stacked(one, two):
    """(K₁ + K₂, order, n), the lower of two orders filled up with zeros."""
    c = np.zeros((len(one) + len(two), max(one.shape[1], two.shape[1]), one.shape[2]))
    c[: len(one), : one.shape[1]] = one
    c[len(one) :, : two.shape[1]] = two
    return c


def check_joint(one, other, continuity):
    """raises InvalidInput, with the joint, where derivatives up to `continuity` of `other` do not begin where those of
    `one` end."""
    for r in range(continuity + 1):
        before, after = one(one.end, r), other(other.start, r)
        size = np.maximum(1.0, np.maximum(np.abs(before), np.abs(after)))
        i = int(np.argmax(np.abs(after - before) / size))
        if abs(after[i] - before[i]) > GAP * size[i] * 10.0**r:
            what = ("position", "velocity", "acceleration", "jerk")[r] if r < 4 else f"derivative {r}"
            raise InvalidInput(
                f"cannot join: {what} of joint {i} ends at {before[i]:.9g} and goes on at {after[i]:.9g}"
            )
