"""Convex hulls for kernels: vertices with their neighbours, boxes and covers of balls around them.

hull        vertices (K, 3) of the convex hull and, for each, its neighbours on it
box         a box around points, along their principal axes or the coordinate axes, whichever is smaller
ball        a small ball around points
cover       few balls that together hold the convex hull of points
"""

from functools import lru_cache

import numpy as np

BALLS = 8  # of a cover: more tests before fewer exact distances
FLAT = 0.05  # of the longest half edge counts for each edge when boxes are compared, as flat ones have no volume
ROUNDS = 60  # of ball: the radius is within some percent of the smallest


def hull(points):
    """(vertices (K, 3), first (K + 1,), neighbours): vertex i is joined to neighbours[first[i]:first[i + 1]].

    Points in a plane, on a line or at one place are all kept, each a neighbour of each.
    """
    from scipy.spatial import ConvexHull, QhullError  # slow to import, and only meshes need it

    points = np.unique(np.asarray(points, float), axis=0)
    try:
        found = ConvexHull(points)
        names = np.full(len(points), -1)
        names[found.vertices] = np.arange(len(found.vertices))
        points, edges = points[found.vertices], names[found.simplices]
        ends = np.concatenate([edges[:, [0, 1]], edges[:, [1, 2]], edges[:, [2, 0]]])
        ends = ends[(ends >= 0).all(axis=1)]
        ends = np.unique(np.concatenate([ends, ends[:, ::-1]]), axis=0)
    except (QhullError, ValueError):
        i, j = np.nonzero(~np.eye(len(points), dtype=bool))
        ends = np.column_stack([i, j])
    first = np.searchsorted(ends[:, 0], np.arange(len(points) + 1))
    return points, first, ends[:, 1]


def box(points):
    """(centre (3,), axes (3, 3) as rows, half edges (3,))."""
    best = least = None
    middle = points.mean(axis=0)
    _, _, principal = np.linalg.svd(points - middle, full_matrices=len(points) < 3)  # else a square of all points
    for axes in (np.eye(3), principal):
        local = points @ axes.T
        low, high = local.min(axis=0), local.max(axis=0)
        half = (high - low) / 2
        size = (half + FLAT * half.max()).prod()
        if best is None or size < 0.9 * least:
            best, least = ((low + high) / 2 @ axes, axes, half), size
    return best


def ball(points):
    """(centre (3,), radius) of a ball around points (K, 3).

    source   Bădoiu & Clarkson (2003): step towards the farthest point by 1 / (k + 1)
    """
    c = (points.min(axis=0) + points.max(axis=0)) / 2
    best, radius = c, np.inf
    for k in range(1, ROUNDS):
        gap = ((points - c) ** 2).sum(axis=1)
        i = int(gap.argmax())
        if gap[i] < radius:
            best, radius = c, gap[i]
        c = c + (points[i] - c) / (k + 1)
    return best, float(np.sqrt(radius)) * (1 + 1e-12)


def cover(points, balls=BALLS):
    """(balls, 4) or fewer rows of centre and radius whose union holds the convex hull of points.

    The hull is cut by planes across the longest side of whatever part has the largest ball; each part is convex, so a
    ball around its corners holds it.
    """
    points = np.ascontiguousarray(points, float)
    return _cover(points.tobytes(), balls).copy()


@lru_cache(maxsize=256)
def _cover(points, balls):
    """`cover` of points as bytes: the same shapes come again with each loading of a robot."""
    points = np.frombuffer(points).reshape(-1, 3)
    parts = [(points, *ball(points))]
    while len(parts) < balls:
        i = max(range(len(parts)), key=lambda k: parts[k][2])
        cut = [half for half in _halves(parts[i][0]) if len(half) > 0]
        found = [(half, *ball(half)) for half in cut]
        if len(found) < 2 or max(r for _, _, r in found) >= 0.98 * parts[i][2]:
            break
        parts[i : i + 1] = found
    return np.array([[*c, r] for _, c, r in parts])


def _halves(points):
    """Corners of both parts of the hull of points, cut across its longest side."""
    from scipy.spatial import ConvexHull, QhullError

    c, axes, half = box(points)
    along = (points - c) @ axes[int(half.argmax())]
    below, above = points[along < 0], points[along >= 0]
    s, t = along[along < 0], along[along >= 0]
    share = (s[:, None] / (s[:, None] - t[None]))[..., None]
    rim = (below[:, None] + share * (above[None] - below[:, None])).reshape(-1, 3)
    for side in (below, above):
        corners = np.concatenate([side, rim])
        try:
            yield corners[ConvexHull(corners).vertices]
        except (QhullError, ValueError):
            yield corners
