"""A motion's path, cut for the search of when to go along it; one Course is searched again whenever predictions change.

Course   of a base motion: arrive(movers, ...) -> Schedule or None
"""

import numpy as np

from robocalc.errors import RobocalcError
from robocalc.optimize.moving.pace import Peaks, Schedule, allowance
from robocalc.trajectory import Limits, Trajectory, jerk_limited

SLOT = 0.05  # [s]
CELLS, EVERY = 32, 2  # cells of a path; a node each so many
RATES = (1.0, 0.8, 0.5, 0.25)
HOLD = 0.5  # [s] for which a goal must be free that is not free for good
SAME = 1e-9
ALL = 10**12


class Course:
    """base         a motion from rest to rest that keeps its limits and what stands
    limits       Limits of the joints
    rates        of the motion's own pace at which it may be followed
    """

    def __init__(self, base, limits, rates=RATES):
        self.base, self.limits, self.rates = base, limits, np.array(rates, float)
        self.peaks = Peaks.of(base, limits)
        self.allowed = np.array([allowance(self.peaks, r) for r in self.rates]).reshape(-1, 2)
        self._cut = None

    def arrive(self, checker, movers, margin, state=None, *, horizon, stay=None, refuge=False, looks=ALL):
        """The Schedule of the earliest arrival at the end of the base, or None.

        checker, movers   of `movers_of`: what moves, on a clock that is 0 now
        state             (σ, σ̇, σ̈) now; None: at rest at the base's start
        horizon           [s] of looking ahead; stay: [s] that the goal must then be free, None: to the horizon
        refuge            where there is no arrival: the way to where the robot stays free for longest, the farthest on
        looks             at the robot at one time that it may take: what bounds its time
        """
        from robocalc.optimize.moving import search
        from robocalc.optimize.moving.kernels import OPEN

        s0, rate, push = (self.base.start, 0.0, 0.0) if state is None else state
        moves = abs(rate) > SAME or abs(push) > SAME
        edges, nodes, begin, table, cells = self._cells(s0, moves)
        ends, span, shape, low, high, L, extra = table
        first_leg = L
        if moves:
            ends, span, low, high, extra = self._first_legs(edges, nodes, (s0, rate, push), table)
            L = len(extra) + first_leg
        N = int(np.ceil(horizon / SLOT))
        C, W = len(edges) - 1, len(nodes)
        known = np.full((C + W, N), search.UNKNOWN, np.int8)
        how = np.empty((W, N, 2), np.int64)
        slots = N if stay is None else int(np.ceil(stay / SLOT))
        j = search.arrive(
            checker.scene, movers, cells, known, C, begin, L, first_leg, ends, span, low, high, SLOT, margin, how,
            np.zeros((OPEN, 4)), slots, np.array([looks]),
        )  # fmt: skip
        w = W - 1
        if j < 0:
            reached = np.argwhere(how[..., 0] != search.NONE)
            if not refuge or not len(reached):
                return None
            w, j = max(reached.tolist(), key=lambda pair: (pair[1], pair[0]))
        return Schedule(self.base, self._sigma(edges, nodes, ends, shape, span, how, w, j, first_leg, extra))

    def prepare(self):
        """Cut the path now, so that the first search does not wait for that."""
        self._cells(self.base.start, False)

    # --- the path cut into cells

    def _cells(self, s0, moves):
        """(edges, nodes, node of the start or -1, legs, cells); kept while the robot stands where the cut knows it."""
        from robocalc.optimize.moving import search

        key = None if moves or abs(s0 - self.base.start) < SAME else round(s0, 9)
        if self._cut is None or self._cut[0] != key:
            edges = self._edges(None if key is None else s0)
            nodes = np.unique([*range(0, len(edges), EVERY), len(edges) - 1])
            begin = 0
            if key is not None:
                begin_edge = int(np.abs(edges - s0).argmin())
                nodes = np.unique([*nodes, begin_edge])
                begin = int(np.searchsorted(nodes, begin_edge))
            cells = search.cells_of(self.base, edges, nodes)
            self._cut = key, edges, nodes, begin, self._legs(edges, nodes), cells
        _, edges, nodes, begin, legs, cells = self._cut
        return edges, nodes, -1 if moves else begin, legs, cells

    def _edges(self, extra):
        """σ at even lengths of the path, and where the robot stands."""
        grid = np.linspace(self.base.start, self.base.end, 400)
        way = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.base(grid), axis=0), axis=1))])
        edges = np.interp(np.linspace(0, way[-1], CELLS + 1), way, grid)
        edges[0], edges[-1] = self.base.start, self.base.end
        if extra is not None:
            edges = np.append(edges[np.abs(edges - extra) > 1e-4 * self.base.duration], extra)
            edges = np.unique(np.concatenate([edges, [self.base.start, self.base.end]]))
        return np.unique(edges)

    def _legs(self, edges, nodes):
        from robocalc.optimize.moving import search

        most = len(nodes) * (len(nodes) - 1) * len(self.rates)
        ends, span, shape = np.zeros((most, 3), np.int64), np.zeros(most, np.int64), np.zeros((most, 4))
        low, high = np.zeros((2, most, search.SLOTS), np.int16)
        L = search.legs_of(
            edges, nodes, self.rates, self.allowed, SLOT, True, True, ends, span, shape, low, high
        )  # fmt: skip
        return ends, span, shape, low, high, L, ()

    def _first_legs(self, edges, nodes, state, table):
        """Legs from the moving state to each node ahead, after the others; their σ(t) in extra."""
        from robocalc.optimize.moving import search

        ends, span, _, low, high, L, _ = table
        rows, extra = [], []
        for k, (r, (A, J)) in enumerate(zip(self.rates, self.allowed)):
            if A <= 0:
                continue
            for w, node in enumerate(nodes):
                if edges[node] > state[0]:
                    sigma = _ahead(state, edges[node], r, A, J, w == len(nodes) - 1)
                    if sigma is not None and np.ceil(sigma.duration / SLOT) <= search.SLOTS:
                        rows.append((w, k))
                        extra.append(sigma)
        more = len(extra)
        ends, span = (
            np.vstack([ends[:L], np.zeros((more, 3), np.int64)]),
            np.concatenate([span[:L], np.zeros(more, int)]),
        )
        low, high = (np.vstack([x[:L], np.zeros((more, search.SLOTS), np.int16)]) for x in (low, high))
        for i, ((w, k), sigma) in enumerate(zip(rows, extra)):
            count = max(1, int(np.ceil(sigma.duration / SLOT - 1e-9)))
            ends[L + i], span[L + i] = (-1, w, k), count
            s = sigma(np.minimum(np.arange(count + 1) * SLOT, sigma.duration))[:, 0]
            s = np.clip(s, edges[0], edges[-1])
            low[L + i, :count] = np.clip(np.searchsorted(edges, s[:-1], side="right") - 1, 0, len(edges) - 2)
            high[L + i, :count] = np.clip(np.searchsorted(edges, s[1:], side="left") - 1, 0, len(edges) - 2)
        return ends, span, low, high, extra

    # --- the schedule

    def _sigma(self, edges, nodes, ends, shape, span, how, w, j, first_leg, extra):
        """σ(t) to the arrival in slot j at node w."""
        from robocalc.optimize.moving.search import BEGIN, WAIT

        parts = []
        while how[w, j, 0] != BEGIN:
            leg, before = how[w, j]
            s = edges[nodes[w]]
            if leg == WAIT:
                parts.append(_rest(s, SLOT))
            elif leg >= first_leg:
                parts.append(_filled(extra[leg - first_leg], span[leg] * SLOT))
                break
            else:
                a = ends[leg, 0]
                first = not (a == 0 and w > a)
                last = w != len(nodes) - 1
                parts.append(_leg(edges[nodes[a]], s, shape[leg], first, last, span[leg] * SLOT))
                w = a
            j = before
        return _joined(parts[::-1]) if parts else _rest(edges[nodes[w]], 1e-6)


