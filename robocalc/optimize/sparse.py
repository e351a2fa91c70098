"""Sparse matrices with constant pattern, put together from triplets.

Entries     constants and multiples of source values, as one MX
sparse_of   a DM from triplets; sparse, of a dense array
gather      entries of a vector as columns
"""

import numpy as np

from robocalc.optimize.symbols import casadi


class Entries:
    """Entries of a sparse matrix: constants, and multiples of source values, some times the length of an interval."""

    def __init__(self, constants):
        self.parts = [(r, c, v, np.full(len(r), -1), np.full(len(r), -1)) for r, c, v, _, _ in constants]

    def add(self, rows, cols, value, source, interval):
        n = len(rows)
        interval = np.full(n, -1) if interval is None else interval
        self.parts.append((rows, cols, np.full(n, float(value)), source, interval))

    def matrix(self, source, h, shape):
        """The MX of it; entries at the same place are summed."""
        ca = casadi()
        if not self.parts:
            return ca.MX(*shape)
        rows, cols, values, of, interval = (np.concatenate(x) for x in zip(*self.parts, strict=True))
        place, slot = np.unique(cols.astype(np.int64) * shape[0] + rows, return_inverse=True)
        n = len(place)
        sparsity = ca.Sparsity.triplet(*shape, (place % shape[0]).tolist(), (place // shape[0]).tolist())
        constant, plain, timed = of < 0, (of >= 0) & (interval < 0), interval >= 0
        nz = ca.MX(ca.DM(np.bincount(slot[constant], values[constant], n)))
        size = source.shape[0]
        if plain.any():
            nz += ca.mtimes(sparse_of(slot[plain], of[plain], values[plain], (n, size)), source)
        if timed.any():  # a slot belongs to one interval only
            step = np.zeros(n, int)
            step[slot[timed]] = interval[timed]
            part = ca.mtimes(sparse_of(slot[timed], of[timed], values[timed], (n, size)), source)
            nz += ca.vec(h[step.tolist()]) * part  # vec: a row where there is one interval
        return ca.sparsity_cast(ca.densify(nz), sparsity)


def gather(z, places):
    """z[places] (N, n) as an MX (n, N)."""
    ca = casadi()
    N, n = places.shape
    return ca.reshape(z[places.ravel().tolist()], n, N) if places.size else ca.MX(n, N)


def sparse_of(rows, cols, values, shape):
    """A DM from triplets; duplicates are summed."""
    ca = casadi()
    rows, cols = np.asarray(rows), np.asarray(cols)
    values = np.broadcast_to(values, rows.shape).astype(float)
    place, slot = np.unique(cols.astype(np.int64) * shape[0] + rows, return_inverse=True)
    sparsity = ca.Sparsity.triplet(*shape, (place % shape[0]).tolist(), (place // shape[0]).tolist())
    return ca.DM(sparsity, np.bincount(slot, values, len(place)))


def sparse(M):
    """A DM of the entries of M that are not zero."""
    rows, cols = np.nonzero(M)
    return sparse_of(rows, cols, M[rows, cols], M.shape)
