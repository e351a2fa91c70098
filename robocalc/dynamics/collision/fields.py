"""Grounds and grids as convex parts: height fields as prisms, grids of signed distance cell by cell.

height_parts   of heights at the nodes of a rectangle: each cell two triangles, solid down to the base; exact
grid_parts     of signed distances at the nodes of a grid: what is below 0, by interpolation along the edges of cells
height_mesh    vertices and triangles of a height field's closed surface
"""

from itertools import product

import numpy as np

from robocalc.errors import InvalidInput

CELLS = 20_000  # parts at most: more are slow to look through; make the grid coarser
LEAST = 1e-3  # [m] of solid below the lowest point


def height_nodes(name, heights, size):
    """Nodes (nx, ny, 3) of heights (nx, ny) [m] over a rectangle size (2,) [m] about the origin; InvalidInput."""
    z = _numbers(f"{name}.heights", heights, 2)
    if 2 * (z.shape[0] - 1) * (z.shape[1] - 1) > CELLS:
        raise InvalidInput(f"{name}.heights has {z.shape[0]} x {z.shape[1]} nodes: more than {CELLS} triangles")
    x, y = (np.linspace(-s / 2, s / 2, n) for s, n in zip(size, z.shape))
    return np.stack([*np.meshgrid(x, y, indexing="ij"), z], axis=-1)


def height_parts(name, heights, size) -> list:
    """Prisms (6, 3): a triangle of the surface, and below it its shadow on the base."""
    nodes = height_nodes(name, heights, size)
    base = nodes[..., 2].min() - LEAST
    a, b, c, d = nodes[:-1, :-1], nodes[1:, :-1], nodes[1:, 1:], nodes[:-1, 1:]
    tops = np.concatenate(
        [np.stack([a, b, c], axis=2).reshape(-1, 3, 3), np.stack([a, c, d], axis=2).reshape(-1, 3, 3)]
    )
    feet = tops.copy()
    feet[..., 2] = base
    return list(np.concatenate([tops, feet], axis=1))


def prism_shell(points):
    """(vertices, first, neighbours) of a prism (6, 3), as `hulls.hull` gives them."""
    neighbours = np.array([1, 2, 3, 0, 2, 4, 0, 1, 5, 4, 5, 0, 3, 5, 1, 3, 4, 2])
    return points, np.arange(7) * 3, neighbours


def height_mesh(name, heights, size):
    """(vertices (K, 3), triangles (F, 3)) of the closed surface, outward."""
    nodes = height_nodes(name, heights, size)
    nx, ny, _ = nodes.shape
    feet = nodes.copy()
    feet[..., 2] = nodes[..., 2].min() - LEAST
    index = np.arange(nx * ny).reshape(nx, ny)
    a, b, c, d = (x.ravel() for x in (index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]))
    top = np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])
    rim = np.concatenate([index[:-1, 0], index[-1, :-1], index[:0:-1, -1], index[0, :0:-1]])
    after, low = np.roll(rim, -1), nx * ny
    sides = np.concatenate([np.stack([rim, rim + low, after + low], 1), np.stack([rim, after + low, after], 1)])
    return np.concatenate([nodes.reshape(-1, 3), feet.reshape(-1, 3)]), np.concatenate([top, top[:, ::-1] + low, sides])


def grid_parts(name, values, spacing) -> list:
    """Points (K, 3) of what is below 0 in each cell of a grid values (nx, ny, nz) [m] about the origin.

    Runs of cells that are solid altogether are one part. On a cell's edge the surface is where its two distances, taken
    as linear between, are 0; within the cell it is the hull of these points: to second order of the spacing.
    """
    d = _numbers(f"{name}.values", values, 3)
    step = np.broadcast_to(np.asarray(spacing, float), (3,))
    origin = -0.5 * step * (np.array(d.shape) - 1)
    corners = np.array(list(product((0, 1), repeat=3)))
    edges = [(i, j) for i in range(8) for j in range(i) if np.abs(corners[i] - corners[j]).sum() == 1]
    cells = np.stack([d[tuple(slice(c, n - 1 + c) for c, n in zip(corner, d.shape))] for corner in corners], axis=-1)
    solid, touched = (cells < 0).all(axis=-1), (cells < 0).any(axis=-1)
    parts = _runs(solid, origin, step)
    for cell in np.argwhere(touched & ~solid):
        value = cells[tuple(cell)]
        points = [corners[i] for i in range(8) if value[i] < 0]
        for i, j in edges:
            if (value[i] < 0) != (value[j] < 0):
                points.append(corners[i] + (corners[j] - corners[i]) * (value[i] / (value[i] - value[j])))
        parts.append(origin + (cell + np.array(points, float)) * step)
    if not parts:
        raise InvalidInput(f"{name}.values is nowhere below 0: there is nothing solid in it")
    if len(parts) > CELLS:
        raise InvalidInput(f"{name}.values makes {len(parts)} parts, more than {CELLS}: make the grid coarser")
    return parts


def _runs(solid, origin, step):
    """Boxes (8, 3) of runs of solid cells along z."""
    corners, parts = np.array(list(product((0, 1), repeat=3)), float), []
    for i, j in np.argwhere(solid.any(axis=2)):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], solid[i, j].astype(int), [0]])))
        for first, end in edges.reshape(-1, 2):
            parts.append(origin + (np.array([i, j, first]) + corners * [1, 1, end - first]) * step)
    return parts


def _numbers(what, given, axes):
    try:
        x = np.array(given, dtype=float)
    except (TypeError, ValueError):
        x = np.empty(0)
    if x.ndim != axes or min(x.shape, default=0) < 2 or not np.isfinite(x).all():
        raise InvalidInput(f"{what} must be finite numbers along {axes} axes, 2 or more of each, got {np.shape(given)}")
    return x