def _ahead(state, s, rate, A, J, arrives):
    """σ(t) from the moving state to rest at s, or through it where the motion ends there; None: it would overshoot."""
    bounds = Limits(velocity=[max(rate, state[1])], acceleration=[max(A, abs(state[2]))], jerk=[J])
    end = ([s], [min(rate, max(state[1], 0.2 * rate))] if arrives else [0.0], [0.0])
    try:
        sigma = jerk_limited(tuple([x] for x in state), end, bounds)
    except RobocalcError:
        return None
    low, high = sigma.extrema(0)
    inside = low[0] >= state[0] - 1e-6 and high[0] <= s + 1e-9 and sigma.extrema(1)[0][0] >= -1e-9
    return sigma if inside else None


def _rest(s, duration):
    return Trajectory(np.array([0.0, duration]), np.array([[[s]]]))


def _filled(sigma, duration):
    """A leg that ends within a slot waits until the slot ends."""
    left = duration - sigma.duration
    return sigma if left < 1e-9 else sigma.join(_rest(float(sigma(sigma.end)[0]), left), 0)


def _leg(a, b, shape, first, last, duration):
    """σ(t) from a to b: a profile of `search.profile`, slowed to last `duration`."""
    T, r, ta, tj = shape
    sign = 1.0 if b > a else -1.0
    times, jerks = [], []
    j = r / (tj * (ta - tj)) if tj > 0 else 0.0
    if first:
        times, jerks = [tj, ta - 2 * tj, tj], [j, 0.0, -j]
    times.append(max(0.0, T - ta * (int(first) + int(last))))
    jerks.append(0.0)
    if last:
        times, jerks = [*times, tj, ta - 2 * tj, tj], [*jerks, -j, 0.0, j]
    s, v, acc, knots, rows = 0.0, 0.0 if first else r, 0.0, [0.0], []
    for h, jerk in zip(times, jerks):
        if h > 1e-12:
            rows.append([s, v, acc / 2, jerk / 6])
            knots.append(knots[-1] + h)
            s, v, acc = s + v * h + acc * h * h / 2 + jerk * h**3 / 6, v + acc * h + jerk * h * h / 2, acc + jerk * h
    c = sign * np.array(rows)
    c[:, 0] += a
    return Trajectory(np.array(knots), c[:, :, None]).with_duration(duration)


def _joined(parts):
    """One Trajectory of cubics; rests that follow each other are one."""
    knots, rows = [0.0], []
    for part in parts:
        c = np.zeros((len(part.coeffs), 4, 1))
        c[:, : part.coeffs.shape[1]] = part.coeffs
        still = len(c) == 1 and not c[0, 1:].any()
        if still and rows and not rows[-1][1:].any() and rows[-1][0, 0] == c[0, 0, 0]:
            knots[-1] += part.duration
            continue
        knots += (knots[-1] + np.asarray(part.knots)[1:] - part.start).tolist()
        rows += list(c)
    return Trajectory(np.array(knots), np.array(rows))
