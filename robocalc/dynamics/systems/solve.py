"""The linear solve that two-joint mechanisms share."""


def solve2(a, b, c, r, s):
    """(x, y) of [[a, b], [b, c]] (x, y) = (r, s)."""
    d = a * c - b * b
    return (c * r - b * s) / d, (a * s - b * r) / d
